//! Who calls (contract 5). Exactly one credential counts: the `Authorization` header, or without one the
//! session of a browser. Everything that is not right is the same answer, so that nobody learns which
//! part was wrong (threats B1, B7).

mod budget;
mod cache;
mod client;
mod credential;
mod jwt;
mod login;
mod password;
pub(crate) mod schemes;
mod session;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use ipnet::IpNet;
use moka::sync::Cache;
use webhook_domain::{
    Associate, Caller, Clock, Context, Credentials, Ids, LoginKind, StoreError, Timestamp,
    TokenDigest,
};

use budget::{LoginBudget, Try};
use cache::{CredentialKey, Found, REMEMBERED_FOR, VerifiedCallers};
use credential::Credential;
use jwt::JwtVerifier;
pub use jwt::{JwtAlgorithm, JwtIssuer, KeySetError};
pub use login::{TICKET_VALID_FOR, issue_ticket};
use password::PasswordChecker;
pub use password::{PasswordError, hash_password};
pub use token::{issue_app_secret, issue_token};

use crate::security::SecurityEvent;

/// Which schemes there are (contract 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Installation {
    /// One context; Basic, SoTicket, sessions and Bearer.
    #[default]
    Onsite,
    /// A tenant in every path; SoTicket together with SO-AppToken, sessions and Bearer.
    Online,
}

/// How callers are told apart.
#[derive(Clone, Debug, Default)]
pub struct AuthSettings {
    /// Which schemes there are.
    pub installation: Installation,
    /// Whether browsers reach the server by https, so that cookies can be kept to it.
    pub secure_cookies: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// An issuer whose tokens open something besides our own.
    pub jwt: Option<JwtIssuer>,
}

/// What a request shows of its caller.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// What stood before `/api` in the path.
    pub(crate) prefix: &'a str,
    /// The other end of the connection.
    pub(crate) peer: Option<IpAddr>,
}

