//! URLs that are refused for what they are (threats E8, E9, E10 and E24), and ordinary ones that must
//! not be refused.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use url::Url;

use super::{against, allowing, is_public, strict};
use crate::address::{AddressPolicy, FORBIDDEN_PORTS};
use crate::rules::{TargetPolicy, check_http_target};

#[test]
fn e8_other_schemes_are_refused() {
    for target in [
        "file:///etc/passwd",
        "gopher://h.example.com/",
        "ftp://h.example.com/",
        "unix:/run/x.sock",
        "data:text/plain,x",
        "javascript:alert(1)",
        "ws://h.example.com/",
        "wss://h.example.com/",
        "ldap://h.example.com/",
        "dict://h.example.com:11211/",
        "blob:https://h.example.com/",
        "view-source:https://h.example.com/",
        "jar:https://h.example.com/!/",
        "https",
        "https//h",
        "ht\ttps://h.example.com/",
        " https://h.example.com/",
        "\u{feff}https://h.example.com/",
        "",
    ] {
        assert_eq!(
            against(target, &strict()).lines().next(),
            format!("must be secure: 'HTTPS:' not found in {target}")
                .lines()
                .next(),
        );
        let dev = TargetPolicy {
            allow_http: true,
            addresses: AddressPolicy::private_allowed(),
        };
        assert!(
            against(target, &dev).starts_with("must be an http or https URL"),
            "{target}"
        );
    }
}

#[test]
fn e9_ports_of_other_protocols_are_refused() {
    for port in [
        0, 22, 23, 25, 53, 110, 143, 389, 445, 465, 587, 636, 993, 995, 3306, 3389, 5432, 6379,
        9200, 11211, 27017,
    ] {
        assert_eq!(
            against(&format!("https://h.example.com:{port}/"), &strict()),
            format!("must not be called: port {port} is not for HTTP")
        );
    }
    for port in [
        80, 443, 444, 1024, 3000, 5000, 8000, 8080, 8443, 8888, 9443, 65535,
    ] {
        assert_eq!(
            against(&format!("https://h.example.com:{port}/"), &strict()),
            ""
        );
    }
    assert!(FORBIDDEN_PORTS.is_sorted());
    let laptop = allowing(AddressPolicy::private_allowed());
    assert_eq!(against("https://localhost:6379/", &laptop), "");
    assert_eq!(
        against("https://localhost:0/", &laptop),
        "must not be called: port 0 is not for HTTP"
    );
    for no_port in [
        "https://h.example.com:65536/",
        "https://h.example.com:-1/",
        "https://h.example.com:a/",
    ] {
        assert_eq!(
            against(no_port, &strict()),
            "is not a URL: invalid port number"
        );
    }
}

#[test]
fn e10_user_names_and_confusing_authorities_are_refused() {
    for target in "https://u:p@h.example.com/ https://u@h.example.com/ https://:p@h.example.com/ \
             https://@h.example.com/ https://:@h.example.com/ https://u%40x@h.example.com/ \
             https://h.example.com@10.0.0.1/ https://10.0.0.1@h.example.com/ \
             https://a@b@h.example.com/"
        .split_whitespace()
    {
        let reasons = against(target, &strict());
        assert!(
            reasons.contains("must not hold a user name or password"),
            "{target}: {reasons}"
        );
    }
    for target in [
        "https:///h.example.com/",
        "https:h.example.com",
        "https:/h.example.com",
        "https://",
        "https:///",
        "https://?h.example.com",
        "https://#h.example.com",
        "https:\\\\h.example.com\\",
        "https://\\h.example.com/",
        "https:/\\h.example.com/",
        "https://h.example.com\\@10.0.0.1/",
        "https://h.example.com\t/",
        "https://h.exa\nmple.com/",
        "https://h.example.com/ ",
        "https://h.example.com/\u{0}",
        "https://h.example.com/\u{7f}",
        "https://h.example.com /",
        "https://h.example.com%00/",
        "https://h.example.com%2f@x/",
        "https://a%40b/",
        "https://a<b/",
        "https://[::1/",
        "https://::1/",
        "https://[fe80::1%25eth0]/",
        "https://xn--/",
        "https://a:b:c/",
    ] {
        assert!(check_http_target(target, &strict()).is_err(), "{target:?}");
    }
}

