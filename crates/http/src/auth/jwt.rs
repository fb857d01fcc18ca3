//! Tokens of an issuer that the operator trusts (threat B5). The algorithm is the configured one and
//! never the token's to choose; keys are only those that were handed in, looked up by `kid` as a text
//! and nothing else.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use webhook_domain::Timestamp;

use super::after;

/// How far the issuer's clock may be off.
const LEEWAY: Duration = Duration::from_secs(60);

/// The algorithms that an issuer may sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtAlgorithm {
    /// HMAC with a shared secret.
    Hs256,
    /// ECDSA on P-256.
    Es256,
    /// RSA, PKCS #1 1.5.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl JwtAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Hs256, Self::Es256, Self::Rs256, Self::EdDsa];

    /// The name that stands in tokens.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Es256 => Algorithm::ES256,
            Self::Rs256 => Algorithm::RS256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    /// Whether this is a key for it.
    fn fits(self, key: &Jwk) -> bool {
        let kind = match (self, &key.algorithm) {
            (Self::Hs256, AlgorithmParameters::OctetKey(_))
            | (Self::Rs256, AlgorithmParameters::RSA(_)) => true,
            (Self::Es256, AlgorithmParameters::EllipticCurve(key)) => {
                key.curve == EllipticCurve::P256
            }
            (Self::EdDsa, AlgorithmParameters::OctetKeyPair(key)) => {
                key.curve == EllipticCurve::Ed25519
            }
            _ => false,
        };
        let purpose = key.common.public_key_use.as_ref();
        let algorithm = key.common.key_algorithm;
        kind && purpose.is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
            && algorithm.is_none_or(|own| own.to_string() == self.name())
    }
}

impl FromStr for JwtAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|own| own.name() == text);
        found.ok_or_else(|| "expected HS256, ES256, RS256 or EdDSA".to_owned())
    }
}

/// An issuer whose tokens open something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtIssuer {
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be, or contain.
    pub audience: String,
    /// What tokens are signed with.
    pub algorithm: JwtAlgorithm,
    /// The claim that names the tenant of an online installation.
    pub tenant_claim: String,
}

/// Why keys were not taken over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The text is no JWK set.
    #[error("this is no JWK set")]
    Malformed,
    /// None of the keys is for the configured algorithm.
    #[error("the JWK set holds no key for {0}")]
    NoKey(&'static str),
}

/// Checks the tokens of one issuer.
pub(super) struct JwtVerifier {
    settings: JwtIssuer,
    validation: Validation,
    keys: RwLock<Arc<Vec<Key>>>,
}

struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// What a token says, when it is right.
pub(super) struct Claims {
    /// Login name.
    pub(super) subject: String,
    pub(super) tenant: Option<String>,
    /// From when on it opens nothing, with the leeway.
    pub(super) ends_at: Timestamp,
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtVerifier").field(&self.settings).finish()
    }
}

impl JwtVerifier {
    /// A verifier without keys, for which no token is right.
    pub(super) fn new(settings: JwtIssuer) -> Self {
        let mut validation = Validation::new(settings.algorithm.algorithm());
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.set_audience(&[&settings.audience]);
        validation.set_issuer(&[&settings.issuer]);
        // Times are judged below, by the clock of this server.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            settings,
            validation,
            keys: RwLock::default(),
        }
    }

    /// Replaces the keys, and tells how many there are now.
    pub(super) fn set_keys(&self, key_set: &[u8]) -> Result<usize, KeySetError> {
        let set: JwkSet = serde_json::from_slice(key_set).map_err(|_| KeySetError::Malformed)?;
        let algorithm = self.settings.algorithm;
        let keys: Vec<Key> = set
            .keys
            .iter()
            .filter(|key| algorithm.fits(key))
            .filter_map(|key| {
                Some(Key {
                    id: key.common.key_id.clone(),
                    key: DecodingKey::from_jwk(key).ok()?,
                })
            })
            .collect();
        if keys.is_empty() {
            return Err(KeySetError::NoKey(algorithm.name()));
        }
        let count = keys.len();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(count)
    }

    /// What a token says; `None` when anything about it is wrong.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Option<Claims> {
        refuse_extensions(token)?;
        let kid = decode_header(token).ok()?.kid;
        let keys = self
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        // A token that names a key is checked with that one; one that names none, if there is one only.
        let key = match (&kid, keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.id.as_ref() == Some(kid)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }?;
        let claims: Map<String, Value> = decode(token, &key.key, &self.validation).ok()?.claims;
        let seconds = |name| instant(claims.get(name));
        let ends_at = after(seconds("exp")??, LEEWAY);
        if ends_at <= now {
            return None;
        }
        if let Some(from) = seconds("nbf")
            && from? > after(now, LEEWAY)
        {
            return None;
        }
        let text = |name: &str| claims.get(name)?.as_str().map(ToOwned::to_owned);
        Some(Claims {
            subject: text("sub").filter(|subject| !subject.is_empty())?,
            tenant: text(&self.settings.tenant_claim),
            ends_at,
        })
    }
}

/// Extensions that a reader must understand, of which there are none here (RFC 7515, `crit`).
fn refuse_extensions(token: &str) -> Option<()> {
    let (header, _) = token.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
    (!header.contains_key("crit")).then_some(())
}

/// A claim in seconds since 1970. The outer `None` stands for no claim, the inner one for no instant.
#[expect(
    clippy::option_option,
    reason = "a claim that is absent and one that is wrong are told apart"
)]
fn instant(claim: Option<&Value>) -> Option<Option<Timestamp>> {
    let claim = claim?;
    Some(
        claim
            .as_i64()
            .and_then(|seconds| seconds.checked_mul(1_000_000))
            .and_then(Timestamp::from_micros),
    )
}
