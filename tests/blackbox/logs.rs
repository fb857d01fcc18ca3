//! What must not be in the log, at its most talkative.

use serde_json::json;

use crate::http::Request;
use crate::program::{Home, Server};
use crate::webhook::{create, draft, get, list, save};

#[test]
fn no_secret_is_in_the_log_even_when_everything_is_logged() {
    let home = Home::new();
    let password = "canary-password-9f2c";
    home.run_with_input(
        &["user", "add", "kari", "--password-stdin"],
        &format!("{password}\n"),
    )
    .printed();
    let token = home.run(&["token", "add", "--user", "kari"]).printed();
    let server = Server::start(home.serve().arg("--dev").env("WEBHOOK_AGENT_LOG", "trace"));
    let authorization = crate::authentication::basic("kari", password);
    let wrong = crate::authentication::basic("kari", "canary-wrong-1d7e");

    let mut webhook = draft("named in a canary-name-77aa");
    webhook["Secret"] = "canary-secret-55b1".into();
    webhook["Headers"] = json!({"X-Api-Key": "canary-header-3c3c"});
    webhook["Properties"] = json!({"key": "canary-property-8e8e"});
    webhook["ErrorsEmail"] = "canary-mail-4242@example.com".into();
    webhook["TargetUrl"] =
        "https://hooks.example.com/canary-path-6d6d?key=canary-query-2b2b".into();
    let saved = server
        .call(&save(&webhook).with("Authorization", &authorization))
        .expect(200)
        .json();
    webhook["WebhookId"] = saved["WebhookId"].clone();
    server
        .call(&save(&webhook).with("Authorization", &authorization))
        .expect(200);
    webhook["Headers"] = json!({"Host": "canary-refused-0b0b"});
    server.call(&save(&webhook)).expect(400);
    server
        .call(&list().with("Authorization", &format!("Bearer {}", token.trim())))
        .expect(200);
    server
        .call(&list().with("Authorization", &wrong))
        .expect(401);
    server
        .call(&get(1).target("/api/v1/Agents/Webhook/GetWebhook?webhookId=canary-id-7f7f"))
        .expect(400);
    server
        .call(&Request::agent(
            "SaveWebhook",
            r#"{"Name":"canary-broken-1a1a"#,
        ))
        .expect(400);

    let said = server.stop().stderr;
    assert!(
        said.contains("\"level\":\"TRACE\"") || said.contains("\"level\":\"DEBUG\""),
        "{said}"
    );
    let canaries: Vec<&str> = said
        .match_indices("canary-")
        .map(|(at, _)| &said[at..at + 16])
        .collect();
    assert!(canaries.is_empty(), "{canaries:?}");
    for secret in [token.trim(), &authorization[6..], &wrong[6..], password] {
        assert!(!said.contains(secret));
    }
}

#[test]
fn each_entry_is_one_line_of_json_whatever_a_request_holds() {
    let home = Home::new();
    let server = home.dev();
    let mut connection = server.connect();
    create(&mut connection, "before");
    for target in [
        "/a%00b",
        "/a%0d%0aX:1",
        "/a%1b[2Jb",
        "/%ff%fe",
        "/api/v1/%0aevent=forged",
    ] {
        connection.call(&Request::new("GET", target)).expect(404);
    }
    let mut webhook = draft("x");
    webhook["Type"] = "un\u{1b}[2Jknown".into();
    connection.call(&save(&webhook)).expect(400);
    webhook["Type"] = "un known; event=forged".into();
    connection.call(&save(&webhook)).expect(200);
    drop(connection);
    let said = server.stop().stderr;
    for line in said.lines() {
        let entry: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
        assert!(
            entry["timestamp"].is_string() && entry["level"].is_string(),
            "{line}"
        );
    }
    assert!(!said.contains('\u{1b}'));
}
