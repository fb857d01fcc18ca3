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
use crate::ports::{
    Associates, CommitError, Credentials, DeliveryLog, DeliveryQueue, EventStore, Notices, Scripts,
    WebhookRepository, WebhookWrite,
};
use crate::webhook::{
    CustomHeaders, EventNames, NotifyVia, NotifyWhen, PluginName, Properties, Secret, Stamp, Usage,
    Version, Webhook, WebhookId, WebhookState,
};

mod accounts;
mod claiming;
mod concurrency;
mod events;
mod failing;
mod idempotency;
mod intake;
mod leases;
mod log;
mod logins;
mod notices;
mod queues;
mod reads;
mod resending;
mod scripts;
mod settling;
mod steps;
mod sweeping;
mod tenants;
mod writes;

pub use accounts::*;
pub use claiming::*;
pub use concurrency::*;
pub use events::*;
pub use failing::*;
pub use idempotency::*;
pub use intake::*;
pub use leases::*;
pub use log::*;
pub use logins::*;
pub use notices::*;
pub use queues::*;
pub use reads::*;
pub use resending::*;
pub use scripts::*;
pub use settling::*;
pub use steps::{dropping, keeping, short};
pub use sweeping::*;
pub use tenants::*;
pub use writes::*;

/// Everything that is asked of a store.
pub trait AnyStore: WebhookRepository + Associates + Credentials {}

impl<S: WebhookRepository + Associates + Credentials> AnyStore for S {}

/// Everything that is asked of a store that delivers.
pub trait DeliveryStore:
    AnyStore + EventStore + DeliveryQueue + DeliveryLog + Notices + Scripts
{
}

impl<S: AnyStore + EventStore + DeliveryQueue + DeliveryLog + Notices + Scripts> DeliveryStore
    for S
{
}

