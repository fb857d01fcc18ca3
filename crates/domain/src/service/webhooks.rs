//! Saving, reading, listing and deleting webhooks (contract 1.2, 2.5, 9).

use std::fmt;
use std::sync::Arc;

use super::identity::Identity;
use super::locks::KeyedLocks;
use super::outcome::{SaveError, Saved, ServiceError, Warning};
use super::precondition::Precondition;
use super::transition::{changes_how_it_is_called, revision};
use crate::associate::{Associate, AssociateId};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::delivery::WebhookKey;
use crate::plugin::{DeliveryPlugin, PluginRegistry};
use crate::ports::{
    Associates, Clock, CommitError, Ids, QueueChange, StoreError, WebhookRepository, WebhookWrite,
};
use crate::rules::{
    Field, Judged, MAX_REASONS_PER_FIELD, SaveRules, Violation, associates_to_look_up, judge,
};
use crate::webhook::{
    Stamp, StoredWebhook, Usage, Webhook, WebhookDraft, WebhookFilter, WebhookId, WebhookState,
    WebhookView,
};

/// Whether a change wants to see who the webhook names; most do not, and looking them up costs.
#[derive(Clone, Copy)]
struct Names;

/// How often a decision is made anew because another writer was faster.
const ROUNDS: u32 = 3;

/// The use cases around webhooks, over any store.
pub struct Webhooks {
    repository: Arc<dyn WebhookRepository>,
    associates: Arc<dyn Associates>,
    plugins: Arc<PluginRegistry>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    rules: SaveRules,
    locks: KeyedLocks,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks")
            .field("plugins", &self.plugins)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl Webhooks {
    /// The use cases over these ports, under these rules.
    #[must_use]
    pub fn new(
        repository: Arc<dyn WebhookRepository>,
        associates: Arc<dyn Associates>,
        plugins: Arc<PluginRegistry>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        rules: SaveRules,
    ) -> Self {
        Self {
            repository,
            associates,
            plugins,
            clock,
            ids,
            rules,
            locks: KeyedLocks::new(),
        }
    }

    /// Creates a webhook when the draft's id is absent or zero, else updates the one it names: absent
    /// members keep what is stored, null clears (contract 2.5). `Updated` is stamped on updates only.
    ///
    /// # Errors
    /// Every broken rule at once; an id that does not exist for the caller; or the storage.
    pub async fn save(&self, caller: &Caller, draft: WebhookDraft) -> Result<Saved, SaveError> {
        match draft.id.unwrap_or(0) {
            0 => self.create(caller, draft).await,
            id => {
                self.update(caller, id, Precondition::default(), draft)
                    .await
            }
        }
    }

    /// Updates the webhook with this id, whatever id the draft names, if the precondition holds.
    ///
    /// # Errors
    /// Like [`Webhooks::save`]; or when the webhook changed since the caller looked.
    pub async fn update(
        &self,
        caller: &Caller,
        id: i32,
        precondition: Precondition,
        draft: WebhookDraft,
    ) -> Result<Saved, SaveError> {
        let same = |_: &WebhookView| Ok::<_, SaveError>(draft.clone());
        self.revise(caller, id, precondition, None, same).await
    }

    /// Updates the webhook with this id by a draft that is made of what is stored. It is made anew when
    /// another writer was faster, so that a patch never applies to what is stored no more.
    ///
    /// # Errors
    /// Like [`Webhooks::update`]; or what `change` refuses.
    pub async fn amend<E: From<SaveError>>(
        &self,
        caller: &Caller,
        id: i32,
        precondition: Precondition,
        change: impl Fn(&WebhookView) -> Result<WebhookDraft, E>,
    ) -> Result<Saved, E> {
        self.revise(caller, id, precondition, Some(Names), change)
            .await
    }

    /// The webhook with this id, if it exists for the caller.
    ///
    /// # Errors
    /// When the storage cannot answer.
    pub async fn get(&self, caller: &Caller, id: i32) -> Result<Option<WebhookView>, ServiceError> {
        let Some(id) = WebhookId::new(id) else {
            return Ok(None);
        };
        let found = self.repository.find(caller.context(), id).await?;
        match found.filter(|stored| caller.visibility().shows(&stored.webhook)) {
            Some(stored) => Ok(Some(self.view(caller, stored).await?)),
            None => Ok(None),
        }
    }

    /// The webhooks that the filter shows, by rising id. The filter's visibility is the caller's.
    ///
    /// # Errors
    /// When the storage cannot answer.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: WebhookFilter,
    ) -> Result<Vec<WebhookView>, ServiceError> {
        let filter = WebhookFilter {
            visibility: caller.visibility(),
            ..filter
        };
        let found = self.repository.list(caller.context(), &filter).await?;
        let known = self.lookup(caller, &named_in(&found)).await?;
        Ok(found
            .into_iter()
            .map(|stored| view_of(stored, &known))
            .collect())
    }

