//! Logging in and out: what is handed out, for how long, and what ends it (contract 5.2, 5.3).

use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Cookie;
use webhook_domain::{
    Associate, AssociateId, Caller, Context, Ids, LoginKind, NewLogin, Timestamp,
};

use super::cache::EPOCH_KEPT_FOR;
use super::credential::Credential;
use super::{AuthError, Authenticator, Found, Shown, Visit, after, session, token};
use crate::security::SecurityEvent;

/// How long a ticket opens something after its last use.
pub const TICKET_VALID_FOR: Duration = Duration::from_secs(6 * 60 * 60);
/// How long a session lasts, used or not.
const SESSION_VALID_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// How much of a ticket's time must have passed before its use is written down: reads stay reads.
const RENEWED_AFTER: Duration = Duration::from_secs(5 * 60);

/// What somebody gets who logged in.
pub(crate) struct LoggedIn {
    pub(crate) context: Context,
    pub(crate) associate: Arc<Associate>,
    /// For `Authorization: SoTicket`.
    pub(crate) ticket: String,
    pub(crate) ticket_expires_at: Timestamp,
    pub(crate) session_expires_at: Timestamp,
    /// For `X-XSRF-TOKEN`; also in a cookie.
    pub(crate) xsrf_token: String,
    pub(crate) cookies: [Cookie<'static>; 2],
}

/// What was ended.
pub(crate) struct LoggedOut {
    /// They make a browser forget its session; absent when something else was ended.
    pub(crate) cookies: Option<[Cookie<'static>; 2]>,
}

/// A new ticket for an associate: its text, which is shown once, and what is stored.
#[must_use]
pub fn issue_ticket(ids: &dyn Ids, associate: AssociateId, now: Timestamp) -> (String, NewLogin) {
    let (text, digest) = token::ticket(ids);
    let login = NewLogin {
        kind: LoginKind::Ticket,
        digest,
        associate,
        created_at: now,
        expires_at: after(now, TICKET_VALID_FOR),
    };
    (text, login)
}

impl Authenticator {
    /// Checks a password, and hands out a ticket and a session, both new whatever the request shows
    /// besides (threat B13).
    pub(crate) async fn log_in(
        &self,
        visit: &Visit<'_>,
        user: &str,
        password: String,
    ) -> Result<LoggedIn, AuthError> {
        session::check_site(visit.headers)?;
        let epoch = self.verified.epoch().await?;
        let context = self.context(visit.prefix, epoch).await?;
        let associate = self.password(&context, user, password, visit).await?;
        let now = self.clock.now();
        let (ticket, of_ticket) = issue_ticket(self.ids.as_ref(), associate.id, now);
        let (id, digest) = token::session(self.ids.as_ref());
        let of_session = NewLogin {
            kind: LoginKind::Session,
            digest,
            expires_at: after(now, SESSION_VALID_FOR),
            ..of_ticket.clone()
        };
        let logged_in = LoggedIn {
            ticket,
            ticket_expires_at: of_ticket.expires_at,
            session_expires_at: of_session.expires_at,
            xsrf_token: session::token(&id),
            cookies: session::cookies(id, SESSION_VALID_FOR, self.settings.secure_cookies),
            context,
            associate,
        };
        let logins = vec![of_ticket, of_session];
        self.store.add_logins(&logged_in.context, logins).await?;
        Ok(logged_in)
    }

    /// Ends the session or ticket that an authenticated request shows. Passwords and API tokens are
    /// not ended by logging out.
    pub(crate) async fn log_out(
        &self,
        visit: &Visit<'_>,
        caller: &Caller,
    ) -> Result<LoggedOut, AuthError> {
        let secure = self.settings.secure_cookies;
        let shown = Shown::by(visit, secure)?;
        let (text, cookies) = match &shown {
            Shown::Session { id, .. } => (id.clone(), Some(session::forgotten(secure))),
            Shown::Header(header) => match Credential::parse(header) {
                Some(Credential::Ticket(ticket)) => (ticket.to_owned(), None),
                Some(Credential::Basic(basic)) => match basic.ticket() {
                    Some(ticket) => (ticket.to_owned(), None),
                    None => return Ok(LoggedOut { cookies: None }),
                },
                _ => return Ok(LoggedOut { cookies: None }),
            },
        };
        let secret = self.app_secret(visit)?;
        let key = self.key(caller.context(), secret, &shown);
        self.store.end_login(&token::digest(&text)).await?;
        self.verified.forget(&key);
        Ok(LoggedOut { cookies })
    }

    /// Who was given this ticket or session. The use of a ticket renews it.
    pub(super) async fn login(
        &self,
        kind: LoginKind,
        text: &str,
        context: &Context,
    ) -> Result<Found, AuthError> {
        let digest = token::digest(text);
        let now = self.clock.now();
        let login = self.store.login(&digest).await?;
        let login = login.filter(|login| {
            login.kind == kind && login.expires_at > now && !login.associate.deleted
        });
        let login = login.ok_or(AuthError::Denied)?;
        if login.context != *context {
            SecurityEvent::CrossOwner.count();
            tracing::warn!(
                event = "security",
                kind = "cross_owner",
                context = context.as_str(),
                "a ticket or session of another tenant was shown"
            );
            return Err(AuthError::Denied);
        }
        let mut expires_at = login.expires_at;
        let renewed = after(now, TICKET_VALID_FOR);
        if kind == LoginKind::Ticket && renewed >= after(expires_at, RENEWED_AFTER) {
            self.store.extend_login(&digest, renewed).await?;
            expires_at = renewed;
        }
        Ok(Found {
            good_for: EPOCH_KEPT_FOR,
            // By then its use is to be written down, or it has ended.
            look_again_at: Some(expires_at.min(after(now, RENEWED_AFTER))),
            ..Found::new(context, login.associate)
        })
    }
}
