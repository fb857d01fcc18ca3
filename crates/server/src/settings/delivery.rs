//! Settings about how events are delivered, and what is kept of it. They judge the form of each value
//! and what can only be judged together; the crates that deliver know nothing of settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;
use url::Url;
use webhook_delivery::{SmtpLogin, SmtpSecurity, SmtpServer};
use webhook_domain::rules::MailDomains;
use webhook_domain::{DeliveryPolicy, DisabledEvents, Retention, RetrySchedule};

use super::options::Options;
use crate::failure::Failure;

/// A length of time: `500ms`, `4s`, `10m`, `12h`, `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

/// The longest length of time that makes sense as a setting.
const MAX_SPAN: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let millis: Option<u64> = match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60 * 1_000),
            "h" => Some(60 * 60 * 1_000),
            "d" => Some(24 * 60 * 60 * 1_000),
            _ => None,
        };
        number
            .parse::<u64>()
            .ok()
            .zip(millis)
            .and_then(|(number, millis)| number.checked_mul(millis))
            .map(Duration::from_millis)
            .filter(|span| *span <= MAX_SPAN && !span.is_zero())
            .map(Self)
            .ok_or_else(|| {
                "expected a length of time above zero, such as 500ms, 4s, 10m, 12h or 30d"
                    .to_owned()
            })
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// See `disabled_events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Disabled {
    /// those that were accepted are kept and go out when it is active again
    Keep,
    /// they are dropped, as the original does
    Drop,
}

/// See `signatures`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Signed {
    /// that of the original and that of Standard Webhooks
    Both,
    /// that of the original
    Superoffice,
}

/// See `payload_values`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Values {
    /// the columns that the original lists for each entity
    Listed,
    /// every value that was signalled
    All,
}

/// See `resolver`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Resolver {
    /// in the domain name system only, without search domains and without /etc/hosts
    Dns,
    /// as other programs of this machine look them up
    System,
}

/// Where mails are handed in. A password has no place in it: it would show in lists of processes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SmtpUrl(pub(crate) Url);

impl FromStr for SmtpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "smtp" | "smtps") && url.host().is_some())
            .filter(|url| matches!(url.path(), "" | "/") && url.query().is_none())
            .filter(|url| url.password().is_none() && url.fragment().is_none())
            .map(Self)
            .ok_or_else(|| {
                "expected smtps://user@host:port or smtp://user@host:port; the password goes into a \
                 file"
                    .to_owned()
            })
    }
}

impl TryFrom<String> for SmtpUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// See `smtp_security`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Security {
    /// encrypted from the first byte
    Tls,
    /// encrypted before anything is said, or not at all
    Starttls,
    /// not encrypted, for a server on this machine
    None,
}

/// How events are delivered.
#[derive(Clone, Debug)]
pub(crate) struct DeliverySettings {
    pub(crate) policy: DeliveryPolicy,
    pub(crate) retention: Retention,
    pub(crate) strictly_200: bool,
    pub(crate) signatures: Signed,
    pub(crate) payload_values: Values,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) test_timeout: Duration,
    pub(crate) per_webhook: u16,
    pub(crate) per_receiver: u16,
    pub(crate) max_attempts: u16,
    pub(crate) probe_disabled_after: Option<Duration>,
    pub(crate) resolver: Resolver,
    pub(crate) dns_servers: Vec<SocketAddr>,
    pub(crate) extra_ca: Option<PathBuf>,
    pub(crate) script_memory_bytes: usize,
    pub(crate) script_timeout: Duration,
    /// Who takes mail; without, notices are only shown.
    pub(crate) smtp: Option<SmtpServer>,
    pub(crate) mail_domains: MailDomains,
}

impl DeliverySettings {
    /// Fills in the defaults and judges what can only be judged together.
    ///
    /// # Errors
    /// When a value is out of range, or the password of the mail server cannot be read.
    pub(super) fn resolve(options: &Options, dev: bool) -> Result<Self, Failure> {
        let span = |given: Option<Span>, default: u64| {
            given.map_or(Duration::from_secs(default), |span| span.0)
        };
        let retry = match &options.retry_delays {
            Some(delays) => RetrySchedule::new(delays.iter().map(|span| span.0).collect())
                .map_err(|error| Failure::Config(format!("retry_delays {error}")))?,
            None => RetrySchedule::default(),
        };
        let kept = Retention::default();
        let resolver =
            options
                .resolver
                .unwrap_or(if dev { Resolver::System } else { Resolver::Dns });
        if resolver == Resolver::System && options.dns_servers.is_some() {
            return Err(Failure::Config(
                "dns_servers is set, but resolver is system, which asks servers of its own"
                    .to_owned(),
            ));
        }
        Ok(Self {
            policy: DeliveryPolicy {
                retry,
                disabled_events: match options.disabled_events {
                    Some(Disabled::Drop) => DisabledEvents::Drop,
                    Some(Disabled::Keep) | None => DisabledEvents::Keep,
                },
            },
            retention: Retention {
                finished_for: options
                    .keep_finished
                    .map_or(kept.finished_for, |span| span.0),
                parked_for: options.keep_parked.map_or(kept.parked_for, |span| span.0),
                parked_per_webhook: options
                    .keep_parked_per_webhook
                    .unwrap_or(kept.parked_per_webhook),
                finished_per_webhook: options
                    .keep_finished_per_webhook
                    .unwrap_or(kept.finished_per_webhook),
            },
            strictly_200: options.strictly_200.unwrap_or(false),
            signatures: options.signatures.unwrap_or(Signed::Both),
            payload_values: options.payload_values.unwrap_or(Values::Listed),
            connect_timeout: span(options.connect_timeout, 5),
            timeout: span(options.delivery_timeout, 15),
            test_timeout: span(options.test_timeout, 10),
            per_webhook: count("per_webhook", options.per_webhook, 4)?,
            per_receiver: count("per_receiver", options.per_receiver, 8)?,
            max_attempts: count("max_attempts", options.max_attempts, 256)?,
            probe_disabled_after: options.probe_disabled_after.map(|span| span.0),
            resolver,
            dns_servers: options.dns_servers.clone().unwrap_or_default(),
            extra_ca: options.extra_ca.clone(),
            script_memory_bytes: usize::from(count("script_memory", options.script_memory, 8)?)
                * 1024
                * 1024,
            script_timeout: span(options.script_timeout, 60),
            smtp: smtp(options)?,
            mail_domains: MailDomains::only(options.mail_domains.clone().unwrap_or_default()),
        })
    }
}

