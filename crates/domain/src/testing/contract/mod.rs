//! The contract that every store keeps, as cases that run on any of them. A case gets an empty store
//! and knows nothing about what is behind it; [`store_contract!`](crate::store_contract) makes a test
//! of each.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::sync::Arc;

use crate::account::{LoginKind, NewLogin, TokenDigest};
use crate::associate::AssociateId;
use crate::caller::AppId;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::ports::{Associates, CommitError, Credentials, WebhookRepository, WebhookWrite};
use crate::webhook::{
    CustomHeaders, EventNames, NotifyVia, NotifyWhen, PluginName, Properties, Secret, Stamp, Usage,
    Version, Webhook, WebhookId, WebhookState,
};

mod accounts;
mod concurrency;
mod logins;
mod reads;
mod tenants;
mod writes;

pub use accounts::*;
pub use concurrency::*;
pub use logins::*;
pub use reads::*;
pub use tenants::*;
pub use writes::*;

/// Everything that is asked of a store.
pub trait AnyStore: WebhookRepository + Associates + Credentials {}

impl<S: WebhookRepository + Associates + Credentials> AnyStore for S {}

/// Makes a test of every case of the contract. `run` drives a future to its end; `open` gives an empty
/// store, behind something that dereferences to it.
#[macro_export]
macro_rules! store_contract {
    (run: $run:path, open: $open:path) => {
        $crate::store_contract! { @cases $run, $open:
            what_is_saved_is_read_back_equal_in_every_member
            what_is_absent_and_what_is_empty_stay_apart
            times_are_kept_to_the_microsecond
            recipients_follow_every_revision
            an_insert_of_a_stored_id_conflicts_and_changes_nothing
            a_revision_on_a_stale_version_conflicts_and_changes_nothing
            a_revision_of_what_is_not_stored_conflicts
            a_delete_needs_the_version_that_is_stored
            a_deleted_id_can_be_inserted_again
            a_write_set_with_one_losing_write_applies_nothing
            a_write_set_that_names_a_row_twice_conflicts
            an_empty_write_set_is_applied
            contexts_do_not_see_each_other
            a_list_is_complete_and_by_rising_id
            a_list_shows_what_the_filter_shows
            ids_rise_by_one_from_one_in_each_context
            ids_move_past_an_inserted_one
            recall_sees_every_commit_and_hides_no_stored_row
            many_commits_at_once_all_land
            many_ids_asked_for_at_once_are_all_different
            of_many_revisions_of_one_version_exactly_one_wins
            associates_are_found_by_id_in_their_context
            an_account_is_found_by_its_name_without_regard_to_case
            a_name_is_taken_in_its_context_whatever_its_case
            a_token_is_found_by_its_digest_and_revoked_once
            a_token_speaks_for_somebody_who_exists
            every_change_of_credentials_raises_their_version
            a_new_password_ends_the_logins_of_its_associate_only
            a_retired_associate_keeps_its_name_and_its_tokens_and_loses_its_logins
            a_ticket_and_a_session_are_found_by_their_digest_in_their_context
            a_login_is_extended_and_never_shortened
            a_login_is_ended_once_and_all_of_an_associate_at_once
            expired_logins_are_forgotten_when_others_are_added
            a_tenant_is_found_whatever_the_case_of_its_name
            a_tenant_is_hidden_and_shown_again
            an_app_is_found_by_its_digest_and_is_granted_nothing_at_first
        }
    };
    (@cases $run:path, $open:path: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $run(async {
                    let store = $open().await;
                    $crate::testing::contract::$case(&*store).await;
                });
            }
        )+
    };
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn id(number: i32) -> WebhookId {
    WebhookId::new(number).unwrap()
}

fn elsewhere() -> Context {
    Context::parse("Cust12345").unwrap()
}

