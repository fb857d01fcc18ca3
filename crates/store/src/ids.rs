//! Ids from blocks. A block is durable before the first of its ids is handed out, so an id is never
//! handed out twice, and handing one out takes no look at the database until the block is used up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use webhook_domain::{Context, StoreError, WebhookId};

use crate::entity::id_sequence;
use crate::error::store_error;

/// The sequence of webhooks, in every context.
pub(crate) const WEBHOOK: &str = "webhook";

/// Blocks grow, so that a small installation that starts often leaves small gaps and a busy one
/// seldom waits.
const BLOCK_SIZES: Range<i64> = 16..1_024;
/// Ids are 32-bit numbers on the wire.
const END: i64 = i32::MAX as i64 + 1;

/// The blocks of webhook ids that this process has reserved.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    blocks: Mutex<HashMap<Context, Block>>,
    /// Held by the one who fetches a block, so that others do not fetch one each.
    pub(crate) fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    /// The next id to hand out.
    next: i64,
    /// The first id that is not in the block. The stored sequence stands here or further.
    end: i64,
    /// How many ids to reserve next time.
    size: i64,
    /// Ids up to this one are known to be used.
    known: i64,
}

impl Ids {
    /// An id of the context's block; `None` when it is used up.
    pub(crate) fn take(&self, context: &Context) -> Option<WebhookId> {
        let mut blocks = self.blocks();
        let block = blocks.get_mut(context)?;
        let id = Some(block.next).filter(|next| *next < block.end)?;
        block.next += 1;
        i32::try_from(id).ok().and_then(WebhookId::new)
    }

    /// How many ids the context's next block should have.
    pub(crate) fn wanted(&self, context: &Context) -> i64 {
        self.blocks()
            .get(context)
            .map_or(BLOCK_SIZES.start, |block| block.size)
    }

    /// Takes over a block that was reserved.
    pub(crate) fn add(&self, context: Context, reserved: Range<i64>) {
        let size = ((reserved.end - reserved.start) * 2).clamp(BLOCK_SIZES.start, BLOCK_SIZES.end);
        let block = Block {
            next: reserved.start,
            end: reserved.end,
            size,
            known: reserved.start - 1,
        };
        self.blocks().insert(context, block);
    }

    /// Whether the stored sequence is known to be past this id already.
    pub(crate) fn past(&self, context: &Context, id: WebhookId) -> bool {
        self.blocks()
            .get(context)
            .is_some_and(|block| i64::from(id.get()) < block.end)
    }

    /// Never hands out this id or one below it any more: it was inserted.
    pub(crate) fn move_past(&self, context: &Context, id: WebhookId) {
        if let Some(block) = self.blocks().get_mut(context) {
            block.next = block.next.max(i64::from(id.get()) + 1);
            block.known = block.known.max(id.get().into());
        }
    }

    /// Hands out nothing more of the context's block when this id was found stored and nobody here
    /// inserted it: another process did, by an import for example, and perhaps more. The stored sequence
    /// is past those.
    pub(crate) fn found(&self, context: &Context, id: WebhookId) {
        if let Some(block) = self.blocks().get_mut(context)
            && i64::from(id.get()) > block.known
        {
            block.next = block.end;
        }
    }

