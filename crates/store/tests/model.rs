//! Every database against the store in memory: whatever is done to both, both answer the same.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use webhook_domain::testing::MemoryStore;
use webhook_domain::testing::contract::{AnyStore, full, plain};
use webhook_domain::{
    AppId, CommitError, Context, EventName, StoredWebhook, Version, Visibility, Webhook,
    WebhookFilter, WebhookId, WebhookState, WebhookWrite, WriteSet,
};
use webhook_store::{SqlStore, StoreOptions};
use webhook_test_databases::{Engine, TestDatabase};

/// One write, decided when its turn comes.
#[derive(Clone, Debug)]
struct Change {
    context: bool,
    id: i32,
    kind: Kind,
    /// How far the expected version is off.
    off: i32,
    content: u8,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Insert,
    Revise,
    Delete,
}

#[derive(Clone, Debug)]
enum Step {
    Reserve(bool),
    /// Write sets that are handed over at once, in this order.
    Commit(Vec<Vec<Change>>),
    Find(bool, i32),
    Recall(bool, i32),
    List(bool, u8),
}

/// Few ids, so that they meet, and one far away, so that ids move.
fn ids() -> impl Strategy<Value = i32> {
    prop_oneof![8 => 1..=5_i32, 1 => 30..=40_i32]
}

fn changes() -> impl Strategy<Value = Change> {
    let kind = prop_oneof![
        3 => Just(Kind::Insert),
        4 => Just(Kind::Revise),
        1 => Just(Kind::Delete),
    ];
    let off = prop_oneof![6 => Just(0), 1 => -1..=1_i32];
    (any::<bool>(), ids(), kind, off, any::<u8>()).prop_map(|(context, id, kind, off, content)| {
        Change {
            context,
            id,
            kind,
            off,
            content,
        }
    })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => any::<bool>().prop_map(Step::Reserve),
        5 => vec(vec(changes(), 1..4), 1..6).prop_map(Step::Commit),
        1 => (any::<bool>(), ids()).prop_map(|(context, id)| Step::Find(context, id)),
        2 => (any::<bool>(), ids()).prop_map(|(context, id)| Step::Recall(context, id)),
        1 => (any::<bool>(), any::<u8>()).prop_map(|(context, filter)| Step::List(context, filter)),
    ]
}

fn context(other: bool) -> Context {
    if other {
        Context::parse("Cust1").unwrap()
    } else {
        Context::onsite()
    }
}

fn id(number: i32) -> WebhookId {
    WebhookId::new(number).unwrap()
}

/// A webhook that its bits tell apart from others.
fn webhook(context: &Context, number: i32, content: u8) -> Webhook {
    let rich = full(context, number);
    let bare = plain(context, number);
    let bit = |at: u8| content >> at & 1 == 1;
    Webhook {
        name: format!("content {content}"),
        state: if bit(0) {
            WebhookState::Stopped
        } else {
            WebhookState::Active
        },
        owner_app: bit(1).then_some(AppId(5)),
        events: if bit(2) {
            rich.events
        } else {
            bare.events.clone()
        },
        error_emails: if bit(3) {
            rich.error_emails
        } else {
            Vec::new()
        },
        error_associates: if bit(4) {
            rich.error_associates
        } else {
            Vec::new()
        },
        headers: if bit(5) {
            rich.headers
        } else {
            Default::default()
        },
        secret: if bit(6) { rich.secret } else { None },
        properties: if bit(7) {
            rich.properties
        } else {
            Default::default()
        },
        version: Version(0),
        ..bare
    }
}

fn filter(bits: u8) -> WebhookFilter {
    let bit = |at: u8| bits >> at & 1 == 1;
    WebhookFilter {
        name: (bits > 250).then(|| "content 7".into()),
        event: bit(0).then(|| EventName::parse("sale.sold").unwrap()),
        state: bit(1).then_some(WebhookState::Active),
        visibility: if bit(2) {
            Visibility::App(AppId(5))
        } else {
            Visibility::Context
        },
    }
}

