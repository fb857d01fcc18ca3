//! Text members of a draft: taken from it, or kept from the stored webhook (contract 2.5, decision 8).

use super::{Field, Violation};
use crate::webhook::{Given, Webhook};

/// A text member as it would be saved.
pub(super) struct Member {
    pub(super) text: String,
    /// Whether it differs from what is stored.
    pub(super) changed: bool,
    /// Something was said about it already, so that its shape need not be judged.
    refused: bool,
}

impl Member {
    /// The text, when its shape is to be judged: because it changes, or because everything is.
    pub(super) fn judged(&self, all: bool) -> Option<&str> {
        ((self.changed || all) && !self.refused).then_some(&self.text)
    }
}

/// A member without which there is no webhook (decision 24).
pub(super) fn needed(
    field: Field,
    given: Given<String>,
    stored: Option<&str>,
    violations: &mut Vec<Violation>,
) -> Member {
    match (given, stored) {
        (Given::Value(text), stored) => Member {
            changed: stored != Some(text.as_str()),
            text,
            refused: false,
        },
        (Given::Absent, Some(stored)) => Member {
            text: stored.to_owned(),
            changed: false,
            refused: false,
        },
        (Given::Null, Some(_)) => {
            violations.push(Violation::new(field, "must not be null"));
            Member {
                text: String::new(),
                changed: true,
                refused: true,
            }
        }
        (Given::Null | Given::Absent, None) => {
            violations.push(Violation::new(field, "is needed"));
            Member {
                text: String::new(),
                changed: true,
                refused: true,
            }
        }
    }
}

/// A member that null and the empty text clear.
pub(super) fn optional(given: Given<String>, stored: Option<&str>) -> Member {
    let stored = stored.unwrap_or_default();
    let text = match given {
        Given::Value(text) => text,
        Given::Null => String::new(),
        Given::Absent => stored.to_owned(),
    };
    Member {
        changed: text != stored,
        text,
        refused: false,
    }
}

pub(super) fn plugin_name(
    given: Given<String>,
    stored: Option<&Webhook>,
    violations: &mut Vec<Violation>,
) -> Member {
    let given = match given {
        // A new webhook without a Type is a plain one.
        Given::Absent | Given::Null if stored.is_none() => Given::Value("webhook".to_owned()),
        Given::Value(text) if stored.is_none() && text.is_empty() => {
            Given::Value("webhook".to_owned())
        }
        given => given,
    };
    needed(
        Field::Type,
        given,
        stored.map(|s| s.plugin.as_str()),
        violations,
    )
}
