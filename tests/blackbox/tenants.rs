//! An online installation: tenants in the path, and apps (contract 5.1, 5.4; threats B8, K1).

use std::process::Command;
use std::time::Instant;

use serde_json::json;

use crate::authentication::basic;
use crate::http::{Reply, Request};
use crate::program::{DEADLINE, Home, Server};
use crate::tickets::{Browser, ends_within_five_seconds};
use crate::webhook::draft;

/// A server with two tenants, each with an associate `kari`.
struct Online {
    home: Home,
    server: Server,
}

impl Online {
    fn start() -> Self {
        let home = Home::new();
        for tenant in ["Cust1", "Cust2"] {
            home.run(&["tenant", "add", tenant]).printed();
            let add = [
                "user",
                "add",
                "kari",
                "--password-stdin",
                "--tenant",
                tenant,
            ];
            home.run_with_input(&add, "s3cret\n").printed();
        }
        let server = Server::start(online(&mut home.serve()));
        Self { home, server }
    }

    fn printed(&self, args: &[&str]) -> String {
        let printed = self.home.run(args).printed();
        printed.strip_suffix('\n').unwrap().to_owned()
    }

    /// A ticket of `kari` of this tenant.
    fn ticket(&self, tenant: &str) -> String {
        let issue = ["ticket", "issue", "--user", "kari", "--tenant", tenant];
        format!("SOTicket {}", self.printed(&issue))
    }
}

fn online(command: &mut Command) -> &mut Command {
    command.args(["--installation", "online", "--test-targets=false"])
}

fn call(tenant: &str, name: &str, body: &str) -> Request {
    Request::agent(name, body)
        .target(&format!("/{tenant}/api/v1/Agents/Webhook/{name}"))
        .without("Authorization")
}

