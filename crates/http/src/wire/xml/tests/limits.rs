//! Levels, attributes and nodes (threats C4 and C5).

use super::{json, refusal};
use crate::wire::transcode::TranscodeErrorKind as Kind;
use crate::wire::xml::scan::{MAX_ATTRIBUTES, MAX_DEPTH, MAX_NODES, Scanner};

/// How much of a document was looked at before it was refused: its nodes and bytes.
pub(super) fn cost(xml: &str) -> (usize, u64) {
    let mut scan = Scanner::new(xml);
    let mut token = scan.root().map(|_| ());
    while token.is_ok() {
        token = scan.next().map(|_| ());
    }
    (scan.nodes(), scan.bytes_read())
}

/// A document in which an element lies so many levels deep.
fn nested(name: &str, levels: usize) -> String {
    let inside = levels - 1;
    format!(
        "<Webhook>{}{}</Webhook>",
        format!("<{name}>").repeat(inside),
        format!("</{name}>").repeat(inside)
    )
}

#[test]
fn c4_the_level_after_the_last_is_refused_also_in_what_is_ignored() {
    for name in ["Unknown", "RegisteredAssociate", "Webhook"] {
        assert!(json(&nested(name, MAX_DEPTH)).starts_with('{'), "{name}");
        assert_eq!(
            refusal(nested(name, MAX_DEPTH + 1)).kind,
            Kind::XmlDepth,
            "{name}"
        );
    }
    let list = |levels| {
        let inside = levels - 4;
        let (open, close) = ("<anyType>".repeat(inside), "</anyType>".repeat(inside));
        format!(
            "<Webhook><Properties><StringObjectKeyValuePair><Key>k</Key><Value>{open}{close}</Value>\
             </StringObjectKeyValuePair></Properties></Webhook>"
        )
    };
    assert!(json(&list(MAX_DEPTH)).contains("[[["));
    assert_eq!(refusal(list(MAX_DEPTH + 1)).kind, Kind::XmlDepth);
}

#[test]
fn c4_a_hundred_thousand_levels_cost_no_more_than_the_first() {
    let xml = nested("x", 100_000);
    assert_eq!(refusal(&xml).kind, Kind::XmlDepth);
    let (nodes, bytes) = cost(&xml);
    assert_eq!(nodes, MAX_DEPTH);
    assert!(bytes < 200, "{bytes}");
}

#[test]
fn c5_the_attribute_after_the_last_is_refused() {
    let element = |count: usize| {
        let attributes: String = (0..count).map(|n| format!(" a{n}='x'")).collect();
        format!("<Webhook><Unknown{attributes}/></Webhook>")
    };
    assert_eq!(json(&element(MAX_ATTRIBUTES)), "{}");
    for count in [MAX_ATTRIBUTES + 1, 20_000] {
        let xml = element(count);
        assert_eq!(refusal(&xml).kind, Kind::XmlNodes);
        assert_eq!(cost(&xml).0, 2 + MAX_ATTRIBUTES);
    }
    for xml in [
        "<Webhook a='1' a='2'/>",
        "<Webhook a=1/>",
        "<Webhook a/>",
        "<Webhook a='<'/>",
        "<Webhook 1a='x'/>",
    ] {
        assert_eq!(refusal(xml).kind, Kind::Malformed, "{xml}");
    }
}

#[test]
fn c5_the_node_after_the_last_is_refused_whatever_it_is() {
    for (node, each) in [
        ("<e/>", 1),
        ("<e a='x'/>", 2),
        ("<!---->", 1),
        ("<![CDATA[]]>", 1),
    ] {
        let document = |nodes: usize| {
            format!(
                "<Webhook><x>{}</x>{}</Webhook>",
                node.repeat(nodes / each),
                "<!---->".repeat(nodes % each)
            )
        };
        let most = document(MAX_NODES - 2);
        assert_eq!(json(&most), "{}", "{node}");
        let flood = document(100_000);
        assert_eq!(refusal(&flood).kind, Kind::XmlNodes, "{node}");
        let (nodes, bytes) = cost(&flood);
        assert_eq!(nodes, MAX_NODES + 1, "{node}");
        assert!(bytes < most.len() as u64 + 50, "{node}: {bytes}");
    }
    let pairs =
        "<StringKeyValuePair><Key>k</Key><Value>v</Value></StringKeyValuePair>".repeat(15_000);
    let error = refusal(format!("<Webhook><Headers>{pairs}</Headers></Webhook>"));
    assert_eq!(
        (error.kind, error.error.path.as_str()),
        (Kind::XmlNodes, "Headers")
    );
}