/// The write set that these changes are, as things stand in the model.
async fn write_set(model: &MemoryStore, changes: &[Change]) -> WriteSet {
    let mut webhooks = Vec::new();
    for change in changes {
        let context = context(change.context);
        let store: &dyn AnyStore = model;
        let stored = store.find(&context, id(change.id)).await.unwrap();
        let version = stored.map_or(0, |stored| stored.webhook.version.0);
        let expected = Version(version + change.off);
        let webhook = webhook(&context, change.id, change.content);
        webhooks.push(match change.kind {
            Kind::Insert => WebhookWrite::Insert(Arc::new(webhook)),
            Kind::Revise => WebhookWrite::Revise {
                webhook: Arc::new(Webhook {
                    version: expected.next(),
                    ..webhook
                }),
                expected,
            },
            Kind::Delete => WebhookWrite::Delete {
                context,
                id: id(change.id),
                expected,
            },
        });
    }
    WriteSet {
        webhooks,
        ..WriteSet::default()
    }
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Committed(Vec<bool>),
    Id(WebhookId),
    One(Option<StoredWebhook>),
    Many(Vec<StoredWebhook>),
}

fn applied(outcome: Result<(), CommitError>) -> bool {
    match outcome {
        Ok(()) => true,
        Err(CommitError::Conflict) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn read(store: &dyn AnyStore, step: &Step) -> Outcome {
    match *step {
        Step::Reserve(c) => Outcome::Id(store.reserve_webhook_id(&context(c)).await.unwrap()),
        Step::Find(c, number) => Outcome::One(store.find(&context(c), id(number)).await.unwrap()),
        Step::Recall(c, number) => {
            Outcome::One(store.recall(&context(c), id(number)).await.unwrap())
        }
        Step::List(c, bits) => Outcome::Many(store.list(&context(c), &filter(bits)).await.unwrap()),
        Step::Commit(_) => unreachable!("commits are not reads"),
    }
}

/// Does the same to both, and gives both answers.
async fn both(model: &MemoryStore, store: &SqlStore, step: &Step) -> (Outcome, Outcome) {
    let Step::Commit(sets) = step else {
        let (mut expected, seen) = (read(model, step).await, read(store, step).await);
        // After an insert of a stored id the rest of the block is given up: a gap, and nothing else.
        while let (Outcome::Id(behind), Outcome::Id(ahead)) = (&expected, &seen)
            && behind < ahead
        {
            expected = read(model, step).await;
        }
        return (expected, seen);
    };
    let mut decided = Vec::new();
    for changes in sets {
        decided.push(write_set(model, changes).await);
    }
    // On one thread tasks start in the order in which they were made, so the sets wait in theirs.
    let running: Vec<_> = decided
        .iter()
        .cloned()
        .map(|set| {
            let store = store.clone();
            tokio::spawn(async move {
                let store: &dyn AnyStore = &store;
                store.commit(set).await
            })
        })
        .collect();
    let (mut expected, mut seen) = (Vec::new(), Vec::new());
    for (set, running) in decided.into_iter().zip(running) {
        let model: &dyn AnyStore = model;
        expected.push(applied(model.commit(set).await));
        seen.push(applied(running.await.unwrap()));
    }
    (Outcome::Committed(expected), Outcome::Committed(seen))
}

async fn check(engine: Engine, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let database = TestDatabase::new(engine);
    let url = database.url();
    let model = MemoryStore::default();
    let store = SqlStore::connect(url, StoreOptions::default())
        .await
        .unwrap();
    store.migrate().await.unwrap();
    for step in &steps {
        let (expected, seen) = both(&model, &store, step).await;
        prop_assert_eq!(seen, expected, "{:?}", step);
    }
    store.close().await;
    let again = SqlStore::connect(url, StoreOptions::default())
        .await
        .unwrap();
    for other in [false, true] {
        let (expected, seen) = both(&model, &again, &Step::List(other, 0)).await;
        prop_assert_eq!(seen, expected, "after the database was opened again");
    }
    again.close().await;
    Ok(())
}

fn run(engine: Engine, steps: Vec<Step>) -> Result<(), TestCaseError> {
    if !engine.reachable() {
        return Ok(());
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(check(engine, steps))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sqlite_answers_as_the_store_in_memory_does(steps in vec(steps(), 1..30)) {
        run(Engine::Sqlite, steps)?;
    }
}

proptest! {
    // Making a database takes its time.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn postgresql_answers_as_the_store_in_memory_does(steps in vec(steps(), 1..30)) {
        run(Engine::Postgres, steps)?;
    }

    #[test]
    fn mysql_answers_as_the_store_in_memory_does(steps in vec(steps(), 1..30)) {
        run(Engine::MySql, steps)?;
    }
}