/// A webhook with nothing but what it must have.
#[must_use]
pub fn plain(context: &Context, number: i32) -> Webhook {
    Webhook {
        id: id(number),
        context: context.clone(),
        owner_app: None,
        version: Version(0),
        name: format!("webhook {number}"),
        events: EventNames::parse_joined("contact.created").unwrap(),
        target_url: "https://hooks.example.com/in".into(),
        secret: None,
        state: WebhookState::Active,
        plugin: PluginName::new("webhook"),
        headers: CustomHeaders::default(),
        properties: Properties::default(),
        error_emails: Vec::new(),
        error_associates: Vec::new(),
        description: None,
        notify_via: NotifyVia::NONE,
        notify_when: NotifyWhen::NONE,
        registered: Stamp {
            at: at(1_741_064_767_000_000),
            by: None,
        },
        updated: None,
    }
}

/// A webhook with something in every member, some of it awkward.
#[must_use]
pub fn full(context: &Context, number: i32) -> Webhook {
    let headers = [
        ("X-Zone", "nørd"),
        ("Authorization", "Bearer \"a\\b\""),
        ("x-api-key", ""),
    ];
    Webhook {
        owner_app: Some(AppId(77)),
        version: Version(41),
        name: "Kundenänderungen — 顧客 🎣 \u{1F9D1}\u{200D}\u{1F4BB} '; DROP TABLE webhook; --".into(),
        events: EventNames::parse_joined("sale.sold,ad,Webhook118.errors").unwrap(),
        target_url: "https://hooks.example.com/ä?q=%20&x='1'".into(),
        secret: Secret::new("0Gr33n-Harb0ur \u{0} ключ".into()),
        state: WebhookState::TooManyErrors,
        plugin: PluginName::new("CrmScript"),
        headers: CustomHeaders::new(headers.map(|(n, v)| (n.into(), v.into())).into()).unwrap(),
        properties: Properties::parse(
            r#"{"z":1.50,"a":[null,true,1E+5,"\u00e9é"],"Z":{"deep":{}},"n":12345678901234567890123}"#,
        )
        .unwrap(),
        error_emails: vec!["zoe@example.com".into(), "ops@exämple.com".into()],
        error_associates: vec![AssociateId(9), AssociateId(2)],
        description: Some("first line\r\nsecond\tline".into()),
        notify_via: NotifyVia::EMAIL.with(NotifyVia::IN_APP),
        notify_when: NotifyWhen::DISABLING,
        registered: Stamp { at: at(1_741_064_767_123_456), by: Some(AssociateId(5)) },
        updated: Some(Stamp { at: at(1_741_064_767_123_457), by: Some(AssociateId(6)) }),
        ..plain(context, number)
    }
}

/// A ticket of an associate from one instant to another.
fn ticket(associate: AssociateId, digest: u8, from: i64, until: i64) -> NewLogin {
    NewLogin {
        kind: LoginKind::Ticket,
        digest: TokenDigest([digest; 32]),
        associate,
        created_at: at(from),
        expires_at: at(until),
    }
}

async fn commit(store: &dyn AnyStore, write: WebhookWrite) -> Result<(), CommitError> {
    store.commit(write.into()).await
}

async fn insert(store: &dyn AnyStore, webhook: Webhook) -> Arc<Webhook> {
    let webhook = Arc::new(webhook);
    commit(store, WebhookWrite::Insert(webhook.clone()))
        .await
        .unwrap();
    webhook
}

/// The next version of a webhook, with another name.
fn renamed(webhook: &Webhook, name: &str) -> Webhook {
    Webhook {
        version: webhook.version.next(),
        name: name.into(),
        ..webhook.clone()
    }
}

fn revise(before: &Webhook, after: Webhook) -> WebhookWrite {
    WebhookWrite::Revise {
        webhook: Arc::new(after),
        expected: before.version,
    }
}

fn delete(webhook: &Webhook, expected: Version) -> WebhookWrite {
    WebhookWrite::Delete {
        context: webhook.context.clone(),
        id: webhook.id,
        expected,
    }
}

async fn stored(store: &dyn AnyStore, context: &Context, number: i32) -> Option<Webhook> {
    let found = store.find(context, id(number)).await.unwrap()?;
    assert_eq!(found.usage, Usage::default());
    Some((*found.webhook).clone())
}

fn assert_conflict(outcome: Result<(), CommitError>) {
    assert!(matches!(outcome, Err(CommitError::Conflict)), "{outcome:?}");
}
