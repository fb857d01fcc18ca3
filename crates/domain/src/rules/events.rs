//! The rules for `Events` (contract 11.4, decision 4).

use super::{Field, MAX_REASONS_PER_FIELD, Violation, utf16_len};
use crate::quoted::Quoted;
use crate::webhook::{EventName, EventNames};

/// Most that all event names may take, joined by commas, in UTF-16 units.
pub const MAX_EVENTS_JOINED_LEN: usize = 4_000;

/// Most names in one request, repeated ones included: more cannot fit, each taking a comma.
const MAX_NAMES_SENT: usize = MAX_EVENTS_JOINED_LEN;

/// Reads the event names of a draft. Repeated names are dropped, blanks around a name too.
pub(super) fn read(names: &[String], violations: &mut Vec<Violation>) -> EventNames {
    // What is far too long is refused before it is looked at name by name.
    if names.len() > MAX_NAMES_SENT {
        violations.push(Violation::new(
            Field::Events,
            format_args!("has {} names, {MAX_NAMES_SENT} are allowed", names.len()),
        ));
        return EventNames::default();
    }
    let before = violations.len();
    let mut parsed = Vec::with_capacity(names.len());
    for name in names {
        match EventName::parse(name) {
            Ok(name) => parsed.push(name),
            Err(clause) if violations.len() - before < MAX_REASONS_PER_FIELD => {
                violations.push(Violation::new(
                    Field::Events,
                    format_args!("name {} {clause}", Quoted(name)),
                ))
            }
            Err(_) => {}
        }
    }
    if violations.len() > before {
        return EventNames::default();
    }
    let events = EventNames::new(parsed);
    judge(&events, violations);
    events
}

/// Judges names that are names already: that there are some, and that they fit.
pub(super) fn judge(events: &EventNames, violations: &mut Vec<Violation>) {
    if events.is_empty() {
        violations.push(Violation::new(
            Field::Events,
            "must name at least one event",
        ));
        return;
    }
    let names: usize = events.iter().map(|name| utf16_len(name.as_str())).sum();
    let joined_len = names + events.len() - 1;
    if joined_len > MAX_EVENTS_JOINED_LEN {
        violations.push(Violation::new(
            Field::Events,
            format_args!(
                "takes {joined_len} characters joined by commas, {MAX_EVENTS_JOINED_LEN} are allowed"
            ),
        ));
    }
}
