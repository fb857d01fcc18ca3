//! Webhooks that come from elsewhere: from an export of this server, or from another installation. They
//! keep their key, their state and when they were registered and changed; everything else is judged as
//! in any other save. Nothing here knows how they were written down.
//!
//! Keys of associates mean nobody in another installation, or somebody else. An associate counts as the
//! same here only when key and name are the same; whoever is not is left out.

use std::sync::Arc;

use super::identity::Identity;
use super::outcome::{SaveError, ServiceError};
use super::webhooks::Webhooks;
use crate::associate::{Associate, AssociateId, UserType};
use crate::caller::{AppId, Caller};
use crate::case;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::ports::{CommitError, StoreError, WebhookWrite};
use crate::rules::{Field, MAX_RECIPIENTS, Violation};
use crate::webhook::{
    Given, Stamp, StoredWebhook, Version, Webhook, WebhookDraft, WebhookId, WebhookState,
};

/// How often another key is tried because somebody took the one that was reserved.
const ROUNDS: u32 = 3;

/// An associate as another installation names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAssociate {
    /// The key there.
    pub id: AssociateId,
    /// The login name or the full name.
    pub name: String,
}

/// When something was done elsewhere, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignStamp {
    /// The instant.
    pub at: Timestamp,
    /// The associate; `None` when it is not told.
    pub by: Option<NamedAssociate>,
}

/// A webhook that comes from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct ForeignWebhook {
    /// What clients set. Its associates are those of `recipients`.
    pub draft: WebhookDraft,
    /// Its registration; `None` when it is not told, and then it is registered now.
    pub registered: Option<ForeignStamp>,
    /// Its last change; `None` when there was none.
    pub updated: Option<ForeignStamp>,
    /// The associates that are told about failures.
    pub recipients: Vec<NamedAssociate>,
}

/// How webhooks are taken in.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Every webhook gets a new key, instead of keeping its own.
    pub renumber: bool,
    /// The app that owns what is taken in.
    pub owner: Option<AppId>,
}

/// What came of a webhook that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its key here.
    pub id: WebhookId,
    /// It was here already, just as it came; nothing was written.
    pub unchanged: bool,
    /// Associates that nobody here is, so that they are not told about failures.
    pub left_out: Vec<NamedAssociate>,
}

impl Webhooks {
    /// Takes in a webhook, in the name of the server. It keeps its key, unless it has none or the options
    /// say otherwise; its counters begin anew. The target is sent the `test` event when the rules ask
    /// for that.
    ///
    /// # Errors
    /// Every broken rule, a key that another webhook has among them; or the storage.
    pub async fn import(
        &self,
        context: &Context,
        mut foreign: ForeignWebhook,
        options: ImportOptions,
    ) -> Result<Imported, SaveError> {
        let server = server_of(context);
        let asked = match foreign.draft.id.take().filter(|id| *id != 0) {
            None => None,
            Some(_) if options.renumber => None,
            Some(id) => Some(WebhookId::new(id).ok_or_else(|| refused("must be above zero"))?),
        };
        let known = self.named_in(&server, &foreign).await?;
        let left_out = recipients(&mut foreign, &known);
        let judged = self.judge(&server, foreign.draft, None).await?;

        let registered = foreign.registered.map(|stamp| stamped(stamp, &known));
        let registered = registered.unwrap_or_else(|| Stamp {
            at: self.now(),
            by: None,
        });
        let updated = foreign.updated.map(|stamp| stamped(stamp, &known));
        let id = match asked {
            Some(id) => id,
            None => self.repository().reserve_webhook_id(context).await?,
        };
        let mut webhook = Webhook {
            owner_app: options.owner,
            updated,
            version: Version(i32::from(updated.is_some())),
            ..Identity::register(id, &server, registered).with(judged.content)
        };
        if asked.is_some()
            && let Some(there) = self.repository().find(context, id).await?
        {
            return already(&there, &webhook, left_out);
        }
        if webhook.state == WebhookState::Active {
            self.must_take_a_test(&server, &webhook).await?;
        }
        for _ in 0..ROUNDS {
            let write = WebhookWrite::Insert(Arc::new(webhook.clone()));
            match self.repository().commit(write.into()).await {
                Ok(()) => {
                    return Ok(Imported {
                        id: webhook.id,
                        unchanged: false,
                        left_out,
                    });
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conflict) if asked.is_some() => {
                    match self.repository().find(context, id).await? {
                        Some(there) => return already(&there, &webhook, left_out),
                        None => continue,
                    }
                }
                Err(CommitError::Conflict) => {}
            }
            webhook.id = self.repository().reserve_webhook_id(context).await?;
        }
        Err(ServiceError::Contended(ROUNDS).into())
    }

