//! Credentials as they are stored. Passwords and tokens appear here only as hashes; hashing and
//! checking them is the adapter's work.

use std::fmt;
use std::sync::Arc;

use crate::associate::{Associate, AssociateId, UserType};
use crate::caller::AppId;
use crate::clock::Timestamp;
use crate::context::Context;

/// An associate with the means to log in.
#[derive(Clone)]
pub struct Account {
    /// The tenant.
    pub context: Context,
    /// Who logs in.
    pub associate: Arc<Associate>,
    /// PHC string of the password; `None` when this associate cannot log in with one.
    pub password_hash: Option<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("context", &self.context)
            .field("associate", &self.associate.id)
            .finish_non_exhaustive()
    }
}

/// An account to be added.
#[derive(Clone)]
pub struct NewAccount {
    /// Login name, unique in its context without regard to case.
    pub name: String,
    /// The name as people read it.
    pub full_name: String,
    /// What kind of user it is.
    pub user_type: UserType,
    /// Where mail reaches it, an address by [`crate::rules::check_mail_address`]; `None` for nowhere.
    pub email: Option<String>,
    /// PHC string of the password; `None` for an associate that only uses tokens.
    pub password_hash: Option<String>,
}

/// SHA-256 of a token. Tokens carry 256 bits of randomness, so an unsalted hash is enough.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest(pub [u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// The key of an API token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub i32);

/// An API token to be added.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What the token is for, for people.
    pub label: String,
    /// Hash of the token.
    pub digest: TokenDigest,
    /// When it was issued.
    pub created_at: Timestamp,
}

/// An API token as it is stored.
#[derive(Clone, Debug)]
pub struct TokenRecord {
    /// Key of the token.
    pub id: TokenId,
    /// The tenant.
    pub context: Context,
    /// Whom the token speaks for.
    pub associate: Arc<Associate>,
    /// What the token is for, for people.
    pub label: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was revoked; a revoked token opens nothing.
    pub revoked_at: Option<Timestamp>,
}

/// What was handed out after somebody had logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum LoginKind {
    /// A ticket for the SoTicket scheme, renewed by its use (contract 5.2).
    Ticket = 1,
    /// The session of a browser, which ends at a fixed time (contract 5.3).
    Session = 2,
}

impl LoginKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 2] = [Self::Ticket, Self::Session];

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }
}

/// A ticket or a session to be added.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// Which of the two.
    pub kind: LoginKind,
    /// Hash of its text.
    pub digest: TokenDigest,
    /// Who logged in.
    pub associate: AssociateId,
    /// When.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

/// A ticket or a session as it is stored.
#[derive(Clone, Debug)]
pub struct LoginRecord {
    /// Which of the two.
    pub kind: LoginKind,
    /// The tenant.
    pub context: Context,
    /// Who logged in.
    pub associate: Arc<Associate>,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

/// A tenant of an online installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its identifier, as it was added.
    pub context: Context,
    /// When it was added.
    pub created_at: Timestamp,
    /// Whether it behaves as if it did not exist.
    pub disabled: bool,
}

/// Why a tenant was not added.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// There is one of this name.
    #[error("there is a tenant '{0}' already")]
    Taken(Context),
    /// The storage could not answer.
    #[error(transparent)]
    Store(#[from] crate::ports::StoreError),
}

/// An app to be registered.
#[derive(Clone, Debug)]
pub struct NewApp {
    /// What people call it.
    pub name: String,
    /// Hash of its client secret.
    pub digest: TokenDigest,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// A registered app (contract 5.4). One registration is good for every tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRecord {
    /// Key of the app.
    pub id: AppId,
    /// What people call it.
    pub name: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Whether the Webhook agent is open to it.
    pub granted: bool,
}
