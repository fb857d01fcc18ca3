//! Whatever a header or a text holds: no panic, no more than a refusal, and nothing lost.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{Culture, CultureSettings, culture, in_zone, refusal};

const NAMES: [&str; 4] = [
    "accept-language",
    "so-language",
    "so-culture",
    "so-timezone",
];

#[test]
fn a_header_of_eight_kibibytes_is_refused_or_asks_for_nothing() {
    let text = r#"US:"Customer";NO:"Kunde""#;
    for filler in [
        "a",
        "no",
        ",",
        "1",
        "../",
        "Europe/Oslo",
        "\u{e6}",
        "; q=0.1",
    ] {
        let long = filler.repeat(8_192 / filler.len());
        for name in &NAMES[..3] {
            let shown = culture(&[(name, &long)]);
            assert_eq!(shown.text(text), text, "{name} of {filler}");
        }
        if filler == "," {
            assert_eq!(in_zone(&long).reply_zone(), None);
        } else {
            assert!(refusal(&long).to_string().len() < 256, "{filler}");
        }
    }
}

#[test]
fn a_refusal_repeats_the_value_in_printable_ascii_only() {
    let message = refusal("<\u{2028}script>\u{e6}'\"").to_string();
    assert!(
        message.starts_with(r#"'<\u{2028}script>\u{e6}\'\"' is not a time zone"#),
        "{message}"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused_or_ask_for_nothing() {
    let value = HeaderValue::from_bytes(b"NO\xff\xfe").unwrap();
    for name in NAMES {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.clone(),
        );
        let read = Culture::from_headers(&headers, &CultureSettings::default());
        match read {
            Err(error) => {
                assert_eq!(name, "so-timezone");
                assert!(
                    error.to_string().starts_with(r"'NO\u{fffd}\u{fffd}'"),
                    "{error}"
                );
            }
            Ok(culture) => assert_eq!(culture.text(r#"US:"a";NO:"b""#), r#"US:"a";NO:"b""#),
        }
    }
}

#[test]
fn a_language_that_is_no_text_cancels_translation_as_an_unknown_one_does() {
    let mut headers = super::headers(&[("Accept-Language", "en")]);
    headers.insert(
        HeaderName::from_static("so-language"),
        HeaderValue::from_bytes(b"\xff").unwrap(),
    );
    let read = Culture::from_headers(&headers, &CultureSettings::default()).unwrap();
    assert_eq!(read.text("[SR_YES]"), "[SR_YES]");
}

#[test]
fn a_text_full_of_beginnings_is_read_in_one_pass() {
    let english = culture(&[("SO-Language", "en")]);
    for beginning in [
        "[", "[I:", "[SR_YES", "US:", "US:\"", "US:\"\";", "\"", ";", "\u{e6}\"",
    ] {
        let text = beginning.repeat(1 << 16);
        let shown = english.text(&text);
        assert!(shown.len() <= text.len(), "{beginning}");
    }
}

/// Texts made of what the rules are about, and of what comes in their way.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "US:\"",
        "NO:\"",
        "SW:\"",
        "\"",
        ";",
        "\";",
        ":",
        "[",
        "]",
        "[I:12]",
        "[F:1.5]",
        "[DT:",
        "[SR_YES]",
        "01/31/2025 00:00:00",
        "Customer",
        " ",
        "\u{e6}",
        "\u{1f600}",
        "U",
        "\n",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(pieces, 0..16).prop_map(|pieces| pieces.concat()),
    ]
}

fn header_values() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "en",
        "nb-NO",
        "US",
        "x",
        "*",
        ",",
        ";",
        "q=0.5",
        "q=",
        "-",
        "_",
        "NO",
        "261",
        "UTC",
        "includeTZOffset",
        "Europe/Oslo",
        " ",
        "\u{e6}",
        "..",
        "/",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn without_a_language_a_text_is_answered_as_it_is(text in texts(), culture_code in "[a-z]{2}") {
        prop_assert_eq!(Culture::default().text(&text), text.as_str());
        let only_culture = culture(&[("SO-Culture", &culture_code)]);
        prop_assert_eq!(only_culture.text(&text), text.as_str());
    }

    #[test]
    fn under_a_language_any_text_is_answered(
        text in texts(),
        language in prop::sample::select(vec!["en", "no", "de", "et", "zh"]),
    ) {
        let culture = culture(&[("SO-Language", language)]);
        let shown = culture.text(&text);
        if !text.contains(['"', '[']) {
            prop_assert_eq!(shown, text.as_str());
        }
    }

    #[test]
    fn a_well_formed_block_is_answered_by_exactly_one_of_its_texts(
        codes in prop::collection::vec("[A-Z]{2}", 1..6),
        value in "[^\"\\[]{0,12}",
        semicolon in any::<bool>(),
    ) {
        let entries: Vec<_> =
            codes.iter().enumerate().map(|(n, code)| format!("{code}:\"{n}{value}\"")).collect();
        let text = entries.join(";") + if semicolon { ";" } else { "" };
        let index = codes.iter().position(|code| code == "NO").unwrap_or(0);
        let fallback = codes.iter().position(|code| code == "NB");
        let index = if codes.iter().any(|code| code == "NO") { index } else { fallback.unwrap_or(0) };
        let shown = culture(&[("SO-Language", "nb")]).text(&text).into_owned();
        prop_assert_eq!(shown, format!("{index}{value}"));
    }

    #[test]
    fn any_headers_are_read_or_refused(values in prop::array::uniform4(header_values())) {
        let mut headers = HeaderMap::new();
        for (name, value) in NAMES.iter().zip(&values) {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        match Culture::from_headers(&headers, &CultureSettings::default()) {
            Ok(culture) => {
                let zone = culture.reply_zone().map(HeaderValue::from_str);
                prop_assert!(zone.is_none_or(|value| value.is_ok()));
                prop_assert!(culture.stamp(None).to_string().starts_with("0001-01-01T00:00:00"));
            }
            Err(error) => prop_assert!(error.to_string().is_ascii()),
        }
    }
}