    /// Deletes the webhook with this id; false when it does not exist for the caller.
    ///
    /// # Errors
    /// When the storage cannot answer, or other writers were faster every time.
    pub async fn delete(&self, caller: &Caller, id: i32) -> Result<bool, ServiceError> {
        self.delete_if(caller, id, Precondition::default()).await
    }

    /// Deletes the webhook with this id if the precondition holds; false when it does not exist for the
    /// caller.
    ///
    /// # Errors
    /// Like [`Webhooks::delete`]; or when the webhook changed since the caller looked.
    pub async fn delete_if(
        &self,
        caller: &Caller,
        id: i32,
        precondition: Precondition,
    ) -> Result<bool, ServiceError> {
        let Some(id) = WebhookId::new(id) else {
            return Ok(false);
        };
        let context = caller.context();
        let _turn = self.locks.lock((context, id)).await;
        for _ in 0..ROUNDS {
            let found = self.repository.find(context, id).await?;
            let Some(stored) = found.filter(|stored| caller.visibility().shows(&stored.webhook))
            else {
                return Ok(false);
            };
            if !precondition.holds_for(&stored.webhook) {
                return Err(ServiceError::PreconditionFailed);
            }
            let expected = stored.webhook.version;
            let write = WebhookWrite::Delete {
                context: context.clone(),
                id,
                expected,
            };
            match self.repository.commit(write.into()).await {
                Ok(()) => return Ok(true),
                Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(ServiceError::Contended(ROUNDS))
    }

    /// What the last failed attempt at the webhook said; empty when there was none, or the webhook does
    /// not exist for the caller (contract 4, `GetLastError`).
    ///
    /// # Errors
    /// When the storage cannot answer.
    pub async fn last_error(&self, caller: &Caller, id: i32) -> Result<String, ServiceError> {
        let view = self.get(caller, id).await?;
        Ok(view
            .and_then(|view| view.usage.last_error)
            .unwrap_or_default())
    }

    /// Makes a webhook that errors have disabled active again, in the name of the server: after a probe
    /// that its target took. False when it is not disabled, or is gone.
    ///
    /// # Errors
    /// When the storage cannot answer, or other writers were faster every time.
    pub async fn reactivate(&self, key: &WebhookKey) -> Result<bool, ServiceError> {
        let _turn = self.locks.lock((&key.context, key.id)).await;
        for _ in 0..ROUNDS {
            let found = self.repository.find(&key.context, key.id).await?;
            let Some(stored) =
                found.filter(|stored| stored.webhook.state == WebhookState::TooManyErrors)
            else {
                return Ok(false);
            };
            let active = Arc::new(Webhook {
                state: WebhookState::Active,
                version: stored.webhook.version.next(),
                updated: Some(Stamp {
                    at: self.clock.now(),
                    by: None,
                }),
                ..(*stored.webhook).clone()
            });
            let ids = self.ids.as_ref();
            let writes = revision(&stored.webhook, active, ids, self.rules.disabled_events);
            match self.repository.commit(writes).await {
                Ok(()) => return Ok(true),
                Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(ServiceError::Contended(ROUNDS))
    }

    async fn create(&self, caller: &Caller, draft: WebhookDraft) -> Result<Saved, SaveError> {
        let judged = self.judge(caller, draft, None).await?;
        if judged.content.state == WebhookState::Active {
            // Before an id is used up: what is refused leaves no gap. The target does not see the id.
            let draft = Identity::draft(caller, self.stamp(caller)).with(judged.content.clone());
            self.must_take_a_test(caller, &draft).await?;
        }
        let id = self.repository.reserve_webhook_id(caller.context()).await?;
        let identity = Identity::register(id, caller, self.stamp(caller));
        let mut webhook = Arc::new(identity.with(judged.content));
        let named = self.named_by(caller, &webhook).await?;
        // Only a reserved id that somebody else took, by an import for example, is a conflict here.
        for _ in 0..ROUNDS {
            match self
                .repository
                .commit(WebhookWrite::Insert(webhook.clone()).into())
                .await
            {
                Ok(()) => {
                    let stored = StoredWebhook {
                        webhook,
                        usage: Usage::default(),
                    };
                    return Ok(saved(stored, &named, judged.unknown_type));
                }
                Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
            let next = self.repository.reserve_webhook_id(caller.context()).await?;
            Arc::make_mut(&mut webhook).id = next;
        }
        Err(ServiceError::Contended(ROUNDS).into())
    }

    async fn revise<E: From<SaveError>>(
        &self,
        caller: &Caller,
        asked: i32,
        precondition: Precondition,
        names: Option<Names>,
        change: impl Fn(&WebhookView) -> Result<WebhookDraft, E>,
    ) -> Result<Saved, E> {
        let not_found = || E::from(SaveError::NotFound(asked));
        let id = WebhookId::new(asked).ok_or_else(not_found)?;
        let context = caller.context();
        let _turn = self.locks.lock((context, id)).await;
        for round in 0..ROUNDS {
            // What this node remembers is good enough to decide on, but not to show to a change that
            // looks at it, and not after a conflict.
            let found = match (round, names) {
                (0, None) => self.repository.recall(context, id).await,
                _ => self.repository.find(context, id).await,
            };
            let stored = found
                .map_err(SaveError::from)?
                .filter(|stored| caller.visibility().shows(&stored.webhook))
                .ok_or_else(not_found)?;
            if !precondition.holds_for(&stored.webhook) {
                return Err(SaveError::from(ServiceError::PreconditionFailed).into());
            }
            let named = match names {
                Some(Names) => {
                    let named = self.named_by(caller, &stored.webhook).await;
                    named.map_err(SaveError::from)?
                }
                None => Vec::new(),
            };
            let draft = change(&view_of(stored.clone(), &named))?;
            match self.try_revise(caller, stored, draft).await {
                Ok(Some(saved)) => return Ok(saved),
                Ok(None) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(SaveError::from(ServiceError::Contended(ROUNDS)).into())
    }

    /// One round of a revision; `None` when another writer was faster.
    async fn try_revise(
        &self,
        caller: &Caller,
        stored: StoredWebhook,
        draft: WebhookDraft,
    ) -> Result<Option<Saved>, SaveError> {
        let judged = self.judge(caller, draft, Some(&stored.webhook)).await?;
        let identity = Identity::revise(&stored.webhook, self.stamp(caller));
        let webhook = Arc::new(identity.with(judged.content));
        let named = self.named_by(caller, &webhook).await?;
        if changes_how_it_is_called(&stored.webhook, &webhook) {
            self.must_take_a_test(caller, &webhook).await?;
        }
        let writes = revision(
            &stored.webhook,
            webhook.clone(),
            self.ids.as_ref(),
            self.rules.disabled_events,
        );
        let resumed = writes.queues.iter().any(|(_, c)| *c == QueueChange::Resume);
        match self.repository.commit(writes).await {
            Ok(()) => {
                let usage = Usage {
                    consecutive_errors: if resumed {
                        0
                    } else {
                        stored.usage.consecutive_errors
                    },
                    ..stored.usage
                };
                let stored = StoredWebhook { webhook, usage };
                Ok(Some(saved(stored, &named, judged.unknown_type)))
            }
            Err(CommitError::Conflict) => Ok(None),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// The stored webhook, if it exists for the caller.
    pub(super) async fn find_for(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<Option<Arc<Webhook>>, StoreError> {
        let found = self.repository.find(caller.context(), id).await?;
        Ok(found
            .map(|stored| stored.webhook)
            .filter(|webhook| caller.visibility().shows(webhook)))
    }

    pub(super) fn plugin_of(&self, webhook: &Webhook) -> Option<&Arc<dyn DeliveryPlugin>> {
        self.plugins.find(&webhook.plugin)
    }

    pub(super) fn tests_targets(&self) -> bool {
        self.rules.test_targets
    }

    pub(super) fn repository(&self) -> &dyn WebhookRepository {
        self.repository.as_ref()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn uuid(&self) -> uuid::Uuid {
        self.ids.uuid()
    }

    /// The rules, and the one of them that needs a look-up: the associates that are to be told about
    /// failures must exist.
    pub(super) async fn judge(
        &self,
        caller: &Caller,
        draft: WebhookDraft,
        stored: Option<&Webhook>,
    ) -> Result<Judged, SaveError> {
        let asked = associates_to_look_up(&draft, stored);
        let known = self.lookup(caller, &asked).await?;
        let unknown = asked
            .iter()
            .filter(|id| find(&known, **id).is_none())
            .map(|id| Violation::new(Field::ErrorAssociates, format_args!("{id} is no associate")));
        let unknown: Vec<Violation> = unknown.take(MAX_REASONS_PER_FIELD).collect();
        match judge(draft, stored, &self.plugins, &self.rules) {
            Ok(judged) if unknown.is_empty() => Ok(judged),
            Ok(_) => Err(SaveError::Invalid(unknown)),
            Err(mut violations) => {
                let later = |violation: &Violation| violation.field > Field::ErrorAssociates;
                let at = violations
                    .iter()
                    .position(later)
                    .unwrap_or(violations.len());
                violations.splice(at..at, unknown);
                Err(SaveError::Invalid(violations))
            }
        }
    }

    async fn view(
        &self,
        caller: &Caller,
        stored: StoredWebhook,
    ) -> Result<WebhookView, StoreError> {
        let named = self.named_by(caller, &stored.webhook).await?;
        Ok(view_of(stored, &named))
    }

    /// Everybody that the webhook names. A save asks before it commits: once something is written,
    /// nothing may make the save look as if it had failed.
    async fn named_by(
        &self,
        caller: &Caller,
        webhook: &Webhook,
    ) -> Result<Vec<Arc<Associate>>, StoreError> {
        let ids: Vec<AssociateId> = associates_of(webhook).collect();
        self.lookup(caller, &ids).await
    }

    /// Those of the associates that exist, by rising key. The caller itself is known; the store is
    /// asked about others only.
    pub(super) async fn lookup(
        &self,
        caller: &Caller,
        ids: &[AssociateId],
    ) -> Result<Vec<Arc<Associate>>, StoreError> {
        if ids.iter().all(|id| *id == caller.who().id) {
            return Ok(vec![caller.who().clone()]);
        }
        let mut found = self.associates.associates(caller.context(), ids).await?;
        found.sort_unstable_by_key(|associate| associate.id);
        Ok(found)
    }

    pub(super) fn stamp(&self, caller: &Caller) -> Stamp {
        Stamp {
            at: self.clock.now(),
            by: Some(caller.who().id),
        }
    }
}

fn associates_of(webhook: &Webhook) -> impl Iterator<Item = AssociateId> {
    let updated_by = webhook.updated.and_then(|stamp| stamp.by);
    webhook
        .registered
        .by
        .into_iter()
        .chain(updated_by)
        .chain(webhook.error_associates.iter().copied())
}

fn saved(stored: StoredWebhook, named: &[Arc<Associate>], unknown_type: bool) -> Saved {
    let warning = unknown_type.then(|| Warning::UnknownType(stored.webhook.plugin.clone()));
    Saved {
        view: view_of(stored, named),
        warnings: warning.into_iter().collect(),
    }
}

/// The associate with this key among some that are sorted by it.
fn find(sorted: &[Arc<Associate>], id: AssociateId) -> Option<&Arc<Associate>> {
    sorted
        .binary_search_by_key(&id, |associate| associate.id)
        .ok()
        .map(|at| &sorted[at])
}

/// Stored webhooks of one context with everybody they name, in the same order.
///
/// # Errors
/// When the storage cannot answer.
pub async fn views_of(
    associates: &dyn Associates,
    context: &Context,
    found: Vec<StoredWebhook>,
) -> Result<Vec<WebhookView>, StoreError> {
    let mut known = associates.associates(context, &named_in(&found)).await?;
    known.sort_unstable_by_key(|associate| associate.id);
    let views = found.into_iter().map(|stored| view_of(stored, &known));
    Ok(views.collect())
}

/// Everybody that these webhooks name, each once.
fn named_in(found: &[StoredWebhook]) -> Vec<AssociateId> {
    let mut named: Vec<AssociateId> = found
        .iter()
        .flat_map(|stored| associates_of(&stored.webhook))
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}

fn view_of(stored: StoredWebhook, named: &[Arc<Associate>]) -> WebhookView {
    let who = |id: AssociateId| find(named, id).cloned();
    let webhook = stored.webhook;
    WebhookView {
        usage: stored.usage,
        registered_by: webhook.registered.by.and_then(who),
        updated_by: webhook.updated.and_then(|stamp| stamp.by).and_then(who),
        error_associates: webhook
            .error_associates
            .iter()
            .copied()
            .filter_map(who)
            .collect(),
        webhook,
    }
}