impl<'a> Visit<'a> {
    /// The value of a header that may come once.
    fn single(
        &self,
        name: impl header::AsHeaderName,
        shown: &'static str,
    ) -> Result<Option<&'a HeaderValue>, AuthError> {
        let mut values = self.headers.get_all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(AuthError::Repeated(shown)),
        }
    }
}

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// No credential, or none that opens anything.
    #[error("authorization has been denied")]
    Denied,
    /// The caller is known, but not with this request: it may be forged, or its app was not granted
    /// the Webhook agent.
    #[error("the caller may not do this")]
    Forbidden(&'static str),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NoTenant,
    /// A header that may come once came twice.
    #[error("the header {0} came more than once")]
    Repeated(&'static str),
    /// Too many wrong passwords for this account from this network.
    #[error("too many wrong passwords")]
    TooManyTries,
    /// More logins wait to be checked than may wait.
    #[error("too many logins wait to be checked")]
    Busy,
    /// The storage could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Turns what a request shows into a caller.
///
/// Passwords cost 20 ms of a core each by design. So a verified credential is remembered for a minute
/// under a keyed hash, and forgotten as soon as any credential of the installation changes; and at most
/// one password a core is checked at a time, with a bounded queue (threat B2).
pub struct Authenticator {
    store: Arc<dyn Credentials>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    settings: AuthSettings,
    onsite: Context,
    verified: VerifiedCallers,
    passwords: PasswordChecker,
    budget: LoginBudget,
    jwt: Option<JwtVerifier>,
    /// Tenants that exist, by their name in lower case, with the version at which they did.
    tenants: Cache<String, (i64, Context)>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The most tenants that are remembered.
const TENANTS_REMEMBERED: u64 = 10_000;

/// The header of an app's client secret.
const APP_TOKEN: &str = "SO-AppToken";

impl Authenticator {
    /// An authenticator over what is stored.
    #[must_use]
    pub fn new(
        store: Arc<dyn Credentials>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        settings: AuthSettings,
    ) -> Self {
        Self {
            verified: VerifiedCallers::new(store.clone(), ids.secret()),
            passwords: PasswordChecker::new(),
            budget: LoginBudget::new(),
            jwt: settings.jwt.clone().map(JwtVerifier::new),
            tenants: Cache::builder()
                .max_capacity(TENANTS_REMEMBERED)
                .time_to_live(REMEMBERED_FOR)
                .build(),
            onsite: Context::onsite(),
            store,
            clock,
            ids,
            settings,
        }
    }

    /// Whether the Basic scheme opens anything, so that a 401 may ask for it.
    pub(crate) fn takes_basic(&self) -> bool {
        self.settings.installation == Installation::Onsite
    }

    /// The caller behind a request.
    pub(crate) async fn authenticate(&self, visit: &Visit<'_>) -> Result<Caller, AuthError> {
        let epoch = self.verified.epoch().await?;
        let context = self.context(visit.prefix, epoch).await?;
        let secret = self.app_secret(visit)?;
        let shown = Shown::by(visit, self.settings.secure_cookies)?;
        let key = self.key(&context, secret, &shown);
        let now = self.clock.now();
        let caller = match self.verified.get(&key, epoch, now) {
            Some(caller) => caller,
            None => {
                let found = self
                    .verify(&shown, &context, secret.is_some(), visit)
                    .await?;
                let found = match secret {
                    Some(secret) => self.through_app(found, secret).await?,
                    None => found,
                };
                self.verified.put(key, epoch, &found);
                found.caller
            }
        };
        if let Shown::Session { id, token } = &shown {
            session::check_request(visit.headers, id, token)?;
        }
        Ok(caller)
    }

    /// The key under which the caller is remembered.
    fn key(&self, context: &Context, secret: Option<&[u8]>, shown: &Shown<'_>) -> CredentialKey {
        let (scheme, text): (&[u8], &[u8]) = match shown {
            Shown::Header(header) => (b"header", header),
            Shown::Session { id, .. } => (b"session", id.as_bytes()),
        };
        let context = context.as_str().as_bytes();
        self.verified
            .key(&[context, secret.unwrap_or_default(), scheme, text])
    }

    /// The context of a path. Onsite there is one, whatever stands before `/api`.
    async fn context(&self, prefix: &str, epoch: i64) -> Result<Context, AuthError> {
        if self.settings.installation == Installation::Onsite {
            return Ok(self.onsite.clone());
        }
        let name = prefix.rsplit('/').next().unwrap_or_default();
        let name = Context::parse(name).ok_or(AuthError::NoTenant)?;
        let key = name.as_str().to_ascii_lowercase();
        if let Some((at, context)) = self.tenants.get(&key)
            && at == epoch
        {
            return Ok(context);
        }
        let tenant = self.store.tenant(&name).await?;
        let tenant = tenant.filter(|tenant| !tenant.disabled);
        let context = tenant.ok_or(AuthError::NoTenant)?.context;
        self.tenants.insert(key, (epoch, context.clone()));
        Ok(context)
    }

    /// The client secret of an app; not looked at onsite (contract 5.4).
    fn app_secret<'a>(&self, visit: &Visit<'a>) -> Result<Option<&'a [u8]>, AuthError> {
        if self.settings.installation == Installation::Onsite {
            return Ok(None);
        }
        let value = visit.single(APP_TOKEN, APP_TOKEN)?;
        Ok(value
            .map(|value| value.as_bytes().trim_ascii())
            .filter(|value| !value.is_empty()))
    }

    async fn verify(
        &self,
        shown: &Shown<'_>,
        context: &Context,
        with_app: bool,
        visit: &Visit<'_>,
    ) -> Result<Found, AuthError> {
        let online = self.settings.installation == Installation::Online;
        let header = match shown {
            Shown::Header(header) => *header,
            Shown::Session { id, .. } => {
                return self.login(LoginKind::Session, id, context).await;
            }
        };
        match Credential::parse(header).ok_or(AuthError::Denied)? {
            // A ticket goes with the secret of the app that uses it.
            Credential::Ticket(_) if online && !with_app => Err(AuthError::Denied),
            Credential::Ticket(ticket) => self.login(LoginKind::Ticket, ticket, context).await,
            Credential::Basic(_) if online => Err(AuthError::Denied),
            Credential::Basic(basic) => {
                if let Some(ticket) = basic.ticket() {
                    match self.login(LoginKind::Ticket, ticket, context).await {
                        Err(AuthError::Denied) => {}
                        decided => return decided,
                    }
                }
                let (user, password) = basic.user_and_password().ok_or(AuthError::Denied)?;
                let who = self
                    .password(context, user, password.to_owned(), visit)
                    .await?;
                Ok(Found::new(context, who))
            }
            Credential::Bearer(token) => match &self.jwt {
                // Ours have no dot.
                Some(jwt) if token.contains('.') => self.issued(jwt, token, context).await,
                _ => self.token(&token::digest(token), context).await,
            },
        }
    }

    /// Who has this login name and password. Wrong tries are counted, and too many of them end in a
    /// refusal before anything is hashed (threat B12).
    async fn password(
        &self,
        context: &Context,
        user: &str,
        password: String,
        visit: &Visit<'_>,
    ) -> Result<Arc<Associate>, AuthError> {
        if password.len() > password::MAX_PASSWORD_BYTES {
            return Err(AuthError::Denied);
        }
        let client = client::address(visit, &self.settings.trusted_proxies);
        let taken = match self.budget.take(context, user, client) {
            Try::Allowed(taken) => taken,
            Try::Refused { first } => {
                SecurityEvent::BruteForce.count();
                if first {
                    tracing::warn!(
                        event = "security",
                        kind = "bruteforce",
                        context = context.as_str(),
                        client = client.map(tracing::field::display),
                        "too many wrong passwords for one account from one network"
                    );
                }
                return Err(AuthError::TooManyTries);
            }
        };
        let account = self.store.account(context, user).await;
        let account = account.inspect_err(|_| taken.give_back())?;
        let account = account.filter(|account| !account.associate.deleted);
        let hash = account
            .as_ref()
            .and_then(|account| account.password_hash.clone());
        let right = self.passwords.check(password, hash).await;
        let right = right.inspect_err(|_| taken.give_back())?;
        match account.filter(|_| right) {
            Some(account) => {
                taken.give_back();
                Ok(account.associate)
            }
            None => Err(AuthError::Denied),
        }
    }

    async fn token(&self, digest: &TokenDigest, context: &Context) -> Result<Found, AuthError> {
        let token = self.store.token(digest).await?;
        let token = token.filter(|token| {
            token.context == *context && token.revoked_at.is_none() && !token.associate.deleted
        });
        let token = token.ok_or(AuthError::Denied)?;
        Ok(Found::new(context, token.associate))
    }

    /// Who a token of the configured issuer speaks for.
    async fn issued(
        &self,
        jwt: &JwtVerifier,
        token: &str,
        context: &Context,
    ) -> Result<Found, AuthError> {
        let now = self.clock.now();
        let claims = jwt.verify(token, now).ok_or(AuthError::Denied)?;
        if self.settings.installation == Installation::Online {
            let tenant = claims.tenant.ok_or(AuthError::Denied)?;
            if !tenant.eq_ignore_ascii_case(context.as_str()) {
                SecurityEvent::CrossOwner.count();
                tracing::warn!(
                    event = "security",
                    kind = "cross_owner",
                    context = context.as_str(),
                    "a token of another tenant was shown"
                );
                return Err(AuthError::Denied);
            }
        }
        let account = self.store.account(context, &claims.subject).await?;
        let account = account.filter(|account| !account.associate.deleted);
        let account = account.ok_or(AuthError::Denied)?;
        Ok(Found {
            look_again_at: Some(claims.ends_at),
            ..Found::new(context, account.associate)
        })
    }

    /// Replaces the keys of the configured issuer, and tells how many there are now. A token that was
    /// checked with a key before is remembered for a minute.
    ///
    /// # Errors
    /// When the text is no JWK set, or holds no key for the configured algorithm; the keys stay what
    /// they were.
    pub fn set_issuer_keys(&self, key_set: &[u8]) -> Result<usize, KeySetError> {
        match &self.jwt {
            Some(jwt) => jwt.set_keys(key_set),
            None => Ok(0),
        }
    }

    /// The same caller through the app of this secret.
    async fn through_app(&self, found: Found, secret: &[u8]) -> Result<Found, AuthError> {
        let secret = str::from_utf8(secret).map_err(|_| AuthError::Denied)?;
        let app = self.store.app(&token::digest(secret)).await?;
        let app = app.ok_or(AuthError::Denied)?;
        if !app.granted {
            return Err(AuthError::Forbidden(
                "The app was not granted access to the Webhook agent.",
            ));
        }
        Ok(Found {
            caller: found.caller.through_app(app.id),
            ..found
        })
    }
}

/// The one thing that a request shows.
enum Shown<'a> {
    /// The value of its `Authorization` header.
    Header(&'a [u8]),
    /// A session with the token that a script of ours copied from its cookie.
    Session { id: String, token: &'a [u8] },
}

impl<'a> Shown<'a> {
    fn by(visit: &Visit<'a>, secure_cookies: bool) -> Result<Self, AuthError> {
        if let Some(value) = visit.single(header::AUTHORIZATION, "Authorization")? {
            return Ok(Self::Header(value.as_bytes()));
        }
        let token = visit.single(session::XSRF_HEADER, session::XSRF_HEADER)?;
        let token = token.map(HeaderValue::as_bytes).unwrap_or_default();
        if token.is_empty() {
            return Err(AuthError::Denied);
        }
        let id = session::id(visit.headers, secure_cookies).ok_or(AuthError::Denied)?;
        Ok(Self::Session { id, token })
    }
}

/// The instant so long after another one; that one itself at the end of the calendar.
fn after(at: Timestamp, time: Duration) -> Timestamp {
    let micros = i64::try_from(time.as_micros()).ok();
    micros
        .and_then(|micros| at.as_micros().checked_add(micros))
        .and_then(Timestamp::from_micros)
        .unwrap_or(at)
}
