//! Signatures against published vectors, and what changes them.

use proptest::prelude::*;
use webhook_domain::Secret;

use super::*;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned()).unwrap()
}

/// The example that the specification of Standard Webhooks and its libraries use.
#[test]
fn the_example_of_standard_webhooks_is_reproduced() {
    let signed = standard(
        &secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/// Expected values are from RFC 4231 and, for the others, from Python's `hmac`.
#[test]
fn the_signature_of_the_original_is_base64_of_hmac_under_the_bytes_of_the_secret() {
    let long = "k".repeat(100);
    for (key, body, expected) in [
        (
            "Jefe",
            "what do ya want for nothing?",
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
        ),
        (
            "nøkkel",
            r#"{"a":1}"#,
            "ekOglgVRJ41gzv7We8t+myucEKx7hYfSn4Mju1lzySQ=",
        ),
        (
            &long,
            r#"{"a":1}"#,
            "hVI+MM7Y4QfgZezVzOvZVJ71B5IikGmu+NuRxL2EpKs=",
        ),
    ] {
        let signed = superoffice(&secret(key), body.as_bytes());
        assert_eq!(signed, expected, "{key}");
        assert_eq!(signed.len(), 44);
    }
}

/// Expected values are from Python's `hmac`.
#[test]
fn a_secret_is_only_decoded_for_standard_webhooks_and_only_when_it_is_an_encoded_key() {
    for (key, expected) in [
        (
            "whsec_AQIDBA==",
            "v1,Ng+n0CKmN38DQv+Qmyh2kuIOtQ5ziRAcs2vIHVoLNZA=",
        ),
        // Without padding it is the same key.
        (
            "whsec_AQIDBA",
            "v1,Ng+n0CKmN38DQv+Qmyh2kuIOtQ5ziRAcs2vIHVoLNZA=",
        ),
        (
            "whsec_!!",
            "v1,Ihj4o36XXqXUqfsvm5oIQNhMyH1Y1QJui0XwyPArGDQ=",
        ),
        ("plain", "v1,Fc8iNfQfkHxNodSasFPslCQAAco/0KMK8ldm1+IRxTQ="),
    ] {
        assert_eq!(standard(&secret(key), "msg_1", 0, b"{}"), expected, "{key}");
    }
    assert_ne!(
        superoffice(&secret("whsec_AQIDBA=="), b"{}"),
        superoffice(&secret("whsec_AQIDBA"), b"{}"),
        "the signature of the original knows no encoded keys"
    );
}

#[test]
fn g8_there_is_no_empty_secret_to_sign_with() {
    assert_eq!(Secret::new(String::new()), None);
}

#[test]
fn g8_an_encoded_key_that_is_empty_never_signs() {
    assert_eq!(
        standard(&secret("whsec_"), "msg_1", 0, b"{}"),
        "v1,As3HDl0snFix1tLLfPZgz1IjvLEdPnJr4p79CX3TKiE=",
        "the secret itself is the key"
    );
}

#[test]
fn which_signatures_go_along_is_a_setting_and_both_by_default() {
    let carried = |chosen: Signatures| (chosen.superoffice(), chosen.standard());
    assert_eq!(carried(Signatures::default()), (true, true));
    assert_eq!(carried(Signatures::SuperOffice), (true, false));
    assert_eq!(carried(Signatures::Standard), (false, true));
}

proptest! {
    #[test]
    fn g9_one_changed_bit_of_the_body_changes_every_signature(
        key in "\\PC{1,40}",
        body in proptest::collection::vec(any::<u8>(), 1..200),
        at in any::<proptest::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1 << bit;
        let key = secret(&key);
        prop_assert_ne!(superoffice(&key, &body), superoffice(&key, &changed));
        prop_assert_ne!(standard(&key, "msg_1", 1, &body), standard(&key, "msg_1", 1, &changed));
    }

    #[test]
    fn g9_the_id_and_the_time_are_signed_too(
        body in proptest::collection::vec(any::<u8>(), 0..50),
        at in 0_i64..4_000_000_000,
    ) {
        let key = secret("k");
        let signed = standard(&key, "msg_1", at, &body);
        prop_assert_ne!(&signed, &standard(&key, "msg_2", at, &body));
        prop_assert_ne!(&signed, &standard(&key, "msg_1", at + 1, &body));
    }
}
