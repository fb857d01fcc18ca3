//! What replies look like.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::fixture;
use crate::wire::xml::from_json;

fn xml(json: &str, root: &str) -> String {
    String::from_utf8(from_json(json.as_bytes(), root)).unwrap()
}

/// A document without the white space between its elements, and with its empty elements in one form.
fn shape(xml: &str) -> String {
    let mut reader = Reader::from_str(xml);
    let mut shape = String::new();
    let mut opened = false;
    loop {
        match reader.read_event().unwrap() {
            Event::Decl(declaration) => shape.push_str(&declaration),
            Event::Start(tag) => {
                shape.push_str(&format!("<{}>", &*tag));
                opened = true;
                continue;
            }
            Event::Empty(tag) => shape.push_str(&format!("<{}></>", &*tag)),
            Event::Text(text) if !opened && text.trim().is_empty() => continue,
            Event::Text(text) if text.trim().is_empty() => {
                let tail = shape.len();
                shape.push_str(&text);
                if let Event::Start(tag) = reader.read_event().unwrap() {
                    shape.truncate(tail);
                    shape.push_str(&format!("<{}>", &*tag));
                    continue;
                }
                shape.push_str("</>");
            }
            Event::Text(text) => shape.push_str(&text),
            Event::GeneralRef(reference) => shape.push_str(&format!("&{};", &*reference)),
            Event::End(_) => shape.push_str("</>"),
            Event::Eof => return shape,
            other => panic!("{other:?}"),
        }
        opened = false;
    }
}

#[test]
fn a_webhook_looks_like_the_sample() {
    // The sample, in the words of the JSON samples.
    let json = r#"{"WebhookId":131,"Name":"Warehouse order feed","Events":["sale.sold","sale.changed"],"TargetUrl":"https://hooks.warehouse.example/so/orders","Secret":"Gr33n-Harb0ur-77","State":"Active","Type":"webhook","Headers":{"X-Region":"nordic"},"Properties":{"priority":3},"Registered":"2025-11-03T08:15:42.3310274Z","RegisteredAssociate":{"AssociateId":12,"Name":"KARI","PersonId":48,"Rank":3,"Tooltip":"","Type":"InternalAssociate","GroupIdx":2,"FullName":"Kari Solheim","FormalName":"Kari Solheim","Deleted":false,"EjUserId":9,"UserName":null,"ExtraFields":{},"CustomFields":{}},"Updated":"0001-01-01T00:00:00","UpdatedAssociate":null,"ErrorsEmail":"ops@warehouse.example"}"#;
    assert_eq!(
        shape(&xml(json, "Webhook")),
        shape(fixture!("xml/save-response.plain.xml"))
    );
}

#[test]
fn every_member_of_the_full_carrier_is_written_as_the_fixture_has_it() {
    let reply = xml(fixture!("json/save-response.full23.json"), "Webhook");
    assert_eq!(
        shape(&reply),
        shape(fixture!("xml/save-response.full23.xml"))
    );
}

#[test]
fn a_list_a_text_a_result_and_an_error_look_like_the_samples() {
    for (json, root, sample) in [
        (
            r#"[{"WebhookId":131,"Name":"Warehouse order feed"}]"#,
            "ArrayOfWebhook",
            fixture!("xml/getall-response.xml"),
        ),
        (
            r#""HTTP/1.1 503 Service Unavailable""#,
            "string",
            fixture!("xml/getlasterror-response.xml"),
        ),
        (
            r#"{"Success":true,"Message":"HTTP/1.1 200 OK"}"#,
            "WebhookResult",
            fixture!("xml/test-response.xml"),
        ),
        (
            fixture!("json/error.non-https.json"),
            "Error",
            fixture!("xml/error.xml"),
        ),
    ] {
        assert_eq!(xml(json, root), sample.trim_end());
    }
}

#[test]
fn an_error_says_once_what_is_wrong_and_lists_every_broken_rule() {
    let json = r#"{"Error":true,"ErrorType":"ArgumentException","Message":"m","ErrorSource":"s","ErrorMessage":"m","Errors":[{"Field":"Name","Message":"a"},{"Field":"Events","Message":"b & c"}]}"#;
    assert_eq!(
        xml(json, "Error"),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Error><ErrorType>ArgumentException</ErrorType>\
         <Message>m</Message><ErrorSource>s</ErrorSource><Errors><FieldError><Field>Name</Field>\
         <Message>a</Message></FieldError><FieldError><Field>Events</Field><Message>b &amp; c</Message>\
         </FieldError></Errors></Error>"
    );
    assert_eq!(
        xml(fixture!("json/error.bad-parameter.json"), "Error")
            .matches("<Message")
            .count(),
        2,
        "Message and MessageDetail"
    );
}

