//! Webhooks as the services answer them, with the content of the samples.

use std::sync::Arc;

use webhook_domain::{
    Associate, AssociateId, Context, CustomHeaders, EventName, EventNames, NotifyVia, NotifyWhen,
    PluginName, Properties, Secret, Stamp, Timestamp, Usage, UserType, Version, Webhook, WebhookId,
    WebhookState, WebhookView,
};

pub(super) fn kari() -> Arc<Associate> {
    Arc::new(Associate {
        id: AssociateId(12),
        name: "KARI".into(),
        person_id: 48,
        rank: 3,
        tooltip: String::new(),
        user_type: UserType::InternalAssociate,
        group_idx: 2,
        full_name: "Kari Solheim".into(),
        deleted: false,
        ej_user_id: 9,
        email: None,
    })
}

/// What was just created: no update yet, one address, nothing of the newer members.
pub(super) fn created() -> WebhookView {
    let events = ["sale.sold", "sale.changed", "webhook118.errors"];
    let headers = [("X-Api-Key", "wh-5521"), ("X-Region", "nordic")];
    let properties =
        r#"{"source": "superoffice", "priority": 3, "routing": {"queue": "orders", "dlq": false}}"#;
    WebhookView {
        webhook: Arc::new(Webhook {
            id: WebhookId::new(131).unwrap(),
            context: Context::onsite(),
            owner_app: None,
            version: Version::default(),
            name: "Warehouse order feed".into(),
            events: EventNames::new(events.map(|name| EventName::parse(name).unwrap())),
            target_url: "https://hooks.warehouse.example/so/orders".into(),
            secret: Secret::new("Gr33n-Harb0ur-77".into()),
            state: WebhookState::Active,
            plugin: PluginName::new("webhook"),
            headers: CustomHeaders::new(headers.map(|(n, v)| (n.into(), v.into())).into()).unwrap(),
            properties: Properties::parse(properties).unwrap(),
            error_emails: vec!["ops@warehouse.example".into()],
            error_associates: Vec::new(),
            description: None,
            notify_via: NotifyVia::NONE,
            notify_when: NotifyWhen::NONE,
            registered: stamp(1_762_157_742_331_027),
            updated: None,
        }),
        usage: Usage::default(),
        registered_by: Some(kari()),
        updated_by: None,
        error_associates: Vec::new(),
    }
}

/// What uses every member.
pub(super) fn full() -> WebhookView {
    let created = created();
    WebhookView {
        webhook: Arc::new(Webhook {
            version: Version(1),
            error_emails: vec![
                "ops@warehouse.example".into(),
                "duty@warehouse.example".into(),
            ],
            error_associates: vec![AssociateId(12)],
            description: Some("Pushes won sales to the warehouse".into()),
            notify_via: NotifyVia::EMAIL.with(NotifyVia::IN_APP),
            notify_when: NotifyWhen::DISABLING,
            updated: Some(stamp(1_762_261_329_510_000)),
            ..Webhook::clone(&created.webhook)
        }),
        usage: Usage {
            total_calls: 418,
            total_errors: 6,
            consecutive_errors: 0,
            last_error: Some(
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\r\nbusy".into(),
            ),
        },
        updated_by: Some(kari()),
        error_associates: vec![kari()],
        ..created
    }
}

/// What has nothing that can be left out.
pub(super) fn bare() -> WebhookView {
    let created = created();
    WebhookView {
        webhook: Arc::new(Webhook {
            secret: None,
            headers: CustomHeaders::default(),
            properties: Properties::default(),
            error_emails: Vec::new(),
            ..Webhook::clone(&created.webhook)
        }),
        registered_by: None,
        ..created
    }
}

fn stamp(micros: i64) -> Stamp {
    Stamp {
        at: Timestamp::from_micros(micros).unwrap(),
        by: Some(AssociateId(12)),
    }
}
