//! No body whatsoever makes the decoder panic, and whatever it refuses it explains.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::fixture;
use crate::wire::decode::{self, DecodeError};

/// Reads a body in every way there is; answers what was refused.
fn refusals(body: &[u8]) -> Vec<DecodeError> {
    let webhook = decode::webhook(body).err();
    let filter = decode::list_filter(body).err();
    let ignored = decode::ignored(body).err();
    [webhook, filter, ignored].into_iter().flatten().collect()
}

fn check(body: &[u8]) -> Result<(), TestCaseError> {
    for error in refusals(body) {
        prop_assert!(!error.message.trim().is_empty());
        prop_assert!(error.message.chars().count() < 300, "{}", error);
        prop_assert!(error.path.chars().count() <= 81, "{}", error);
        prop_assert!(
            !error.to_string().chars().any(char::is_control),
            "{}",
            error
        );
    }
    Ok(())
}

const SAMPLES: [&str; 5] = [
    fixture!("json/save-request.pascal.json"),
    fixture!("json/save-response.full23.json"),
    fixture!("json/seed-save-request.json"),
    fixture!("json/getall-request.json"),
    fixture!("json/create-default-response.23.json"),
];

/// A change of a body.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let token = select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "null",
        "true",
        "-0",
        "1e400",
        "1.5",
        "\\u0000",
        "\\ud800",
        "{\"a\":1,\"A\":2}",
        "[[[[",
        "\u{feff}",
        "é",
        "\"Name\":1,",
        "99999999999999999999",
    ]);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), token).prop_map(|(at, text)| Mutation::Insert(at, text.into())),
        (any::<Index>(), 1..20_usize).prop_map(|(at, len)| Mutation::Remove(at, len)),
        (any::<Index>(), 1..80_usize).prop_map(|(at, len)| Mutation::Repeat(at, len)),
        any::<Index>().prop_map(Mutation::Cut),
    ]
}

fn mutate(body: &mut Vec<u8>, mutation: Mutation) {
    let len = body.len() + 1;
    match mutation {
        Mutation::Replace(at, byte) => {
            if let Some(old) = body.get_mut(at.index(len)) {
                *old = byte;
            }
        }
        Mutation::Insert(at, bytes) => {
            let at = at.index(len);
            body.splice(at..at, bytes);
        }
        Mutation::Remove(at, count) => {
            let at = at.index(len);
            body.drain(at..(at + count).min(len - 1));
        }
        Mutation::Repeat(at, count) => {
            let at = at.index(len);
            let again = body[at..(at + count).min(len - 1)].to_vec();
            body.splice(at..at, again);
        }
        Mutation::Cut(at) => body.truncate(at.index(len)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn arbitrary_bytes_are_read_or_refused_with_a_reason(body in vec(any::<u8>(), 0..256)) {
        check(&body)?;
    }

    #[test]
    fn arbitrary_text_like_json_is_read_or_refused_with_a_reason(
        body in "([\\[\\]{}:,\" 0-9.eE+-]|null|true|\"(name|Id|State|headers|NotifyVia|Events)\"|\\\\u00[0-9a-f]{2}){0,40}",
    ) {
        check(body.as_bytes())?;
    }

    #[test]
    fn mutated_samples_are_read_or_refused_with_a_reason(
        sample in select(&SAMPLES[..]),
        mutations in vec(any_mutation(), 1..6),
    ) {
        let mut body = sample.as_bytes().to_vec();
        for mutation in mutations {
            mutate(&mut body, mutation);
        }
        check(&body)?;
        // What is accepted is JSON, or nothing at all.
        if decode::ignored(&body).is_ok() {
            let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
            let blank = text.iter().all(u8::is_ascii_whitespace);
            prop_assert!(blank || serde_json::from_slice::<serde_json::Value>(text).is_ok());
        }
    }
}
