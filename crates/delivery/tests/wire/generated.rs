//! Events and webhooks by chance, the same for the same seed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use webhook_delivery::payload::{FieldValues, PayloadOptions};
use webhook_domain::event::EventKind;
use webhook_domain::{
    AssociateId, Context, CustomHeaders, Event, EventData, EventName, EventNames, EventSeq,
    NotifyVia, NotifyWhen, PluginName, Properties, Secret, Stamp, Timestamp, Version, Webhook,
    WebhookId, WebhookState,
};

/// What kind of secret a webhook has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// None.
    None,
    /// A text, which is the key itself.
    Text,
    /// `whsec_` and a key in base64.
    Encoded,
    /// A text that begins with `whsec_` and is no key in base64.
    Malformed,
}

impl Key {
    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Text, Self::Encoded, Self::Malformed];
}

/// What is delivered to whom.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) event: Event,
    pub(crate) webhook: Webhook,
    pub(crate) key: Key,
    pub(crate) options: PayloadOptions,
    pub(crate) retries: u32,
}

/// Every way to tell values.
pub(crate) const FIELD_VALUES: [FieldValues; 2] = [FieldValues::Listed, FieldValues::All];

/// So many deliveries.
pub(crate) fn deliveries(count: usize, seed: u32) -> Vec<Delivery> {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = delivery();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// JSON of any shape as text, numbers written in any way.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?",
        text().prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(" ,"))),
            object(inner),
        ]
    })
}

/// A text without U+0000, which no webhook and no event may hold.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

/// An object with any names, and with names that a payload has or tells.
fn object(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let known = [
        "Event",
        "eventid",
        "FieldValues",
        "contact_id",
        "associate_id",
        "updated",
        "status",
        "id",
        "x_days",
        "name",
    ];
    let name = prop_oneof![
        text(),
        proptest::sample::select(known.to_vec()).prop_map(str::to_owned)
    ];
    btree_map(name, values, 0..8).prop_map(|members| {
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("{}: {value}", serde_json::Value::from(name.as_str())))
            .collect();
        format!("{{ {} }}", members.join(", "))
    })
}

fn secret() -> impl Strategy<Value = (Key, Option<Secret>)> {
    let of = |key, text: String| (key, Secret::new(text));
    prop_oneof![
        1 => Just((Key::None, None)),
        3 => "\\PC{1,40}"
            .prop_filter("looks like a key", |text| !text.starts_with("whsec_"))
            .prop_map(move |text| of(Key::Text, text)),
        2 => vec(any::<u8>(), 1..64)
            .prop_map(move |key| of(Key::Encoded, format!("whsec_{}", STANDARD.encode(key)))),
        1 => "whsec_[a-z!ø -]{0,8}[!ø -]".prop_map(move |text| of(Key::Malformed, text)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let name = prop_oneof![
        3 => "(contact|sale|person|ticket|y_rental|invoice)\\.(created|changed|softdeleted|deleted|sold)",
        1 => "list\\.[a-z0-9]{1,8}\\.changed",
        1 => "[a-zæøå山]{1,12}(\\.[a-zæøå山]{1,12})?",
    ];
    let kind = prop_oneof![
        8 => Just(EventKind::Signalled),
        1 => Just(EventKind::State),
        1 => Just(EventKind::Test),
    ];
    let at = 1_500_000_000_000_000_i64..1_900_000_000_000_000;
    (
        any::<u128>(),
        name,
        kind,
        any::<i32>(),
        any::<i32>(),
        at,
        object(json()),
        0_u8..5,
    )
        .prop_map(|(id, name, kind, primary_key, by, at, data, depth)| Event {
            id: uuid::Uuid::from_u128(id),
            seq: EventSeq(1),
            context: Context::onsite(),
            name: match kind {
                EventKind::Signalled => EventName::parse(&name).unwrap(),
                EventKind::State => EventName::stored("webhook7.errors".to_owned()),
                EventKind::Test => EventName::stored("test".to_owned()),
            },
            kind,
            primary_key,
            changed_by: AssociateId(by),
            at: Timestamp::from_micros(at).unwrap(),
            data: EventData::parse(&data).unwrap(),
            depth,
        })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let headers = vec(("X-Own-[a-z]{1,8}", "[ -~]{0,40}"), 0..3)
        .prop_map(|pairs| CustomHeaders::new(pairs).unwrap_or_default());
    let options = proptest::sample::select(&FIELD_VALUES[..])
        .prop_map(|field_values| PayloadOptions { field_values });
    (
        event(),
        text(),
        secret(),
        object(json()),
        headers,
        options,
        0_u32..4,
        1_i32..1_000_000,
    )
        .prop_map(
            |(event, name, (key, secret), properties, headers, options, retries, id)| {
                let webhook = Webhook {
                    id: WebhookId::new(id).unwrap(),
                    context: Context::onsite(),
                    owner_app: None,
                    version: Version(0),
                    name,
                    events: EventNames::default(),
                    target_url: "https://hooks.example.com/in".to_owned(),
                    secret,
                    state: WebhookState::Active,
                    plugin: PluginName::new("webhook"),
                    headers,
                    properties: Properties::parse(&properties).unwrap(),
                    error_emails: Vec::new(),
                    error_associates: Vec::new(),
                    description: None,
                    notify_via: NotifyVia::NONE,
                    notify_when: NotifyWhen::NONE,
                    registered: Stamp {
                        at: event.at,
                        by: None,
                    },
                    updated: None,
                };
                Delivery {
                    event,
                    webhook,
                    key,
                    options,
                    retries,
                }
            },
        )
}
