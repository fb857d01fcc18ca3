//! Who listens for an event, as an index finds it and as looking at every webhook does (contract 11.4,
//! threat K2).

use std::collections::BTreeMap;

use proptest::prelude::*;
use webhook_domain::{
    Context, DisabledEvents, EventKind, EventName, EventNames, Listener, Subscriptions, Webhook,
    WebhookId, WebhookKey, WebhookState,
};

use crate::{event, listening};

/// Names that are alike in awkward ways.
const NAMES: [&str; 16] = [
    "contact.created",
    "CONTACT.Created",
    "contact.create",
    "kontakt.geändert",
    "KONTAKT.GEÄNDERT",
    "webhook.errors",
    "Webhook.Errors",
    "webhook1.errors",
    "WEBHOOK1.ERRORS",
    "webhook01.errors",
    "webhook2.stopped",
    "webhook.stopped",
    "webhookx.errors",
    "webhook.geÄndert",
    "webhook7.geändert",
    // KELVIN SIGN, which is a k in lower case.
    "webhoo\u{212A}.errors",
];

#[derive(Clone, Debug)]
enum Change {
    Put(usize, i32, Vec<usize>, usize),
    Remove(usize, i32),
}

/// Three contexts, two of which differ in case only.
fn context(at: usize) -> Context {
    Context::parse(["Default", "Cust1", "cust1"][at]).unwrap()
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let names = prop::collection::vec(0..NAMES.len(), 0..6);
    let change = prop_oneof![
        5 => (0..3_usize, 1..9_i32, names, 0..3_usize)
            .prop_map(|(c, id, names, state)| Change::Put(c, id, names, state)),
        1 => (0..3_usize, 1..9_i32).prop_map(|(c, id)| Change::Remove(c, id)),
    ];
    prop::collection::vec(change, 0..40)
}

fn webhook(at: usize, id: i32, names: &[usize], state: usize) -> Webhook {
    let names = names
        .iter()
        .map(|name| EventName::parse(NAMES[*name]).unwrap());
    Webhook {
        events: EventNames::new(names),
        state: WebhookState::ALL[state],
        ..listening(&context(at), id, "")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn k2_an_event_reaches_who_listens_in_its_context_and_nobody_else(
        changes in changes(),
        drops in any::<bool>(),
        not_to in prop::option::of(1..9_i32),
    ) {
        let disabled = if drops { DisabledEvents::Drop } else { DisabledEvents::Keep };
        let mut index = Subscriptions::new(disabled);
        let mut all: BTreeMap<WebhookKey, Webhook> = BTreeMap::new();
        for change in changes {
            match change {
                Change::Put(at, id, names, state) => {
                    let webhook = webhook(at, id, &names, state);
                    index.put(&webhook);
                    all.insert(WebhookKey::of(&webhook), webhook);
                }
                Change::Remove(at, id) => {
                    let gone = WebhookKey { context: context(at), id: WebhookId::new(id).unwrap() };
                    index.remove(&gone.context, gone.id);
                    all.remove(&gone);
                }
            }
        }
        for (at, name) in (0..3).flat_map(|at| NAMES.map(|name| (at, name))) {
            let mut signalled = event(&context(at), EventKind::Signalled, name);
            signalled.not_to = not_to.and_then(WebhookId::new);
            let told = all.values().filter(|webhook| {
                let recorded = match webhook.state {
                    WebhookState::Active => true,
                    WebhookState::Stopped => false,
                    WebhookState::TooManyErrors => !drops,
                };
                recorded
                    && webhook.context == context(at)
                    && webhook.events.hear(&signalled.name)
                    && Some(webhook.id) != signalled.not_to
            });
            let told: Vec<Listener> = told
                .map(|webhook| Listener {
                    id: webhook.id,
                    active: webhook.state == WebhookState::Active,
                })
                .collect();
            prop_assert_eq!(index.listeners(&signalled), told, "{} in {}", name, at);
        }
    }
}

fn heard(index: &Subscriptions, name: &str) -> Vec<i32> {
    let signalled = event(&Context::onsite(), EventKind::Signalled, name);
    let listeners = index.listeners(&signalled);
    listeners
        .into_iter()
        .map(|listener| listener.id.get())
        .collect()
}

#[test]
fn a_webhook_that_hears_an_event_by_two_names_is_told_once() {
    let mut index = Subscriptions::default();
    let names = "webhook.errors,webhook5.errors,WEBHOOK5.errors";
    index.put(&listening(&Context::onsite(), 2, names));
    index.put(&listening(&Context::onsite(), 1, "webhook.errors"));
    assert_eq!(heard(&index, "webhook5.errors"), [1, 2]);
    assert_eq!(heard(&index, "webhook6.errors"), [1, 2]);
    assert_eq!(heard(&index, "webhook5.stopped"), [0; 0]);
}

#[test]
fn a_context_that_is_forgotten_is_learned_anew() {
    let there = Context::parse("Cust1").unwrap();
    let mut index = Subscriptions::default();
    index.put(&listening(&Context::onsite(), 1, "ad"));
    index.put(&listening(&there, 1, "ad"));
    index.forget(&there);
    assert_eq!(heard(&index, "ad"), [1]);
    let signalled = event(&there, EventKind::Signalled, "ad");
    assert_eq!(index.listeners(&signalled), []);
    index.put(&listening(&there, 2, "ad"));
    assert_eq!(index.listeners(&signalled).len(), 1);
}
