//! Which targets are accepted for which Type, in both profiles (contract 9.1, decisions 2 and 3).

use webhook_domain::{Field, Given, WebhookDraft};

use crate::fixtures::{House, draft, fields, messages, value};

fn to(target_url: &str, plugin: &str) -> WebhookDraft {
    WebhookDraft {
        target_url: value(target_url),
        plugin: value(plugin),
        ..draft()
    }
}

#[test]
fn an_insecure_target_is_told_in_the_words_that_clients_test_for() {
    for target in [
        "http://www.example.com/",
        "HTTP://hooks.example.com/a?b=c",
        "hooks.example.com",
        "httpss://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "urn:isbn:0451450523",
        "/relative",
        "//hooks.example.com/",
        ":",
    ] {
        let violations = House::strict().against(to(target, "webhook"));
        assert_eq!(
            messages(&violations)[0],
            format!("Webhook TargetUrl must be secure: 'HTTPS:' not found in {target}")
        );
        assert_eq!(violations[0].field, Field::TargetUrl);
    }
}

#[test]
fn the_scheme_may_be_in_any_case() {
    for target in [
        "https://hooks.example.com/",
        "HTTPS://hooks.example.com/",
        "hTtPs://h.example/",
    ] {
        let judged = House::strict().judge(to(target, "webhook"), None).unwrap();
        assert_eq!(
            judged.content.target_url, target,
            "a target is stored as it was sent"
        );
    }
}

#[test]
fn a_type_is_compared_in_any_case_and_stored_as_the_plugin_spells_it() {
    for (sent, saved) in [
        ("webhook", "webhook"),
        ("WebHook", "webhook"),
        ("CRMScript", "crmscript"),
    ] {
        let target = if saved == "webhook" {
            "https://h.example.com/"
        } else {
            "My script"
        };
        let judged = House::strict().judge(to(target, sent), None).unwrap();
        assert_eq!(judged.content.plugin.as_str(), saved);
        assert!(!judged.unknown_type);
    }
}

#[test]
fn a_webhook_without_a_type_is_a_plain_one() {
    for plugin in [Given::Absent, Given::Null, value("")] {
        let judged = House::strict()
            .judge(WebhookDraft { plugin, ..draft() }, None)
            .unwrap();
        assert_eq!(judged.content.plugin.as_str(), "webhook");
    }
}

#[test]
fn a_type_of_blanks_is_none_at_all() {
    let blank = |plugin: &str| WebhookDraft {
        plugin: value(plugin),
        ..draft()
    };
    for house in [House::strict(), House::dev()] {
        let violations = house.against(blank("  "));
        assert_eq!(messages(&violations), ["Webhook Type must not be blank"]);
        let violations = house.against_change(blank(""), &crate::fixtures::stored());
        assert_eq!(messages(&violations), ["Webhook Type must not be blank"]);
    }
}

#[test]
fn a_script_name_follows_no_rule_for_urls() {
    for name in [
        "MyScript",
        "My script, the 2nd",
        "http://10.0.0.1/",
        "a\\b",
        "localhost",
        "skript-äöü",
    ] {
        assert_eq!(
            messages(&House::strict().against(to(name, "crmscript"))),
            [""; 0],
            "{name}"
        );
    }
    for name in [" padded", "padded ", "two\nlines"] {
        let violations = House::strict().against(to(name, "crmscript"));
        assert_eq!(fields(&violations), [Field::TargetUrl], "{name}");
    }
}

#[test]
fn strict_refuses_an_unknown_type_and_names_the_known_ones() {
    for plugin in [
        "et",
        "web hook",
        " webhook",
        "webhook\u{200b}",
        "javascript",
    ] {
        let violations = House::strict().against(to("https://hooks.example.com/", plugin));
        assert_eq!(fields(&violations), [Field::Type], "{plugin}");
        assert!(
            messages(&violations)[0].ends_with("known are: webhook, crmscript"),
            "{violations:?}"
        );
    }
}

#[test]
fn an_unknown_type_is_no_way_around_the_rules_for_urls() {
    let mut house = House::strict();
    house.rules.store_unknown_types = true;
    for target in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://u:p@h.example.com/",
        "file:///etc/passwd",
    ] {
        let violations = house.against(to(target, "et"));
        assert_eq!(
            violations.first().map(|v| v.field),
            Some(Field::TargetUrl),
            "{target}"
        );
    }
    for target in ["https://hooks.example.com/", "some-queue-name"] {
        assert!(
            house.judge(to(target, "et"), None).unwrap().unknown_type,
            "{target}"
        );
    }
}

#[test]
fn dev_takes_http_private_addresses_and_local_names() {
    for target in [
        "http://www.example.com/",
        "http://localhost:3000/hook",
        "http://127.0.0.1:8080/",
        "https://[::1]:9/",
        "http://10.1.2.3/",
        "http://printer.local/",
        "http://intranet/",
    ] {
        assert_eq!(
            messages(&House::dev().against(to(target, "webhook"))),
            [""; 0],
            "{target}"
        );
        let strict = House::strict().against(to(target, "webhook"));
        assert_eq!(
            strict.first().map(|v| v.field),
            Some(Field::TargetUrl),
            "{target}"
        );
    }
}

#[test]
fn dev_still_refuses_what_is_no_http_url_and_what_serves_machine_credentials() {
    for target in [
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "hooks.example.com",
        "http:///x",
        "http://169.254.169.254/latest/meta-data/",
        "http://u:p@localhost/",
        "http://localhost:0/",
    ] {
        let violations = House::dev().against(to(target, "webhook"));
        assert_eq!(
            violations.first().map(|v| v.field),
            Some(Field::TargetUrl),
            "{target}"
        );
    }
    assert_eq!(
        messages(&House::dev().against(to("ftp://hooks.example.com/", "webhook"))),
        ["Webhook TargetUrl must be an http or https URL"]
    );
}
