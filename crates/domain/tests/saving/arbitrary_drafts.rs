//! Drafts of anything at all: the rules never panic, name a reason for each refusal, and accept what
//! they made themselves.

use proptest::collection::vec;
use proptest::prelude::*;
use webhook_domain::rules::Content;
use webhook_domain::{Given, NotifyVia, NotifyWhen, Webhook, WebhookDraft, WebhookState};

use crate::fixtures::{House, stored, stored_before_the_rules};

/// Texts with every kind of character, and long ones.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(any::<char>(), 0..20).prop_map(|chars| chars.into_iter().collect()),
        "[\\x00-\\x7f]{0,20}",
        (any::<char>(), 0_usize..5_000).prop_map(|(c, count)| c.to_string().repeat(count)),
    ]
}

/// Mostly something that is accepted, so that whole drafts are.
fn mostly(accepted: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![40 => accepted, 1 => any_text()]
}

fn given<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Given<T>> {
    prop_oneof![
        1 => Just(Given::Absent),
        1 => Just(Given::Null),
        14 => value.prop_map(Given::Value),
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let pair = prop_oneof![
        40 => ("X-[a-z]{1,6}", "[ -~]{0,12}"),
        1 => (any_text(), any_text()),
    ];
    prop_oneof![12 => vec(pair.clone(), 0..4), 1 => vec(pair, 60..70)]
}

fn any_properties() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => "\\{( \"[a-d]{1,3}\" : (1|1\\.50|\"x\"|\\[ null \\]|\\{\\}) )?\\}",
        1 => "[{}\\[\\]:,\"\\\\a0-9eE.+ -]{0,40}",
        1 => any_text(),
    ]
}

fn any_draft() -> impl Strategy<Value = WebhookDraft> {
    let targets = "https://[a-z]{1,9}\\.example\\.com(:8443)?/[a-z]{0,9}";
    let texts = (
        given(mostly("[A-Za-zäöü ]{1,30}[a-z]")),
        given(mostly(targets)),
        given(mostly("[ -~]{0,30}| {1,3}")),
        given(mostly("webhook|crmscript|WebHook|CRMScript|et")),
        given(mostly("[a-z]{1,9}@example\\.com")),
        given(mostly("[a-z\n]{0,40}")),
    );
    let lists = (
        given(prop_oneof![
            12 => vec(mostly(" ?[a-zA-Z]{1,3}\\.[a-z]{1,3} ?"), 1..8),
            1 => ("[a-z*]{0,2}", 3_990..4_010_usize).prop_map(|(name, count)| vec![name; count]),
        ]),
        given(any_headers()),
        given(any_properties()),
        given(prop_oneof![
            12 => vec(mostly("[a-c]{0,1}@example\\.com"), 0..4),
            1 => vec("[a-z@.]{0,9}", 90..110),
        ]),
        given(prop_oneof![12 => vec(1_i32..4, 0..5), 1 => vec(any::<i32>(), 0..300)]),
    );
    let flags = (
        proptest::option::of(prop::sample::select(&WebhookState::ALL[..])),
        proptest::option::of((0_i64..4).prop_map(|bits| NotifyVia::from_bits(bits).unwrap())),
        proptest::option::of((0_i64..4).prop_map(|bits| NotifyWhen::from_bits(bits).unwrap())),
        proptest::option::of(any::<i32>()),
    );
    (texts, lists, flags).prop_map(|(texts, lists, flags)| {
        let (name, target_url, secret, plugin, errors_email, description) = texts;
        let (events, headers, properties, error_emails, error_associates) = lists;
        let (state, notify_via, notify_when, id) = flags;
        WebhookDraft {
            id,
            name,
            events,
            target_url,
            secret,
            state,
            plugin,
            headers,
            properties,
            errors_email,
            error_emails,
            error_associates,
            description,
            notify_via,
            notify_when,
        }
    })
}

