//! Members that an object is not known to have. They are ignored, because older and newer clients
//! have them, but not unchecked.

use std::borrow::Cow;

use serde::de::MapAccess;
use webhook_domain::json::{CheckedValue, Duplicates, SeenNames};

use super::wanted::{refuse_member, refuse_twice};

/// The unknown members of one object so far.
pub(super) struct Strangers<'de>(SeenNames<'de>);

impl<'de> Strangers<'de> {
    pub(super) fn new() -> Self {
        Self(SeenNames::new(Duplicates::AnyCase))
    }

    /// Checks the member of this name, which was just read, with its value.
    pub(super) fn check<A: MapAccess<'de>>(
        &mut self,
        name: Cow<'de, str>,
        members: &mut A,
        value: CheckedValue<'_>,
    ) -> Result<(), A::Error> {
        if name.contains('\0') {
            return Err(refuse_member(
                members,
                "has the character U+0000 in its name",
            ));
        }
        if self.0.insert(name).is_err() {
            return Err(refuse_twice(members));
        }
        members.next_value_seed(value)
    }
}
