//! Webhooks, events and plugins as the tests of this folder need them.

use std::time::Duration;

use webhook_delivery::{HttpPlugin, HttpSettings};
use webhook_domain::event::EventKind;
use webhook_domain::webhook::{Properties, Version};
use webhook_domain::{
    AddressPolicy, AssociateId, Context, CustomHeaders, DeliveryPlugin, DeliveryRequest, Event,
    EventData, EventName, EventNames, EventSeq, NotifyVia, NotifyWhen, PluginName, Report, Stamp,
    TargetPolicy, Timestamp, Webhook, WebhookId, WebhookState,
};

/// 2025-03-04T05:06:07Z.
pub(crate) const NOW: i64 = 1_741_064_767_000_000;

/// Receivers on loopback may be called, without encryption.
pub(crate) fn laptop() -> HttpSettings {
    HttpSettings {
        targets: TargetPolicy {
            allow_http: true,
            addresses: AddressPolicy::private_allowed(),
        },
        ..HttpSettings::default()
    }
}

/// The same, with little patience.
pub(crate) fn impatient() -> HttpSettings {
    HttpSettings {
        timeout: Duration::from_millis(300),
        connect_timeout: Duration::from_millis(200),
        dns_timeout: Duration::from_millis(200),
        ..laptop()
    }
}

pub(crate) fn plugin(settings: HttpSettings) -> HttpPlugin {
    HttpPlugin::new(settings).unwrap()
}

pub(crate) fn webhook(id: i32, target: &str) -> Webhook {
    let at = Timestamp::from_micros(NOW).unwrap();
    Webhook {
        id: WebhookId::new(id).unwrap(),
        context: Context::onsite(),
        owner_app: None,
        version: Version::default(),
        name: "Warehouse".into(),
        events: EventNames::new([EventName::stored("sale.sold".into())]),
        target_url: target.into(),
        secret: None,
        state: WebhookState::Active,
        plugin: PluginName::new("webhook"),
        headers: CustomHeaders::default(),
        properties: Properties::default(),
        error_emails: Vec::new(),
        error_associates: Vec::new(),
        description: None,
        notify_via: NotifyVia::default(),
        notify_when: NotifyWhen::default(),
        registered: Stamp { at, by: None },
        updated: None,
    }
}

pub(crate) fn event(seq: i64, kind: EventKind) -> Event {
    Event {
        id: uuid::Uuid::from_u128(u128::from(seq.unsigned_abs())),
        seq: EventSeq(seq),
        context: Context::onsite(),
        kind,
        name: EventName::stored(
            match kind {
                EventKind::Test => "test",
                EventKind::Signalled | EventKind::State => "sale.sold",
            }
            .into(),
        ),
        primary_key: 7,
        changed_by: AssociateId(1),
        at: Timestamp::from_micros(NOW).unwrap(),
        data: EventData::default(),
        depth: 0,
    }
}

/// One attempt at this webhook.
pub(crate) async fn attempt(plugin: &HttpPlugin, webhook: &Webhook, event: &Event) -> Report {
    plugin
        .deliver(DeliveryRequest {
            webhook,
            event,
            retries: 0,
            at: Timestamp::from_micros(NOW).unwrap(),
        })
        .await
}

/// One attempt at this target.
pub(crate) async fn post(plugin: &HttpPlugin, target: &str) -> Report {
    attempt(plugin, &webhook(1, target), &event(1, EventKind::Signalled)).await
}

/// The same as a test of the target.
pub(crate) async fn probe(plugin: &HttpPlugin, target: &str) -> Report {
    attempt(plugin, &webhook(1, target), &event(1, EventKind::Test)).await
}
