//! Document types, entities and processing instructions, and what comes around the root (threats C1 to
//! C3, C6 and C10).

use std::io::ErrorKind;
use std::net::TcpListener;

use super::limits::cost;
use super::{json, refusal};
use crate::wire::transcode::TranscodeErrorKind as Kind;

#[test]
fn c1_an_external_entity_is_refused_and_nothing_is_fetched() {
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!("http://{}/x.dtd", canary.local_addr().unwrap());
    for declaration in [
        r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#.to_owned(),
        format!(r#"<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]>"#),
        format!(r#"<!DOCTYPE a [<!ENTITY % p SYSTEM "{url}"> %p;]>"#),
        format!(r#"<!DOCTYPE a PUBLIC "-//x//y" "{url}">"#),
        format!(r#"<!DOCTYPE a SYSTEM "{url}" [ <!ELEMENT a ANY> ]>"#),
    ] {
        let xml = format!("{declaration}<Webhook><Name>&x;</Name></Webhook>");
        assert_eq!(refusal(&xml).kind, Kind::XmlDoctype, "{xml}");
    }
    assert_eq!(canary.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn c2_entities_that_multiply_are_refused_before_the_first_node() {
    let lines: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!("<!DOCTYPE z [<!ENTITY l0 \"lol\">{lines}]><z>&l9;</z>");
    let long = format!(
        "<!DOCTYPE z [<!ENTITY a \"{}\">]><z>{}</z>",
        "a".repeat(50_000),
        "&a;".repeat(50_000)
    );
    for xml in [laughs, long] {
        assert_eq!(refusal(&xml).kind, Kind::XmlDoctype);
        assert_eq!(cost(&xml).0, 0);
    }
}

#[test]
fn c2_an_entity_that_nobody_declared_is_refused() {
    for xml in [
        "<Webhook><Name>&nbsp;</Name></Webhook>",
        "<Webhook><Other>&x;</Other></Webhook>",
        "<Webhook a='&x;'/>",
        "<Webhook><Name>&LT;</Name></Webhook>",
        "<Webhook><Name>a & b</Name></Webhook>",
        "<Webhook><Name>a &amp b</Name></Webhook>",
        "<Webhook><Name>&;</Name></Webhook>",
    ] {
        assert_eq!(refusal(xml).kind, Kind::Malformed, "{xml}");
    }
    let xml = "<Webhook a='&lt;&amp;&#65;'><Name>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;</Name></Webhook>";
    assert_eq!(json(xml), "{\"Name\":\"<>&'\\\"A\u{1f600}\"}");
}

#[test]
fn c3_a_document_type_without_entities_is_refused() {
    for xml in [
        "<!DOCTYPE a><a/>",
        "<!doctype a><a/>",
        "<?xml version=\"1.0\"?>\n<!-- x -->\n<!DOCTYPE Webhook []><Webhook/>",
        "<Webhook><!DOCTYPE a></Webhook>",
        "<Webhook/><!DOCTYPE a>",
    ] {
        assert_eq!(refusal(xml).kind, Kind::XmlDoctype, "{xml}");
    }
    for xml in [
        "<!DOCTYPE",
        "<!DOCTYPE>",
        "<!DOCTYPE a [<a/>",
        "<!ENTITY x \"y\"><a/>",
        "<!x><a/>",
    ] {
        assert_eq!(refusal(xml).kind, Kind::Malformed, "{xml}");
    }
}

#[test]
fn c6_nothing_comes_after_the_root() {
    for after in [
        "<evil/>",
        "<Webhook/>",
        "text",
        "<![CDATA[x]]>",
        "&#32;",
        "&amp;",
        "\u{feff}",
        " x ",
    ] {
        assert_eq!(
            refusal(format!("<Webhook/>{after}")).kind,
            Kind::XmlTrailing,
            "{after}"
        );
        assert_eq!(
            refusal(format!("<a><b/></a>\n{after}")).kind,
            Kind::XmlTrailing,
            "{after}"
        );
    }
    for after in ["</Webhook>", "<", "<evil", "<!--", "&"] {
        assert_eq!(
            refusal(format!("<Webhook/>{after}")).kind,
            Kind::Malformed,
            "{after}"
        );
    }
    for after in [
        "",
        "\n",
        " \t\r\n ",
        "<!-- x -->",
        "\n<!-- x -->\n<!-- y -->\n",
    ] {
        assert_eq!(json(&format!("<Webhook/>{after}")), "{}", "{after}");
    }
}

#[test]
fn c6_nothing_but_a_root_comes_before_its_end() {
    for xml in [
        "x<a/>",
        "\u{feff}\u{feff}<a/>",
        "&amp;<a/>",
        "<![CDATA[]]><a/>",
        "<!-- x -->",
        "<?xml version='1.0'?>",
        "null",
        "{\"Name\":\"x\"}",
        "</a>",
        "<a>",
        "<a><b></a></b>",
        "<a></A>",
        "<a></a x='y'>",
        "<>",
        "<a/ >",
        "< a/>",
        "<1/>",
        "<a<b/>",
        "<a><!-- -- --></a>",
        "<a><![CDATA[</a>",
    ] {
        assert_eq!(refusal(xml).kind, Kind::Malformed, "{xml}");
    }
}

#[test]
fn c10_processing_instructions_are_refused() {
    for xml in [
        "<?xml-stylesheet href='x.xsl'?><Webhook/>",
        "<?xml version='1.0'?><?php x ?><Webhook/>",
        "<Webhook><?x y?></Webhook>",
        "<Webhook/><?x y?>",
        " <?xml version='1.0'?><Webhook/>",
        "<Webhook><?xml version='1.0'?></Webhook>",
        "<?xml version='1.0'?><?xml version='1.0'?><Webhook/>",
        "<??><Webhook/>",
    ] {
        assert_eq!(refusal(xml).kind, Kind::Malformed, "{xml}");
    }
}

#[test]
fn c10_inclusion_and_types_of_carriers_mean_nothing() {
    let xml = "<Webhook xmlns:xi='http://www.w3.org/2001/XInclude' \
               xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='System.Diagnostics.Process'>\
               <xi:include href='file:///etc/passwd' parse='text'/>\
               <Name xsi:type='xsd:int'>n</Name><Headers xsi:type='Evil'/></Webhook>";
    assert_eq!(json(xml), r#"{"Name":"n","Headers":{}}"#);
    // Where a value was wanted, an inclusion is no text.
    assert_eq!(
        refusal("<Webhook><Name><xi:include href='x'/></Name></Webhook>")
            .error
            .path,
        "Name"
    );
}
