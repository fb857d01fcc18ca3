//! What is printed for people who debug holds no secrets (threat G2).

use webhook_domain::{Properties, Webhook, WebhookDraft};

use crate::fixtures::{draft, pairs, stored, value};

const CANARY: &str = "canary-4f1d";

#[test]
fn g2_no_draft_and_no_webhook_prints_its_secret_its_header_values_or_its_properties() {
    let properties = format!(r#"{{"token":"{CANARY}"}}"#);
    let draft = WebhookDraft {
        secret: value(CANARY),
        headers: pairs(&[("Authorization", CANARY)]),
        properties: value(properties.as_str()),
        ..draft()
    };
    let webhook = Webhook {
        secret: webhook_domain::Secret::new(CANARY.into()),
        headers: webhook_domain::CustomHeaders::new(vec![("Authorization".into(), CANARY.into())])
            .unwrap(),
        properties: Properties::parse(&properties).unwrap(),
        ..stored()
    };
    for printed in [
        format!("{draft:?}"),
        format!("{draft:#?}"),
        format!("{webhook:?}"),
    ] {
        assert!(!printed.contains(CANARY), "{printed}");
        assert!(
            printed.contains("Authorization"),
            "names are no secret: {printed}"
        );
    }
}
