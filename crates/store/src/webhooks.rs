//! The domain's [`WebhookRepository`] on the database. Reads take a connection of their own and never
//! wait for the writer.

use std::collections::HashSet;

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, Statement,
    sea_query::{Order, SelectStatement},
};
use webhook_domain::{
    CommitError, Context, StoreError, StoredWebhook, Visibility, WebhookFilter, WebhookId,
    WebhookRepository, WriteSet,
};

use crate::SqlStore;
use crate::entity::{webhook, webhook_notify};
use crate::error::store_error;
use crate::rows::{ReadWebhook, read};
use crate::statements::{select_recipients, select_webhooks};

/// Read at a time by a list, so that no read lasts long: the log cannot be emptied meanwhile.
const PAGE: u64 = 200;

#[async_trait]
impl WebhookRepository for SqlStore {
    async fn find(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        let readers = &self.0.readers;
        let key = [context.as_str().into(), id.get().into()];
        let find = Statement::from_sql_and_values(
            readers.get_database_backend(),
            self.0.find_webhook.as_str(),
            key,
        );
        let row = readers
            .query_one_raw(find)
            .await
            .map_err(|e| store_error(&e))?;
        let Some(row) = row else { return Ok(None) };
        let found = ReadWebhook::from_row(context, &row)?;
        let found = if found.recipients == 0 {
            Some(found.into_stored())
        } else {
            // The webhook once more, together with its recipients as they are at the same moment.
            let same = select_webhooks()
                .and_where(webhook::Column::Context.eq(context.as_str()))
                .and_where(webhook::Column::WebhookId.eq(id.get()))
                .take();
            self.page(context, same).await?.pop()
        };
        if let Some(found) = &found {
            self.0.shared.recall.read(found);
        }
        Ok(found)
    }

    async fn recall(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        match self.0.shared.recall.get(&(context.clone(), id)) {
            Some(seen) => Ok(Some(seen)),
            None => self.find(context, id).await,
        }
    }

    async fn list(
        &self,
        context: &Context,
        filter: &WebhookFilter,
    ) -> Result<Vec<StoredWebhook>, StoreError> {
        let mut shown = Vec::new();
        let mut after = 0;
        loop {
            let page = self
                .page(context, next_page(context, filter, after))
                .await?;
            let Some(last) = page.last() else { break };
            after = last.webhook.id.get();
            let complete = page.len() as u64 == PAGE;
            shown.extend(
                page.into_iter()
                    .filter(|stored| filter.shows(&stored.webhook)),
            );
            if !complete {
                break;
            }
        }
        Ok(shown)
    }

    async fn reserve_webhook_id(&self, context: &Context) -> Result<WebhookId, StoreError> {
        let ids = &self.0.shared.ids;
        loop {
            if let Some(id) = ids.take(context) {
                return Ok(id);
            }
            let _turn = ids.fetching.lock().await;
            // Somebody else may have fetched a block in the meantime.
            if let Some(id) = ids.take(context) {
                return Ok(id);
            }
            self.0.writer.reserve_webhook_ids(context).await?;
        }
    }

    async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        let mut rows = HashSet::with_capacity(writes.webhooks.len());
        if !writes.webhooks.iter().all(|write| rows.insert(write.key())) {
            return Err(CommitError::Conflict);
        }
        drop(rows);
        if writes.webhooks.is_empty() && writes.queues.is_empty() && writes.events.is_empty() {
            return Ok(());
        }
        self.0.writer.commit(writes).await
    }
}

impl SqlStore {
    /// Some webhooks of a context, by rising id, from the one after this id on; none when there is none.
    /// Going through all of them in this way keeps only some in memory.
    ///
    /// # Errors
    /// When the storage cannot answer.
    pub async fn webhooks_after(
        &self,
        context: &Context,
        after: Option<WebhookId>,
    ) -> Result<Vec<StoredWebhook>, StoreError> {
        let after = after.map_or(0, WebhookId::get);
        self.page(
            context,
            next_page(context, &WebhookFilter::default(), after),
        )
        .await
    }

    /// The webhooks of one context that a statement selects, with their recipients, as they are at one
    /// moment.
    async fn page(
        &self,
        context: &Context,
        select: SelectStatement,
    ) -> Result<Vec<StoredWebhook>, StoreError> {
        let (store, context) = (self.clone(), context.clone());
        let page = self
            .0
            .readers
            .to_the_end(async move {
                let begun = store.0.readers.moment().await;
                let moment = begun.map_err(|e| store_error(&e))?;
                let page = read_page(&moment, &context, select).await;
                let ended = moment.rollback().await.map_err(|e| store_error(&e));
                let page = page.and_then(|page| ended.map(|()| page));
                if let Err(error) = &page {
                    store.0.readers.give_up(error).await;
                }
                page
            })
            .await?;
        Ok(page.into_iter().map(ReadWebhook::into_stored).collect())
    }
}

async fn read_page(
    moment: &impl ConnectionTrait,
    context: &Context,
    select: SelectStatement,
) -> Result<Vec<ReadWebhook>, StoreError> {
    let rows = moment
        .query_all(&select)
        .await
        .map_err(|e| store_error(&e))?;
    let mut page = rows
        .iter()
        .map(|row| ReadWebhook::from_row(context, row))
        .collect::<Result<Vec<_>, _>>()?;
    let mut told = page
        .iter()
        .filter(|read| read.recipients > 0)
        .map(|read| read.webhook.id.get());
    let Some(first) = told.next() else {
        return Ok(page);
    };
    let last = told.next_back().unwrap_or(first);
    let recipients = select_recipients(context.as_str(), first, last);
    let rows = moment
        .query_all(&recipients)
        .await
        .map_err(|e| store_error(&e))?;
    let mut told = page.iter_mut().peekable();
    for row in rows {
        let recipient: webhook_notify::Model = read(&row, "webhook_notify", context, "webhook_id")?;
        // Both are in the order of the ids.
        while told
            .next_if(|read| read.webhook.id.get() < recipient.webhook_id)
            .is_some()
        {}
        if let Some(read) = told.peek_mut()
            && read.webhook.id.get() == recipient.webhook_id
        {
            read.tell(recipient)?;
        }
    }
    Ok(page)
}

/// The next webhooks that the filter may show. What it really shows is the filter's to say.
fn next_page(context: &Context, filter: &WebhookFilter, after: i32) -> SelectStatement {
    use webhook::{Column, Entity};
    let mut select = select_webhooks();
    select
        .and_where(Column::Context.eq(context.as_str()))
        .and_where(Column::WebhookId.gt(after))
        .order_by((Entity, Column::WebhookId), Order::Asc)
        .limit(PAGE);
    if let Some(state) = filter.state {
        select.and_where(Column::State.eq(i32::from(state as i16)));
    }
    if let Visibility::App(app) = filter.visibility {
        select.and_where(Column::AppId.eq(app.0));
    }
    select
}