#[test]
fn e10_an_authority_that_a_parser_would_make_up_is_told_as_missing() {
    for target in [
        "https:h.example.com",
        "https:/h.example.com",
        "https:///h.example.com",
    ] {
        assert_eq!(
            against(target, &strict()),
            "must have a host after '//'",
            "{target}"
        );
    }
}

#[test]
fn e24_names_that_only_mean_something_inside_a_network_are_refused() {
    for host in "metadata svc localhost LOCALHOST localhost. a.localhost a.b.localhost. \
             localhost.localdomain printer.local metadata.google.internal db.internal wiki.corp \
             nas.lan nas.home nas.home.arpa home.arpa x.intranet ｌｏｃａｌｈｏｓｔ local%68ost loc\u{ad}alhost \
             lOcAlHoSt。".split_whitespace() {
        let reasons = against(&format!("https://{host}/"), &strict());
        assert!(
            reasons.starts_with("must not be called: the name '"),
            "{host}: {reasons}"
        );
        assert!(reasons.ends_with("' is local"), "{host}: {reasons}");
    }
    for host in
        "localhost.. a..localhost 127.0.0.1.. a..example.com .example.com .. .".split_whitespace()
    {
        let reasons = against(&format!("https://{host}/"), &strict());
        assert!(reasons.contains("has an empty part"), "{host}: {reasons}");
    }
    for host in [
        "localhosts.com",
        "local.example.com",
        "internal.example.com",
        "mylocal.host",
        "corp.com",
    ] {
        assert_eq!(
            against(&format!("https://{host}/"), &strict()),
            "",
            "{host}"
        );
    }
}

#[test]
fn ordinary_public_urls_are_taken() {
    let long_path = format!("https://hooks.example.com/{}", "segment/".repeat(490));
    for target in [
        "https://hooks.example.com",
        "https://hooks.example.com/",
        "https://crm.example.com/api/webhooks/sales",
        "HTTPS://Hooks.Example.COM/Orders",
        "https://hooks.example.com:443/",
        "https://hooks.example.com:8443/orders",
        "https://hooks.example.com./orders",
        "https://hooks.example.com/a?b=c&d=%20e&f=http://10.0.0.1/#g",
        "https://hooks.example.com/@user/x:y;z,w",
        "https://hooks.example.com?q=a@b",
        "https://hooks.example.com/..%2f..%5c/é/日本",
        "https://bücher.example/",
        "https://xn--bcher-kva.example/",
        "https://例え.テスト/",
        "https://a-b--c.example.co.uk/",
        "https://a_b.example.com/",
        "https://123.example.com/",
        "https://1.1.1.1/",
        "https://8.8.8.8:8443/",
        "https://[2606:4700:4700::1111]/",
        "https://[2a00:1450:4001:81b::200e]:8443/x",
        "https://10.0.0.1.nip.example.com/",
        "https://127.0.0.1.example.com/",
        "https://us-east-1.webhook.site/5c4a2f50-0000-0000-0000-000000000000",
        "https://prod-00.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers",
        &long_path,
    ] {
        assert_eq!(against(target, &strict()), "", "{target}");
        let url = check_http_target(target, &strict()).unwrap();
        assert_eq!(url, Url::parse(target).unwrap());
    }
}

proptest! {
    #[test]
    fn a_literal_in_a_url_is_judged_as_the_address_is(octets in any::<[u8; 4]>()) {
        let ip = Ipv4Addr::from(octets);
        let number = u32::from(ip);
        for host in [ip.to_string(), number.to_string(), format!("{number:#x}"), format!("0{number:o}")] {
            let target = format!("https://{host}/");
            prop_assert_eq!(check_http_target(&target, &strict()).is_ok(), is_public(ip), "{}", target);
        }
    }

    #[test]
    fn no_target_whatever_panics(target in "(https?://)?\\PC{0,40}|https://[\\[\\]:a-f0-9.x%@/\\\\]{0,40}") {
        for policy in [strict(), allowing(AddressPolicy::private_allowed())] {
            match check_http_target(&target, &policy) {
                Ok(url) => prop_assert!(url.host().is_some()),
                Err(reasons) => prop_assert!(!reasons.is_empty()),
            }
        }
    }
}