    fn blocks(&self) -> std::sync::MutexGuard<'_, HashMap<Context, Block>> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes ids of a stored sequence, at most so many, at least one. The sequence stays locked until the
/// transaction ends, so that no other node takes the same ids.
pub(crate) async fn reserve(
    transaction: &impl ConnectionTrait,
    context: &str,
    name: &str,
    count: i64,
) -> Result<Range<i64>, StoreError> {
    reserve_below(transaction, context, name, count, END).await
}

/// The same for a sequence of 64-bit numbers that the whole installation shares.
pub(crate) async fn reserve_long(
    transaction: &impl ConnectionTrait,
    name: &str,
    count: i64,
) -> Result<Range<i64>, StoreError> {
    reserve_below(transaction, "", name, count, i64::MAX).await
}

async fn reserve_below(
    transaction: &impl ConnectionTrait,
    context: &str,
    name: &str,
    count: i64,
    end_of_all: i64,
) -> Result<Range<i64>, StoreError> {
    let first = locked(transaction, context, name).await?;
    if first >= end_of_all {
        return Err(StoreError::Failed(format!(
            "the ids of '{name}' are used up"
        )));
    }
    let end = first.saturating_add(count).min(end_of_all);
    store(transaction, context, name, end).await?;
    Ok(first..end)
}

/// Moves a stored sequence past an id that did not come from it.
pub(crate) async fn move_stored_past(
    transaction: &impl ConnectionTrait,
    context: &str,
    name: &str,
    id: i32,
) -> Result<(), StoreError> {
    let after = i64::from(id) + 1;
    if locked(transaction, context, name).await? >= after {
        return Ok(());
    }
    store(transaction, context, name, after).await
}

/// The next id of a sequence, which is made if it is missing.
async fn locked(
    transaction: &impl ConnectionTrait,
    context: &str,
    name: &str,
) -> Result<i64, StoreError> {
    if let Some(next) = stored(transaction, context, name).await? {
        return Ok(next);
    }
    let fresh = id_sequence::ActiveModel {
        context: Set(context.to_owned()),
        name: Set(name.to_owned()),
        next: Set(1),
    };
    // Another node may make it at the same time.
    let key = [id_sequence::Column::Context, id_sequence::Column::Name];
    let kept = OnConflict::columns(key).do_nothing_on(key).to_owned();
    id_sequence::Entity::insert(fresh)
        .on_conflict(kept)
        .exec_without_returning(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    let next = stored(transaction, context, name).await?;
    next.ok_or_else(|| StoreError::Failed(format!("the ids of '{name}' cannot be counted")))
}

async fn stored(
    transaction: &impl ConnectionTrait,
    context: &str,
    name: &str,
) -> Result<Option<i64>, StoreError> {
    let key = (context.to_owned(), name.to_owned());
    let found = id_sequence::Entity::find_by_id(key)
        .lock_exclusive()
        .one(transaction)
        .await;
    Ok(found
        .map_err(|e| store_error(&e))?
        .map(|sequence| sequence.next))
}

async fn store(
    transaction: &impl ConnectionTrait,
    context: &str,
    name: &str,
    next: i64,
) -> Result<(), StoreError> {
    id_sequence::Entity::update_many()
        .col_expr(id_sequence::Column::Next, Expr::value(next))
        .filter(id_sequence::Column::Context.eq(context))
        .filter(id_sequence::Column::Name.eq(name))
        .exec(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use webhook_domain::{Context, WebhookId};

    use super::Ids;

    fn taken(ids: &Ids, context: &Context) -> Option<i32> {
        ids.take(context).map(WebhookId::get)
    }

    #[test]
    fn a_block_is_handed_out_once_and_per_context() {
        let (ids, context) = (Ids::default(), Context::onsite());
        assert_eq!(taken(&ids, &context), None);
        ids.add(context.clone(), 1..3);
        assert_eq!(taken(&ids, &context), Some(1));
        assert_eq!(taken(&ids, &Context::parse("Cust1").unwrap()), None);
        assert_eq!(taken(&ids, &context), Some(2));
        assert_eq!(taken(&ids, &context), None);
    }

    #[test]
    fn blocks_grow_up_to_a_limit() {
        let (ids, context) = (Ids::default(), Context::onsite());
        let mut sizes = Vec::new();
        for _ in 0..8 {
            let size = ids.wanted(&context);
            sizes.push(size);
            ids.add(context.clone(), 1..1 + size);
        }
        assert_eq!(sizes, [16, 32, 64, 128, 256, 512, 1024, 1024]);
    }

    #[test]
    fn an_inserted_id_is_passed_and_beyond_the_block_ends_it() {
        let (ids, context) = (Ids::default(), Context::onsite());
        let id = |id| WebhookId::new(id).unwrap();
        ids.add(context.clone(), 1..17);
        assert!(ids.past(&context, id(16)) && !ids.past(&context, id(17)));
        ids.move_past(&context, id(5));
        assert_eq!(taken(&ids, &context), Some(6));
        ids.move_past(&context, id(3));
        assert_eq!(taken(&ids, &context), Some(7));
        ids.move_past(&context, id(500));
        assert_eq!(taken(&ids, &context), None);
    }

    #[test]
    fn nothing_more_is_handed_out_of_a_block_that_somebody_else_used() {
        let (ids, context) = (Ids::default(), Context::onsite());
        let id = |id| WebhookId::new(id).unwrap();
        ids.found(&context, id(1));
        ids.add(context.clone(), 1..17);
        assert_eq!(taken(&ids, &context), Some(1));
        ids.move_past(&context, id(1));
        ids.found(&context, id(1));
        assert_eq!(taken(&ids, &context), Some(2));
        ids.found(&context, id(2));
        assert_eq!(taken(&ids, &context), None);
        assert!(ids.past(&context, id(16)));
    }

    #[test]
    fn the_last_id_is_the_largest_of_the_wire() {
        let (ids, context) = (Ids::default(), Context::onsite());
        let last = i64::from(i32::MAX);
        ids.add(context.clone(), last..last + 1);
        assert_eq!(taken(&ids, &context), Some(i32::MAX));
        assert_eq!(taken(&ids, &context), None);
    }
}