/// Makes a test of every case of the contract. `run` drives a future to its end; `open` gives an empty
/// store, behind something that dereferences to it. `open_with` does the same for a
/// [`DeliveryPolicy`](crate::DeliveryPolicy); without it, only what does not deliver is tested.
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
    (run: $run:path, open: $open:path, open_with: $open_with:path) => {
        $crate::store_contract! { run: $run, open: $open }
        $crate::store_contract! { @with $run, $open_with, keeping:
            an_event_nobody_listens_for_leaves_nothing_behind
            an_event_reaches_each_that_listens_with_everything_it_says
            an_event_may_have_very_many_listeners
            events_stand_in_the_order_in_which_they_are_recorded
            names_match_exactly_whatever_their_case
            a_state_event_is_not_told_to_its_own_webhook
            a_stopped_webhook_is_told_nothing_and_a_disabled_one_later
            an_event_stays_in_its_context
            who_listens_follows_every_change_of_a_webhook
            events_of_a_write_set_are_matched_after_its_changes
            many_events_at_once_all_land
            the_same_call_is_recorded_once
            a_key_that_was_used_for_another_call_is_refused
            a_call_that_nobody_listens_for_is_remembered_as_well
            a_key_counts_within_its_context_and_scope_and_as_it_is_spelled
            a_key_is_forgotten_when_its_time_is_over
            of_many_equal_calls_at_once_exactly_one_is_recorded
            what_is_due_is_claimed_in_order_and_once
            nothing_is_claimed_before_it_is_due
            webhooks_take_turns_however_long_a_backlog_is
            every_webhook_gets_its_turn_when_there_are_more_than_a_claim_takes
            a_claim_keeps_to_every_limit
            a_delivery_is_sent_to_the_webhook_as_it_is_now
            a_webhook_that_rests_is_left_alone_and_then_sent_one_at_a_time
            one_that_rests_does_not_keep_others_waiting
            many_claims_at_once_never_lease_twice
            every_run_has_a_number_of_its_own
            a_node_that_fell_silent_loses_what_it_holds
            what_a_node_is_handed_that_was_buried_is_not_lost
            a_suspect_counts_how_often_it_was_begun_without_an_end
            a_suspect_that_waits_its_turn_is_not_blamed_again
            a_recorded_attempt_clears_a_suspect
            what_was_not_begun_is_given_back_without_blame
            a_node_that_leaves_keeps_nothing
            whoever_is_alone_frees_what_every_other_run_held
            only_who_holds_the_lease_is_believed
            fresh_deliveries_are_handed_over_leased_and_in_order
            what_is_not_taken_waits_in_the_queue_and_wakes
            nobody_is_asked_about_what_is_parked
            an_intake_that_is_gone_is_not_asked
            what_was_reserved_is_taken_or_given_back
            what_is_set_going_again_wakes
            what_an_attempt_causes_is_handed_over_as_well
            an_attempt_is_kept_with_everything_it_says
            texts_are_kept_to_their_last_character
            every_outcome_is_kept
            many_attempts_are_settled_in_one_call
            an_attempt_at_a_cancelled_delivery_is_counted_and_decides_nothing
            nine_failures_in_a_row_disable_a_webhook
            one_410_disables_a_webhook
            a_receiver_is_left_alone_as_long_as_it_asks
            failures_of_attempts_in_flight_together_count_once
            after_a_rest_what_failed_is_behind_what_waits
            a_success_forgets_failures_and_the_next_one_is_the_first_again
            a_webhook_that_was_stopped_meanwhile_keeps_what_failed
            an_attempt_at_a_deleted_webhook_is_still_recorded
            attempts_of_one_call_follow_on_each_other
            the_counters_are_those_that_the_rules_make
            a_webhook_is_not_to_blame_when_nobody_was_called
            an_event_that_is_retried_stays_the_same
            a_webhook_that_goes_on_sends_its_backlog_one_by_one_in_order
            a_webhook_that_goes_on_begins_anew_and_keeps_its_totals
            a_webhook_that_rested_goes_on_at_once
            what_was_accepted_before_a_stop_waits_until_it_goes_on
            a_webhook_without_a_backlog_goes_on_at_full_width
            a_queue_is_cancelled_and_what_comes_later_is_not
            a_deleted_webhook_takes_its_queue_and_its_counters_along
            a_write_set_that_conflicts_changes_no_queue
            disabled_webhooks_are_found_for_the_probe
            the_log_shows_the_newest_first_and_what_the_filter_asks_for
            pages_of_the_log_join_without_a_gap
            a_delivery_that_is_not_there_is_none
            a_pending_delivery_tells_when_it_is_due
            the_last_event_is_that_of_the_newest_delivery_whatever_its_state
            the_queue_tells_what_it_holds
            a_delivery_is_sent_again_whatever_became_of_it
            what_is_sent_again_to_a_stopped_webhook_is_parked
            nothing_is_sent_again_to_a_deleted_webhook
            a_job_puts_back_what_failed_step_by_step
            a_job_is_cancelled_and_a_decided_one_stays_as_it_is
            at_most_a_hundred_jobs_are_listed
            finished_deliveries_go_with_their_attempts_when_they_are_old
            no_more_finished_deliveries_of_a_webhook_stay_than_allowed
            parked_deliveries_are_given_up_by_age_and_by_number
            expired_keys_and_old_notices_and_jobs_are_forgotten
            a_notice_is_kept_with_everything_it_says
            a_notice_is_claimed_by_one_until_its_time_is_over
            many_claims_of_notices_at_once_never_take_one_twice
            what_became_of_a_notice_is_shown
            a_notice_that_is_given_up_or_held_back_says_why
            a_script_is_found_by_its_name_without_regard_to_case
            a_script_takes_the_place_of_one_with_the_same_name
            scripts_are_listed_by_name_and_removed_once
            a_script_may_be_long
        }
        $crate::store_contract! { @with $run, $open_with, dropping:
            a_disabled_webhook_is_told_nothing_when_that_is_dropped
            what_waits_for_a_disabled_webhook_is_cancelled_when_that_is_dropped
        }
        $crate::store_contract! { @with $run, $open_with, short:
            a_delivery_gets_no_more_attempts_than_failures_disable
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
    (@with $run:path, $open_with:path, $policy:ident: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $run(async {
                    let store = $open_with($crate::testing::contract::$policy()).await;
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
