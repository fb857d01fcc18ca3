//! Tokens of a configured issuer, right and wrong in every way (threat B5).

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use webhook_domain::{Accounts as _, Clock as _, Context, Tenants as _};

use super::{World, minutes};
use crate::auth::{AuthSettings, Installation, JwtAlgorithm, JwtIssuer, KeySetError};

/// Ed25519 keys in PKCS #8, made for these tests.
const ED25519: [[u8; 48]; 2] = [ed25519(1), ed25519(2)];

const fn ed25519(seed: u8) -> [u8; 48] {
    let head = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    let mut der = [seed; 48];
    let mut at = 0;
    while at < head.len() {
        der[at] = head[at];
        at += 1;
    }
    der
}

fn settings(algorithm: JwtAlgorithm) -> AuthSettings {
    AuthSettings {
        jwt: Some(JwtIssuer {
            issuer: "https://login.example".into(),
            audience: "webhooks".into(),
            algorithm,
            tenant_claim: "ctx".into(),
        }),
        ..AuthSettings::default()
    }
}

fn public(key: &EncodingKey, id: Option<&str>) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(key, Algorithm::EdDSA).unwrap();
    jwk.common.key_id = id.map(ToOwned::to_owned);
    jwk
}

fn key_set(keys: Vec<Jwk>) -> Vec<u8> {
    serde_json::to_vec(&JwkSet { keys }).unwrap()
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    Header {
        kid: kid.map(ToOwned::to_owned),
        ..Header::new(algorithm)
    }
}

fn bearer(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    format!("Bearer {}", encode(header, claims, key).unwrap())
}

