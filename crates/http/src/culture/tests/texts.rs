//! Multi-language text and resource references (contract 7.2, rules 2 and 3).

use std::borrow::Cow;

use super::culture;

#[track_caller]
fn shown(language: &str, text: &str) -> String {
    culture(&[("SO-Language", language)])
        .text(text)
        .into_owned()
}

// 7.2, rule 3: the form, as live replies of the original have it.
#[test]
fn a_block_is_answered_in_the_asked_language() {
    for (text, english, norwegian) in [
        (r#"US:"Customer";NO:"Kunde";"#, "Customer", "Kunde"),
        (r#"US:"Customer";NO:"Kunde""#, "Customer", "Kunde"),
        (r#"NO:"Leverandør";US:"Supplier""#, "Supplier", "Leverandør"),
        (
            r#"US:"E-marketing";GE:"E-Marketing""#,
            "E-marketing",
            "E-marketing",
        ),
        (r#"US:"Customer""#, "Customer", "Customer"),
        (r#"US:"";NO:"Kunde";"#, "", "Kunde"),
        (
            "US:\"two\nlines\";NO:\"to; linjer: [1]\"",
            "two\nlines",
            "to; linjer: [1]",
        ),
        (r#"US:"first";US:"second""#, "first", "first"),
    ] {
        assert_eq!(shown("en", text), english, "{text}");
        assert_eq!(shown("nb-NO", text), norwegian, "{text}");
    }
}

// 7.2, rule 3: "Text before/after a block and several blocks in one string are handled block by
// block".
#[test]
fn what_stands_around_blocks_is_kept() {
    for (text, norwegian) in [
        (r#"Feed: US:"Customer";NO:"Kunde""#, "Feed: Kunde"),
        (r#"US:"Customer";NO:"Kunde" (2)"#, "Kunde (2)"),
        (r#"US:"Customer";NO:"Kunde"; (2)"#, "Kunde (2)"),
        (
            r#"US:"Customer";NO:"Kunde" / US:"Sale";NO:"Salg"; ..."#,
            "Kunde / Salg ...",
        ),
        (
            r#"(US:"Customer";NO:"Kunde") æ NO:"Salg""#,
            "(Kunde) æ Salg",
        ),
        (r#"US:"";NO:"" NO:"Salg""#, " Salg"),
    ] {
        assert_eq!(shown("no", text), norwegian, "{text}");
    }
}

// 7.2, rule 3: "when there is a problem the original string is returned".
#[test]
fn a_text_that_breaks_the_layout_stays_as_it_is() {
    for text in [
        r#"US:"Customer"#,
        r#"US:"Customer";NO:"Kunde"#,
        r#"US:"Customer";NO:"#,
        r#"US:"Customer";NO:"Kunde";""#,
        r#"US:"Say "hi"";NO:"Si "hei"""#,
        r#"The "best" US:"Customer";NO:"Kunde""#,
        r#"US:"Customer"NO:"Kunde""#,
        r#"US:"Customer";;"NO""#,
        r#"US:"Customer";NO"#,
        r#"US:"Customer"s"#,
        r#"US:"Say "hi"#,
        r#"us:"Customer";no:"Kunde""#,
        r#"US: "Customer"; NO: "Kunde""#,
        r#"NO: "Bil", US: "Car""#,
        r#"USA:"Customer""#,
        r#"1US:"Customer""#,
        r#"åUS:"Customer""#,
        r#"åS:"Customer""#,
        r#"U:"Customer""#,
        r#":"Customer""#,
        r#""Customer""#,
        r#"""#,
        r#"A""#,
        r#"å"a""#,
        "US:Customer;NO:Kunde",
        "US:'Customer';NO:'Kunde'",
    ] {
        assert_eq!(shown("no", text), text);
    }
}

// 7.2, rule 2 (b), with the example of the original's page on headers.
#[test]
fn a_resource_reference_is_answered_as_the_text_behind_it() {
    assert_eq!(shown("fr", "[SR_MANDATORY_FIELD_1281]"), "Nom de société");
    assert_eq!(
        shown("en", "[SR_ACCESS_ASSOC_DELETE]"),
        "Users cannot be deleted"
    );
    assert_eq!(shown("nb", "Aktiv: [SR_YES], [SR_NO]!"), "Aktiv: Ja, Nei!");
    // English where the language is missing.
    assert_eq!(shown("ru", "[SR_YES]"), "Yes");
}

#[test]
fn a_reference_that_is_not_known_stays_as_it_is() {
    for text in [
        "[SR_MANDATORY_FIELD_1285]",
        "[SR_YES",
        "SR_YES]",
        "[sr_yes]",
        "[ SR_YES ]",
        "[]",
        "[",
        "]",
        "[[SR_NOTHING]]",
        "list[0]",
    ] {
        assert_eq!(shown("en", text), text);
    }
    assert_eq!(shown("en", "[[SR_YES]]"), "[Yes]");
    assert_eq!(shown("en", "[SR_YES[SR_YES]"), "[SR_YESYes");
}

#[test]
fn a_reference_inside_a_multi_language_text_is_answered_too() {
    let text = r#"US:"Shown: [SR_YES]";NO:"Vises: [SR_YES]""#;
    assert_eq!(shown("en", text), "Shown: Yes");
    assert_eq!(shown("no", text), "Vises: Ja");
}

#[test]
fn without_a_language_every_text_is_borrowed_as_it_is() {
    let plain = culture(&[]);
    for text in [
        r#"US:"Customer";NO:"Kunde";"#,
        "[SR_YES]",
        "[I:5]",
        "Warehouse order feed",
        "",
    ] {
        assert!(
            matches!(plain.text(text), Cow::Borrowed(same) if same == text),
            "{text}"
        );
    }
}

#[test]
fn a_text_with_nothing_to_translate_is_borrowed_under_a_language_too() {
    let english = culture(&[("SO-Language", "en")]);
    for text in [
        "Warehouse order feed",
        "",
        "list[0]",
        r#"say "hi""#,
        r#"US:"Customer";NO:"Kunde""#,
    ] {
        assert!(matches!(english.text(text), Cow::Borrowed(_)), "{text}");
    }
}
