//! The request of SignalEvent (contract 4). What an event may be called is left to the service.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess};
use webhook_domain::json::MemberName;
use webhook_domain::{EventData, Given};

use super::Pass;
use super::strangers::Strangers;
use super::values::{RawObject, Text, WholeNumber};
use super::wanted::{Read, Wanted, refuse_twice};

const EVENT_NAME: &str = "EventName";
const PRIMARY_KEY: &str = "PrimaryKey";
const DATA: &str = "Data";

/// What a call of SignalEvent says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalCall {
    /// The name of the event; `None` when it is missing or null.
    pub event_name: Option<String>,
    /// The row that it is about; 0 when it is missing or null.
    pub primary_key: i32,
    /// The values that come with it.
    pub data: EventData,
}

/// The name of a member of the request as it is defined, from any case of it.
pub(super) fn wire_name(name: &str) -> Option<&'static str> {
    [EVENT_NAME, PRIMARY_KEY, DATA]
        .into_iter()
        .find(|own| own.eq_ignore_ascii_case(name))
}

/// A request, or null.
#[derive(Clone, Copy)]
pub(super) struct Signal<'p> {
    pub(super) pass: &'p Pass,
}

impl<'de> Wanted<'de> for Signal<'_> {
    type Value = SignalCall;
    const WANTED: &'static str = "must be an object or null";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(SignalCall::default())
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut event_name = None;
        let mut primary_key = None;
        let mut data = None;
        let mut strangers = Strangers::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            match wire_name(&name) {
                Some(EVENT_NAME) if event_name.is_none() => {
                    event_name = Some(members.next_value_seed(Read(Text))?);
                }
                Some(PRIMARY_KEY) if primary_key.is_none() => {
                    primary_key = Some(members.next_value_seed(Read(WholeNumber))?);
                }
                Some(DATA) if data.is_none() => {
                    data = Some(members.next_value_seed(Data)?);
                }
                Some(_) => return Err(refuse_twice(&mut members)),
                None => strangers.check(name, &mut members, self.pass.ignored_member())?,
            }
        }
        Ok(SignalCall {
            event_name: event_name.and_then(|name| name.value().cloned()),
            primary_key: primary_key.flatten().unwrap_or(0),
            data: data.unwrap_or_default(),
        })
    }
}

/// The values of an event: an object kept as it was sent, or null.
struct Data;

impl<'de> DeserializeSeed<'de> for Data {
    type Value = EventData;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<EventData, D::Error> {
        match RawObject.deserialize(reader)? {
            Given::Value(text) => EventData::parse(&text).map_err(D::Error::custom),
            Given::Null | Given::Absent => Ok(EventData::default()),
        }
    }
}
