//! Values that are encoded inside texts (contract 7.2, rule 6).

use super::culture;

const VALUES: &str = "[I:-1234567] [F:1234.50] [D:03/04/2025 00:00:00.0000000] \
                      [DT:03/04/2025 17:06:07.1234567]";

#[track_caller]
fn shown(lines: &[(&str, &str)]) -> String {
    culture(lines).text(VALUES).into_owned()
}

#[test]
fn each_culture_has_its_decimal_separator_and_its_order_of_a_date() {
    for (code, values) in [
        ("en", "-1234567 1234.50 3/4/2025 3/4/2025 5:06:07 PM"),
        ("en-GB", "-1234567 1234.50 04/03/2025 04/03/2025 17:06:07"),
        ("nb-NO", "-1234567 1234,50 04.03.2025 04.03.2025 17:06:07"),
        ("NO", "-1234567 1234,50 04.03.2025 04.03.2025 17:06:07"),
        ("sv", "-1234567 1234,50 2025-03-04 2025-03-04 17:06:07"),
        ("de-AT", "-1234567 1234,50 04.03.2025 04.03.2025 17:06:07"),
        ("da", "-1234567 1234,50 04-03-2025 04-03-2025 17:06:07"),
        ("fr", "-1234567 1234,50 04/03/2025 04/03/2025 17:06:07"),
        ("nl", "-1234567 1234,50 4-3-2025 4-3-2025 17:06:07"),
        ("fi", "-1234567 1234,50 4.3.2025 4.3.2025 17.06.07"),
    ] {
        // 7.2, rule 6: "defaults to the language".
        assert_eq!(shown(&[("SO-Language", code)]), values, "{code}");
        assert_eq!(
            shown(&[("SO-Language", "fr"), ("SO-Culture", code)]),
            values,
            "{code}"
        );
    }
}

// 7.2, rule 6: the culture governs values, the language texts.
#[test]
fn the_culture_may_be_another_than_the_language() {
    let swedish_forms = culture(&[("SO-Language", "nb-no"), ("SO-Culture", "sv")]);
    let text = r#"US:"Since [D:03/04/2025 00:00:00]";NO:"Siden [D:03/04/2025 00:00:00]""#;
    assert_eq!(swedish_forms.text(text), "Siden 2025-03-04");
}

// 7.2, rule 6: "ignored without a language".
#[test]
fn without_a_language_a_culture_says_nothing() {
    assert_eq!(shown(&[("SO-Culture", "sv")]), VALUES);
    assert_eq!(shown(&[("SO-Culture", "sv"), ("SO-Language", "x")]), VALUES);
    assert_eq!(shown(&[]), VALUES);
}

// Decision 28: an unknown culture translates no value; texts are another matter.
#[test]
fn an_unknown_culture_leaves_values_as_they_are() {
    for code in ["klingon", "x", "*", "et", "q\u{fc}"] {
        let lines = [("SO-Language", "no"), ("SO-Culture", code)];
        assert_eq!(shown(&lines), VALUES, "{code}");
        assert_eq!(
            culture(&lines).text(r#"US:"Customer";NO:"Kunde""#),
            "Kunde",
            "{code}"
        );
    }
    assert_eq!(shown(&[("SO-Language", "et")]), VALUES);
    assert!(shown(&[("SO-Language", "sv"), ("SO-Culture", "")]).contains("2025-03-04"));
}

#[test]
fn what_is_no_value_stays_as_it_is() {
    let english = culture(&[("SO-Language", "en")]);
    for text in [
        "[I:]",
        "[I:x]",
        "[I:1.5]",
        "[I:--1]",
        "[I:+1]",
        "[I: 1]",
        "[I:1",
        "I:1]",
        "[i:1]",
        "[F:]",
        "[F:.5]",
        "[F:1.]",
        "[F:1e5]",
        "[F:NaN]",
        "[F:1,5]",
        "[D:]",
        "[D:31/12/2025 00:00:00]",
        "[D:02/29/2025 00:00:00]",
        "[DT:2025-01-31T00:00:00]",
        "[DT:01/31/2025]",
        "[DT:01/31/2025 25:00:00]",
        "[T:12:00]",
        "[X:1]",
        "[:]",
        "[I:\u{661}]",
    ] {
        assert_eq!(english.text(text), text);
    }
}

// As live replies of the original have them for fields that were never set.
#[test]
fn values_that_were_never_set_are_formatted_too() {
    let german = culture(&[("SO-Language", "de")]);
    assert_eq!(german.text("[I:0]"), "0");
    assert_eq!(german.text("[F:0]"), "0");
    assert_eq!(german.text("[D:01/01/0001 00:00:00.0000000]"), "01.01.0001");
    assert_eq!(
        german.text("[DT:01/01/0001 00:00:00.0000000]"),
        "01.01.0001 00:00:00"
    );
}

#[test]
fn no_digit_of_a_number_is_lost() {
    let german = culture(&[("SO-Language", "de")]);
    let text = format!("[F:{}.{}]", "9".repeat(30), "1".repeat(30));
    assert_eq!(
        german.text(&text),
        format!("{},{}", "9".repeat(30), "1".repeat(30))
    );
}
