//! Who calls (contract 5). Exactly one credential counts, the `Authorization` header; everything that
//! is not right is the same answer, so that nobody learns which part was wrong (threats B1, B7).

mod cache;
mod credential;
mod password;
mod token;

use std::fmt;
use std::sync::Arc;

use webhook_domain::{Accounts, Caller, Context, Ids, StoreError, TokenDigest};

use cache::VerifiedCallers;
use credential::Credential;
use password::PasswordChecker;
pub use password::{PasswordError, hash_password};
pub use token::issue_token;

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// No credential, or none that opens anything.
    #[error("authorization has been denied")]
    Denied,
    /// More logins wait to be checked than may wait.
    #[error("too many logins wait to be checked")]
    Busy,
    /// The storage could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Turns the `Authorization` header of a request into a caller.
///
/// Passwords cost 20 ms of a core each by design. So a verified credential is remembered for a minute
/// under a keyed hash, and forgotten as soon as any credential of the installation changes; and at most
/// one password a core is checked at a time, with a bounded queue (threat B2).
pub struct Authenticator {
    accounts: Arc<dyn Accounts>,
    context: Context,
    verified: VerifiedCallers,
    passwords: PasswordChecker,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// An authenticator for the one context of an onsite installation.
    #[must_use]
    pub fn new(accounts: Arc<dyn Accounts>, ids: &dyn Ids, context: Context) -> Self {
        Self {
            verified: VerifiedCallers::new(accounts.clone(), ids.secret()),
            passwords: PasswordChecker::new(),
            accounts,
            context,
        }
    }

    /// The caller behind the value of an `Authorization` header.
    pub(crate) async fn authenticate(&self, authorization: &[u8]) -> Result<Caller, AuthError> {
        let epoch = self.verified.epoch().await?;
        let key = self.verified.key(authorization);
        if let Some(caller) = self.verified.get(&key, epoch) {
            return Ok(caller);
        }
        let caller = match Credential::parse(authorization).ok_or(AuthError::Denied)? {
            Credential::Basic { user, password } => self.login(&user, password).await?,
            Credential::Bearer(token) => self.token(&token::digest(token)).await?,
        };
        self.verified.put(key, epoch, caller.clone());
        Ok(caller)
    }

    async fn login(&self, user: &str, password: String) -> Result<Caller, AuthError> {
        if password.len() > password::MAX_PASSWORD_BYTES {
            return Err(AuthError::Denied);
        }
        let account = self.accounts.account(&self.context, user).await?;
        let account = account.filter(|account| !account.associate.deleted);
        let hash = account
            .as_ref()
            .and_then(|account| account.password_hash.clone());
        let right = self.passwords.check(password, hash).await?;
        match account.filter(|_| right) {
            Some(account) => Ok(Caller::associate(account.context, account.associate)),
            None => Err(AuthError::Denied),
        }
    }

    async fn token(&self, digest: &TokenDigest) -> Result<Caller, AuthError> {
        let token = self.accounts.token(digest).await?;
        let token = token.filter(|token| {
            token.context == self.context && token.revoked_at.is_none() && !token.associate.deleted
        });
        let token = token.ok_or(AuthError::Denied)?;
        Ok(Caller::associate(token.context, token.associate))
    }
}
