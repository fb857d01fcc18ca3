//! Looking at what was delivered, and sending it again (issue: the log of deliveries). What a caller may
//! not see is absent, as with webhooks.

use std::fmt;
use std::sync::Arc;

use super::outcome::ServiceError;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::delivery::{Attempt, DeliveryFilter, DeliveryKey, DeliveryView, Resend, WebhookKey};
use crate::event::EventSeq;
use crate::notice::Notice;
use crate::ports::{Clock, DeliveryLog, Notices, StoreError, WebhookRepository};
use crate::webhook::WebhookId;

/// The most deliveries of one page.
pub const MAX_PAGE: u32 = 1_000;
/// How many notices are shown.
const NOTICES: u32 = 100;

/// Why a question about deliveries has no answer.
#[derive(Debug, thiserror::Error)]
pub enum DeliveriesError {
    /// There is no such webhook, delivery or job, or none that exists for the caller.
    #[error("not found")]
    NotFound,
    /// The delivery waits or is under way already.
    #[error("the delivery is pending")]
    Pending,
    /// What the call asks for makes no sense; the text is a sentence.
    #[error("{0}")]
    Invalid(&'static str),
    /// The same as for any other use case.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for DeliveriesError {
    fn from(error: StoreError) -> Self {
        Self::Service(ServiceError::Store(error))
    }
}

/// The use cases around deliveries, over any store.
pub struct Deliveries {
    webhooks: Arc<dyn WebhookRepository>,
    log: Arc<dyn DeliveryLog>,
    notices: Arc<dyn Notices>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").finish_non_exhaustive()
    }
}

impl Deliveries {
    /// The use cases over these ports.
    #[must_use]
    pub fn new(
        webhooks: Arc<dyn WebhookRepository>,
        log: Arc<dyn DeliveryLog>,
        notices: Arc<dyn Notices>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            webhooks,
            log,
            notices,
            clock,
        }
    }

    /// A page of a webhook's deliveries, the newest first; at most [`MAX_PAGE`].
    ///
    /// # Errors
    /// See [`DeliveriesError`].
    pub async fn list(
        &self,
        caller: &Caller,
        webhook: i32,
        filter: DeliveryFilter,
    ) -> Result<Vec<DeliveryView>, DeliveriesError> {
        let key = self.visible(caller, webhook).await?;
        let filter = DeliveryFilter {
            limit: filter.limit.min(MAX_PAGE),
            ..filter
        };
        Ok(self.log.deliveries(&key, &filter).await?)
    }

    /// One delivery with its attempts, the first one first.
    ///
    /// # Errors
    /// See [`DeliveriesError`].
    pub async fn get(
        &self,
        caller: &Caller,
        webhook: i32,
        seq: EventSeq,
    ) -> Result<(DeliveryView, Vec<Attempt>), DeliveriesError> {
        let webhook = self.visible(caller, webhook).await?;
        let found = self.log.delivery(&DeliveryKey { webhook, seq }).await?;
        found.ok_or(DeliveriesError::NotFound)
    }

    /// Lets a delivery that is decided be sent again, and shows it as it is then.
    ///
    /// # Errors
    /// See [`DeliveriesError`]; pending deliveries are on their way already.
    pub async fn resend(
        &self,
        caller: &Caller,
        webhook: i32,
        seq: EventSeq,
    ) -> Result<DeliveryView, DeliveriesError> {
        let webhook = self.visible(caller, webhook).await?;
        let key = DeliveryKey { webhook, seq };
        let put_back = self.log.resend(&key, self.clock.now()).await?;
        let (view, _) = self
            .log
            .delivery(&key)
            .await?
            .ok_or(DeliveriesError::NotFound)?;
        if put_back {
            Ok(view)
        } else {
            Err(DeliveriesError::Pending)
        }
    }

    /// Starts a job that sends again every delivery of the webhook that failed, of events signalled
    /// from `since` until `until`, which is now when it is not given.
    ///
    /// # Errors
    /// See [`DeliveriesError`].
    pub async fn resend_failed(
        &self,
        caller: &Caller,
        webhook: i32,
        since: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Resend, DeliveriesError> {
        let key = self.visible(caller, webhook).await?;
        let now = self.clock.now();
        let until = until.unwrap_or(now);
        if until <= since {
            return Err(DeliveriesError::Invalid("Since must be before Until"));
        }
        Ok(self.log.add_resend(&key, since, until, now).await?)
    }

    /// The jobs of a webhook, the newest first.
    ///
    /// # Errors
    /// See [`DeliveriesError`].
    pub async fn resends(
        &self,
        caller: &Caller,
        webhook: i32,
    ) -> Result<Vec<Resend>, DeliveriesError> {
        let key = self.visible(caller, webhook).await?;
        Ok(self.log.resends(&key).await?)
    }

    /// Cancels a job, and shows it as it is then. What it has put back already is sent.
    ///
    /// # Errors
    /// See [`DeliveriesError`].
    pub async fn cancel_resend(
        &self,
        caller: &Caller,
        webhook: i32,
        id: i64,
    ) -> Result<Resend, DeliveriesError> {
        let key = self.visible(caller, webhook).await?;
        let job = self.log.cancel_resend(&key, id).await?;
        job.ok_or(DeliveriesError::NotFound)
    }

    /// The newest notices about a webhook.
    ///
    /// # Errors
    /// See [`DeliveriesError`].
    pub async fn notices(
        &self,
        caller: &Caller,
        webhook: i32,
    ) -> Result<Vec<Notice>, DeliveriesError> {
        let key = self.visible(caller, webhook).await?;
        Ok(self.notices.notices(&key, NOTICES).await?)
    }

    async fn visible(&self, caller: &Caller, id: i32) -> Result<WebhookKey, DeliveriesError> {
        let id = WebhookId::new(id).ok_or(DeliveriesError::NotFound)?;
        let found = self.webhooks.find(caller.context(), id).await?;
        found
            .filter(|stored| caller.visibility().shows(&stored.webhook))
            .map(|stored| WebhookKey::of(&stored.webhook))
            .ok_or(DeliveriesError::NotFound)
    }
}
