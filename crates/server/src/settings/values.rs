//! Setting values with a form of their own, read alike from the command line, the environment and
//! the file. They judge the form only; what a target may be is the domain's to say.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;

/// A range of addresses: `10.20.0.0/16`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct TargetRange(pub(crate) IpNet);

impl FromStr for TargetRange {
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

impl TryFrom<String> for TargetRange {
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

#[cfg(test)]
mod tests {
    use super::{TargetHost, TargetRange};

    #[test]
    fn a_range_is_read_and_one_address_is_a_range_of_one() {
        for (text, range) in [
            ("10.20.0.0/16", "10.20.0.0/16"),
            ("127.0.0.2", "127.0.0.2/32"),
            ("fd00::/8", "fd00::/8"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(text.parse::<TargetRange>().unwrap().0.to_string(), range);
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
            let error = text.parse::<TargetRange>().unwrap_err();
            assert!(error.contains("such as 10.20.0.0/16"), "{text}: {error}");
        }
        assert_eq!(
            "10.20.30.40/16".parse::<TargetRange>().unwrap_err(),
            "the range is written 10.20.0.0/16"
        );
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
