//! Tests of forms: how keys are read, the limits, and that what a form can carry arrives.

mod round_trip;

use webhook_domain::{Given, WebhookDraft};

use super::to_json;
use crate::wire::decode;
use crate::wire::transcode::{TranscodeError, TranscodeErrorKind};

/// The text of a file of `tests/fixtures`.
macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/",
            $path
        ))
    };
}

#[track_caller]
fn json(form: &str) -> String {
    match to_json(form.as_bytes()) {
        Ok(json) => String::from_utf8(json).unwrap(),
        Err(error) => panic!("{form} is refused: {error}"),
    }
}

#[track_caller]
fn refusal(form: impl AsRef<[u8]>) -> TranscodeError {
    match to_json(form.as_ref()) {
        Err(error) => error,
        Ok(json) => panic!(
            "{} is read as {}",
            String::from_utf8_lossy(form.as_ref()),
            String::from_utf8_lossy(&json)
        ),
    }
}

#[track_caller]
fn draft(form: &str) -> WebhookDraft {
    decode::webhook(json(form).as_bytes()).unwrap().unwrap()
}

#[test]
fn both_samples_say_the_same() {
    let mut indexed = draft(fixture!("form/save-request.indexed.form"));
    assert_eq!(indexed.id, Some(0));
    assert_eq!(
        indexed.events,
        Given::Value(vec!["sale.sold".to_owned(), "sale.changed".to_owned()])
    );
    assert_eq!(
        indexed.headers,
        Given::Value(vec![("X-Api-Key".to_owned(), "wh-5521".to_owned())])
    );
    assert_eq!(indexed.properties, Given::Absent);
    indexed.properties = Given::Value(r#"{"source":"superoffice"}"#.to_owned());
    assert_eq!(draft(fixture!("form/save-request.repeated.form")), indexed);
}

#[test]
fn a_form_can_say_all_that_a_request_has() {
    let body = json(fixture!("form/save-request.full.form"));
    assert_eq!(
        body,
        r#"{"WebhookId":"131","Name":"Warehouse order feed","Events":["sale.sold","sale.changed"],"TargetUrl":"https://hooks.warehouse.example/so/orders","Secret":"","State":"Active","Type":"webhook","Headers":{"X-Region":"nordic","X-Api-Key":"wh-5521"},"Properties":{"source":"superoffice"},"ErrorEmails":["ops@warehouse.example","duty@warehouse.example"],"ErrorAssociates":[{"Id":"12"}],"Description":"Pushes won sales","NotifyVia":"Email, InApp","NotifyWhen":"2"}"#
    );
    let draft = draft(fixture!("form/save-request.full.form"));
    assert_eq!(
        (draft.id, draft.error_associates),
        (Some(131), Given::Value(vec![12]))
    );
}

#[test]
fn every_way_to_write_a_key_is_read() {
    for (form, expected) in [
        ("", "null"),
        ("=null", "null"),
        ("null", "null"),
        ("&&", "null"),
        ("Name=", r#"{"Name":""}"#),
        ("Name", r#"{"Name":""}"#),
        ("nAME=a+b%20c%2B%26%3d%C3%A9", r#"{"Name":"a b c+&=é"}"#),
        ("Name[]=x", r#"{"Name":"x"}"#),
        ("Name=a=b", r#"{"Name":"a=b"}"#),
        ("%4eame=x", r#"{"Name":"x"}"#),
        ("Name=%zz%", r#"{"Name":"%zz%"}"#),
        ("\u{feff}Name=x", r#"{"Name":"x"}"#),
        ("WebhookId=5", r#"{"WebhookId":"5"}"#),
        ("WebhookId=", "{}"),
        ("WebhookId=+&Registered=&Updated=&TotalCalls=", "{}"),
        (
            "State=active&NotifyVia=3",
            r#"{"State":"active","NotifyVia":"3"}"#,
        ),
        ("Events=a&Events=b", r#"{"Events":["a","b"]}"#),
        ("Events[]=a&events[]=b", r#"{"Events":["a","b"]}"#),
        ("Events=a,b", r#"{"Events":["a,b"]}"#),
        ("Events[1]=b&Events[0]=a", r#"{"Events":["a","b"]}"#),
        (
            "Events[10]=c&Events[9]=b&Events.2=a",
            r#"{"Events":["a","b","c"]}"#,
        ),
        (
            "Events=z&Events[5]=a&Events[]=y",
            r#"{"Events":["a","z","y"]}"#,
        ),
        ("Events=", r#"{"Events":[]}"#),
        ("Events[]=", r#"{"Events":[]}"#),
        ("Events[0]=", r#"{"Events":[""]}"#),
        ("Events=&Events=", r#"{"Events":["",""]}"#),
        (
            "ErrorEmails[0]=a%40b.example",
            r#"{"ErrorEmails":["a@b.example"]}"#,
        ),
        ("Headers[X-Key]=v", r#"{"Headers":{"X-Key":"v"}}"#),
        ("Headers.X-Key=v", r#"{"Headers":{"X-Key":"v"}}"#),
        (
            "Headers[0].Key=k&Headers[0].Value=v",
            r#"{"Headers":{"k":"v"}}"#,
        ),
        (
            "Headers[1][value]=w&Headers[0][key]=k&Headers[1].KEY=l&Headers.0.Value=v",
            r#"{"Headers":{"l":"w","k":"v"}}"#,
        ),
        (
            "Headers[0]=v&Headers[Key]=w",
            r#"{"Headers":{"0":"v","Key":"w"}}"#,
        ),
        ("Headers=", r#"{"Headers":{}}"#),
        ("Headers[0].Key=k", r#"{"Headers":{"k":null}}"#),
        (
            "Properties[a.b]=1&properties.c=true",
            r#"{"Properties":{"a.b":"1","c":"true"}}"#,
        ),
        (
            "ErrorAssociates[0].Id=12&ErrorAssociates[0].Name=Kari&ErrorAssociates[1][id]=13",
            r#"{"ErrorAssociates":[{"Id":"12"},{"Id":"13"}]}"#,
        ),
        (
            "ErrorAssociates[].Id=1&ErrorAssociates[].Name=x&ErrorAssociates.Id=2",
            r#"{"ErrorAssociates":[{"Id":"1"},{"Id":"2"}]}"#,
        ),
        ("ErrorAssociates[3].Name=x", r#"{"ErrorAssociates":[{}]}"#),
        ("ErrorAssociates=", r#"{"ErrorAssociates":[]}"#),
        (
            "RegisteredAssociate[AssociateId]=1&RegisteredAssociate.TableRight.Mask=x&Updated=2",
            "{}",
        ),
        ("Unknown=1&Unknown=2&a[b][c]=d&=x&[x]=y&.=z&q]=[", "{}"),
        (
            "NameFilter=n&eventFilter=&StatusFilter=Active",
            r#"{"NameFilter":"n","EventFilter":"","StatusFilter":"Active"}"#,
        ),
        (
            "EventName=a.b&PrimaryKey=7&Data[k]=v&Data.l=",
            r#"{"EventName":"a.b","PrimaryKey":"7","Data":{"k":"v","l":""}}"#,
        ),
        (
            "Webhook.Name=n&webhook[TargetUrl]=u&Webhook[Headers][0].Key=k&Webhook.Headers.0.Value=v&Webhook.Events=a",
            r#"{"Webhook":{"Name":"n","TargetUrl":"u","Headers":{"k":"v"},"Events":["a"]}}"#,
        ),
        ("Webhook=", r#"{"Webhook":null}"#),
    ] {
        assert_eq!(json(form), expected, "{form}");
    }
}

#[test]
fn what_a_member_cannot_have_is_refused_with_its_path() {
    for (form, path) in [
        ("Name=a&name=b", "Name"),
        ("TargetUrl[]=a&TargetUrl[]=b", "TargetUrl"),
        ("WebhookId=&WebhookId=5", "WebhookId"),
        ("Name[a]=b", "Name"),
        ("Name.a=b", "Name"),
        ("Events[a]=b", "Events"),
        ("Events[0][1]=b", "Events"),
        ("Events[0]=a&Events[00]=b", "Events[0]"),
        ("Events[9999999999]=b", "Events"),
        ("Events[0=b", "Events"),
        ("Headers=x", "Headers"),
        ("Headers[a][b]=c", "Headers"),
        ("Headers[a]=b&Headers[]=", "Headers"),
        ("Headers[0].Name=c", "Headers[0]"),
        ("Headers[0].Key=a&Headers[0].key=b", "Headers[0].key"),
        ("Headers[0].Value=a", "Headers"),
        ("Properties[a].b=c", "Properties"),
        ("Properties[a][0].Key=c", "Properties"),
        ("ErrorAssociates=5", "ErrorAssociates"),
        ("ErrorAssociates[0]=5", "ErrorAssociates"),
        ("ErrorAssociates[a].Id=5", "ErrorAssociates"),
        (
            "ErrorAssociates[0].Id=5&ErrorAssociates[0].id=6",
            "ErrorAssociates[0].Id",
        ),
        ("Webhook=x", "Webhook"),
        ("Webhook=x&Webhook.Name=y", "Webhook"),
        ("Webhook.Name=a&Webhook.name=b", "Webhook.Name"),
    ] {
        let error = refusal(form);
        assert_eq!(error.kind, TranscodeErrorKind::Malformed, "{form}");
        assert_eq!(error.error.path, path, "{form}");
    }
}

#[test]
fn what_is_not_utf8_is_refused_and_not_replaced() {
    for form in [
        b"Name=%ff".as_slice(),
        b"Name=%c3",
        b"Name=%c3&Type=%a9",
        b"Name=\xff",
        b"Other=%ed%a0%80",
        b"N%80=x",
        b"\xff\xfeN\0=\0x\0",
    ] {
        let error = refusal(form);
        assert_eq!(
            (error.kind, error.to_string().as_str()),
            (TranscodeErrorKind::Malformed, "the body is not UTF-8")
        );
    }
    // The replacement character itself may be sent.
    assert_eq!(
        json("Name=%ef%bf%bd\u{fffd}"),
        "{\"Name\":\"\u{fffd}\u{fffd}\"}"
    );
}

#[test]
fn a14_the_pair_after_the_last_is_refused_before_anything_is_decoded() {
    let pairs = |count: usize| "a=1&".repeat(count);
    assert_eq!(json(&pairs(256)), "{}");
    assert_eq!(json(&format!("{}&&&Name=x", pairs(255))), r#"{"Name":"x"}"#);
    for count in [257, 100_000] {
        assert_eq!(refusal(pairs(count)).kind, TranscodeErrorKind::FormLimits);
        // Were a later pair looked at, this one would be refused for another reason.
        assert_eq!(
            refusal(format!("%ff&{}", pairs(count))).kind,
            TranscodeErrorKind::FormLimits
        );
    }
    assert_eq!(
        refusal("Name[]&".repeat(257)).kind,
        TranscodeErrorKind::FormLimits
    );
}

#[test]
fn a14_the_level_after_the_last_is_refused_also_in_what_is_ignored() {
    assert_eq!(json("a[b][c][d]=1"), "{}");
    for form in [
        "a[b][c][d][e]=1",
        "a.b.c.d.e=1",
        "RegisteredAssociate[b][c][d][e]=1",
    ] {
        assert_eq!(refusal(form).kind, TranscodeErrorKind::FormLimits, "{form}");
    }
    assert_eq!(
        refusal(format!("a{}=1", "[b]".repeat(300_000))).kind,
        TranscodeErrorKind::FormLimits
    );
    // Empty brackets are no level, so many of them are only long.
    assert_eq!(
        json(&format!("Name{}=1", "[]".repeat(300_000))),
        r#"{"Name":"1"}"#
    );
}
