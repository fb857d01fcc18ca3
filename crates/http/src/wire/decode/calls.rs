//! Small requests: the wrapper of TestWebhook, the request of GetLastError (contract 4), and the one that
//! sends again what failed.

use std::borrow::Cow;

use serde::de::{Error, MapAccess};
use webhook_domain::json::MemberName;
use webhook_domain::{Timestamp, WebhookDraft};

use super::carrier::Carrier;
use super::error::unwanted_text;
use super::strangers::Strangers;
use super::values::WholeNumber;
use super::wanted::{Read, Wanted, refuse_twice};
use super::{Pass, instant};

const WEBHOOK: &str = "Webhook";
const WEBHOOK_ID: &str = "WebhookId";
const SINCE: &str = "Since";
const UNTIL: &str = "Until";

/// The name of a member of these requests as it is defined, from any case of it.
pub(super) fn wire_name(name: &str) -> Option<&'static str> {
    [WEBHOOK, WEBHOOK_ID, SINCE, UNTIL]
        .into_iter()
        .find(|own| own.eq_ignore_ascii_case(name))
}

/// A webhook in a wrapper, or null.
#[derive(Clone, Copy)]
pub(super) struct Wrapped<'p> {
    pub(super) pass: &'p Pass,
}

impl<'de> Wanted<'de> for Wrapped<'_> {
    type Value = Option<WebhookDraft>;
    const WANTED: &'static str = "must be an object or null";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut webhook = None;
        let mut strangers = Strangers::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            if !name.eq_ignore_ascii_case(WEBHOOK) {
                strangers.check(name, &mut members, self.pass.ignored_outer_member())?;
            } else if webhook.is_some() {
                return Err(refuse_twice(&mut members));
            } else {
                webhook = Some(members.next_value_seed(Read(Carrier { pass: self.pass }))?);
            }
        }
        Ok(webhook.flatten())
    }
}

/// The key of a webhook, or null.
#[derive(Clone, Copy)]
pub(super) struct ById<'p> {
    pub(super) pass: &'p Pass,
}

impl<'de> Wanted<'de> for ById<'_> {
    type Value = Option<i32>;
    const WANTED: &'static str = "must be an object or null";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut id = None;
        let mut strangers = Strangers::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            if !name.eq_ignore_ascii_case(WEBHOOK_ID) {
                strangers.check(name, &mut members, self.pass.ignored_member())?;
            } else if id.is_some() {
                return Err(refuse_twice(&mut members));
            } else {
                id = Some(members.next_value_seed(Read(WholeNumber))?);
            }
        }
        Ok(id.flatten())
    }
}

/// Which failed deliveries to send again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ResendCall {
    /// Those of events from this instant on; `None` when it is missing or null.
    pub since: Option<Timestamp>,
    /// Those of events before this instant; `None` for now.
    pub until: Option<Timestamp>,
}

/// Two instants, or null.
#[derive(Clone, Copy)]
pub(super) struct Span<'p> {
    pub(super) pass: &'p Pass,
}

impl<'de> Wanted<'de> for Span<'_> {
    type Value = ResendCall;
    const WANTED: &'static str = "must be an object or null";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(ResendCall::default())
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut since = None;
        let mut until = None;
        let mut strangers = Strangers::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            match wire_name(&name) {
                Some(SINCE) if since.is_none() => {
                    since = Some(members.next_value_seed(Read(Instant))?);
                }
                Some(UNTIL) if until.is_none() => {
                    until = Some(members.next_value_seed(Read(Instant))?);
                }
                Some(SINCE | UNTIL) => return Err(refuse_twice(&mut members)),
                _ => strangers.check(name, &mut members, self.pass.ignored_member())?,
            }
        }
        Ok(ResendCall {
            since: since.flatten(),
            until: until.flatten(),
        })
    }
}

/// An instant as text, or null.
#[derive(Clone, Copy)]
struct Instant;

impl<'de> Wanted<'de> for Instant {
    type Value = Option<Timestamp>;
    const WANTED: &'static str = "must be an instant in ISO 8601, such as 2026-03-01T12:00:00Z";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        match instant(&text) {
            Some(at) => Ok(Some(at)),
            None => Err(unwanted_text(Self::WANTED, &text)),
        }
    }
}