    /// Those here who have the keys of those that the webhook names.
    async fn named_in(
        &self,
        server: &Caller,
        foreign: &ForeignWebhook,
    ) -> Result<Vec<Arc<Associate>>, StoreError> {
        let stamps = [&foreign.registered, &foreign.updated];
        let by = stamps
            .into_iter()
            .filter_map(|stamp| stamp.as_ref()?.by.as_ref());
        let mut ids: Vec<AssociateId> = by
            .chain(foreign.recipients.iter().take(MAX_RECIPIENTS))
            .map(|named| named.id)
            .filter(|id| *id != server.who().id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.lookup(server, &ids).await
    }
}

/// The server as a caller.
fn server_of(context: &Context) -> Caller {
    let server = Associate {
        id: AssociateId(0),
        name: String::new(),
        person_id: 0,
        rank: 0,
        tooltip: String::new(),
        user_type: UserType::SystemAssociate,
        group_idx: 0,
        full_name: String::new(),
        deleted: false,
        ej_user_id: 0,
        email: None,
    };
    Caller::associate(context.clone(), Arc::new(server))
}

fn same_here<'k>(
    named: &NamedAssociate,
    known: &'k [Arc<Associate>],
) -> Option<&'k Arc<Associate>> {
    known.iter().find(|here| {
        here.id == named.id
            && (case::same(&here.name, &named.name) || case::same(&here.full_name, &named.name))
    })
}

/// Leaves those recipients in the draft that are associates here, and gives the others. A list that is
/// too long is left as it is: it is refused anyway.
fn recipients(foreign: &mut ForeignWebhook, known: &[Arc<Associate>]) -> Vec<NamedAssociate> {
    if foreign.recipients.len() > MAX_RECIPIENTS {
        let ids = foreign.recipients.iter().map(|named| named.id.0);
        foreign.draft.error_associates = Given::Value(ids.collect());
        return Vec::new();
    }
    let (kept, left_out): (Vec<_>, Vec<_>) = std::mem::take(&mut foreign.recipients)
        .into_iter()
        .partition(|named| same_here(named, known).is_some());
    foreign.draft.error_associates =
        Given::Value(kept.into_iter().map(|named| named.id.0).collect());
    left_out
}

fn stamped(stamp: ForeignStamp, known: &[Arc<Associate>]) -> Stamp {
    let by = stamp.by.and_then(|named| same_here(&named, known).cloned());
    Stamp {
        at: stamp.at,
        by: by.map(|here| here.id),
    }
}

/// What comes of a webhook whose key is taken: nothing is to be done when what clients set is the same.
fn already(
    there: &StoredWebhook,
    webhook: &Webhook,
    left_out: Vec<NamedAssociate>,
) -> Result<Imported, SaveError> {
    let there = &*there.webhook;
    let of_there = Webhook {
        owner_app: there.owner_app,
        version: there.version,
        registered: there.registered,
        updated: there.updated,
        ..webhook.clone()
    };
    if of_there != *there {
        return Err(refused("is the key of another webhook here"));
    }
    Ok(Imported {
        id: there.id,
        unchanged: true,
        left_out,
    })
}

fn refused(reason: &str) -> SaveError {
    SaveError::Invalid(vec![Violation::new(Field::WebhookId, reason)])
}
