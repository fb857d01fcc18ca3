//! The rules for custom `Properties` (decisions 5, 20 and 27; threat E22).

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::{Field, MAX_REASONS_PER_FIELD, Violation};
use crate::quoted::Quoted;
use crate::webhook::Properties;

/// Members of the payload that only the server sets (contract 10.2), in lower case.
pub const RESERVED_PAYLOAD_NAMES: [&str; 12] = [
    "changedbyassociateid",
    "changes",
    "contextidentifier",
    "entity",
    "event",
    "eventid",
    "fieldvalues",
    "primarykey",
    "timestamp",
    "values",
    "webhookid",
    "webhookname",
];

/// Reads the custom properties of a draft. Those that are `kept`, white space between tokens aside,
/// are not judged again.
pub(super) fn read(
    text: &str,
    kept: Option<&Properties>,
    violations: &mut Vec<Violation>,
) -> Properties {
    match Properties::parse(text) {
        Ok(properties) if kept == Some(&properties) => properties,
        Ok(properties) => {
            judge(&properties, violations);
            properties
        }
        Err(clause) => {
            violations.push(Violation::new(Field::Properties, clause));
            Properties::default()
        }
    }
}

/// Judges which members are set.
pub(super) fn judge(properties: &Properties, violations: &mut Vec<Violation>) {
    for name in reserved_members(properties)
        .iter()
        .take(MAX_REASONS_PER_FIELD)
    {
        violations.push(Violation::new(
            Field::Properties,
            format_args!(
                "must not set {}: the payload has a member of that name",
                Quoted(name)
            ),
        ));
    }
}

/// The members of these properties that the payload has itself.
fn reserved_members(properties: &Properties) -> Vec<String> {
    struct Names(Vec<String>);

    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self::Value, A::Error> {
            while let Some(name) = members.next_key_seed(crate::json::MemberName)? {
                if RESERVED_PAYLOAD_NAMES
                    .iter()
                    .any(|reserved| reserved.eq_ignore_ascii_case(&name))
                {
                    self.0.push(name.into_owned());
                }
                members.next_value::<IgnoredAny>()?;
            }
            Ok(self.0)
        }
    }

    properties.text().map_or_else(Vec::new, |text| {
        // A text that was parsed before cannot fail here; if it did, there is nothing to name.
        serde_json::Deserializer::from_str(text)
            .deserialize_map(Names(Vec::new()))
            .unwrap_or_default()
    })
}
