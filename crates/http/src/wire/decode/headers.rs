//! The dictionary of custom headers. Its keys are data and keep their case, but HTTP does not tell
//! `X-Key` from `x-key`, so both together are refused (decision 1).

use std::collections::HashSet;

use serde::de::{Error, MapAccess};
use webhook_domain::Given;
use webhook_domain::json::MemberName;

use super::values::TextOrScalar;
use super::wanted::{Wanted, refuse_twice};

/// Names and values in the order sent, or null.
#[derive(Clone, Copy)]
pub(super) struct Headers;

impl<'de> Wanted<'de> for Headers {
    type Value = Given<Vec<(String, String)>>;
    const WANTED: &'static str = "must be an object of strings";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Given::Null)
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        let mut folded = HashSet::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            if !is_new(&name, &pairs, &mut folded) {
                return Err(refuse_twice(&mut members));
            }
            let value = members.next_value_seed(TextOrScalar)?;
            pairs.push((name.into_owned(), value));
        }
        Ok(Given::Value(pairs))
    }
}

/// Up to so many names are compared one by one, which needs no second copy of them.
const FEW: usize = 32;

fn is_new(name: &str, pairs: &[(String, String)], folded: &mut HashSet<String>) -> bool {
    if pairs.len() < FEW {
        return !pairs
            .iter()
            .any(|(earlier, _)| earlier.eq_ignore_ascii_case(name));
    }
    if folded.is_empty() {
        folded.extend(
            pairs
                .iter()
                .map(|(earlier, _)| earlier.to_ascii_lowercase()),
        );
    }
    folded.insert(name.to_ascii_lowercase())
}
