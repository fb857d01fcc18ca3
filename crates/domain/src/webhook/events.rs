//! Event names and how they match (contract 11.4, decision 4).

use std::collections::HashSet;
use std::fmt;

use crate::case;

/// The longest event name, in UTF-16 units.
const MAX_EVENT_NAME_LEN: usize = 255;

/// The name of an event, such as `contact.created`: 1 to 255 characters without blank, comma, `*`
/// or control character. A dot is usual, not required.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventName(String);

impl EventName {
    /// Reads a name; blanks around it are dropped.
    ///
    /// # Errors
    /// What is wrong with the name, as a clause that follows it in a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let name = text.trim();
        if name.is_empty() {
            return Err("must not be blank");
        }
        if name.encode_utf16().count() > MAX_EVENT_NAME_LEN {
            return Err("is longer than 255 characters");
        }
        if name.contains(',') {
            return Err("must not contain a comma");
        }
        if name.contains('*') {
            return Err("must not contain '*': there are no wildcards");
        }
        if name.chars().any(char::is_control) {
            return Err("must not contain a control character");
        }
        if name.contains(char::is_whitespace) {
            return Err("must not contain a blank");
        }
        Ok(Self(name.to_owned()))
    }

    /// Takes over a name that was judged when it was stored: nothing is looked at, so that a tighter
    /// rule never makes a stored row unreadable.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a webhook that lists this name is told about `event`. The case does not matter;
    /// `webhook.errors`, without an id, hears `webhook123.errors` of every webhook.
    #[must_use]
    pub fn hears(&self, event: &Self) -> bool {
        event.heard_as().any(|name| case::same(&self.0, &name))
    }

    /// The names, in lower case, under which a webhook may listen for this event: its own, and for a
    /// state event the one without the id (contract 10.6). The one rule of matching.
    pub(crate) fn heard_as(&self) -> impl Iterator<Item = String> {
        let without_id = self
            .without_webhook_id()
            .map(|verb| format!("webhook.{}", case::fold(verb)));
        std::iter::once(case::fold(self.as_str()).into_owned()).chain(without_id)
    }

    /// Whether both names mean the same event.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        case::same(&self.0, &other.0)
    }

    /// The verb of a state event that carries the id of its webhook: `errors` of `webhook123.errors`.
    fn without_webhook_id(&self) -> Option<&str> {
        let (id, verb) = strip_prefix_any_case(&self.0, "webhook")?.split_once('.')?;
        (!id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())).then_some(verb)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// Up to so many names a list is searched without a set.
const SEARCHED_LEN: usize = 16;

/// The events that a webhook listens for: in the order given, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventNames(Vec<EventName>);

impl EventNames {
    /// Takes names, keeping the first of those that mean the same event.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = EventName>) -> Self {
        let mut kept: Vec<EventName> = Vec::new();
        let mut folded: HashSet<String> = HashSet::new();
        let fold = |name: &EventName| case::fold(name.as_str()).into_owned();
        for name in names {
            // A short list is searched as it is. A long one could be made to cost its square.
            let known = if kept.len() < SEARCHED_LEN {
                kept.iter().any(|k| k.same_as(&name))
            } else {
                if folded.is_empty() {
                    folded.extend(kept.iter().map(fold));
                }
                !folded.insert(fold(&name))
            };
            if !known {
                kept.push(name);
            }
        }
        Self(kept)
    }

    /// Reads the comma list that stores keep (contract 2.1, row 3).
    ///
    /// # Errors
    /// What is wrong with the first bad name.
    pub fn parse_joined(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(',')
            .map(EventName::parse)
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    /// Reads the comma list of a stored row. Its names were judged when it was stored: nothing is looked
    /// at, so that a tighter rule never makes a stored row unreadable.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        let names = text.split(',').filter(|name| !name.is_empty());
        Self(names.map(|name| EventName(name.to_owned())).collect())
    }

    /// The names with a comma between them.
    #[must_use]
    pub fn joined(&self) -> String {
        let mut text = String::with_capacity(self.0.iter().map(|n| n.0.len() + 1).sum());
        for (at, name) in self.0.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(&name.0);
        }
        text
    }

    /// The names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &EventName> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the names hears `event`.
    #[must_use]
    pub fn hear(&self, event: &EventName) -> bool {
        let heard: Vec<String> = event.heard_as().collect();
        let listens = |name: &EventName| heard.iter().any(|heard| case::same(&name.0, heard));
        self.0.iter().any(listens)
    }
}
