//! Saves that race other writers: the loser decides again on what is stored now, a few times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use webhook_domain::testing::{MemoryStore, SeqIds};
use webhook_domain::{
    CommitError, Context, SaveError, ServiceError, StoreError, StoredWebhook, Version,
    WebhookDraft, WebhookFilter, WebhookId, WebhookRepository, WebhookWrite, WriteSet,
};

use crate::fixtures::{Desk, House, draft, value};

/// What the other writer does with the row that is about to be written.
#[derive(Clone, Copy)]
pub(crate) enum Rival {
    /// Sets its description, or takes the id of a row that does not exist yet.
    Revises,
    /// Deletes it.
    Deletes,
}

/// A store at which another writer is faster for so many commits.
pub(crate) struct Contended {
    store: Arc<MemoryStore>,
    rival: Rival,
    losses: AtomicU32,
    commits: AtomicU32,
    /// What this node remembers of the webhook, when that is not what is stored.
    remembered: Option<StoredWebhook>,
}

impl Contended {
    async fn lose(&self, write: &WebhookWrite) {
        let (context, id) = write.key();
        let found = self.store.find(context, id).await.unwrap();
        let rival = match (found, write, self.rival) {
            (None, WebhookWrite::Insert(webhook), _) => WebhookWrite::Insert(webhook.clone()),
            (Some(stored), _, Rival::Deletes) => WebhookWrite::Delete {
                context: context.clone(),
                id,
                expected: stored.webhook.version,
            },
            (Some(stored), _, Rival::Revises) => {
                let mut webhook = (*stored.webhook).clone();
                webhook.version = webhook.version.next();
                webhook.description = Some(format!("rival {}", webhook.version.0));
                WebhookWrite::Revise {
                    webhook: webhook.into(),
                    expected: stored.webhook.version,
                }
            }
            (None, ..) => return,
        };
        self.store.commit(rival.into()).await.unwrap();
    }
}

#[async_trait]
impl WebhookRepository for Contended {
    async fn find(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        self.store.find(context, id).await
    }

    async fn recall(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        match &self.remembered {
            Some(webhook) => Ok(Some(webhook.clone())),
            None => self.store.find(context, id).await,
        }
    }

    async fn list(
        &self,
        context: &Context,
        filter: &WebhookFilter,
    ) -> Result<Vec<StoredWebhook>, StoreError> {
        self.store.list(context, filter).await
    }

    async fn reserve_webhook_id(&self, context: &Context) -> Result<WebhookId, StoreError> {
        self.store.reserve_webhook_id(context).await
    }

    async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let left = |losses: u32| losses.checked_sub(1);
        if self
            .losses
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
            .is_ok()
        {
            for write in &writes.webhooks {
                self.lose(write).await;
            }
        }
        self.store.commit(writes).await
    }
}

/// Loses every race.
const ALWAYS: u32 = u32::MAX;

/// A desk with webhook 1 stored, whose service reaches the store through a contended one.
pub(crate) async fn contended(rival: Rival, losses: u32) -> (Desk, Arc<Contended>) {
    let quiet = Desk::strict();
    quiet.webhooks.save(&quiet.anna(), draft()).await.unwrap();
    over(quiet, rival, losses, None)
}

fn over(
    quiet: Desk,
    rival: Rival,
    losses: u32,
    remembered: Option<StoredWebhook>,
) -> (Desk, Arc<Contended>) {
    let store = quiet.store.clone();
    let losses = AtomicU32::new(losses);
    let between = Arc::new(Contended {
        store,
        rival,
        losses,
        commits: AtomicU32::new(0),
        remembered,
    });
    let house = House::strict();
    let webhooks = webhook_domain::Webhooks::new(
        between.clone(),
        quiet.store.clone(),
        house.plugins,
        quiet.clock.clone(),
        Arc::new(SeqIds::default()),
        house.rules,
    );
    (Desk { webhooks, ..quiet }, between)
}

fn renamed() -> WebhookDraft {
    WebhookDraft {
        id: Some(1),
        name: value("Renamed"),
        ..WebhookDraft::default()
    }
}

#[test]
fn an_update_that_loses_a_race_is_decided_again_on_what_is_stored_now() {
    pollster::block_on(async {
        for losses in [0, 1, 2] {
            let (desk, between) = contended(Rival::Revises, losses).await;
            let saved = desk.webhooks.save(&desk.bert(), renamed()).await.unwrap();
            let webhook = &saved.view.webhook;
            assert_eq!(webhook.name, "Renamed");
            let rival = (losses > 0).then(|| format!("rival {losses}"));
            assert_eq!(webhook.description, rival, "what the rival wrote is kept");
            assert_eq!(webhook.version.0.unsigned_abs(), losses + 1);
            assert_eq!(desk.content().await[0].webhook, *webhook);
            assert_eq!(between.commits.load(Ordering::SeqCst), losses + 1);
        }
    });
}

