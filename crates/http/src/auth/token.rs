//! Everything that opens by being known: API tokens, tickets, sessions, client secrets of apps. Each
//! has 256 bits of randomness, is shown once, and is stored as a hash (threat B4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use webhook_domain::{Ids, TokenDigest};

/// Marks our tokens, so that people and secret scanners know one when they see it.
const TOKEN: &str = "wha_";
/// Marks client secrets of apps, likewise.
const APP_SECRET: &str = "whc_";
/// What tickets of the original begin with. The colon tells a ticket that is given as a user name from
/// a name, which has none.
const TICKET: &str = "7T:";

/// A new API token: its text, which is shown once, and the hash that is stored.
#[must_use]
pub fn issue_token(ids: &dyn Ids) -> (String, TokenDigest) {
    issue(TOKEN, ids)
}

/// A new client secret of an app: its text, which is shown once, and the hash that is stored.
#[must_use]
pub fn issue_app_secret(ids: &dyn Ids) -> (String, TokenDigest) {
    issue(APP_SECRET, ids)
}

/// The text of a new ticket, and its hash.
pub(super) fn ticket(ids: &dyn Ids) -> (String, TokenDigest) {
    issue(TICKET, ids)
}

/// The id of a new session, and its hash.
pub(super) fn session(ids: &dyn Ids) -> (String, TokenDigest) {
    issue("", ids)
}

fn issue(mark: &str, ids: &dyn Ids) -> (String, TokenDigest) {
    let text = format!("{mark}{}", URL_SAFE_NO_PAD.encode(ids.secret()));
    let digest = digest(&text);
    (text, digest)
}

/// The hash under which a token is stored.
pub(super) fn digest(token: &str) -> TokenDigest {
    TokenDigest(Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use webhook_domain::testing::SeqIds;

    use super::*;

    #[test]
    fn a_token_is_found_again_by_its_hash_and_no_two_are_alike() {
        let ids = SeqIds::default();
        let (first, first_digest) = issue_token(&ids);
        let (second, second_digest) = issue_token(&ids);
        assert!(first.starts_with("wha_") && first.len() == 47, "{first}");
        assert_ne!(first, second);
        assert_ne!(first_digest, second_digest);
        assert_eq!(digest(&first), first_digest);
        assert_ne!(digest(&first[..46]), first_digest);
    }
}
