//! Creating, reading, re-saving, listing and deleting, with replies compared to the byte (contract 2
//! and 9).

use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::program::{Home, Server};
use crate::webhook::{all, create, delete, draft, error, fields, get, id_of, list, save};

/// `tje0` as it stands in replies.
const TJE0: &str = "{\"AssociateId\":1,\"Name\":\"tje0\",\"PersonId\":0,\"Rank\":0,\"Tooltip\":\"\",\
                    \"Type\":\"InternalAssociate\",\"GroupIdx\":0,\
                    \"FullName\":\"Development Administrator\",\
                    \"FormalName\":\"Development Administrator\",\"Deleted\":false,\"EjUserId\":0,\
                    \"UserName\":null,\"ExtraFields\":{},\"CustomFields\":{},\
                    \"TableRight\":{\"Mask\":\"Select\",\"Reason\":\"\"},\"FieldProperties\":{}}";

const UNSET: &str = "0001-01-01T00:00:00";

/// The stamp under this name, which is an instant of today in UTC.
fn stamp(reply: &Reply, name: &str) -> String {
    let text = reply.json()[name].as_str().unwrap().to_owned();
    let (date, time) = text.split_once('T').unwrap();
    assert_eq!(
        (date.len(), &date[4..5], &date[7..8]),
        (10, "-", "-"),
        "{text}"
    );
    let time = time.strip_suffix('Z').unwrap();
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "1"));
    assert_eq!(
        (seconds.len(), &seconds[2..3], &seconds[5..6]),
        (8, ":", ":"),
        "{text}"
    );
    assert!(fraction.len() <= 6 && !fraction.ends_with('0'), "{text}");
    assert!(date > "2025-01-01", "{text}");
    text
}

#[test]
fn a_default_webhook_has_the_defaults_of_the_original_and_is_not_stored() {
    let server = Home::new().dev();
    for body in ["null", ""] {
        let reply = server
            .call(&Request::agent("CreateDefaultWebhook", body))
            .expect(200);
        assert_eq!(
            reply.text(),
            "{\"WebhookId\":0,\"Name\":null,\"Events\":[\"contact.created\",\"contact.deleted\"],\
             \"TargetUrl\":null,\"Secret\":null,\"State\":\"Active\",\"Type\":\"webhook\",\
             \"Headers\":null,\"Properties\":null,\"Registered\":\"0001-01-01T00:00:00\",\
             \"RegisteredAssociate\":null,\"Updated\":\"0001-01-01T00:00:00\",\
             \"UpdatedAssociate\":null,\"ErrorsEmail\":null,\"ErrorEmails\":[],\"ErrorAssociates\":[],\
             \"Description\":null,\"NotifyVia\":\"None\",\"NotifyWhen\":\"None\",\"TotalCalls\":0,\
             \"TotalErrors\":0,\"ConsecutiveErrors\":0,\"LastError\":null}"
        );
    }
    assert_eq!(server.call(&list()).expect(200).text(), "[]");
}

