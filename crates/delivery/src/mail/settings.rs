//! Where mail goes, and what makes a setting impossible.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use webhook_domain::rules::MailDomains;

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server that takes it; without one nothing is sent, and notices say so.
    pub server: Option<SmtpServer>,
    /// Where it may go.
    pub domains: MailDomains,
    /// How many mails one address gets within an hour.
    pub per_address: u32,
    /// How many mails go out within an hour.
    pub in_all: u32,
    /// Where webhooks are managed; named in each mail.
    pub public_url: Option<String>,
}

impl Default for MailSettings {
    /// No server; 20 mails an hour to one address, 200 in all, to any domain.
    fn default() -> Self {
        Self {
            server: None,
            domains: MailDomains::default(),
            per_address: 20,
            in_all: 200,
            public_url: None,
        }
    }
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port; without one that of its security: 465, 587 or 25.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Who we are to it.
    pub login: Option<SmtpLogin>,
    /// The sender of every mail: an address, or `Name <address>`.
    pub from: String,
    /// Certificates of authorities that are believed besides those of the system, as PEM.
    pub extra_authorities: Option<Vec<u8>>,
    /// How long handing over one mail may take in all.
    pub timeout: Duration,
}

impl SmtpServer {
    /// A server that is called over STARTTLS within 30 seconds, without a login.
    #[must_use]
    pub fn new(host: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            security: SmtpSecurity::default(),
            login: None,
            from: from.into(),
            extra_authorities: None,
            timeout: Duration::from_secs(30),
        }
    }
}

/// How the connection to a mail server is protected. A server that does not offer what is asked for gets
/// no mail (threat H8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// A plain connection that must become TLS before anything is said.
    #[default]
    StartTls,
    /// Not at all; for a server on this machine only.
    None,
}

/// A login at a mail server.
#[derive(Clone)]
pub struct SmtpLogin {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for SmtpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpLogin")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Why no mail can be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum MailSettingsError {
    /// A connection without protection leaves this machine.
    #[error("mail to the server {0} would not be encrypted; that is allowed on this machine only")]
    Unprotected(String),
    /// The sender is no address.
    #[error("the sender {0:?} of mails is not a mail address: {1}")]
    From(String, String),
    /// The authorities cannot be read, or TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(String),
}

/// A mail server that can be used.
pub(super) struct Post {
    pub(super) transport: AsyncSmtpTransport<Tokio1Executor>,
    pub(super) from: Mailbox,
    pub(super) timeout: Duration,
}

impl Post {
    pub(super) fn to(server: &SmtpServer) -> Result<Self, MailSettingsError> {
        let (host, security) = (server.host.as_str(), server.security);
        let from: Mailbox = server
            .from
            .parse()
            .map_err(|error| MailSettingsError::From(server.from.clone(), format!("{error}")))?;
        if security == SmtpSecurity::None && !is_this_machine(host) {
            return Err(MailSettingsError::Unprotected(host.to_owned()));
        }
        let (tls, usual_port) = match security {
            SmtpSecurity::Tls => (Tls::Wrapper(tls(server)?), 465),
            SmtpSecurity::StartTls => (Tls::Required(tls(server)?), 587),
            SmtpSecurity::None => (Tls::None, 25),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(server.port.unwrap_or(usual_port))
            .tls(tls)
            .timeout(Some(server.timeout))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        if let Some(SmtpLogin { user, password }) = &server.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self {
            transport: builder.build(),
            from,
            timeout: server.timeout,
        })
    }
}

fn tls(server: &SmtpServer) -> Result<TlsParameters, MailSettingsError> {
    let failed = |error: lettre::transport::smtp::Error| MailSettingsError::Tls(error.to_string());
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(pem) = &server.extra_authorities {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(failed)?);
    }
    builder.build_rustls().map_err(failed)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
