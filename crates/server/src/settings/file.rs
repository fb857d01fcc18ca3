//! The settings file. It turns text into [`Options`], or into one line that says what is wrong and
//! where; which values win is decided elsewhere.

use std::path::Path;

use super::Options;
use crate::failure::Failure;

/// Reads a settings file.
///
/// # Errors
/// When it cannot be read, is not TOML, or holds an unknown key or a value that cannot be used.
pub(super) fn read(path: &Path) -> Result<Options, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::Config(format!(
            "the settings file {} cannot be read: {error}",
            path.display()
        ))
    })?;
    parse(&text).map_err(|fault| Failure::Config(format!("{}{fault}", path.display())))
}

/// The options that the text holds; the error starts with the place, `:3: `.
fn parse(text: &str) -> Result<Options, String> {
    let place = |error: &toml::de::Error| match error.span() {
        Some(span) => format!(":{}", line_of(text, span.start)),
        None => String::new(),
    };
    let document = toml::Deserializer::parse(text)
        .map_err(|error| format!("{}: this is not TOML: {}", place(&error), error.message()))?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let (key, cause) = (error.path(), error.inner());
        format!("{}: {key}: {}", place(cause), cause.message())
    })
}

/// The number of the line that holds this byte, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::settings::Installation;

    #[test]
    fn every_setting_can_stand_in_the_file() {
        let options = parse(
            r#"
            listen = "127.0.0.1:9000"
            database = "sqlite:./hooks.db"
            workers = 3
            slow_call_ms = 500
            slow_call_routes = ["/api/v1/Webhook=50"]
            base_time_zone = "Europe/Oslo"
            strict_timezone = true
            cors_origins = ["https://app.corp"]
            installation = "online"
            public_url = "https://hooks.corp"
            trusted_proxies = ["10.0.0.1"]
            jwt_issuer = "https://login.corp"
            jwt_audience = "webhooks"
            jwt_algorithm = "ES256"
            jwt_keys = "https://login.corp/keys"
            jwt_tenant_claim = "ctx"
            allow_http = true
            allow_private_targets = false
            allowed_target_ranges = ["10.20.0.0/16"]
            allowed_target_hosts = ["hooks.corp"]
            allow_metadata_targets = true
            store_unknown_types = true
            "#,
        )
        .unwrap();
        assert_eq!(options.listen, Some("127.0.0.1:9000".parse().unwrap()));
        assert_eq!(options.database.as_deref(), Some("sqlite:./hooks.db"));
        assert_eq!(options.workers, Some(3));
        assert_eq!(options.slow_call_ms, Some(500));
        assert_eq!(
            options.slow_call_routes,
            Some(vec!["/api/v1/Webhook=50".parse().unwrap()])
        );
        assert_eq!(options.base_time_zone, Some("Europe/Oslo".parse().unwrap()));
        assert_eq!(options.strict_timezone, Some(true));
        assert_eq!(
            options.cors_origins,
            Some(vec!["https://app.corp".parse().unwrap()])
        );
        assert_eq!(options.installation, Some(Installation::Online));
        assert_eq!(options.public_url.unwrap().as_str(), "https://hooks.corp");
        assert_eq!(
            options.trusted_proxies,
            Some(vec!["10.0.0.1".parse().unwrap()])
        );
        assert_eq!(options.jwt_issuer.as_deref(), Some("https://login.corp"));
        assert_eq!(options.jwt_audience.as_deref(), Some("webhooks"));
        assert_eq!(options.jwt_algorithm, Some("ES256".parse().unwrap()));
        assert_eq!(
            options.jwt_keys,
            Some("https://login.corp/keys".parse().unwrap())
        );
        assert_eq!(options.jwt_tenant_claim.as_deref(), Some("ctx"));
        assert_eq!(options.allow_http, Some(true));
        assert_eq!(options.allow_private_targets, Some(false));
        assert_eq!(
            options.allowed_target_ranges,
            Some(vec!["10.20.0.0/16".parse().unwrap()])
        );
        assert_eq!(
            options.allowed_target_hosts,
            Some(vec!["hooks.corp".parse().unwrap()])
        );
        assert_eq!(options.allow_metadata_targets, Some(true));
        assert_eq!(options.store_unknown_types, Some(true));
    }

    #[test]
    fn faults_are_told_with_their_line_and_key() {
        for (text, line, said) in [
            ("\nlisten = 8080\n", 2, "listen: invalid type"),
            (
                "listen = \"nowhere\"\n",
                1,
                "listen: invalid socket address",
            ),
            (
                "# here\n\nlisten = \"127.0.0.1:1\"\nlissten = \"x\"\n",
                4,
                "unknown field `lissten`",
            ),
            (
                "allow-http = true\n",
                1,
                "unknown field `allow-http`, expected one of",
            ),
            ("dev = true\n", 1, "unknown field `dev`"),
            ("config = \"other.toml\"\n", 1, "unknown field `config`"),
            ("workers = -1\n", 1, "workers: invalid value"),
            ("allow_http = \"yes\"\n", 1, "allow_http: invalid type"),
            (
                "allowed_target_ranges = [\n  \"10.0.0.0/8\",\n  \"ten\",\n]\n",
                1,
                "allowed_target_ranges[1]: expected a range",
            ),
            (
                "allowed_target_hosts = [\"a:1\"]\n",
                1,
                "allowed_target_hosts[0]: expected a host name",
            ),
            (
                "listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n",
                2,
                "this is not TOML: duplicate key",
            ),
            ("listen \"127.0.0.1:1\"\n", 1, "this is not TOML: "),
            (
                "[server]\nlisten = \"127.0.0.1:1\"\n",
                1,
                "unknown field `server`",
            ),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(
                fault.starts_with(&format!(":{line}: ")),
                "{text:?}: {fault}"
            );
            assert!(fault.contains(said), "{text:?}: {fault}");
        }
    }
}
