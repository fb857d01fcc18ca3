//! Which setting wins, and what a wrong one says, through the real program.

use crate::http::Request;
use crate::program::{Home, Server, finish};
use crate::webhook::save;

/// Whether a server with these settings takes an http target: `None` is not set.
fn takes_http(
    dev: bool,
    flag: Option<bool>,
    environment: Option<bool>,
    file: Option<bool>,
) -> bool {
    let home = Home::new();
    home.run_with_input(&["user", "add", "tje0", "--password-stdin"], "Tje0\n")
        .printed();
    let mut command = home.serve();
    if dev {
        command.arg("--dev");
    }
    if let Some(value) = flag {
        command.arg(format!("--allow-http={value}"));
    }
    if let Some(value) = environment {
        command.env("WEBHOOK_AGENT_ALLOW_HTTP", value.to_string());
    }
    if let Some(value) = file {
        command
            .arg("--config")
            .arg(home.settings(&format!("allow_http = {value}\n")));
    }
    // Nobody is there to take the test event.
    command.env("WEBHOOK_AGENT_TEST_TARGETS", "false");
    let server = Server::start(&mut command);
    let mut webhook = crate::webhook::draft("x");
    webhook["TargetUrl"] = "http://hooks.example.com/in".into();
    match server.call(&save(&webhook)).status {
        200 => true,
        400 => false,
        status => panic!("{status}"),
    }
}

#[test]
fn a_flag_beats_the_environment_that_beats_the_file_that_beats_the_profile() {
    let (on, off) = (Some(true), Some(false));
    for (dev, flag, environment, file, taken) in [
        (false, None, None, None, false),
        (true, None, None, None, true),
        (false, None, None, on, true),
        (true, None, None, off, false),
        (false, None, on, off, true),
        (true, None, off, on, false),
        (false, on, off, off, true),
        (true, off, on, on, false),
    ] {
        assert_eq!(
            takes_http(dev, flag, environment, file),
            taken,
            "dev {dev}, flag {flag:?}, environment {environment:?}, file {file:?}"
        );
    }
}

#[test]
fn single_targets_are_opened_in_the_strict_profile() {
    let home = Home::new();
    home.run_with_input(&["user", "add", "tje0", "--password-stdin"], "Tje0\n")
        .printed();
    let mut command = home.serve();
    command.args(["--allowed-target-ranges", "10.20.0.0/16,127.0.0.2"]);
    command.env("WEBHOOK_AGENT_ALLOWED_TARGET_HOSTS", "hooks.corp");
    command.env("WEBHOOK_AGENT_TEST_TARGETS", "false");
    let server = Server::start(&mut command);
    for (url, status) in [
        ("https://10.20.3.4/in", 200),
        ("https://127.0.0.2/in", 200),
        ("https://hooks.corp/in", 200),
        ("https://HOOKS.corp/in", 200),
        ("https://10.21.3.4/in", 400),
        ("https://127.0.0.1/in", 400),
        ("https://other.corp/in", 400),
        ("https://localhost/in", 400),
        ("https://169.254.169.254/in", 400),
        ("http://10.20.3.4/in", 400),
    ] {
        let mut webhook = crate::webhook::draft("x");
        webhook["TargetUrl"] = url.into();
        let reply = server.call(&save(&webhook));
        assert_eq!(reply.status, status, "{url}: {}", reply.text());
    }
}

#[test]
fn a_wrong_setting_is_one_line_that_names_it_and_ends_with_78() {
    let home = Home::new();
    let by_flag = finish(home.serve().args(["--workers", "many"]), "");
    assert!(
        by_flag
            .failed_with(78)
            .starts_with("--workers cannot be \"many\"")
    );

    let by_environment = finish(home.serve().env("WEBHOOK_AGENT_ALLOW_HTTP", "perhaps"), "");
    assert!(
        by_environment
            .failed_with(78)
            .starts_with("WEBHOOK_AGENT_ALLOW_HTTP cannot be \"perhaps\"")
    );

    let of_the_log = finish(
        home.serve().env("WEBHOOK_AGENT_LOG", "webhook_http=loud"),
        "",
    );
    assert!(
        of_the_log
            .failed_with(78)
            .starts_with("WEBHOOK_AGENT_LOG cannot be \"webhook_http=loud\"")
    );

    let file = home.settings("workers = 2\n\nallow-http = true\n");
    let by_file = finish(home.serve().arg("--config").arg(&file), "");
    let told = by_file.failed_with(78);
    assert!(
        told.starts_with(&format!("{}:3: ", file.display())),
        "{told}"
    );
    assert!(told.contains("unknown field `allow-http`"), "{told}");

    let missing = finish(home.serve().args(["--config", "no-such-file.toml"]), "");
    assert!(missing.failed_with(78).contains("no-such-file.toml"));
    assert!(!home.path().join("webhooks.db").exists());
}

#[test]
fn a_variable_that_looks_like_a_setting_but_is_none_is_pointed_out() {
    let home = Home::new();
    let server = Server::start(home.serve().env("WEBHOOK_AGENT_LISTN", "127.0.0.1:1"));
    let said = server.stop().stderr;
    assert!(said.contains("WEBHOOK_AGENT_LISTN"), "{said}");
}

#[test]
fn zone_origins_and_slow_routes_reach_the_calls_from_flag_environment_and_file() {
    let home = Home::new();
    let file = home.settings("cors_origins = ['https://app.corp', 'https://b.corp']\n");
    let mut command = home.serve();
    command.arg("--dev").arg("--config").arg(file);
    command.args(["--slow-call-routes", "/api/v1/Agents/Webhook/SaveWebhook=0"]);
    command.env("WEBHOOK_AGENT_BASE_TIME_ZONE", "Asia/Tokyo");
    let server = Server::start(&mut command);
    let origin = |request: Request, origin| request.header("Origin", origin);

    let draft = crate::webhook::draft("x");
    let saved = server
        .call(&origin(save(&draft), "https://b.corp"))
        .expect(200);
    assert_eq!(
        saved.header("Access-Control-Allow-Origin"),
        Some("https://b.corp")
    );
    let registered = saved.json()["Registered"].clone();
    let registered = registered.as_str().unwrap();
    assert!(registered.ends_with("+09:00"), "{registered}");
    let stranger = server.call(&origin(crate::webhook::list(), "https://c.corp"));
    assert_eq!(stranger.header("Access-Control-Allow-Origin"), None);

    let said = server.stop().stderr;
    let slow: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("slow_call"))
        .collect();
    assert_eq!(slow.len(), 1, "{said}");
    assert!(
        slow[0].contains("/api/v1/Agents/Webhook/SaveWebhook") && slow[0].contains("took_ms"),
        "{said}"
    );
}

#[test]
fn a_zone_an_origin_or_a_slow_route_that_cannot_be_used_is_named() {
    for (flag, value, said) in [
        ("--base-time-zone", "Oslo", "'Oslo' is not a time zone"),
        ("--cors-origins", "app.corp", "expected '*' or an origin"),
        (
            "--slow-call-routes",
            "/api/v1/Webhook",
            "expected a path of the OpenAPI document",
        ),
    ] {
        let home = Home::new();
        let ended = finish(home.serve().args([flag, value]), "");
        let told = ended.failed_with(78);
        assert!(
            told.starts_with(&format!("{flag} cannot be \"{value}\"")),
            "{told}"
        );
        assert!(told.contains(said), "{told}");
    }
}
