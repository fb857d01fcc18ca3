//! Notices in memory.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::clock::Timestamp;
use crate::delivery::WebhookKey;
use crate::notice::{NewNotice, Notice, NoticeOutcome, NoticeState, Recipient};
use crate::ports::{Notices, StoreError};

/// A stored notice.
#[derive(Debug)]
pub(super) struct NoticeRow {
    pub(super) notice: Notice,
    /// When it is tried; of one that was taken, when it may be taken again.
    due_at: Timestamp,
}

impl State {
    pub(super) fn add_notice(&mut self, notice: NewNotice) {
        self.last_notice += 1;
        let state = match notice.recipient {
            Recipient::InApp(_) => NoticeState::Sent,
            Recipient::Email(_) | Recipient::EmailOf(_) => NoticeState::Pending,
        };
        let row = NoticeRow {
            due_at: notice.at,
            notice: Notice {
                id: self.last_notice,
                notice,
                state,
                attempts: 0,
                reason: String::new(),
            },
        };
        self.notices.insert(self.last_notice, row);
    }
}

#[async_trait]
impl Notices for MemoryStore {
    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut state = self.state();
        let mut due: Vec<&mut NoticeRow> = state
            .notices
            .values_mut()
            .filter(|row| row.notice.state == NoticeState::Pending && row.due_at <= now)
            .collect();
        due.sort_by_key(|row| row.due_at);
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(due
            .into_iter()
            .map(|row| {
                row.due_at = until;
                row.notice.clone()
            })
            .collect())
    }

    async fn settle_notice(&self, id: i64, outcome: NoticeOutcome) -> Result<(), StoreError> {
        let mut state = self.state();
        let Some(row) = state.notices.get_mut(&id) else {
            return Ok(());
        };
        let tried = !matches!(outcome, NoticeOutcome::Suppressed(_));
        row.notice.attempts += u32::from(tried);
        (row.notice.state, row.notice.reason) = match outcome {
            NoticeOutcome::Sent => (NoticeState::Sent, String::new()),
            NoticeOutcome::Again(at, reason) => {
                row.due_at = at;
                (NoticeState::Pending, reason)
            }
            NoticeOutcome::Failed(reason) => (NoticeState::Failed, reason),
            NoticeOutcome::Suppressed(reason) => (NoticeState::Suppressed, reason),
        };
        Ok(())
    }

    async fn notices(&self, webhook: &WebhookKey, limit: u32) -> Result<Vec<Notice>, StoreError> {
        let state = self.state();
        let newest_first = state.notices.values().rev();
        Ok(newest_first
            .filter(|row| row.notice.notice.webhook == *webhook)
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|row| row.notice.clone())
            .collect())
    }
}