/// The claims of a right token, with some of them replaced; null takes one away.
fn claims(now: i64, changed: Value) -> Value {
    let mut claims = json!({
        "iss": "https://login.example", "aud": "webhooks", "sub": "KARI", "exp": now + 600,
    });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

impl World {
    async fn trusting(settings: AuthSettings) -> Self {
        let world = Self::new(settings);
        world.add_user(&Context::onsite(), "kari").await;
        world
    }

    fn seconds(&self) -> i64 {
        self.clock.now().as_micros() / 1_000_000
    }

    async fn status_of(&self, authorization: &str) -> u16 {
        self.list(&[("Authorization", authorization)]).await
    }
}

#[actix_web::test]
async fn b5_a_token_that_is_wrong_in_any_way_opens_nothing() {
    let world = World::trusting(settings(JwtAlgorithm::EdDsa)).await;
    let [ours, foreign] = ED25519.map(|der| EncodingKey::from_ed_der(&der));
    let published = public(&ours, Some("a"));
    let set = key_set(vec![published.clone()]);
    assert_eq!(world.authenticator.set_issuer_keys(&set), Ok(1));
    let now = world.seconds();
    let right = header(Algorithm::EdDSA, Some("a"));
    let with = |changed| bearer(&right, &claims(now, changed), &ours);
    let as_secret = serde_json::to_string(&published).unwrap();
    let none = {
        let valid = with(json!({}));
        let (_, rest) = valid.split_once('.').unwrap();
        let (payload, _) = rest.split_once('.').unwrap();
        // {"alg":"none"}
        format!("Bearer eyJhbGciOiJub25lIn0.{payload}.")
    };
    let cut = {
        let valid = with(json!({}));
        valid[..valid.rfind('.').unwrap() + 1].to_owned()
    };
    let mut critical = right.clone();
    critical.extras.insert("crit", json!(["exp"]));
    let matrix = [
        ("alg none", none),
        ("no signature", cut),
        (
            "an algorithm that the token chose, with the public key as the secret",
            bearer(
                &header(Algorithm::HS256, Some("a")),
                &claims(now, json!({})),
                &EncodingKey::from_secret(as_secret.as_bytes()),
            ),
        ),
        (
            "another key",
            bearer(&right, &claims(now, json!({})), &foreign),
        ),
        (
            "a key that nobody published",
            bearer(
                &header(Algorithm::EdDSA, Some("../../dev/null")),
                &claims(now, json!({})),
                &ours,
            ),
        ),
        ("no exp", with(json!({"exp": null}))),
        ("exp as text", with(json!({"exp": "tomorrow"}))),
        ("expired beyond the leeway", with(json!({"exp": now - 60}))),
        (
            "not valid yet beyond the leeway",
            with(json!({"nbf": now + 61})),
        ),
        ("no aud", with(json!({"aud": null}))),
        ("for somebody else", with(json!({"aud": "mail"}))),
        (
            "by somebody else",
            with(json!({"iss": "https://evil.example"})),
        ),
        ("no iss", with(json!({"iss": null}))),
        ("nobody", with(json!({"sub": null}))),
        ("somebody unknown", with(json!({"sub": "nobody"}))),
        (
            "more than 8 KiB",
            with(json!({"pad": "x".repeat(8 * 1024)})),
        ),
        (
            "an extension that must be understood",
            bearer(&critical, &claims(now, json!({})), &ours),
        ),
        ("no token", "Bearer a.b.c".to_owned()),
        ("no parts", "Bearer ..".to_owned()),
    ];
    for (what, token) in &matrix {
        assert_eq!(world.status_of(token).await, 401, "{what}");
    }
    for changed in [
        json!({}),
        json!({"exp": now - 59}),
        json!({"nbf": now + 60}),
        json!({"aud": ["mail", "webhooks"]}),
    ] {
        assert_eq!(
            world.status_of(&with(changed.clone())).await,
            200,
            "{changed}"
        );
    }
}

#[actix_web::test]
async fn a_token_ends_with_its_time_also_when_it_was_used_before() {
    let world = World::trusting(settings(JwtAlgorithm::EdDsa)).await;
    let key = EncodingKey::from_ed_der(&ED25519[0]);
    let set = key_set(vec![public(&key, None)]);
    world.authenticator.set_issuer_keys(&set).unwrap();
    let header = header(Algorithm::EdDSA, None);
    let token = bearer(&header, &claims(world.seconds(), json!({})), &key);
    assert_eq!(world.status_of(&token).await, 200);
    world.advance(minutes(11));
    assert_eq!(world.status_of(&token).await, 401);
}

#[actix_web::test]
async fn keys_are_replaced_and_bad_ones_leave_them_as_they_were() {
    let world = World::trusting(settings(JwtAlgorithm::EdDsa)).await;
    let [first, second] = ED25519.map(|der| EncodingKey::from_ed_der(&der));
    let claims = claims(world.seconds(), json!({}));
    let signed =
        |id: &str, key: &EncodingKey| bearer(&header(Algorithm::EdDSA, Some(id)), &claims, key);
    assert_eq!(world.status_of(&signed("a", &first)).await, 401);
    let set = key_set(vec![public(&first, Some("a")), public(&second, Some("b"))]);
    assert_eq!(world.authenticator.set_issuer_keys(&set), Ok(2));
    assert_eq!(world.status_of(&signed("a", &first)).await, 200);
    assert_eq!(world.status_of(&signed("b", &second)).await, 200);
    // With more than one key, a token says which one it means.
    let unnamed = bearer(&header(Algorithm::EdDSA, None), &claims, &first);
    assert_eq!(world.status_of(&unnamed).await, 401);
    let refused = world.authenticator.set_issuer_keys(b"<html>");
    assert_eq!(refused, Err(KeySetError::Malformed));
    let other = br#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#;
    let refused = world.authenticator.set_issuer_keys(other);
    assert_eq!(refused, Err(KeySetError::NoKey("EdDSA")));
    assert_eq!(world.status_of(&signed("b", &second)).await, 200);
}

#[actix_web::test]
async fn every_algorithm_that_can_be_configured_is_checked() {
    // Keys and tokens that other software made.
    let fixture = include_str!("../../../../../tests/fixtures/auth/issuers.json");
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    for algorithm in JwtAlgorithm::ALL {
        let made = &fixture[algorithm.name()];
        let token = format!("Bearer {}", made["token"].as_str().unwrap());
        let mut broken = token.clone();
        let last = broken.pop().unwrap();
        broken.push(if last == 'A' { 'Q' } else { 'A' });
        let world = World::trusting(settings(algorithm)).await;
        let set = serde_json::to_vec(&json!({"keys": [made["jwk"]]})).unwrap();
        assert_eq!(world.authenticator.set_issuer_keys(&set), Ok(1));
        assert_eq!(world.status_of(&token).await, 200, "{algorithm:?}");
        assert_eq!(world.status_of(&broken).await, 401, "{algorithm:?}");
        for other in JwtAlgorithm::ALL {
            if other != algorithm {
                let world = World::trusting(settings(other)).await;
                assert!(world.authenticator.set_issuer_keys(&set).is_err());
                assert_eq!(
                    world.status_of(&token).await,
                    401,
                    "{algorithm:?} {other:?}"
                );
            }
        }
    }
}

#[actix_web::test]
async fn online_a_token_opens_the_tenant_that_it_names() {
    let world = World::new(AuthSettings {
        installation: Installation::Online,
        ..settings(JwtAlgorithm::EdDsa)
    });
    for name in ["Cust1", "Cust2"] {
        let context = Context::parse(name).unwrap();
        let added = world.store.add_tenant(&context, world.clock.now());
        added.await.unwrap();
        world.add_user(&context, "kari").await;
        assert!(
            world
                .store
                .account(&context, "kari")
                .await
                .unwrap()
                .is_some()
        );
    }
    let key = EncodingKey::from_ed_der(&ED25519[0]);
    let set = key_set(vec![public(&key, None)]);
    world.authenticator.set_issuer_keys(&set).unwrap();
    let token = |tenant: Value| {
        let claims = claims(world.seconds(), json!({"ctx": tenant}));
        bearer(&header(Algorithm::EdDSA, None), &claims, &key)
    };
    for (path, tenant, status) in [
        ("Cust1", json!("Cust1"), 200),
        ("cust1", json!("CUST1"), 200),
        ("Cust2", json!("Cust1"), 401),
        ("Cust1", Value::Null, 401),
        ("Cust1", json!(["Cust1"]), 401),
    ] {
        let path = format!("/{path}{}", super::LIST);
        let token = token(tenant.clone());
        let shown = [("Authorization", &*token)];
        let answer = world.post(&path, &shown, "null").await;
        assert_eq!(answer.status, status, "{path} {tenant}");
    }
}
