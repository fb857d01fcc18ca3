//! API tokens: random, shown once, stored as a hash (threat B4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use webhook_domain::{Ids, TokenDigest};

/// Marks our tokens, so that people and secret scanners know one when they see it.
const PREFIX: &str = "wha_";

/// A new token with 256 bits of randomness: its text, which is shown once, and the hash that is stored.
#[must_use]
pub fn issue_token(ids: &dyn Ids) -> (String, TokenDigest) {
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(ids.secret()));
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
