//! Tests of the order of strength, of the profiles, and of what is refused.

use std::time::Duration;

use clap::Parser;

use super::{Installation, Options, Profile, Settings};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn flags(line: &str) -> Options {
    Line::try_parse_from(std::iter::once("x").chain(line.split_whitespace()))
        .unwrap()
        .options
}

/// The options of a command line over a settings file that holds this text.
fn over(line: &str, text: &str) -> Options {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, text).unwrap();
    Options {
        config: Some(path),
        ..flags(line)
    }
    .with_file()
    .unwrap()
}

fn settings(line: &str, text: &str, profile: Profile) -> Settings {
    Settings::resolve(over(line, text), profile).unwrap()
}

#[test]
fn a_flag_beats_the_file_and_the_file_beats_the_default() {
    // flag, file, what is used
    for (flag, file, used) in [
        ("", "", "127.0.0.1:8080"),
        ("", "listen = '127.0.0.1:2'", "127.0.0.1:2"),
        ("--listen 127.0.0.1:1", "", "127.0.0.1:1"),
        (
            "--listen 127.0.0.1:1",
            "listen = '127.0.0.1:2'",
            "127.0.0.1:1",
        ),
    ] {
        let settings = settings(flag, file, Profile::Strict);
        assert_eq!(settings.listen.to_string(), used, "{flag:?} over {file:?}");
    }
}

#[test]
fn every_setting_of_the_file_gives_way_to_its_flag() {
    let file = "listen = '127.0.0.1:2'\ndatabase = 'sqlite:file.db'\nrole = 'api'\nworkers = 2\n\
                slow_call_ms = 2\nslow_call_routes = ['/api=2']\nbase_time_zone = 'NO'\n\
                strict_timezone = false\ncors_origins = ['https://file.corp']\ninstallation = 'onsite'\npublic_url = 'http://file.corp'\n\
                trusted_proxies = ['10.2.0.1']\njwt_issuer = 'file'\njwt_audience = 'file'\n\
                jwt_algorithm = 'ES256'\njwt_keys = 'file.json'\njwt_tenant_claim = 'file'\nallow_http = false\nallow_private_targets = false\n\
                allowed_target_ranges = ['10.2.0.0/16']\nallowed_target_hosts = ['file.corp']\n\
                allow_metadata_targets = false\nstore_unknown_types = false\n";
    let line = "--listen 127.0.0.1:1 --database sqlite:flag.db --role worker --workers 1 --slow-call-ms 1 \
                --slow-call-routes /api=1 --base-time-zone SE --strict-timezone \
                --cors-origins https://flag.corp \
                --installation online --public-url https://flag.corp --trusted-proxies 10.1.0.1 \
                --jwt-issuer flag --jwt-audience flag --jwt-algorithm RS256 --jwt-keys flag.json \
                --jwt-tenant-claim flag \
                --allow-http --allow-private-targets=true --allowed-target-ranges 10.1.0.0/16 \
                --allowed-target-hosts flag.corp --allow-metadata-targets=yes --store-unknown-types=1";
    let both = over(line, file);
    assert_eq!(
        Options {
            config: None,
            ..both
        },
        flags(line)
    );
    let alone = over("", file);
    assert_ne!(
        alone,
        Options {
            config: alone.config.clone(),
            ..Options::default()
        }
    );
    assert_eq!(alone.listen, Some("127.0.0.1:2".parse().unwrap()));
    assert_eq!(alone.database(), "sqlite:file.db");
}

#[test]
fn the_strict_profile_has_every_switch_off() {
    let settings = settings("", "", Profile::Strict);
    assert_eq!(settings.database, "sqlite:./data/webhooks.db");
    assert_eq!(settings.workers, None);
    assert_eq!(settings.slow_call_after.as_millis(), 2_000);
    assert!(settings.slow_call_routes.is_empty());
    assert!(!settings.culture.strict_timezone);
    assert!(settings.cors_origins.is_empty());
    assert!(!settings.rules.store_unknown_types);
    assert!(!settings.rules.targets.allow_http);
    assert!(!settings.rules.targets.addresses.allow_private);
    assert!(!settings.rules.targets.addresses.allow_metadata);
    assert!(settings.rules.targets.addresses.allowed_ranges.is_empty());
    assert!(settings.rules.targets.addresses.allowed_hosts.is_empty());
}