/// A draft that asks for exactly this content.
fn asking_for(content: &Content) -> WebhookDraft {
    let text = |text: Option<&str>| text.map_or(Given::Null, |text| Given::Value(text.to_owned()));
    let headers = content
        .headers
        .iter()
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    WebhookDraft {
        id: None,
        name: text(Some(&content.name)),
        events: Given::Value(
            content
                .events
                .iter()
                .map(|e| e.as_str().to_owned())
                .collect(),
        ),
        target_url: text(Some(&content.target_url)),
        secret: text(content.secret.as_ref().map(|secret| secret.expose())),
        state: Some(content.state),
        plugin: text(Some(content.plugin.as_str())),
        headers: Given::Value(headers),
        properties: text(content.properties.text()),
        errors_email: text(content.error_emails.first().map(String::as_str)),
        error_emails: Given::Value(content.error_emails.clone()),
        error_associates: Given::Value(content.error_associates.iter().map(|id| id.0).collect()),
        description: text(content.description.as_deref()),
        notify_via: Some(content.notify_via),
        notify_when: Some(content.notify_when),
    }
}

/// The stored webhook with this content.
fn holding(content: Content) -> Webhook {
    Webhook {
        name: content.name,
        events: content.events,
        target_url: content.target_url,
        secret: content.secret,
        state: content.state,
        plugin: content.plugin,
        headers: content.headers,
        properties: content.properties,
        error_emails: content.error_emails,
        error_associates: content.error_associates,
        description: content.description,
        notify_via: content.notify_via,
        notify_when: content.notify_when,
        ..stored()
    }
}

fn any_house() -> impl Strategy<Value = bool> {
    any::<bool>()
}

fn house(dev: bool) -> House {
    if dev { House::dev() } else { House::strict() }
}

proptest! {
    #[test]
    fn a_new_webhook_is_refused_with_reasons_or_accepted_once_and_for_all(
        draft in any_draft(), dev in any_house(),
    ) {
        let house = house(dev);
        match house.judge(draft, None) {
            Ok(judged) => {
                let again = house.judge(asking_for(&judged.content), None);
                let again = again.map_err(|v| TestCaseError::fail(format!("{v:?}")))?;
                prop_assert_eq!(&again.content, &judged.content);
                prop_assert_eq!(again.content.plugin.as_str(), judged.content.plugin.as_str());
                prop_assert_eq!(again.unknown_type, judged.unknown_type);
            }
            Err(violations) => {
                prop_assert!(!violations.is_empty());
                for violation in violations {
                    let start = format!("Webhook {} ", violation.field);
                    prop_assert!(violation.message.starts_with(&start));
                    prop_assert!(violation.message.len() > start.len());
                    prop_assert!(violation.message.len() < 20_000);
                }
            }
        }
    }

    #[test]
    fn a_change_is_refused_with_reasons_or_leads_to_what_changes_no_more(
        draft in any_draft(), dev in any_house(), old_rules in any::<bool>(),
    ) {
        let house = house(dev);
        let stored = if old_rules { stored_before_the_rules() } else { stored() };
        match house.judge(draft, Some(&stored)) {
            Ok(judged) => {
                let webhook = holding(judged.content.clone());
                for draft in [asking_for(&judged.content), WebhookDraft::default()] {
                    let again = house.judge(draft, Some(&webhook));
                    let again = again.map_err(|v| TestCaseError::fail(format!("{v:?}")))?;
                    prop_assert_eq!(&again.content, &judged.content);
                }
            }
            Err(violations) => {
                prop_assert!(!violations.is_empty());
                prop_assert!(violations.iter().all(|v| v.message.len() > 9));
            }
        }
    }
}

#[test]
fn the_drafts_of_these_properties_are_neither_all_refused_nor_all_accepted() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let house = House::dev();
    let mut draw = || any_draft().new_tree(&mut runner).unwrap().current();
    let accepted = (0..300)
        .filter(|_| house.judge(draw(), None).is_ok())
        .count();
    assert!(
        (60..240).contains(&accepted),
        "{accepted} of 300 were accepted"
    );
}
