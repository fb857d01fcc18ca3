//! Bodies that were made to break something. None may be a server error, each has the answer that
//! stands beside it, and the server goes on (threats A1-A17).

use serde_json::{Value, json};

use crate::http::Request;
use crate::program::Home;
use crate::webhook::{draft, save};

/// A save that would be fine, with one member changed.
fn with(member: &str, value: Value) -> String {
    let mut webhook = draft("hostile");
    webhook[member] = value;
    webhook.to_string()
}

/// The same with a member in words of JSON's own.
fn with_text(member: &str, text: &str) -> String {
    let webhook = draft("hostile").to_string();
    format!("{{\"{member}\":{text},{}", &webhook[1..])
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!({"a": inner}))
}

fn many<T>(count: usize, item: impl Fn(usize) -> T) -> Vec<T> {
    (0..count).map(item).collect()
}

fn headers(count: usize) -> Value {
    many(count, |at| (format!("X-{at}"), json!("1")))
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn hostile_bodies_get_the_answer_that_stands_beside_them() {
    let a = |length: usize| "a".repeat(length);
    let table: Vec<(u16, &str, Vec<u8>)> = [
        (400, "a number", "1".to_owned()),
        (400, "a text", "\"x\"".to_owned()),
        (400, "a list", "[]".to_owned()),
        (400, "a list of webhooks", format!("[{}]", draft("x"))),
        (400, "true", "true".to_owned()),
        (400, "nothing in it", "{}".to_owned()),
        (400, "a wrapper", format!("{{\"webhook\":{}}}", draft("x"))),
        (400, "a NUL in the name", with("Name", json!("a\0b"))),
        (
            400,
            "an escape in the name",
            with("Name", json!("\u{1b}[2J")),
        ),
        (
            400,
            "a line break in the name",
            with("Name", json!("a\r\nb")),
        ),
        (200, "a name of 400", with("Name", json!(a(400)))),
        (400, "a name of 401", with("Name", json!(a(401)))),
        (
            200,
            "a name of 200 crabs",
            with("Name", json!("🦀".repeat(200))),
        ),
        (
            400,
            "a name of 201 crabs",
            with("Name", json!("🦀".repeat(201))),
        ),
        (400, "a blank name", with("Name", json!(" \t"))),
        (400, "a name of 900 kB", with("Name", json!(a(900_000)))),
        (400, "no events", with("Events", json!([]))),
        (
            400,
            "an event of 100 kB",
            with("Events", json!(["a.".repeat(50_000)])),
        ),
        (
            400,
            "100,000 events",
            with("Events", json!(many(100_000, |at| format!("e{at}")))),
        ),
        (
            200,
            "the same event 1000 times",
            with("Events", json!(many(1_000, |_| "a.b"))),
        ),
        (400, "an event with a comma", with("Events", json!(["a,b"]))),
        (400, "every event", with("Events", json!(["*"]))),
        (400, "null among events", with("Events", json!([null]))),
        (400, "objects among events", with("Events", json!([{}]))),
        (400, "an empty event", with("Events", json!([""]))),
        (
            400,
            "a script as target",
            with("TargetUrl", json!("javascript:alert(1)")),
        ),
        (
            400,
            "a file as target",
            with("TargetUrl", json!("file:///etc/passwd")),
        ),
        (
            400,
            "a target without host",
            with("TargetUrl", json!("https://")),
        ),
        (
            400,
            "a target with a password",
            with("TargetUrl", json!("https://u:p@a.example.com/")),
        ),
        (
            400,
            "a target with a line break",
            with("TargetUrl", json!("https://a.example.com/\r\nX: y")),
        ),
        (
            400,
            "a metadata address",
            with(
                "TargetUrl",
                json!("http://169.254.169.254/latest/meta-data"),
            ),
        ),
        (
            400,
            "a metadata address in hex",
            with("TargetUrl", json!("http://0xa9fea9fe/")),
        ),
        (
            400,
            "a metadata address as IPv6",
            with("TargetUrl", json!("http://[::ffff:a9fe:a9fe]/")),
        ),
        (
            400,
            "a port beyond all",
            with("TargetUrl", json!("https://a.example.com:99999/")),
        ),
        (
            400,
            "a target of 4001",
            with(
                "TargetUrl",
                json!(format!("https://a.example.com/{}", a(3_979))),
            ),
        ),
        (
            200,
            "a target of 4000",
            with(
                "TargetUrl",
                json!(format!("https://a.example.com/{}", a(3_978))),
            ),
        ),
        (400, "a secret of 401", with("Secret", json!(a(401)))),
        (
            400,
            "a secret with a line break",
            with("Secret", json!("a\nb")),
        ),
        (
            400,
            "a secret that is a number list",
            with("Secret", json!([1])),
        ),
        (400, "a type of 101", with("Type", json!(a(101)))),
        (400, "a type that is an object", with("Type", json!({}))),
        (400, "a state of its own", with("State", json!("Sleeping"))),
        (400, "a state below zero", with("State", json!(-1))),
        (400, "a header Host", with("Headers", json!({"Host": "x"}))),
        (
            400,
            "a header content-length",
            with("Headers", json!({"content-length": "0"})),
        ),
        (
            400,
            "a header Transfer-Encoding",
            with("Headers", json!({"Transfer-Encoding": "chunked"})),
        ),
        (
            400,
            "a header of ours",
            with("Headers", json!({"X-SuperOffice-Event": "x"})),
        ),
        (
            400,
            "a header with a line break",
            with("Headers", json!({"X-A": "b\r\nX-B: c"})),
        ),
        (
            400,
            "a header name with a line break",
            with("Headers", json!({"X-A\r\nX-B": "c"})),
        ),
        (
            400,
            "a header name with a blank",
            with("Headers", json!({"X A": "c"})),
        ),
        (
            400,
            "a header without a name",
            with("Headers", json!({"": "c"})),
        ),
        (
            400,
            "a header beyond ASCII",
            with("Headers", json!({"X-Å": "c"})),
        ),
        (200, "64 headers", with("Headers", headers(64))),
        (400, "65 headers", with("Headers", headers(65))),
        (400, "10,000 headers", with("Headers", headers(10_000))),
        (
            400,
            "a header name of 129",
            with("Headers", json!({(a(129)): "c"})),
        ),
        (
            400,
            "a header value of 4097",
            with("Headers", json!({"X-A": a(4_097)})),
        ),
        (
            200,
            "properties of 31 levels",
            with("Properties", nested(31)),
        ),
        (
            400,
            "properties of 40 levels",
            with("Properties", nested(40)),
        ),
        (
            400,
            "properties of 70 kB",
            with("Properties", json!({"a": a(70_000)})),
        ),
        (
            400,
            "a property of the payload",
            with("Properties", json!({"eventid": 1})),
        ),
        (
            400,
            "a property with a NUL",
            with("Properties", json!({"a": "\0"})),
        ),
        (
            400,
            "a number beyond all in properties",
            with_text("Properties", "{\"a\":1e400}"),
        ),
        (
            400,
            "a number of 1000 digits",
            with_text("Properties", &format!("{{\"a\":{}}}", "9".repeat(1_000))),
        ),
        (
            200,
            "__proto__",
            with_text("Properties", "{\"__proto__\":{\"a\":1},\"constructor\":1}"),
        ),
        (
            400,
            "an id beyond all",
            with_text("WebhookId", "99999999999999999999"),
        ),
        (400, "an id with a fraction", with_text("WebhookId", "0.5")),
        (404, "an id below zero", with_text("WebhookId", "-1")),
        (400, "an id of minus zero", with_text("WebhookId", "-0")),
        (
            400,
            "a mail address with a copy",
            with("ErrorsEmail", json!("a@b.example\r\nBcc: c@d.example")),
        ),
        (
            400,
            "two mail addresses",
            with("ErrorsEmail", json!("a@b.example,c@d.example")),
        ),
        (
            400,
            "a mail address of 240",
            with("ErrorsEmail", json!(format!("{}@b.example", a(230)))),
        ),
        (
            400,
            "1000 mail addresses",
            with(
                "ErrorEmails",
                json!(many(1_000, |at| format!("a{at}@b.example"))),
            ),
        ),
        (
            400,
            "an associate that is nobody",
            with("ErrorAssociates", json!([{"Id": 4_711}])),
        ),
        (
            400,
            "associates without an id",
            with("ErrorAssociates", json!([{"Name": "x"}])),
        ),
        (
            400,
            "a description of 4001",
            with("Description", json!(a(4_001))),
        ),
        (
            400,
            "flags that are not",
            with("NotifyVia", json!("Email, Pigeon")),
        ),
        (
            400,
            "flags beyond all",
            with("NotifyWhen", json!(1_u64 << 40)),
        ),
        (
            200,
            "an unknown member of 500 kB",
            with("Unknown", json!(a(500_000))),
        ),
        (200, "10,000 unknown members", {
            let more = many(10_000, |at| format!("\"u{at}\":0")).join(",");
            format!("{{{more},{}", &draft("x").to_string()[1..])
        }),
    ]
    .into_iter()
    .map(|(status, name, body)| (status, name, body.into_bytes()))
    .collect();

    let server = Home::new().dev();
    let mut wrong = Vec::new();
    for (status, name, body) in &table {
        let reply = server.call(&Request::agent("SaveWebhook", body.clone()));
        if reply.status != *status {
            let text: String = reply.text().chars().take(300).collect();
            wrong.push(format!(
                "{name}: {} instead of {status}: {text}",
                reply.status
            ));
        } else if *status != 200 {
            assert!(reply.json()["Message"].is_string(), "{name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.call(&save(&draft("the server goes on"))).expect(200);
    server.stop();
}

#[test]
fn hostile_filters_are_answered_as_well() {
    let server = Home::new().dev();
    let long = "a".repeat(500_000);
    for (status, body) in [
        (200, json!({"NameFilter": long}).to_string()),
        (400, json!({"EventFilter": "*"}).to_string()),
        (400, json!({"NameFilter": "a\u{0}b"}).to_string()),
        (200, json!({"NameFilter": "' OR 1=1 --"}).to_string()),
        (400, json!({"NameFilter": 1}).to_string()),
        (400, json!({"NameFilter": []}).to_string()),
        (400, json!({"StatusFilter": "Sleeping"}).to_string()),
        (400, json!({"StatusFilter": 99}).to_string()),
        (400, "[]".to_owned()),
        (400, "\"x\"".to_owned()),
        (400, "{".to_owned()),
        (400, r#"{"NameFilter":"a","namefilter":"b"}"#.to_owned()),
    ] {
        let shown: String = body.chars().take(60).collect();
        let reply = server.call(&Request::agent("GetAllWebhooks", body));
        assert_eq!(reply.status, status, "{shown}: {}", reply.text());
    }
}
