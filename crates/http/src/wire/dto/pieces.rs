//! Parts of carriers that are written in a form of their own: dictionaries, lists and raw JSON.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use webhook_domain::{CustomHeaders, EventNames, Properties};

/// A dictionary without entries.
#[derive(Serialize)]
pub(super) struct EmptyObject {}

/// A list without items.
pub(super) struct EmptyList;

impl Serialize for EmptyList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(std::iter::empty::<()>())
    }
}

/// Names of events.
pub(super) enum Events<'a> {
    Fixed(&'static [&'static str]),
    Saved(&'a EventNames),
}

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(names) => serializer.collect_seq(*names),
            Self::Saved(names) => serializer.collect_seq(names.iter().map(|name| name.as_str())),
        }
    }
}

/// Custom headers as a dictionary, in their order.
pub(super) struct Headers<'a>(pub(super) &'a CustomHeaders);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

/// Custom properties as they were sent.
pub(super) struct RawProperties<'a>(pub(super) &'a Properties);

impl Serialize for RawProperties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.raw() {
            Some(raw) => RawValue::serialize(raw, serializer),
            None => EmptyObject {}.serialize(serializer),
        }
    }
}