#[test]
fn the_dev_profile_only_changes_defaults() {
    let open = settings("", "", Profile::Dev);
    assert!(open.rules.store_unknown_types);
    assert!(open.rules.targets.allow_http);
    assert!(open.rules.targets.addresses.allow_private);
    assert!(
        !open.rules.targets.addresses.allow_metadata,
        "metadata needs its own switch"
    );

    let closed = settings(
        "--allow-http=false --store-unknown-types=no",
        "allow_private_targets = false",
        Profile::Dev,
    );
    assert!(!closed.rules.store_unknown_types);
    assert!(!closed.rules.targets.allow_http);
    assert!(!closed.rules.targets.addresses.allow_private);
}

#[test]
fn each_switch_opens_nothing_but_its_own_in_the_strict_profile() {
    let on = |line| {
        let rules = settings(line, "", Profile::Strict).rules;
        (
            rules.targets.allow_http,
            rules.targets.addresses.allow_private,
            rules.targets.addresses.allow_metadata,
            rules.store_unknown_types,
        )
    };
    assert_eq!(on("--allow-http"), (true, false, false, false));
    assert_eq!(on("--allow-private-targets"), (false, true, false, false));
    assert_eq!(on("--allow-metadata-targets"), (false, false, true, false));
    assert_eq!(on("--store-unknown-types"), (false, false, false, true));
}

#[test]
fn lists_are_given_with_commas_or_by_repetition() {
    let range = |text: &str| text.parse().unwrap();
    for line in [
        "--allowed-target-ranges 10.1.0.0/16,fd00::/8",
        "--allowed-target-ranges 10.1.0.0/16 --allowed-target-ranges fd00::/8",
    ] {
        assert_eq!(
            flags(line).allowed_target_ranges,
            Some(vec![range("10.1.0.0/16"), range("fd00::/8")])
        );
    }
}

#[test]
fn origins_are_given_with_spaces_as_the_original_has_them() {
    let origins = |line: [&str; 3]| {
        let options = Line::try_parse_from(line).unwrap().options;
        Settings::resolve(options, Profile::Strict)
            .unwrap()
            .cors_origins
    };
    assert_eq!(
        origins(["x", "--cors-origins", "https://a.corp https://b.corp:8443/"]),
        ["https://a.corp", "https://b.corp:8443"]
    );
    assert_eq!(origins(["x", "--cors-origins", "*"]), ["*"]);
    let file = "cors_origins = ['https://a.corp', 'https://b.corp']";
    assert_eq!(settings("", file, Profile::Strict).cors_origins.len(), 2);
}

#[test]
fn the_zone_and_the_faithfulness_of_stamps_are_set() {
    let culture = settings(
        "--strict-timezone",
        "base_time_zone = 'NO'",
        Profile::Strict,
    )
    .culture;
    assert!(culture.strict_timezone);
    assert_eq!(culture.base_zone.code(), "NO");
    let default = settings("", "", Profile::Strict).culture;
    assert_eq!(default.base_zone.code(), "UTC");
}

#[test]
fn routes_may_take_times_of_their_own() {
    let line = "--slow-call-routes /api/v1/Webhook=5,/api=10";
    let settings = settings(line, "slow_call_ms = 100", Profile::Strict);
    assert_eq!(settings.slow_call_after, Duration::from_millis(100));
    assert_eq!(
        settings.slow_call_routes,
        [
            ("/api/v1/Webhook".to_owned(), Duration::from_millis(5)),
            ("/api".to_owned(), Duration::from_millis(10)),
        ]
    );
}

