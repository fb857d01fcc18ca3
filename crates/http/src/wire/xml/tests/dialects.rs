//! Every dialect says the same (contract 6.3): with and without namespaces, in any order, in any case,
//! with the element names of SOAP and of data contracts.

use webhook_domain::Given;
use webhook_domain::json::compact;

use super::{draft, fixture, json, refusal, to_json};
use crate::wire::decode;
use crate::wire::transcode::TranscodeErrorKind;

/// The draft of a JSON body, its properties without white space.
fn draft_of_json(body: &str) -> webhook_domain::WebhookDraft {
    let mut draft = decode::webhook(body.as_bytes()).unwrap().unwrap();
    if let Given::Value(text) = &draft.properties {
        draft.properties = Given::Value(compact(text));
    }
    draft
}

#[test]
fn soap_and_data_contracts_say_what_the_json_sample_says() {
    let sample = draft_of_json(fixture!("json/save-request.pascal.json"));
    assert_eq!(draft(fixture!("xml/save-request.soap.xml")), sample);
    assert_eq!(draft(fixture!("xml/save-request.datacontract.xml")), sample);
}

#[test]
fn the_plain_dialect_says_the_same_in_any_order_and_case() {
    let plain = draft(fixture!("xml/save-request.plain.xml"));
    assert_eq!(plain.name, Given::Value("Warehouse order feed".to_owned()));
    assert_eq!(
        plain.events,
        Given::Value(vec!["sale.sold".to_owned(), "sale.changed".to_owned()])
    );
    assert_eq!(
        plain.properties,
        Given::Value(r#"{"source":"superoffice"}"#.to_owned())
    );
    assert_eq!(draft(fixture!("xml/save-request.camel.xml")), plain);
}

#[test]
fn a_reply_can_be_sent_back() {
    let reply = draft(fixture!("xml/save-response.plain.xml"));
    assert_eq!(reply.id, Some(131));
    assert_eq!(
        reply.properties,
        Given::Value(r#"{"priority":3}"#.to_owned())
    );
}

#[test]
fn wrappers_become_what_the_json_samples_say() {
    for (xml, sample) in [
        (
            fixture!("xml/signal-request.xml"),
            fixture!("json/signal-request.json"),
        ),
        (
            fixture!("xml/getall-request.xml"),
            fixture!("json/getall-request.json"),
        ),
        (
            fixture!("xml/getlasterror-request.xml"),
            fixture!("json/getlasterror-request.json"),
        ),
        (
            fixture!("xml/test-request.xml"),
            fixture!("json/test-request.json"),
        ),
    ] {
        // Numbers of carriers go as texts, which the decoder reads alike.
        let sample = compact(sample)
            .replace(r#""PrimaryKey":9041"#, r#""PrimaryKey":"9041""#)
            .replace(r#""WebhookId":131"#, r#""WebhookId":"131""#)
            .replace(r#""WebhookId":0"#, r#""WebhookId":"0""#);
        assert_eq!(json(xml), sample);
    }
}

#[test]
fn the_filters_of_a_list_request_are_read() {
    let filter = decode::list_filter(json(fixture!("xml/getall-request.xml")).as_bytes()).unwrap();
    assert_eq!(filter.event.unwrap().as_str(), "contact.created");
    assert_eq!((filter.name, filter.state), (None, None));
    let xml =
        "<r><NAMEFILTER>Feed</NAMEFILTER><eventFilter/><StatusFilter>stopped</StatusFilter></r>";
    let filter = decode::list_filter(json(xml).as_bytes()).unwrap();
    assert_eq!((filter.name.as_deref(), filter.event), (Some("Feed"), None));
    assert_eq!(filter.state, Some(webhook_domain::WebhookState::Stopped));
}

#[test]
fn nothing_is_null_and_so_is_a_root_that_is_nil() {
    for body in ["", " \r\n\t", "\u{feff}", "\u{feff}\n"] {
        assert_eq!(to_json(body.as_bytes()).unwrap(), b"null", "{body:?}");
    }
    for xml in [
        "<Webhook xsi:nil='true'/>",
        "<Webhook i:nil=' 1 '> <!-- x --> </Webhook>",
        "<?xml version='1.0'?><anyType nil='true'></anyType>",
    ] {
        assert_eq!(json(xml), "null", "{xml}");
    }
    for xml in [
        "<Webhook/>",
        "<x></x>",
        "<a:b xsi:nil='false'/>",
        "<a xmlns:nil='true'/>",
    ] {
        assert_eq!(json(xml), "{}", "{xml}");
    }
    for xml in [
        "<Webhook xsi:nil='true'><Name/></Webhook>",
        "<Webhook xsi:nil='true'>x</Webhook>",
    ] {
        assert_eq!(refusal(xml).kind, TranscodeErrorKind::Malformed, "{xml}");
    }
}

#[test]
fn an_absent_a_nil_and_an_empty_member_are_three_things() {
    for (inside, json_text) in [
        ("", "{}"),
        ("<Secret xsi:nil='true'/>", r#"{"Secret":null}"#),
        ("<Secret/>", r#"{"Secret":""}"#),
        ("<Secret></Secret>", r#"{"Secret":""}"#),
        // The default of a number is what an absent one is.
        ("<WebhookId/>", "{}"),
        ("<WebhookId> \n</WebhookId>", "{}"),
        ("<WebhookId xsi:nil='true'/>", r#"{"WebhookId":null}"#),
        ("<WebhookId> 5 </WebhookId>", r#"{"WebhookId":" 5 "}"#),
        ("<Events/>", r#"{"Events":[]}"#),
        ("<Events> </Events>", r#"{"Events":[]}"#),
        ("<Events xsi:nil='true'/>", r#"{"Events":null}"#),
        (
            "<Events><string/><string xsi:nil='true'/></Events>",
            r#"{"Events":["",null]}"#,
        ),
        ("<Headers/>", r#"{"Headers":{}}"#),
        ("<Properties xsi:nil='1'/>", r#"{"Properties":null}"#),
        ("<ErrorAssociates/>", r#"{"ErrorAssociates":[]}"#),
        (
            "<State>1</State><NotifyVia>Email, InApp</NotifyVia>",
            r#"{"State":"1","NotifyVia":"Email, InApp"}"#,
        ),
        ("<Webhook/><Webhook2/>", r#"{"Webhook":{}}"#),
    ] {
        assert_eq!(
            json(&format!("<Webhook>{inside}</Webhook>")),
            json_text,
            "{inside}"
        );
    }
}

#[test]
fn lists_take_items_of_any_name() {
    for (inside, json_text) in [
        (
            "<Events><a:string>x</a:string>\n<event>y</event></Events>",
            r#"{"Events":["x","y"]}"#,
        ),
        (
            "<errorEmails><string>a@b.example</string></errorEmails>",
            r#"{"ErrorEmails":["a@b.example"]}"#,
        ),
        (
            "<ErrorAssociates><MDOListItem><Name>Kari</Name><Id>12</Id><ChildItems/></MDOListItem>\
             <a:MDOListItem><a:id>13</a:id></a:MDOListItem><x xsi:nil='true'/><x/></ErrorAssociates>",
            r#"{"ErrorAssociates":[{"Id":"12"},{"Id":"13"},null,{}]}"#,
        ),
    ] {
        assert_eq!(
            json(&format!("<Webhook>{inside}</Webhook>")),
            json_text,
            "{inside}"
        );
    }
}

#[test]
fn what_the_server_sets_and_what_nobody_knows_is_left_out() {
    let xml = "<Webhook><Registered>0000-12-31T23:06:32.000Z</Registered>\
               <RegisteredAssociate><AssociateId>1</AssociateId><x/><x/></RegisteredAssociate>\
               <TotalCalls>many</TotalCalls><LastError>a<b/>c</LastError><_Links><Self>u</Self></_Links>\
               <TableRight xsi:nil='true'/><Name>n</Name></Webhook>";
    assert_eq!(json(xml), r#"{"Name":"n"}"#);
}

#[test]
fn a_member_of_the_wrong_kind_is_refused_with_its_path_and_place() {
    for (inside, path, message) in [
        ("text", "", "has text where it needs elements"),
        (
            "<Name><b>x</b></Name>",
            "Name",
            "has elements where it needs a text",
        ),
        (
            "<WebhookId><b/></WebhookId>",
            "WebhookId",
            "has elements where it needs a text",
        ),
        (
            "<Events>a,b</Events>",
            "Events",
            "has text where it needs elements",
        ),
        (
            "<Events><string>a</string><string><b/></string></Events>",
            "Events[1]",
            "has elements where it needs a text",
        ),
        (
            "<Headers>x</Headers>",
            "Headers",
            "has text where it needs elements",
        ),
        (
            "<Headers><X-Key>v</X-Key></Headers>",
            "Headers",
            "has text where it needs elements",
        ),
        (
            "<Headers><p><Value>v</Value></p></Headers>",
            "Headers",
            "has an entry without a Key",
        ),
        (
            "<Headers><p><Key>k</Key><Value><b/></Value></p></Headers>",
            "Headers.k",
            "has elements where it needs a text",
        ),
        (
            "<ErrorAssociates><i>5</i></ErrorAssociates>",
            "ErrorAssociates[0]",
            "has text where it needs elements",
        ),
        (
            "<Webhook><Name><b/></Name></Webhook>",
            "Webhook.Name",
            "has elements where it needs a text",
        ),
        (
            "<Other>&x;</Other>",
            "Other",
            "has the entity 'x'; only those of XML itself are allowed",
        ),
    ] {
        let xml = format!("<Webhook>\n<!-- x -->{inside}\n</Webhook>");
        let error = refusal(&xml);
        assert_eq!(error.kind, TranscodeErrorKind::Malformed, "{xml}");
        assert_eq!(error.error.path, path, "{xml}");
        let (reason, place) = error.error.message.rsplit_once(" (line ").unwrap();
        assert_eq!(reason, message, "{xml}");
        assert!(place.starts_with("2, column "), "{xml}: {place}");
    }
    assert_eq!(
        refusal("<a>\n<Name>é<b/></Name></a>").to_string(),
        "Name has elements where it needs a text (line 2, column 8)"
    );
}

#[test]
fn a_value_that_the_decoder_refuses_has_the_path_of_its_element() {
    for (inside, path) in [
        ("<WebhookId>5.5</WebhookId>", "WebhookId"),
        ("<State>Paused</State>", "State"),
        (
            "<Events><string>a</string><string xsi:nil='true'/></Events>",
            "Events[1]",
        ),
        (
            "<Headers><p><Key>X-A</Key><Value xsi:nil='true'/></p></Headers>",
            "Headers.X-A",
        ),
        (
            "<ErrorAssociates><i><Id>1</Id></i><i><Name>x</Name></i></ErrorAssociates>",
            "ErrorAssociates[1]",
        ),
    ] {
        let body = json(&format!("<Webhook>{inside}</Webhook>"));
        assert_eq!(
            decode::webhook(body.as_bytes()).unwrap_err().path,
            path,
            "{inside}"
        );
    }
}
