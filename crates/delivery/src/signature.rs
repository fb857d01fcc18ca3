//! Signatures over the exact bytes that are sent (contract 10.3, decision 30). Must not know what the
//! bytes mean. A webhook without a secret has no [`Secret`], and so nothing here can sign for it
//! (threat G8).

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine as _};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use webhook_domain::Secret;

/// Which signatures a delivery carries when its webhook has a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signatures {
    /// That of the original and the one of Standard Webhooks.
    #[default]
    Both,
    /// `X-SuperOffice-Signature` alone.
    SuperOffice,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature` alone.
    Standard,
}

impl Signatures {
    /// Whether `X-SuperOffice-Signature` goes along.
    #[must_use]
    pub fn superoffice(self) -> bool {
        self != Self::Standard
    }

    /// Whether the headers of Standard Webhooks go along.
    #[must_use]
    pub fn standard(self) -> bool {
        self != Self::SuperOffice
    }
}

/// `X-SuperOffice-Signature`: HMAC-SHA256 of the body under the UTF-8 bytes of the secret, as base64 of
/// 44 characters (contract 10.3).
#[must_use]
pub fn superoffice(secret: &Secret, body: &[u8]) -> String {
    STANDARD.encode(hmac(secret.expose().as_bytes(), &[body]))
}

/// `webhook-signature` of Standard Webhooks: `v1,` and base64 of HMAC-SHA256 of
/// `{id}.{timestamp}.{body}`. `timestamp` counts seconds since 1970.
#[must_use]
pub fn standard(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> String {
    let stamp = timestamp.to_string();
    let parts = [id.as_bytes(), b".", stamp.as_bytes(), b".", body];
    let signature = match encoded_key(secret.expose()) {
        Some(key) => hmac(&key, &parts),
        None => hmac(secret.expose().as_bytes(), &parts),
    };
    format!("v1,{}", STANDARD.encode(signature))
}

/// Marks a secret whose rest is a key in base64.
const ENCODED_KEY: &str = "whsec_";

/// Padding and the unused last bits are not looked at: libraries differ there, and none of them would
/// decode to another key.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The key in a secret that begins with `whsec_`. `None` when there is none to be decoded: then the
/// secret is somebody's own text that happens to begin so, and its bytes are the key, as of every other
/// text. An empty key is none either: who knows the algorithm could sign with it.
fn encoded_key(secret: &str) -> Option<Vec<u8>> {
    let key = ANY_PADDING.decode(secret.strip_prefix(ENCODED_KEY)?).ok()?;
    (!key.is_empty()).then_some(key)
}

/// HMAC-SHA256 of the parts, one after the other.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of any length, so that there is no error to handle"
    )]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
