//! Which language a request asks for (contract 7.1 and 7.2, rules 1 and 4).

use super::culture;

/// Says in each language which one it is.
const WHICH: &str = concat!(
    r#"XX:"none of them";US:"English";NO:"Norwegian";SW:"Swedish";GE:"German";FR:"French";"#,
    r#"DA:"Danish";NL:"Dutch";SP:"Spanish";CZ:"Czech";JP:"Japanese";CN:"Chinese";RU:"Russian""#
);

/// What a multi-language text becomes under these headers; `-` when it stays raw.
#[track_caller]
fn shown(lines: &[(&str, &str)]) -> String {
    let culture = culture(lines);
    let text = culture.text(WHICH);
    if text == WHICH {
        "-".to_owned()
    } else {
        text.into_owned()
    }
}

// 7.1, Accept-Language: the forms on the wire.
#[test]
fn accept_language_is_read_in_every_form_that_clients_send() {
    for (value, language) in [
        ("en", "English"),
        ("sv", "Swedish"),
        ("*", "-"),
        ("fr,de,ru,zh", "French"),
        ("en-us; en-gb", "English"),
        ("", "-"),
        ("  ", "-"),
    ] {
        assert_eq!(shown(&[("Accept-Language", value)]), language, "{value:?}");
    }
}

// 7.1, SO-Language: the forms on the wire.
#[test]
fn so_language_is_read_in_every_form_that_clients_send() {
    for (value, language) in [
        ("nb-no", "Norwegian"),
        ("en-US", "English"),
        ("x", "-"),
        ("*", "-"),
    ] {
        assert_eq!(shown(&[("SO-Language", value)]), language, "{value:?}");
    }
}

// 7.2, rule 1.
#[test]
fn so_language_beats_accept_language() {
    let both = |so, accept| shown(&[("SO-Language", so), ("Accept-Language", accept)]);
    assert_eq!(both("nb-no", "en-us; en-gb"), "Norwegian");
    assert_eq!(both("x", "en-us; en-gb"), "-");
    assert_eq!(both("*", "en"), "-");
    assert_eq!(both("X", "en"), "-");
    // A language that nobody knows is no translation, not another language (decision 28).
    assert_eq!(both("klingon", "en"), "-");
    assert_eq!(both("xq", "en"), "-");
    // An empty header says nothing.
    assert_eq!(both("", "en"), "English");
    assert_eq!(both(" , ;", "en"), "English");
}

// 7.2, rule 1: "neither present (or empty)".
#[test]
fn without_a_language_header_texts_come_back_raw() {
    assert_eq!(shown(&[]), "-");
    assert_eq!(shown(&[("Accept-Language", ""), ("SO-Language", "")]), "-");
    assert_eq!(shown(&[("SO-Culture", "sv")]), "-");
}

// 7.2, rule 4: both families of codes.
#[test]
fn both_families_of_codes_ask_for_the_same_language() {
    for (codes, language) in [
        (["en", "EN", "en-US", "en-gb", "US", "us"], "English"),
        (["nb", "nn", "no", "nb-NO", "NO", "nn-NO"], "Norwegian"),
        (["sv", "sv-SE", "sv-FI", "SW", "sw", "SV"], "Swedish"),
        (["de", "de-DE", "de-AT", "GE", "ge", "DE"], "German"),
        (["da", "da-DK", "DA", "dk", "DK", "da_DK"], "Danish"),
        (["fr", "fr-FR", "FR", "fr-CA", "fr_BE", "Fr"], "French"),
        (["nl", "NL", "nl-NL", "nl-BE", "nl_NL", "Nl"], "Dutch"),
        (["es", "es-ES", "SP", "sp", "ES", "es-419"], "Spanish"),
        (["zh", "zh-CN", "CN", "cn", "ZH", "zh-Hans-CN"], "Chinese"),
        (["cs", "cs-CZ", "CZ", "cz", "CS", "cs_CZ"], "Czech"),
        (["ja", "ja-JP", "JP", "jp", "JA", "ja_JP"], "Japanese"),
    ] {
        for code in codes {
            assert_eq!(shown(&[("SO-Language", code)]), language, "{code}");
        }
    }
}

// 7.2, rule 4: "other iso2 codes upper-cased".
#[test]
fn other_languages_go_by_their_iso_code_in_capitals() {
    assert_eq!(shown(&[("SO-Language", "ru")]), "Russian");
    let estonian = culture(&[("SO-Language", "et")]);
    assert_eq!(estonian.text(r#"US:"Customer";ET:"Klient""#), "Klient");
}

// 7.2, rule 4: "Missing language in a block: the first text".
#[test]
fn a_language_that_a_block_does_not_have_gets_its_first_text() {
    assert_eq!(shown(&[("SO-Language", "pl")]), "none of them");
}

// A text may have been written with either code of a language; SuperOffice's own wins.
#[test]
fn the_iso_code_serves_where_superoffices_own_is_missing() {
    let swedish = culture(&[("SO-Language", "sv")]);
    assert_eq!(swedish.text(r#"US:"Customer";SV:"Kund""#), "Kund");
    assert_eq!(swedish.text(r#"SV:"second";SW:"best""#), "best");
    let danish = culture(&[("SO-Language", "da")]);
    assert_eq!(danish.text(r#"US:"Customer";DK:"Kunde""#), "Kunde");
    assert_eq!(danish.text(r#"DK:"second";DA:"best""#), "best");
}

#[test]
fn of_several_languages_the_first_usable_one_with_the_highest_weight_counts() {
    for (value, language) in [
        ("sv;q=0.5, nb;q=0.9, de;q=0.7", "Norwegian"),
        ("sv;q=0.5,nb", "Norwegian"),
        ("de;q=0.8, fr;q=0.8", "German"),
        ("da, en-gb;q=0.8, en;q=0.7", "Danish"),
        ("klingon, tlh, sv;q=0.3", "Swedish"),
        ("en;q=0, sv;q=0.1", "Swedish"),
        ("en ; Q = 0.2 ; sv ; q=0.4", "Swedish"),
        ("en-us; en-gb; q=0.2, sv;q=0.1", "English"),
        ("en-gb; q=0.2; sv", "Swedish"),
        ("sv, *;q=0.5", "Swedish"),
        ("*;q=0.5, sv;q=0.1", "-"),
        ("en;q=0", "-"),
        // A weight that cannot be one counts as none.
        ("en;q=high, sv;q=0.9", "English"),
        ("en;q=NaN, sv;q=0.9", "English"),
        ("en;q=-1, sv;q=0.9", "English"),
    ] {
        assert_eq!(shown(&[("Accept-Language", value)]), language, "{value:?}");
    }
}

#[test]
fn a_header_that_comes_twice_is_read_as_one_list() {
    let twice = shown(&[
        ("Accept-Language", "klingon"),
        ("Accept-Language", "sv;q=0.2, fr"),
    ]);
    assert_eq!(twice, "French");
}
