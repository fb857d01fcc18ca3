//! The members of a JSON object, one by one and spelled as they were sent. Must not build values of
//! them.

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;
use webhook_domain::json::{Duplicates, SeenNames};

use serde::de::{Deserializer as _, MapAccess, Visitor};

/// One member.
#[derive(Clone, Debug)]
pub(super) struct Member<'t> {
    /// Its name.
    pub(super) name: Cow<'t, str>,
    /// The name as JSON, as it was sent.
    pub(super) raw_name: &'t str,
    /// The value as JSON, as it was sent.
    pub(super) value: &'t str,
}

/// The members of an object, in their order and each once: a row from elsewhere may have a name twice,
/// and then the first counts. A text that is no object has none.
pub(super) fn of(object: Option<&str>) -> Vec<Member<'_>> {
    let Some(object) = object else {
        return Vec::new();
    };
    serde_json::Deserializer::from_str(object)
        .deserialize_map(Members)
        .unwrap_or_default()
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut seen = SeenNames::new(Duplicates::Exact);
        let mut found = Vec::new();
        while let Some((raw_name, value)) = members.next_entry::<&RawValue, &RawValue>()? {
            let raw_name = raw_name.get();
            let name = name_of(raw_name);
            if seen.insert(name.clone()).is_ok() {
                found.push(Member {
                    name,
                    raw_name,
                    value: value.get(),
                });
            }
        }
        Ok(found)
    }
}

/// The text that a name in JSON stands for. Half a surrogate pair stands for none; such a name, which
/// only a row from elsewhere can have, is compared as it is spelled.
fn name_of(raw: &str) -> Cow<'_, str> {
    let spelled = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(raw);
    if spelled.contains('\\') {
        serde_json::from_str(raw).map_or(Cow::Borrowed(spelled), Cow::Owned)
    } else {
        Cow::Borrowed(spelled)
    }
}
