//! What replies look like: byte for byte as the samples of the contract, and pinned as snapshots.

use webhook_domain::json::compact;
use webhook_domain::{WebhookState, WebhookView};

use super::{fixture, views};
use crate::wire::culture::Culture;
use crate::wire::dto::WebhookDto;
use crate::wire::to_json;

fn reply(view: &WebhookView) -> String {
    String::from_utf8(to_json(&WebhookDto::new(view, &Culture::default()))).unwrap()
}

/// A sample as this server writes it: stamps have six digits of a second here, not seven
/// (decision 28).
fn sample(text: &str) -> String {
    compact(text).replace("42.3310274Z", "42.331027Z")
}

fn pretty(carrier: &WebhookDto<'_>) -> String {
    serde_json::to_string_pretty(carrier).unwrap()
}

#[test]
fn a_webhook_that_uses_every_member_is_answered_as_in_the_sample() {
    assert_eq!(
        reply(&views::full()),
        sample(fixture!("json/save-response.full23.json"))
    );
}

#[test]
fn the_first_fourteen_members_are_those_of_the_classic_sample() {
    let classic = sample(fixture!("json/save-response.classic14.json"));
    let classic = classic.strip_suffix('}').unwrap();
    assert_eq!(
        reply(&views::created()).strip_prefix(classic),
        Some(
            r#","ErrorEmails":["ops@warehouse.example"],"ErrorAssociates":[],"Description":null,"NotifyVia":"None","NotifyWhen":"None","TotalCalls":0,"TotalErrors":0,"ConsecutiveErrors":0,"LastError":null}"#
        )
    );
}

#[test]
fn the_default_webhook_is_answered_as_in_the_sample() {
    let body = to_json(&WebhookDto::default_webhook(&Culture::default()));
    assert_eq!(
        String::from_utf8(body).unwrap(),
        compact(fixture!("json/create-default-response.23.json"))
    );
}

#[test]
fn what_a_saved_webhook_does_not_have_is_empty_and_never_null() {
    let body = reply(&views::bare());
    for member in [
        r#""Secret":"""#,
        r#""Headers":{}"#,
        r#""Properties":{}"#,
        r#""ErrorsEmail":"""#,
        r#""ErrorEmails":[]"#,
        r#""ErrorAssociates":[]"#,
        r#""RegisteredAssociate":null"#,
        r#""Description":null"#,
    ] {
        assert!(body.contains(member), "{member} is not in {body}");
    }
}

#[test]
fn states_are_written_by_name() {
    for state in WebhookState::ALL {
        let mut view = views::created();
        let mut webhook = (*view.webhook).clone();
        webhook.state = state;
        view.webhook = webhook.into();
        let member = format!(r#""State":"{}""#, state.name());
        assert!(reply(&view).contains(&member), "{member}");
    }
}

#[test]
fn reply_bodies_stay_what_they_are() {
    let culture = Culture::default();
    insta::assert_snapshot!("full", pretty(&WebhookDto::new(&views::full(), &culture)));
    insta::assert_snapshot!(
        "created",
        pretty(&WebhookDto::new(&views::created(), &culture))
    );
    insta::assert_snapshot!("bare", pretty(&WebhookDto::new(&views::bare(), &culture)));
    insta::assert_snapshot!(
        "default",
        pretty(&WebhookDto::default_webhook(&Culture::default()))
    );
}

#[test]
fn a_missing_webhook_is_null_and_no_webhooks_are_an_empty_list() {
    assert_eq!(to_json(&None::<WebhookDto<'_>>), b"null");
    assert_eq!(to_json(&Vec::<WebhookDto<'_>>::new()), b"[]");
}
