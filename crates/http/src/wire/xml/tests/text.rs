//! Texts: white space, line ends, sections, and characters that XML cannot carry (threat C9).

use proptest::prelude::*;

use super::json;
use crate::wire::xml::{chars, from_json};

/// The name in a document.
fn name(inside: &str) -> String {
    let json = json(&format!("<Webhook><Name>{inside}</Name></Webhook>"));
    let name: serde_json::Value = serde_json::from_str(&json).unwrap();
    name["Name"].as_str().unwrap().to_owned()
}

#[test]
fn white_space_in_a_text_is_kept_and_line_ends_are_line_feeds() {
    assert_eq!(name("  a\t b\u{a0} "), "  a\t b\u{a0} ");
    assert_eq!(name("a\r\nb\rc\nd"), "a\nb\nc\nd");
    assert_eq!(name("a&#13;&#10;b"), "a\r\nb");
    assert_eq!(name("   "), "   ");
}

#[test]
fn a_text_is_made_of_all_its_pieces() {
    assert_eq!(
        name("a<![CDATA[<b> & ]]]]><![CDATA[>]]><!-- x -->&lt;c"),
        "a<b> & ]]><c"
    );
    assert_eq!(name("<![CDATA[]]>"), "");
    assert_eq!(name("<!-- x -->"), "");
}

/// The XML of a reply that is a text.
fn written(text: &str) -> String {
    let xml = from_json(serde_json::to_string(text).unwrap().as_bytes(), "string");
    let xml = String::from_utf8(xml).unwrap();
    let inside = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<string>")
        .unwrap();
    inside.strip_suffix("</string>").unwrap().to_owned()
}

#[test]
fn c9_what_xml_cannot_carry_is_written_by_its_code_and_read_back() {
    for (text, xml) in [
        ("a\u{b}b", "a_x000B_b"),
        ("\u{fffe}\u{ffff}", "_xFFFE__xFFFF_"),
        ("\0\u{1f}", "_x0000__x001F_"),
        ("]]>", "]]&gt;"),
        (
            "<a b=\"c\">&amp;</a>",
            "&lt;a b=\"c\"&gt;&amp;amp;&lt;/a&gt;",
        ),
        ("a\r\nb\tc", "a&#13;\nb\tc"),
        ("\u{1f600}\u{fffd}\u{feff}", "\u{1f600}\u{fffd}\u{feff}"),
        // A text that looks like an escape.
        ("_x000B_", "_x005F_x000B_"),
        ("_x0041_", "_x005F_x0041_"),
        ("_x005F_", "_x005F_x005F_"),
        ("_x005f_x000b_", "_x005F_x005f_x005F_x000b_"),
        ("_x000B\u{b}", "_x005F_x000B_x000B_"),
        // Texts that do not.
        ("_x000B", "_x000B"),
        ("_x00G0_", "_x00G0_"),
        ("_X000B_", "_X000B_"),
        ("__x_x00_", "__x_x00_"),
    ] {
        assert_eq!(written(text), xml, "{text:?}");
        assert_eq!(name(xml), text, "{xml}");
    }
}

#[test]
fn c9_what_only_looks_like_an_escape_is_read_as_it_stands() {
    // Nobody has to write these as escapes, so a client that knows none means them.
    for text in [
        "_x0041_", "_xD800_", "_x005F_", "_x005F_b", "_x000A_", "_x20_", "a_x",
    ] {
        assert_eq!(name(text), text);
    }
    assert_eq!(name("_x000b_"), "\u{b}");
    assert_eq!(
        name("_x00<!-- -->0B_"),
        "\u{b}",
        "a text is whole before it is read"
    );
}

/// Texts of what the escapes are made of, among everything else.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("_"),
        Just("_x"),
        Just("x000B_"),
        Just("005F"),
        Just("_x005F"),
        Just("x0041_"),
        Just("\u{b}"),
        Just("\u{fffe}"),
        Just("\r"),
        Just("&"),
        Just("]]>"),
        Just("é"),
    ];
    prop_oneof![
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn c9_every_text_comes_back_as_it_was(text in any_text()) {
        let xml = written(&text);
        prop_assert_eq!(chars::first_illegal(&xml), None);
        prop_assert_eq!(name(&xml), text);
    }

    #[test]
    fn text_that_needs_no_escape_is_read_without_a_copy(text in "[a-z_0-9 é]{0,20}") {
        prop_assume!(!text.contains("_x"));
        let plain = matches!(chars::unescaped(&text), std::borrow::Cow::Borrowed(same) if same == text);
        prop_assert!(plain);
    }
}
