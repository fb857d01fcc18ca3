//! Credentials as they are stored. Passwords and tokens appear here only as hashes; hashing and
//! checking them is the adapter's work.

use std::fmt;
use std::sync::Arc;

use crate::associate::{Associate, UserType};
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
