//! The request of GetAllWebhooks (contract 4).

use std::borrow::Cow;

use serde::de::{Error, MapAccess};
use webhook_domain::json::MemberName;
use webhook_domain::{EventName, WebhookFilter, WebhookState};

use super::Pass;
use super::strangers::Strangers;
use super::values::State;
use super::wanted::{Read, Wanted, refuse_twice};

const NAME_FILTER: &str = "NameFilter";
const EVENT_FILTER: &str = "EventFilter";
const STATUS_FILTER: &str = "StatusFilter";

/// The name of a member of the request as it is defined, from any case of it.
pub(super) fn wire_name(name: &str) -> Option<&'static str> {
    [NAME_FILTER, EVENT_FILTER, STATUS_FILTER]
        .into_iter()
        .find(|own| own.eq_ignore_ascii_case(name))
}

/// Three filters, or null.
#[derive(Clone, Copy)]
pub(super) struct Filter<'p> {
    pub(super) pass: &'p Pass,
}

impl<'de> Wanted<'de> for Filter<'_> {
    type Value = WebhookFilter;
    const WANTED: &'static str = "must be an object or null";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(WebhookFilter::default())
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut name_filter = None;
        let mut event_filter = None;
        let mut status_filter = None;
        let mut strangers = Strangers::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            match wire_name(&name) {
                Some(NAME_FILTER) if name_filter.is_none() => {
                    name_filter = Some(members.next_value_seed(Read(NameFilter))?);
                }
                Some(EVENT_FILTER) if event_filter.is_none() => {
                    event_filter = Some(members.next_value_seed(Read(EventFilter))?);
                }
                Some(STATUS_FILTER) if status_filter.is_none() => {
                    status_filter = Some(members.next_value_seed(Read(StatusFilter))?);
                }
                Some(_) => return Err(refuse_twice(&mut members)),
                None => strangers.check(name, &mut members, self.pass.ignored_member())?,
            }
        }
        Ok(WebhookFilter {
            name: name_filter.flatten(),
            event: event_filter.flatten(),
            state: status_filter.flatten(),
            ..WebhookFilter::default()
        })
    }
}

/// The name of webhooks; null and an empty text filter nothing.
struct NameFilter;

impl<'de> Wanted<'de> for NameFilter {
    type Value = Option<String>;
    const WANTED: &'static str = "must be a string";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        // No name has it, and not every database can be asked for it.
        if text.contains('\0') {
            return Err(E::custom("holds the character U+0000"));
        }
        Ok(Some(text.into_owned()).filter(|name| !name.is_empty()))
    }
}

/// The name of an event; null and an empty text filter nothing.
struct EventFilter;

impl<'de> Wanted<'de> for EventFilter {
    type Value = Option<EventName>;
    const WANTED: &'static str = "must be a string";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(None);
        }
        EventName::parse(&text).map(Some).map_err(E::custom)
    }
}

/// A state as in a carrier; an empty text filters nothing either.
struct StatusFilter;

impl<'de> Wanted<'de> for StatusFilter {
    type Value = Option<WebhookState>;
    const WANTED: &'static str = <State as Wanted<'de>>::WANTED;

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn number<E: Error>(self, whole: Option<i64>) -> Result<Self::Value, E> {
        State.number(whole)
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        if text.is_empty() {
            Ok(None)
        } else {
            State.text(text)
        }
    }
}
