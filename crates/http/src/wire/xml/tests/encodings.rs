//! Encodings and characters (threat C8).

use super::{json, refusal};
use crate::wire::transcode::TranscodeErrorKind as Kind;

/// The text in an encoding of 16 bits.
fn utf16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| {
        if big {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        }
    };
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn c8_other_encodings_are_told_apart_from_broken_ones() {
    const XML: &str = "<Webhook><Name>é</Name></Webhook>";
    let declared = |encoding: &str| format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{XML}");
    for (what, body) in [
        (
            "UTF-16 little end first, marked",
            [b"\xff\xfe".as_slice(), &utf16(XML, false)].concat(),
        ),
        (
            "UTF-16 big end first, marked",
            [b"\xfe\xff".as_slice(), &utf16(XML, true)].concat(),
        ),
        ("UTF-16 little end first", utf16(XML, false)),
        ("UTF-16 big end first", utf16(&declared("utf-16"), true)),
        (
            "UTF-32 big end first, marked",
            b"\0\0\xfe\xff\0\0\0<\0\0\0a\0\0\0/\0\0\0>".to_vec(),
        ),
        (
            "UTF-32 little end first",
            b"<\0\0\0a\0\0\0/\0\0\0>\0\0\0".to_vec(),
        ),
        ("says UTF-16", declared("utf-16").into_bytes()),
        ("says UTF-7", declared("UTF-7").into_bytes()),
        ("says Latin 1", declared("iso-8859-1").into_bytes()),
        (
            "says UTF-16 after the mark of UTF-8",
            format!("\u{feff}{}", declared("UTF-16LE")).into_bytes(),
        ),
        ("says nothing at all", declared("").into_bytes()),
    ] {
        assert_eq!(refusal(body).kind, Kind::Charset, "{what}");
    }
    let latin = declared("utf-8")
        .chars()
        .map(|c| c as u8)
        .collect::<Vec<_>>();
    for (what, body) in [
        ("Latin 1 that says UTF-8", latin),
        (
            "UTF-7 that says nothing",
            b"+ADw-Webhook+AD4-+ADw-/Webhook+AD4-".to_vec(),
        ),
        ("half a character", b"<a>\xc3</a>".to_vec()),
        ("an overlong one", b"<a>\xc0\xbc</a>".to_vec()),
        ("half of a pair", b"<a>\xed\xa0\x80</a>".to_vec()),
    ] {
        assert_eq!(refusal(body).kind, Kind::Malformed, "{what}");
    }
    for declaration in [
        "encoding=\"UTF-8\"",
        "encoding='utf-8' standalone='yes'",
        "",
    ] {
        for mark in ["", "\u{feff}"] {
            let xml = format!("{mark}<?xml version='1.0' {declaration}?>{XML}");
            assert_eq!(json(&xml), r#"{"Name":"é"}"#, "{xml}");
        }
    }
    for declaration in [
        "<?xml?>",
        "<?xml encoding='utf-8'?>",
        "<?xml version='1.1'?>",
        "<?xml version='2'?>",
    ] {
        assert_eq!(
            refusal(format!("{declaration}{XML}")).kind,
            Kind::Malformed,
            "{declaration}"
        );
    }
}

#[test]
fn c8_characters_that_xml_does_not_have_are_refused_literally_and_by_reference() {
    let references = [
        "&#0;",
        "&#x0;",
        "&#1;",
        "&#x1F;",
        "&#xFFFE;",
        "&#65535;",
        "&#xD800;",
        "&#1114112;",
        "&#xFFFFFFFFFF;",
        "&#;",
        "&#x;",
        "&#-1;",
        "&#+65;",
        "&#X41;",
        "&# 65;",
    ];
    let literal = [
        "\0", "\u{1}", "\u{8}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}",
    ];
    for c in references.into_iter().chain(literal) {
        for xml in [
            format!("<W><Name>{c}</Name></W>"),
            format!("<W><Other>{c}</Other></W>"),
            format!("<W a='{c}'/>"),
        ] {
            assert_eq!(refusal(&xml).kind, Kind::Malformed, "{xml:?}");
        }
    }
    for c in literal {
        let hidden = [
            format!("<W><!--{c}--></W>"),
            format!("<W><![CDATA[{c}]]></W>"),
            format!("<W{c}/>"),
        ];
        for xml in hidden {
            assert_eq!(refusal(&xml).kind, Kind::Malformed, "{xml:?}");
        }
    }
    assert_eq!(
        json("<W><Name>&#9;&#10;&#13;&#x7F;&#x10FFFF;</Name></W>"),
        "{\"Name\":\"\\t\\n\\r\u{7f}\u{10ffff}\"}"
    );
}