#[test]
fn an_update_that_loses_every_race_gives_up_and_leaves_the_rival_s_work() {
    pollster::block_on(async {
        let (desk, between) = contended(Rival::Revises, ALWAYS).await;
        let error = desk
            .webhooks
            .save(&desk.bert(), renamed())
            .await
            .unwrap_err();
        assert!(
            matches!(error, SaveError::Service(ServiceError::Contended(3))),
            "{error}"
        );
        assert_eq!(between.commits.load(Ordering::SeqCst), 3);
        let webhook = &desk.content().await[0].webhook;
        assert_eq!(webhook.name, "Warehouse order feed");
        assert_eq!(webhook.description.as_deref(), Some("rival 3"));
    });
}

#[test]
fn an_update_finds_nothing_when_the_rival_deleted_the_webhook() {
    pollster::block_on(async {
        let (desk, _) = contended(Rival::Deletes, 1).await;
        let error = desk
            .webhooks
            .save(&desk.bert(), renamed())
            .await
            .unwrap_err();
        assert!(matches!(error, SaveError::NotFound(1)), "{error}");
        assert_eq!(desk.content().await, []);
    });
}

#[test]
fn a_decision_on_a_stale_memory_is_made_again_on_what_is_stored() {
    pollster::block_on(async {
        let quiet = Desk::strict();
        quiet.webhooks.save(&quiet.anna(), draft()).await.unwrap();
        let stale = quiet.content().await.remove(0);
        let elsewhere = WebhookDraft {
            description: value("elsewhere"),
            ..renamed()
        };
        quiet.webhooks.save(&quiet.anna(), elsewhere).await.unwrap();
        let (desk, between) = over(quiet, Rival::Revises, 0, Some(stale));
        let last = WebhookDraft {
            name: value("Last"),
            ..renamed()
        };
        let webhook = desk
            .webhooks
            .save(&desk.bert(), last)
            .await
            .unwrap()
            .view
            .webhook;
        assert_eq!(webhook.name, "Last");
        assert_eq!(webhook.description.as_deref(), Some("elsewhere"));
        assert_eq!(webhook.version, Version(2));
        assert_eq!(between.commits.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_new_webhook_takes_the_next_id_when_its_own_was_taken() {
    pollster::block_on(async {
        let (desk, _) = contended(Rival::Revises, 2).await;
        let name = value("Fourth");
        let saved = desk
            .webhooks
            .save(&desk.anna(), WebhookDraft { name, ..draft() })
            .await
            .unwrap();
        assert_eq!(saved.view.webhook.id.get(), 4);
        let stored = desk.content().await;
        assert_eq!(stored.len(), 4);
        assert_eq!(stored[3].webhook, saved.view.webhook);
    });
}

#[test]
fn a_new_webhook_whose_id_is_always_taken_gives_up() {
    pollster::block_on(async {
        let (desk, between) = contended(Rival::Revises, ALWAYS).await;
        let error = desk.webhooks.save(&desk.anna(), draft()).await.unwrap_err();
        assert!(
            matches!(error, SaveError::Service(ServiceError::Contended(3))),
            "{error}"
        );
        assert_eq!(between.commits.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_delete_that_loses_a_race_is_tried_again_and_gives_up_in_the_end() {
    pollster::block_on(async {
        let (desk, _) = contended(Rival::Revises, 1).await;
        assert!(desk.webhooks.delete(&desk.bert(), 1).await.unwrap());
        assert_eq!(desk.content().await, []);

        let (desk, _) = contended(Rival::Deletes, 1).await;
        assert!(!desk.webhooks.delete(&desk.bert(), 1).await.unwrap());

        let (desk, _) = contended(Rival::Revises, ALWAYS).await;
        let error = desk.webhooks.delete(&desk.bert(), 1).await.unwrap_err();
        assert!(matches!(error, ServiceError::Contended(3)), "{error}");
        assert_eq!(desk.content().await.len(), 1);
    });
}

#[test]
fn saves_of_one_webhook_at_the_same_time_all_go_through() {
    let desk = Arc::new(Desk::strict());
    pollster::block_on(desk.webhooks.save(&desk.anna(), draft())).unwrap();
    let savers: Vec<_> = (0..8)
        .map(|n| {
            let desk = desk.clone();
            std::thread::spawn(move || {
                for round in 0..50 {
                    let name = value(format!("{n}-{round}"));
                    let draft = WebhookDraft { name, ..renamed() };
                    pollster::block_on(desk.webhooks.save(&desk.anna(), draft)).unwrap();
                }
            })
        })
        .collect();
    for saver in savers {
        saver.join().unwrap();
    }
    let stored = pollster::block_on(desk.content());
    assert_eq!(stored[0].webhook.version, Version(400));
}