#[test]
fn dev_listens_on_loopback_only_wherever_the_address_comes_from() {
    for address in [
        "127.0.0.1:0",
        "127.9.9.9:80",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:8080",
    ] {
        let file = format!("listen = '{address}'");
        assert_eq!(
            settings("", &file, Profile::Dev).listen.to_string(),
            address
        );
    }
    for address in [
        "0.0.0.0:8080",
        "[::]:8080",
        "192.168.1.5:8080",
        "[::ffff:10.0.0.1]:1",
    ] {
        let flag = format!("--listen {address}");
        let file = format!("listen = '{address}'");
        for options in [over(&flag, ""), over("", &file)] {
            let refused = Settings::resolve(options, Profile::Dev).unwrap_err();
            assert_eq!(refused.exit_code(), 78);
            assert!(
                refused
                    .to_string()
                    .starts_with(&format!("listen is {address}, but --dev"))
            );
        }
        assert!(Settings::resolve(over(&flag, ""), Profile::Strict).is_ok());
    }
}

#[test]
fn cookies_are_kept_to_https_when_clients_come_by_it() {
    for (url, secure) in [
        ("", false),
        ("public_url = 'http://hooks.corp'", false),
        ("public_url = 'https://hooks.corp'", true),
    ] {
        let settings = settings("", url, Profile::Strict);
        assert_eq!(settings.auth.secure_cookies, secure, "{url}");
        assert_eq!(settings.installation, Installation::Onsite);
    }
    let online = settings(
        "--trusted-proxies 10.0.0.0/8,::1",
        "installation = 'online'",
        Profile::Strict,
    );
    assert_eq!(online.installation, Installation::Online);
    assert_eq!(online.auth.trusted_proxies.len(), 2);
}

#[test]
fn an_issuer_is_given_whole_and_with_keys_that_can_be_trusted() {
    let resolve = |text: &str, profile| Settings::resolve(over("", text), profile);
    let whole =
        "jwt_issuer = 'i'\njwt_audience = 'a'\njwt_algorithm = 'ES256'\njwt_keys = 'k.json'\n";
    let settings = resolve(whole, Profile::Strict).unwrap();
    let jwt = settings.auth.jwt.unwrap();
    assert_eq!((jwt.issuer.as_str(), jwt.audience.as_str()), ("i", "a"));
    assert_eq!(jwt.tenant_claim, "tenant");
    assert!(settings.issuer_keys.is_some());
    for line in whole.lines() {
        let part = whole.replace(&format!("{line}\n"), "");
        let refused = resolve(&part, Profile::Strict).unwrap_err();
        assert!(refused.to_string().contains("go together"), "{part}");
    }
    let by_http = whole.replace("k.json", "http://127.0.0.1:1/k");
    assert!(resolve(&by_http, Profile::Strict).is_err());
    assert!(resolve(&by_http, Profile::Dev).is_ok());
    let secret = whole.replace("ES256", "HS256");
    assert!(resolve(&secret, Profile::Strict).is_ok());
    let published = secret.replace("k.json", "https://login.example/k");
    assert!(resolve(&published, Profile::Strict).is_err());
    assert!(resolve("jwt_issuer = ''", Profile::Strict).is_err());
}

#[test]
fn a_number_of_workers_out_of_range_is_refused() {
    for (workers, fine) in [(0, false), (1, true), (512, true), (513, false)] {
        let options = Options {
            workers: Some(workers),
            ..Options::default()
        };
        assert_eq!(
            Settings::resolve(options, Profile::Strict).is_ok(),
            fine,
            "{workers}"
        );
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.toml");
    let failure = Options {
        config: Some(path.clone()),
        ..Options::default()
    }
    .with_file()
    .unwrap_err();
    assert_eq!(failure.exit_code(), 78);
    assert!(
        failure.to_string().contains(&path.display().to_string()),
        "{failure}"
    );
}

#[test]
fn a_fault_in_the_settings_file_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, "workers = 2\nlistn = 'x'\n").unwrap();
    let failure = Options {
        config: Some(path.clone()),
        ..Options::default()
    }
    .with_file()
    .unwrap_err();
    let start = format!("{}:2: ", path.display());
    assert!(failure.to_string().starts_with(&start), "{failure}");
    assert!(failure.to_string().contains("listn"), "{failure}");
}