#[test]
fn a_webhook_is_created_read_saved_again_listed_and_deleted() {
    let server = Home::new().dev();
    let asked = "{\"WebhookId\":0,\"Name\":\"Warehouse order feed\",\
                 \"Events\":[\"sale.sold\",\"sale.changed\",\"webhook118.errors\"],\
                 \"TargetUrl\":\"https://hooks.warehouse.example/so/orders\",\
                 \"Secret\":\"Gr33n-Harb0ur-77\",\"State\":\"Active\",\"Type\":\"webhook\",\
                 \"Headers\":{\"X-Region\":\"nordic\",\"X-Api-Key\":\"wh-5521\"},\
                 \"Properties\":{\"source\":\"superoffice\",\"priority\":3.0,\
                 \"routing\":{\"queue\":\"orders\",\"dlq\":false}},\
                 \"Registered\":\"0001-01-01T00:00:00\",\"RegisteredAssociate\":null,\
                 \"Updated\":\"0001-01-01T00:00:00\",\"UpdatedAssociate\":null,\
                 \"ErrorsEmail\":\"ops@warehouse.example\"}";
    let created = server
        .call(&Request::agent("SaveWebhook", asked))
        .expect(200);
    let registered = stamp(&created, "Registered");
    let body = |name: &str, updated: &str, by: &str| {
        format!(
            "{{\"WebhookId\":1,\"Name\":\"{name}\",\
             \"Events\":[\"sale.sold\",\"sale.changed\",\"webhook118.errors\"],\
             \"TargetUrl\":\"https://hooks.warehouse.example/so/orders\",\
             \"Secret\":\"Gr33n-Harb0ur-77\",\"State\":\"Active\",\"Type\":\"webhook\",\
             \"Headers\":{{\"X-Region\":\"nordic\",\"X-Api-Key\":\"wh-5521\"}},\
             \"Properties\":{{\"source\":\"superoffice\",\"priority\":3.0,\
             \"routing\":{{\"queue\":\"orders\",\"dlq\":false}}}},\
             \"Registered\":\"{registered}\",\"RegisteredAssociate\":{TJE0},\
             \"Updated\":\"{updated}\",\"UpdatedAssociate\":{by},\
             \"ErrorsEmail\":\"ops@warehouse.example\",\"ErrorEmails\":[\"ops@warehouse.example\"],\
             \"ErrorAssociates\":[],\"Description\":null,\"NotifyVia\":\"Email\",\"NotifyWhen\":\"Disabling\",\
             \"TotalCalls\":0,\"TotalErrors\":0,\"ConsecutiveErrors\":0,\"LastError\":null}}"
        )
    };
    assert_eq!(created.text(), body("Warehouse order feed", UNSET, "null"));
    assert_eq!(
        created.header("Content-Type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(created.header("Cache-Control"), Some("no-cache"));
    assert_eq!(server.call(&get(1)).expect(200).text(), created.text());

    // What was read goes back as it is, but for its name.
    let again = created
        .text()
        .replacen("Warehouse order feed", "Renamed", 1);
    let saved = server
        .call(&Request::agent("SaveWebhook", again))
        .expect(200);
    let updated = stamp(&saved, "Updated");
    // To the second, as texts with fractions do not sort.
    assert!(updated[..19] >= registered[..19]);
    assert_eq!(saved.text(), body("Renamed", &updated, TJE0));
    assert_eq!(server.call(&get(1)).expect(200).text(), saved.text());
    assert_eq!(
        server.call(&list()).expect(200).text(),
        format!("[{}]", saved.text())
    );

    let deleted = server.call(&delete(1)).expect(204);
    assert_eq!(
        (deleted.body.len(), deleted.header("Content-Type")),
        (0, None)
    );
    assert_eq!(server.call(&get(1)).expect(200).text(), "null");
    assert_eq!(server.call(&list()).expect(200).text(), "[]");
    server.call(&delete(1)).expect(204);
}

#[test]
fn the_smallest_webhook_gets_empty_values_for_everything_else() {
    let server = Home::new().dev();
    let created = server.call(&save(&draft("Contact sync"))).expect(200);
    let registered = stamp(&created, "Registered");
    assert_eq!(
        created.text(),
        format!(
            "{{\"WebhookId\":1,\"Name\":\"Contact sync\",\"Events\":[\"contact.created\"],\
             \"TargetUrl\":\"https://hooks.example.com/in\",\"Secret\":\"\",\"State\":\"Active\",\
             \"Type\":\"webhook\",\"Headers\":{{}},\"Properties\":{{}},\
             \"Registered\":\"{registered}\",\"RegisteredAssociate\":{TJE0},\
             \"Updated\":\"0001-01-01T00:00:00\",\"UpdatedAssociate\":null,\"ErrorsEmail\":\"\",\
             \"ErrorEmails\":[],\"ErrorAssociates\":[],\"Description\":null,\"NotifyVia\":\"None\",\
             \"NotifyWhen\":\"None\",\"TotalCalls\":0,\"TotalErrors\":0,\"ConsecutiveErrors\":0,\
             \"LastError\":null}}"
        )
    );
}

#[test]
fn names_come_in_in_any_case_and_dictionaries_keep_theirs() {
    let server = Home::new().dev();
    let body = r#"{"name":"n","EVENTS":["Contact.Created"],"targetUrl":"https://a.example.com/","type":"WEBHOOK",
        "state":"active","headers":{"x-lower":"1","X-UPPER":"2"},"properties":{"b":1.50,"a":{"Z":null,"y":[1e2]}},
        "notifyVia":3,"notifyWhen":2,"errorEmails":["a@b.example.com"],"unknownMember":{"x":1}}"#;
    let saved = server
        .call(&Request::agent("SaveWebhook", body))
        .expect(200);
    let text = saved.text();
    for part in [
        "\"Type\":\"webhook\"",
        "\"State\":\"Active\"",
        "\"Headers\":{\"x-lower\":\"1\",\"X-UPPER\":\"2\"}",
        "\"Properties\":{\"b\":1.50,\"a\":{\"Z\":null,\"y\":[1e2]}}",
        "\"NotifyVia\":\"Email, InApp\"",
        "\"NotifyWhen\":\"Disabling\"",
        "\"ErrorEmails\":[\"a@b.example.com\"]",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("nknownMember"));
}

/// A saved webhook with something in every member that a client sets.
fn full(server: &Server) -> Value {
    let asked = json!({
        "Name": "full", "Events": ["a.b", "c.d"], "TargetUrl": "https://a.example.com/",
        "Secret": "s", "State": "Stopped", "Type": "webhook", "Headers": {"X-A": "1"},
        "Properties": {"p": 1}, "ErrorEmails": ["a@example.com", "b@example.com"],
        "ErrorAssociates": [{"Id": 1}], "Description": "text", "NotifyVia": "Email",
        "NotifyWhen": "FirstFailure, Disabling",
    });
    server.call(&save(&asked)).expect(200).json()
}

/// Saves these members of a webhook, and gives those members of the reply that are not as before.
fn changes(server: &Server, before: &Value, members: Value) -> Value {
    let mut asked = members;
    asked["WebhookId"] = before["WebhookId"].clone();
    let after = server.call(&save(&asked)).expect(200).json();
    let mut changed = json!({});
    for (name, value) in after.as_object().unwrap() {
        if !name.starts_with("Updated") && *value != before[name] {
            changed[name] = value.clone();
        }
    }
    changed
}

#[test]
fn an_absent_member_keeps_what_is_stored_and_null_clears_it() {
    let server = Home::new().dev();
    let before = full(&server);
    assert_eq!(changes(&server, &before, json!({})), json!({}));
    assert_eq!(
        changes(&server, &before, json!({"Name": "new"})),
        json!({"Name": "new"})
    );
    let before = full(&server);
    assert_eq!(
        changes(
            &server,
            &before,
            json!({
                "Secret": null, "Headers": null, "Properties": null, "Description": null,
                "ErrorEmails": null, "ErrorAssociates": null,
                "State": null, "NotifyVia": null, "NotifyWhen": null,
            })
        ),
        json!({
            "Secret": "", "Headers": {}, "Properties": {}, "Description": null, "ErrorsEmail": "",
            "ErrorEmails": [], "ErrorAssociates": [],
        })
    );
}

#[test]
fn what_the_server_sets_is_ignored_in_a_request_whatever_it_holds() {
    let server = Home::new().dev();
    let before = full(&server);
    for stamp in [
        json!("0000-12-31T23:06:32.000Z"),
        json!(null),
        json!("glops"),
        json!(17),
        json!([]),
    ] {
        let sent = json!({
            "Registered": stamp, "Updated": stamp, "RegisteredAssociate": {"AssociateId": 99},
            "UpdatedAssociate": stamp, "TotalCalls": 9, "TotalErrors": "x", "ConsecutiveErrors": -1,
            "LastError": "none of your business", "_Links": {"Self": "x"},
        });
        assert_eq!(changes(&server, &before, sent), json!({}), "{stamp}");
    }
}

#[test]
fn a_save_that_fails_changes_nothing_and_names_every_reason() {
    let server = Home::new().dev();
    let before = full(&server);
    let id = before["WebhookId"].as_i64().unwrap();
    let read = || server.call(&get(id)).expect(200).text().to_owned();
    let text = read();
    let refused = server.call(&save(&json!({
        "WebhookId": id, "Name": " ", "Events": ["a,b"], "TargetUrl": "ftp://a.example.com/",
        "Headers": {"Host": "x"}, "Properties": {"EventId": 1}, "ErrorEmails": ["nobody"],
        "Description": "fine",
    })));
    let refused = refused.expect(400);
    assert_eq!(
        fields(&refused),
        [
            "Name",
            "Events",
            "TargetUrl",
            "Headers",
            "Properties",
            "ErrorEmails"
        ]
    );
    assert_eq!(refused.json()["ErrorType"], "ArgumentException");
    assert_eq!(read(), text);
    assert_eq!(all(&server).len(), 1);

    server
        .call(&save(
            &json!({"Name": "no events", "TargetUrl": "https://a.example.com/"}),
        ))
        .expect(400);
    server
        .call(&save(&json!({"WebhookId": 77, "Name": "nowhere"})))
        .expect(404);
    assert_eq!(all(&server).len(), 1);
}

#[test]
fn the_refusal_of_http_is_the_one_that_clients_test_for() {
    let home = Home::new();
    home.run_with_input(&["user", "add", "tje0", "--password-stdin"], "Tje0\n")
        .printed();
    let server = home.strict();
    let mut webhook = draft("x");
    webhook["TargetUrl"] = "http://hooks.warehouse.example/so".into();
    let refused = server.call(&save(&webhook)).expect(400);
    assert_eq!(
        refused.text(),
        error(
            "ArgumentException",
            "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://hooks.warehouse.example/so"
        )
    );
    assert_eq!(
        refused.header("Content-Type"),
        Some("application/json; charset=utf-8")
    );
}

#[test]
fn strict_refuses_targets_inside_a_network_and_types_that_nobody_handles() {
    let home = Home::new();
    home.run_with_input(&["user", "add", "tje0", "--password-stdin"], "Tje0\n")
        .printed();
    let server = home.strict();
    for url in [
        "https://localhost/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.1.2.3/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest",
        "https://intranet/",
        "https://printer.local/",
        "https://a.example.com:25/",
        "https://user@a.example.com/",
        "https:a.example.com",
    ] {
        let mut webhook = draft("x");
        webhook["TargetUrl"] = url.into();
        let reply = server.call(&save(&webhook));
        assert_eq!(reply.status, 400, "{url}: {}", reply.text());
    }
    let mut webhook = draft("x");
    webhook["Type"] = "et".into();
    server.call(&save(&webhook)).expect(400);
    assert!(all(&server).is_empty());

    let script = json!({
        "Name": "script", "Events": ["a.b"], "TargetUrl": "MyIncludeName", "Type": "CRMScript",
    });
    assert_eq!(
        server.call(&save(&script)).expect(200).json()["Type"],
        "crmscript"
    );
}

#[test]
fn lists_are_filtered_by_name_event_and_state() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    for (name, event, state) in [
        ("Alpha", "a.created", "Active"),
        ("beta", "b.created", "Stopped"),
        ("alpha", "b.created", "TooManyErrors"),
    ] {
        let mut webhook = draft(name);
        webhook["Events"] = json!([event, "x.y"]);
        webhook["State"] = state.into();
        connection.call(&save(&webhook)).expect(200);
    }
    let mut ids = |filter: Value| -> Vec<i64> {
        let found = connection
            .call(&Request::agent("GetAllWebhooks", filter.to_string()))
            .expect(200);
        found
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w["WebhookId"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(ids(json!(null)), [1, 2, 3]);
    assert_eq!(ids(json!({})), [1, 2, 3]);
    assert_eq!(
        ids(json!({"NameFilter": "", "EventFilter": "", "StatusFilter": 0})),
        [1, 2, 3]
    );
    assert_eq!(ids(json!({"nameFilter": "ALPHA"})), [1, 3]);
    assert_eq!(ids(json!({"NameFilter": "alph"})), [0_i64; 0]);
    assert_eq!(ids(json!({"EventFilter": "B.Created"})), [2, 3]);
    assert_eq!(ids(json!({"StatusFilter": "stopped"})), [2]);
    assert_eq!(ids(json!({"NameFilter": "alpha", "StatusFilter": 3})), [3]);
}

#[test]
fn names_that_mean_something_to_a_database_are_just_names() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let names = [
        "'); DROP TABLE webhook;--",
        "%",
        "_",
        "\\",
        "\"",
        "a''b",
        "🦀 ünïcode",
        "null",
    ];
    for name in names {
        create(&mut connection, name);
    }
    for (at, name) in names.iter().enumerate() {
        let filter = json!({"NameFilter": name}).to_string();
        let found = connection
            .call(&Request::agent("GetAllWebhooks", filter))
            .expect(200)
            .json();
        assert_eq!(found.as_array().unwrap().len(), 1, "{name}");
        assert_eq!(found[0]["Name"], *name);
        assert_eq!(found[0]["WebhookId"], i64::try_from(at).unwrap() + 1);
    }
}

#[test]
fn ids_that_exist_for_nobody_are_absent() {
    let server = Home::new().dev();
    for id in [0, -1, 77, i64::from(i32::MAX), i64::from(i32::MIN)] {
        assert_eq!(server.call(&get(id)).expect(200).text(), "null", "{id}");
        server.call(&delete(id)).expect(204);
    }
    for id in [77, -1, i64::from(i32::MAX)] {
        let refused = server
            .call(&save(&json!({"WebhookId": id, "Name": "x"})))
            .expect(404);
        let message = format!("Webhook id {id} not found");
        assert_eq!(refused.text(), error("SoNotFoundException", &message));
    }
}

#[test]
fn an_id_of_zero_null_or_nothing_creates() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    for (at, id) in [json!(0), json!(null), json!("0")].into_iter().enumerate() {
        let mut webhook = draft("x");
        webhook["WebhookId"] = id;
        assert_eq!(
            id_of(&connection.call(&save(&webhook))),
            i64::try_from(at).unwrap() + 1
        );
    }
    let mut webhook = draft("renamed");
    webhook["WebhookId"] = "2".into();
    assert_eq!(id_of(&connection.call(&save(&webhook))), 2);
}
