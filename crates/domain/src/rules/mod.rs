//! The save rules, once. Every front end and every embedder gets the same answer for the same draft:
//! a [`Content`] that may be saved, or every reason against it, each with its field.
//!
//! What a save does not change is not judged again, so that a webhook which a later, tighter rule
//! would refuse can still be stopped or renamed; a save that makes a webhook active judges all of it.

mod content;
mod events;
mod field;
mod headers;
mod mail;
mod member;
mod properties;
mod recipients;
mod shape;
mod target;

pub use content::{Content, Judged, judge};
pub use events::MAX_EVENTS_JOINED_LEN;
pub use field::{Field, Violation};
pub use headers::{
    MAX_HEADER_NAME_LEN, MAX_HEADER_VALUE_LEN, MAX_HEADERS, is_json_type, is_reserved,
};
pub use mail::{MailDomains, check_mail_address};
pub use properties::RESERVED_PAYLOAD_NAMES;
pub use recipients::{MAX_RECIPIENTS, associates_to_look_up};
pub use shape::{
    MAX_DESCRIPTION_LEN, MAX_EMAIL_LEN, MAX_NAME_LEN, MAX_SECRET_LEN, MAX_TARGET_LEN, MAX_TYPE_LEN,
};
pub use target::{TargetPolicy, check_http_target, check_script_target};

use crate::subscriptions::DisabledEvents;

/// How strict an installation is. The default is strict.
#[derive(Clone, Debug, Default)]
pub struct SaveRules {
    /// A `Type` that names no plugin is stored with a warning instead of being refused (decision 2).
    pub store_unknown_types: bool,
    /// What a URL as target must be. Plugins that call URLs judge by the same policy.
    pub targets: TargetPolicy,
    /// A save that makes a webhook active, or changes where and how an active one is called, sends the
    /// `test` event to its target, and is refused unless the target takes it (decision 23).
    pub test_targets: bool,
    /// What becomes of the events that wait for a webhook when a person stops it (decision 11).
    pub disabled_events: DisabledEvents,
    /// The domains that addresses of recipients may have (threat H6).
    pub mail_domains: MailDomains,
}

/// At most so many reasons are told about one member: a list of a million bad names needs no million
/// reasons.
pub(crate) const MAX_REASONS_PER_FIELD: usize = 10;

/// How long a text is, as .NET counts (decision 24).
fn utf16_len(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// The beginning of a text that takes at most so many UTF-16 units.
fn utf16_prefix(text: &str, max: usize) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > max
    });
    end.map_or(text, |(at, _)| &text[..at])
}