/// What is inside the root of a reply.
fn inside(json: &str, root: &str) -> String {
    let xml = xml(json, root);
    xml.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn null_is_nil_and_prefixes_are_declared_where_they_are_used() {
    const XSI: &str = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";
    assert_eq!(
        inside("null", "Webhook"),
        format!("<Webhook {XSI} xsi:nil=\"true\"/>")
    );
    assert_eq!(
        inside(r#"{"Name":null}"#, "Webhook"),
        format!("<Webhook {XSI}><Name xsi:nil=\"true\"/></Webhook>")
    );
    assert_eq!(inside("{}", "Webhook"), "<Webhook/>");
    assert_eq!(inside("[]", "ArrayOfWebhook"), "<ArrayOfWebhook/>");
    assert_eq!(inside("\"\"", "string"), "<string></string>");
    assert_eq!(
        inside(r#"[{"a":1},null]"#, "ArrayOfX"),
        format!("<ArrayOfX {XSI}><X><a>1</a></X><X xsi:nil=\"true\"/></ArrayOfX>")
    );
}

#[test]
fn properties_say_their_types() {
    let json = r#"{"Properties":{"a":1,"b":3000000000,"c":99999999999999999999,"d":1.50,"e":1E+5,"f":true,"g":null,"h":"x","i":{},"j":[],"k":[-1,{"l":"\u00e9"}]}}"#;
    let typed = |of_type: &str, text: &str| format!("<Value xsi:type=\"{of_type}\">{text}</Value>");
    let expected = [
        ("a", typed("xsd:int", "1")),
        ("b", typed("xsd:long", "3000000000")),
        ("c", typed("xsd:decimal", "99999999999999999999")),
        ("d", typed("xsd:double", "1.50")),
        ("e", typed("xsd:double", "1E+5")),
        ("f", typed("xsd:boolean", "true")),
        ("g", "<Value xsi:nil=\"true\"/>".to_owned()),
        ("h", typed("xsd:string", "x")),
        ("i", "<Value xsi:type=\"StringObjectDictionary\"/>".to_owned()),
        ("j", "<Value xsi:type=\"ArrayOfAnyType\"/>".to_owned()),
        (
            "k",
            typed(
                "ArrayOfAnyType",
                "<anyType xsi:type=\"xsd:int\">-1</anyType><anyType xsi:type=\"StringObjectDictionary\">\
                 <StringObjectKeyValuePair><Key>l</Key><Value xsi:type=\"xsd:string\">é</Value>\
                 </StringObjectKeyValuePair></anyType>",
            ),
        ),
    ]
    .map(|(key, value)| format!("<StringObjectKeyValuePair><Key>{key}</Key>{value}</StringObjectKeyValuePair>"))
    .concat();
    let reply = inside(json, "Webhook");
    assert!(
        reply.contains(&format!("<Properties>{expected}</Properties>")),
        "{reply}"
    );
}

#[test]
fn links_and_members_of_other_replies_are_elements_of_their_own() {
    let reply = inside(fixture!("json/rest-get-response.links.json"), "Webhook");
    assert!(reply.ends_with("<_Links><Self>https://online4.superoffice.com/Cust31415/api/v1/Webhook/131</Self><Archive>https://online4.superoffice.com/Cust31415/api/v1/Webhook</Archive></_Links></Webhook>"), "{reply}");
    assert_eq!(
        inside(
            r#"{"odata.metadata":"m","value":[{"PrimaryKey":"1","webhookUsage/totalCalls":7}],"list":["a",1],"deep":[[2]]}"#,
            "Archive"
        ),
        "<Archive><odata.metadata>m</odata.metadata><value><anyType><PrimaryKey>1</PrimaryKey>\
         <webhookUsage_x002F_totalCalls>7</webhookUsage_x002F_totalCalls></anyType></value>\
         <list><string>a</string><anyType>1</anyType></list><deep><anyType><anyType>2</anyType></anyType></deep></Archive>"
    );
}

#[test]
fn a_member_whose_name_is_no_name_in_xml_gets_one() {
    for (name, element) in [
        ("$select", "_x0024_select"),
        ("1st", "_x0031_st"),
        ("a b", "a_x0020_b"),
        ("a:b", "a_x003A_b"),
        ("<x>", "_x003C_x_x003E_"),
        ("", "_"),
        ("é", "é"),
        ("\u{b}", "_x000B_"),
    ] {
        let json = format!("{{{}:1}}", serde_json::to_string(name).unwrap());
        assert_eq!(
            inside(&json, "r"),
            format!("<r><{element}>1</{element}></r>")
        );
    }
}

#[test]
fn the_order_of_members_and_dictionaries_is_that_of_the_json() {
    let reply = inside(
        r#"{"Headers":{"b":"1","a":"2"},"Events":["z","y"],"ErrorEmails":["m"]}"#,
        "Webhook",
    );
    assert_eq!(
        reply,
        "<Webhook><Headers><StringKeyValuePair><Key>b</Key><Value>1</Value></StringKeyValuePair>\
         <StringKeyValuePair><Key>a</Key><Value>2</Value></StringKeyValuePair></Headers>\
         <Events><string>z</string><string>y</string></Events>\
         <ErrorEmails><string>m</string></ErrorEmails></Webhook>"
    );
}
