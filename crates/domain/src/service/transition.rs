//! What follows from a change of a webhook: whether its target must take a test first, and the events
//! and queue changes that go into the same write set (contract 9.2 and 9.4, decisions 11, 23, 29).

use std::sync::Arc;

use crate::delivery::WebhookKey;
use crate::event::NewEvent;
use crate::ports::{Ids, QueueChange, WebhookWrite, WriteSet};
use crate::subscriptions::DisabledEvents;
use crate::webhook::{Webhook, WebhookState};

/// Whether an update makes the webhook active, or changes where or how an active one is called.
pub(super) fn changes_how_it_is_called(before: &Webhook, after: &Webhook) -> bool {
    after.state == WebhookState::Active
        && (before.state != WebhookState::Active
            || before.target_url != after.target_url
            || before.plugin != after.plugin
            || before.secret != after.secret
            || before.headers != after.headers)
}

/// The write set of a revision. When the state changes, it tells so in an event, and says what becomes
/// of what waits.
pub(super) fn revision(
    before: &Webhook,
    after: Arc<Webhook>,
    ids: &dyn Ids,
    disabled: DisabledEvents,
) -> WriteSet {
    let mut writes = WriteSet::default();
    if before.state != after.state {
        let at = after.modified_at();
        writes
            .events
            .push(NewEvent::of_state(&after, ids.uuid(), at));
        let change = match (after.state, disabled) {
            (WebhookState::Active, _) => Some(QueueChange::Resume),
            (_, DisabledEvents::Drop) => Some(QueueChange::Cancel),
            (_, DisabledEvents::Keep) => None,
        };
        let key = WebhookKey::of(&after);
        writes.queues.extend(change.map(|change| (key, change)));
    }
    writes.webhooks.push(WebhookWrite::Revise {
        webhook: after,
        expected: before.version,
    });
    writes
}
