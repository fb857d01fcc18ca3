//! Events that tell about a webhook's new state (contract 10.6).

use serde_json::{Value, json};
use uuid::Uuid;
use webhook_domain::{
    AssociateId, Context, EventKind, NewEvent, Stamp, Version, Webhook, WebhookState,
};

use crate::{listening, milli};

#[test]
fn the_name_carries_the_id_and_what_happened() {
    for (state, name) in [
        (WebhookState::Active, "webhook123.started"),
        (WebhookState::Stopped, "webhook123.stopped"),
        (WebhookState::TooManyErrors, "webhook123.errors"),
    ] {
        let webhook = Webhook {
            state,
            ..listening(&Context::onsite(), 123, "ad")
        };
        let told = NewEvent::of_state(&webhook, Uuid::from_u128(5), milli(9));
        assert_eq!(told.name.as_str(), name);
        assert_eq!((told.id, told.at), (Uuid::from_u128(5), milli(9)));
        assert_eq!((told.kind, told.primary_key), (EventKind::State, 123));
        assert_eq!((told.changed_by, told.depth), (AssociateId(0), 0));
        assert_eq!(told.not_to, Some(webhook.id));
        assert_eq!(told.idempotency, None);
        assert_eq!(told.context, webhook.context);
    }
}

#[test]
fn the_values_are_columns_of_the_webhook_as_it_is_now() {
    let webhook = Webhook {
        state: WebhookState::TooManyErrors,
        version: Version(4),
        registered: Stamp {
            at: milli(0),
            by: Some(AssociateId(5)),
        },
        updated: Some(Stamp {
            at: milli(1_500),
            by: None,
        }),
        ..listening(&Context::onsite(), 1, "ad,sale.sold,contact.created")
    };
    let values = |webhook: &Webhook| -> Value {
        let told = NewEvent::of_state(webhook, Uuid::nil(), milli(9));
        serde_json::from_str(told.data.text().unwrap()).unwrap()
    };
    let expected = json!({
        "events": 3,
        "registered": "2025-06-15T15:06:40Z",
        "registered_associate_id": 5,
        "state": 3,
        "updated": "2025-06-15T15:06:41.5Z",
        "updated_associate_id": 0,
    });
    assert_eq!(values(&webhook), expected);
    let new = Webhook {
        updated: None,
        ..webhook
    };
    assert_eq!(values(&new)["updated"], Value::Null);
    assert_eq!(values(&new)["updated_associate_id"], 0);
}