fn names(reply: &Reply) -> Vec<String> {
    let all = reply.json();
    let all = all.as_array().unwrap_or_else(|| panic!("{all}"));
    all.iter()
        .map(|webhook| webhook["Name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_app_is_refused_until_it_is_granted_and_again_when_that_is_taken_back() {
    let online = Online::start();
    let ticket = online.ticket("Cust1");
    let secret = online.printed(&["app", "register", "warehouse"]);
    let listed = online.printed(&["app", "list"]);
    assert!(listed.contains("1\twarehouse\t") && listed.ends_with("\trefused"));
    assert!(!listed.contains(&secret));
    let list = call("Cust1", "GetAllWebhooks", "null").header("Authorization", &ticket);
    online.server.call(&list).expect(401);
    let list = list.header("SO-AppToken", &secret);
    let refused = online.server.call(&list).expect(403).json();
    assert_eq!(refused["ErrorType"], "SoAccessDeniedException");

    online.home.run(&["app", "grant", "1"]).printed();
    online.home.run(&["app", "grant", "1"]).failed_with(1);
    let other = online.printed(&["app", "register", "other"]);
    let granted = call("Cust1", "GetAllWebhooks", "null")
        .header("Authorization", &ticket)
        .header("SO-AppToken", &secret);
    // It is refused for as long as the server remembers, and not longer.
    let mut connection = online.server.connect();
    let asked = Instant::now();
    while connection.call(&granted).status == 403 {
        assert!(asked.elapsed() < DEADLINE);
    }
    connection.call(&granted).expect(200);
    let other = granted.clone().with("SO-AppToken", &other);
    online.server.call(&other).expect(403);

    online.home.run(&["app", "revoke", "1"]).printed();
    ends_within_five_seconds(&online.server, &granted, 403);
}

#[test]
fn the_tenant_stands_in_the_path_and_an_unknown_one_is_not_found() {
    let online = Online::start();
    let ticket = online.ticket("Cust1");
    let secret = online.printed(&["app", "register", "warehouse"]);
    online.home.run(&["app", "grant", "1"]).printed();
    // A server that has just started remembers nothing.
    let Online { home, server } = online;
    server.stop();
    let server = Server::start(self::online(&mut home.serve()));
    let list = call("Cust1", "GetAllWebhooks", "null")
        .header("Authorization", &ticket)
        .header("SO-AppToken", &secret);
    let at = |target: &str| list.clone().target(target);
    server.call(&list).expect(200);
    server
        .call(&at("/CUST1/api/v1/agents/webhook/getallwebhooks/"))
        .expect(200);
    for nowhere in [
        "/Cust3/api/v1/Agents/Webhook/GetAllWebhooks",
        "/api/v1/Agents/Webhook/GetAllWebhooks",
        "/Cust1/x/api/v1/Agents/Webhook/GetAllWebhooks",
    ] {
        server.call(&at(nowhere)).expect(404);
    }
    server
        .call(&at("/Cust2/api/v1/Agents/Webhook/GetAllWebhooks"))
        .expect(401);
    // Basic is no scheme here, and is not asked for.
    let as_user = list.clone().with("Authorization", &basic("kari", "s3cret"));
    assert_eq!(
        server.call(&as_user).expect(401).header("WWW-Authenticate"),
        None
    );
    server
        .call(&Request::new("GET", "/api/openapi.json"))
        .expect(200);

    home.run(&["tenant", "disable", "cust1"]).printed();
    ends_within_five_seconds(&server, &list, 404);
    assert!(home.run(&["tenant", "list"]).printed().contains("Cust1\t"));
    home.run(&["tenant", "add", "cust1"]).failed_with(1);
    assert_eq!(home.run(&["tenant", "add", "a b"]).code, Some(2));
    let nobody = ["ticket", "issue", "--user", "kari", "--tenant", "Cust3"];
    home.run(&nobody).failed_with(1);
}

#[test]
fn what_one_tenant_or_app_stored_does_not_exist_for_the_others() {
    let online = Online::start();
    let (one, two) = (online.ticket("Cust1"), online.ticket("Cust2"));
    let first = online.printed(&["app", "register", "first"]);
    let second = online.printed(&["app", "register", "second"]);
    for id in ["1", "2"] {
        online.home.run(&["app", "grant", id]).printed();
    }
    let callers = [
        ("Cust1", &one, &first),
        ("Cust1", &one, &second),
        ("Cust2", &two, &first),
        ("Cust2", &two, &second),
    ];
    let by = |request: Request, caller: usize| {
        let (_, ticket, secret) = callers[caller];
        request
            .header("Authorization", ticket)
            .header("SO-AppToken", secret)
    };
    let mut connection = online.server.connect();
    let mut owned = Vec::new();
    for (caller, (tenant, ..)) in callers.iter().enumerate() {
        let name = format!("canary {caller}");
        let save = by(
            call(tenant, "SaveWebhook", &draft(&name).to_string()),
            caller,
        );
        let saved = connection.call(&save).expect(200).json();
        owned.push(saved["WebhookId"].as_i64().unwrap());
    }
    assert_eq!(owned, [1, 2, 1, 2]);
    for (caller, (tenant, ..)) in callers.iter().enumerate() {
        let all = connection.call(&by(call(tenant, "GetAllWebhooks", "null"), caller));
        assert_eq!(names(&all.expect(200)), [format!("canary {caller}")]);
        for id in 1..=3 {
            let query = format!("/{tenant}/api/v1/Agents/Webhook/GetWebhook?webhookId={id}");
            let get = by(call(tenant, "GetWebhook", "null").target(&query), caller);
            let got = connection.call(&get).expect(200);
            if id == owned[caller] {
                assert_eq!(got.json()["Name"], format!("canary {caller}"));
                continue;
            }
            assert_eq!(got.text(), "null");
            let change = json!({"WebhookId": id, "Name": "taken"}).to_string();
            let change = by(call(tenant, "SaveWebhook", &change), caller);
            let refused = connection.call(&change).expect(404).json();
            assert_eq!(refused["Message"], format!("Webhook id {id} not found"));
            let query = format!("/{tenant}/api/v1/Agents/Webhook/DeleteWebhook?WebhookId={id}");
            let delete = by(call(tenant, "DeleteWebhook", "null").target(&query), caller);
            connection.call(&delete).expect(204);
            for method in ["GET", "DELETE"] {
                let path = format!("/{tenant}/api/v1/Webhook/{id}");
                let status = if method == "GET" { 404 } else { 204 };
                let rest = by(Request::new(method, &path), caller);
                connection.call(&rest).expect(status);
            }
        }
    }
    for (caller, (tenant, ..)) in callers.iter().enumerate() {
        let all = connection.call(&by(call(tenant, "GetAllWebhooks", "null"), caller));
        assert_eq!(names(&all.expect(200)), [format!("canary {caller}")]);
    }
}

#[test]
fn bearer_and_sessions_open_their_own_tenant_only() {
    let online = Online::start();
    let token = ["token", "add", "--user", "kari", "--tenant", "Cust1"];
    let bearer = format!("Bearer {}", online.printed(&token));
    let list = |tenant| call(tenant, "GetAllWebhooks", "null");
    let with = |tenant| list(tenant).header("Authorization", &bearer);
    online.server.call(&with("Cust1")).expect(200);
    online.server.call(&with("Cust2")).expect(401);
    let login = |path: &str| {
        Request::new("POST", path)
            .header("Content-Type", "application/json")
            .body(r#"{"user":"kari","password":"s3cret"}"#)
    };
    online.server.call(&login("/api/login")).expect(404);
    let reply = online.server.call(&login("/Cust2/api/login")).expect(200);
    assert_eq!(reply.json()["ContextIdentifier"], "Cust2");
    let browser = Browser::of(&reply);
    online
        .server
        .call(&browser.sends(list("Cust2")))
        .expect(200);
    online
        .server
        .call(&browser.sends(list("Cust1")))
        .expect(401);
    let log = online.server.stop().stderr;
    assert!(log.contains(r#""kind":"cross_owner""#), "{log}");
}