fn count(name: &str, given: Option<u16>, default: u16) -> Result<u16, Failure> {
    const MAX: u16 = 10_000;
    let count = given.unwrap_or(default);
    if (1..=MAX).contains(&count) {
        Ok(count)
    } else {
        Err(Failure::Config(format!(
            "{name} is {count}, 1 to {MAX} are allowed"
        )))
    }
}

fn smtp(options: &Options) -> Result<Option<SmtpServer>, Failure> {
    let Some(SmtpUrl(url)) = options.smtp.clone() else {
        let alone = [
            ("smtp_security", options.smtp_security.is_some()),
            ("smtp_password_file", options.smtp_password_file.is_some()),
            ("mail_from", options.mail_from.is_some()),
        ];
        return match alone.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Failure::Config(format!("{name} is set, but smtp is not"))),
            None => Ok(None),
        };
    };
    let from = options
        .mail_from
        .clone()
        .ok_or_else(|| Failure::Config("smtp needs mail_from, who notices come from".to_owned()))?;
    let usual = if url.scheme() == "smtps" {
        Security::Tls
    } else {
        Security::Starttls
    };
    let host = url.host_str().unwrap_or_default();
    Ok(Some(SmtpServer {
        port: url.port(),
        security: match options.smtp_security.unwrap_or(usual) {
            Security::Tls => SmtpSecurity::Tls,
            Security::Starttls => SmtpSecurity::StartTls,
            Security::None => SmtpSecurity::None,
        },
        login: login(&url, options.smtp_password_file.as_deref())?,
        ..SmtpServer::new(host.trim_matches(['[', ']']), from)
    }))
}

/// The user stands in the URL, the password in a file.
fn login(url: &Url, password: Option<&Path>) -> Result<Option<SmtpLogin>, Failure> {
    let Some(path) = password else {
        return match url.username() {
            "" => Ok(None),
            _ => Err(Failure::Config(
                "smtp names a user, but smtp_password_file is not set".to_owned(),
            )),
        };
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::Config(format!(
            "smtp_password_file {} cannot be read: {error}",
            path.display()
        ))
    })?;
    let user = percent_encoding::percent_decode_str(url.username());
    Ok(Some(SmtpLogin {
        user: user.decode_utf8_lossy().into_owned(),
        password: text.lines().next().unwrap_or_default().to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_number_and_a_unit() {
        for (text, millis) in [
            ("500ms", 500),
            ("4s", 4_000),
            ("10m", 600_000),
            ("12h", 43_200_000),
            ("30d", 2_592_000_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0.as_millis(), millis, "{text}");
        }
        for text in [
            "",
            "4",
            "s",
            "0s",
            "-4s",
            "4 s",
            "1.5h",
            "4w",
            "99999999999999999999s",
            "4000d",
        ] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(error.contains("such as 500ms"), "{text}: {error}");
        }
    }

    #[test]
    fn a_mail_server_has_no_password_in_its_url() {
        for text in [
            "smtp://mail.corp",
            "smtps://agent@mail.corp:465",
            "smtp://127.0.0.1:25/",
        ] {
            assert!(text.parse::<SmtpUrl>().is_ok(), "{text}");
        }
        for text in [
            "",
            "mail.corp",
            "https://mail.corp",
            "smtp://a:b@mail.corp",
            "smtp://mail.corp/x",
        ] {
            assert!(text.parse::<SmtpUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let resolve = |options: Options| {
            DeliverySettings::resolve(&options, false).map_err(|failure| failure.to_string())
        };
        let smtp = || Some("smtp://mail.corp".parse().unwrap());
        for (options, said) in [
            (
                Options {
                    mail_from: Some("a@b.c".into()),
                    ..Options::default()
                },
                "mail_from is set",
            ),
            (
                Options {
                    smtp: smtp(),
                    ..Options::default()
                },
                "smtp needs mail_from",
            ),
            (
                Options {
                    per_webhook: Some(0),
                    ..Options::default()
                },
                "per_webhook is 0",
            ),
            (
                Options {
                    retry_delays: Some(Vec::new()),
                    ..Options::default()
                },
                "retry_delays has 0",
            ),
            (
                Options {
                    resolver: Some(Resolver::System),
                    dns_servers: Some(vec!["127.0.0.1:53".parse().unwrap()]),
                    ..Options::default()
                },
                "dns_servers is set",
            ),
        ] {
            let refused = resolve(options).unwrap_err();
            assert!(refused.starts_with(said), "{refused}");
        }
        assert!(resolve(Options::default()).unwrap().smtp.is_none());
    }
}
