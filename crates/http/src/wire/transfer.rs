//! Webhooks as they are moved between installations: one JSON carrier each, as an element of the reply of
//! GetAllWebhooks (contract 4). What a save ignores is read here: when a webhook was registered and
//! changed, and the names of those who did it and of those who are told.

use serde_json::{Map, Value};
use webhook_domain::{
    AssociateId, ForeignStamp, ForeignWebhook, NamedAssociate, Timestamp, WebhookView,
};

use super::culture::Culture;
use super::decode::{self, DecodeError};
use super::dto::WebhookDto;
use super::member::Member;
use super::to_json;

/// The carrier of a webhook on one line, without the line's end: nothing translated, stamps in UTC, the
/// secret in clear.
#[must_use]
pub fn write_webhook(view: &WebhookView) -> Vec<u8> {
    to_json(&WebhookDto::new(view, &Culture::default()))
}

/// Reads the carrier of a webhook from elsewhere. `None` stands for nothing but white space, and for
/// `null`. A stamp that cannot be read counts as one that is not there.
///
/// # Errors
/// Like [`decode::webhook`].
pub fn read_webhook(text: &[u8]) -> Result<Option<ForeignWebhook>, DecodeError> {
    let Some(draft) = decode::webhook(text)? else {
        return Ok(None);
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // It is an object: it was read as one already.
    let carrier: Map<String, Value> = serde_json::from_slice(text).unwrap_or_default();
    let member = |wanted: Member| {
        let mut members = carrier.iter();
        let found = members.find(|(name, _)| wanted.name().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    let stamp = |at, by| {
        Some(ForeignStamp {
            at: member(at).and_then(instant)?,
            by: member(by).and_then(|by| named(by, "AssociateId", &["Name"])),
        })
    };
    let recipients = member(Member::ErrorAssociates).and_then(Value::as_array);
    let recipients = recipients.into_iter().flatten();
    Ok(Some(ForeignWebhook {
        registered: stamp(Member::Registered, Member::RegisteredAssociate),
        updated: stamp(Member::Updated, Member::UpdatedAssociate),
        recipients: recipients
            .filter_map(|item| named(item, "Id", &["Name", "FullName"]))
            .collect(),
        draft,
    }))
}

/// An instant; the unset date of the original, and whatever else is of the first year, is none.
fn instant(value: &Value) -> Option<Timestamp> {
    let at = decode::instant(value.as_str()?)?;
    (jiff::tz::Offset::UTC.to_datetime(at.to_jiff()).year() > 1).then_some(at)
}

/// The key of somebody, with the first of the names that is there.
fn named(value: &Value, key: &str, names: &[&str]) -> Option<NamedAssociate> {
    let object = value.as_object()?;
    let member = |wanted: &str| {
        let mut members = object.iter();
        let found = members.find(|(name, _)| wanted.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    let id = match member(key)? {
        Value::String(text) => text.trim().parse().ok()?,
        number => i32::try_from(number.as_i64()?).ok()?,
    };
    let name = names.iter().filter_map(|name| member(name)?.as_str());
    Some(NamedAssociate {
        id: AssociateId(id),
        name: name
            .map(str::trim)
            .find(|name| !name.is_empty())?
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use webhook_domain::{AssociateId, Given, WebhookState};

    use super::read_webhook;

    const SAMPLE: &str = include_str!("../../../../tests/fixtures/json/save-response.full23.json");

    #[test]
    fn stamps_and_people_of_a_carrier_from_elsewhere_are_read() {
        let read = read_webhook(SAMPLE.as_bytes()).unwrap().unwrap();
        let registered = read.registered.unwrap();
        assert_eq!(registered.at.to_string(), "2025-11-03T08:15:42.331027Z");
        let kari = registered.by.unwrap();
        assert_eq!((kari.id, kari.name.as_str()), (AssociateId(12), "KARI"));
        assert_eq!(
            read.updated.unwrap().at.to_string(),
            "2025-11-04T13:02:09.51Z"
        );
        assert_eq!(read.recipients.len(), 1);
        assert_eq!(read.recipients[0].name, "Kari Solheim");
        assert_eq!(read.draft.id, Some(131));
        assert_eq!(read.draft.state, Some(WebhookState::Active));
        assert_eq!(
            read.draft.secret,
            Given::Value("Gr33n-Harb0ur-77".to_owned())
        );
    }

    #[test]
    fn stamps_that_are_unset_or_make_no_sense_are_not_there() {
        for (registered, associate) in [
            (r#""0001-01-01T00:00:00""#, "null"),
            (r#""0001-01-01T00:00:00Z""#, "7"),
            ("null", "[]"),
            ("17", "{}"),
            (r#""yesterday""#, r#"{"AssociateId": "x", "Name": "KARI"}"#),
        ] {
            let text =
                format!(r#"{{"registered": {registered}, "registeredAssociate": {associate}}}"#);
            let read = read_webhook(text.as_bytes()).unwrap().unwrap();
            assert_eq!(read.registered, None, "{text}");
        }
        let text = br#"{"UPDATED": "2026-01-02T03:04:05", "updatedassociate": {"associateid": 3}}"#;
        let updated = read_webhook(text).unwrap().unwrap().updated.unwrap();
        assert_eq!(updated.at.to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(updated.by, None, "nobody without a name");
    }

    #[test]
    fn nothing_is_read_from_nothing_and_what_is_broken_is_refused() {
        for text in ["", " \r\n", "null"] {
            assert!(read_webhook(text.as_bytes()).unwrap().is_none(), "{text:?}");
        }
        for text in ["{", "[]", r#"{"Name": 1, "name": 2}"#, r#"{"Events": "x"}"#] {
            assert!(read_webhook(text.as_bytes()).is_err(), "{text}");
        }
    }
}
