//! Setting values with a form of their own, read alike from the command line, the environment and
//! the file. They judge the form only; what a target may be is the domain's to say.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use ipnet::IpNet;
use serde::Deserialize;
use url::{Host, Url};
use webhook_http::auth::JwtAlgorithm;

/// A range of addresses: `10.20.0.0/16`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AddressRange(pub(crate) IpNet);

impl FromStr for AddressRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let range = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse::<IpNet>().map_err(|_| {
                "expected a range of addresses such as 10.20.0.0/16, or one address".to_owned()
            })?,
        };
        // 10.20.30.40/16 is more often a slip than a range.
        if range.trunc() != range {
            return Err(format!("the range is written {}", range.trunc()));
        }
        Ok(Self(range))
    }
}

impl TryFrom<String> for AddressRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A host name in lower case, without a port and without the dot at its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct TargetHost(pub(crate) String);

impl FromStr for TargetHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err("an address belongs among the allowed target ranges".to_owned());
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let plausible = name.len() <= 253
            && name.split('.').all(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            });
        if plausible {
            Ok(Self(name.to_ascii_lowercase()))
        } else {
            Err("expected a host name such as hooks.example.com, without scheme or port".to_owned())
        }
    }
}

impl TryFrom<String> for TargetHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for TargetHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a server does of all that a database needs done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Takes calls and delivers
    #[default]
    All,
    /// Takes calls; other servers on the same database deliver
    Api,
    /// Delivers; besides that it answers only probes and metrics
    Worker,
}

/// What the server is used as (contract 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Installation {
    /// For one company: users log in with Basic, SoTicket, Bearer or a session
    #[default]
    Onsite,
    /// For many: the tenant stands in the path, and apps call with SoTicket and SO-AppToken
    Online,
}

impl From<Installation> for webhook_http::auth::Installation {
    fn from(installation: Installation) -> Self {
        match installation {
            Installation::Onsite => Self::Onsite,
            Installation::Online => Self::Online,
        }
    }
}

/// Where clients find the server: scheme, host and perhaps a path, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether clients come by https.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        let url = url.ok_or_else(|| {
            "expected a URL such as https://hooks.example.com, with no more than a path behind it"
                .to_owned()
        })?;
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What the issuer of tokens signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Algorithm(pub(crate) JwtAlgorithm);

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

impl TryFrom<String> for Algorithm {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Where the keys of the issuer are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum KeySource {
    File(PathBuf),
    Url(Url),
}

impl KeySource {
    /// Whether what comes from there may have been changed on its way.
    pub(crate) fn is_unprotected(&self) -> bool {
        matches!(self, Self::Url(url) if url.scheme() != "https")
    }
}

impl FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("expected a file or an https URL".to_owned());
        }
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        match url.scheme() {
            "https" => Ok(Self::Url(url)),
            "http" if loopback => Ok(Self::Url(url)),
            _ => Err("expected a file or an https URL".to_owned()),
        }
    }
}

impl TryFrom<String> for KeySource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The URL without what may be secret in it.
impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(&url.origin().ascii_serialization()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressRange, Algorithm, KeySource, PublicUrl, TargetHost};

    #[test]
    fn a_range_is_read_and_one_address_is_a_range_of_one() {
        for (text, range) in [
            ("10.20.0.0/16", "10.20.0.0/16"),
            ("127.0.0.2", "127.0.0.2/32"),
            ("fd00::/8", "fd00::/8"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(text.parse::<AddressRange>().unwrap().0.to_string(), range);
        }
    }

    #[test]
    fn what_is_no_range_is_refused_and_a_slip_is_named() {
        for text in [
            "",
            "10.0.0.0/33",
            "localhost",
            "10.0.0.0-10.0.0.9",
            "10.0.0.0/8 ",
        ] {
            let error = text.parse::<AddressRange>().unwrap_err();
            assert!(error.contains("such as 10.20.0.0/16"), "{text}: {error}");
        }
        assert_eq!(
            "10.20.30.40/16".parse::<AddressRange>().unwrap_err(),
            "the range is written 10.20.0.0/16"
        );
    }

    #[test]
    fn a_public_url_is_kept_without_the_slash_at_its_end() {
        for (text, kept, https) in [
            (
                "https://Hooks.example.com",
                "https://hooks.example.com",
                true,
            ),
            (
                "https://hooks.example.com/crm/",
                "https://hooks.example.com/crm",
                true,
            ),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", false),
        ] {
            let url: PublicUrl = text.parse().unwrap();
            assert_eq!((url.as_str(), url.is_https()), (kept, https));
        }
        for text in [
            "",
            "hooks.example.com",
            "ftp://hooks.example.com",
            "https://",
            "https://user:secret@hooks.example.com",
            "https://hooks.example.com/?a=b",
            "https://hooks.example.com/#a",
        ] {
            let error = text.parse::<PublicUrl>().unwrap_err();
            assert!(error.contains("such as https://"), "{text}: {error}");
        }
    }

    #[test]
    fn keys_are_in_a_file_or_behind_https() {
        for (text, shown, unprotected) in [
            ("keys.json", "keys.json", false),
            ("/etc/keys.json", "/etc/keys.json", false),
            (
                "https://login.example/keys?a=b",
                "https://login.example",
                false,
            ),
            ("http://127.0.0.1:1/keys", "http://127.0.0.1:1", true),
            ("http://[::1]/keys", "http://[::1]", true),
        ] {
            let source: KeySource = text.parse().unwrap();
            assert_eq!(source.to_string(), shown);
            assert_eq!(source.is_unprotected(), unprotected, "{text}");
        }
        for text in [
            "",
            "http://login.example/keys",
            "http://localhost/keys",
            "ftp://login.example/keys",
            "https://",
        ] {
            assert!(text.parse::<KeySource>().is_err(), "{text}");
        }
        assert!("ES256".parse::<Algorithm>().is_ok());
        for text in ["none", "es256", "HS512", ""] {
            assert!(text.parse::<Algorithm>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_is_kept_in_lower_case_without_the_dot_at_its_end() {
        for (text, host) in [
            ("Hooks.Corp", "hooks.corp"),
            ("intranet.", "intranet"),
            ("a_b", "a_b"),
        ] {
            assert_eq!(text.parse::<TargetHost>().unwrap().to_string(), host);
        }
    }

    #[test]
    fn what_is_no_bare_host_name_is_refused() {
        for text in [
            "",
            ".",
            "a..b",
            "https://a.b",
            "a.b:8080",
            "a.b/",
            "høst.no",
            "a b",
        ] {
            let error = text.parse::<TargetHost>().unwrap_err();
            assert!(error.contains("without scheme or port"), "{text}: {error}");
        }
        for text in ["127.0.0.1", "[::1]", "::1"] {
            let error = text.parse::<TargetHost>().unwrap_err();
            assert!(error.contains("allowed target ranges"), "{text}: {error}");
        }
    }
}
