//! Notices by mail, against mail servers on real sockets (contract 10.5, threats H1 to H9).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod fake_server;
mod notices;
mod protection;
mod refusals;
mod texts;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use webhook_delivery::{MailSettings, Mailer, SmtpSecurity, SmtpServer};
use webhook_domain::testing::{FixedClock, MemoryStore};
use webhook_domain::{
    Clock, Context, NewNotice, Notice, NoticeKind, NoticeOutcome, NoticeState, Notices, Recipient,
    StoreError, Timestamp, WebhookId, WebhookKey,
};

use fake_server::FakeServer;

/// Notices in memory, with what became of each.
#[derive(Default)]
struct Desk(Mutex<Vec<(Notice, Timestamp, Vec<NoticeOutcome>)>>);

impl Desk {
    fn add(&self, notice: NewNotice) {
        let mut rows = self.0.lock().unwrap();
        let row = Notice {
            id: i64::try_from(rows.len()).unwrap() + 1,
            state: NoticeState::Pending,
            attempts: 0,
            reason: String::new(),
            notice,
        };
        let due = row.notice.at;
        rows.push((row, due, Vec::new()));
    }

    /// What became of the notice that was added as this one, the first being 1.
    fn outcomes(&self, number: usize) -> Vec<NoticeOutcome> {
        self.0.lock().unwrap()[number - 1].2.clone()
    }

    fn states(&self) -> Vec<NoticeState> {
        let rows = self.0.lock().unwrap();
        rows.iter().map(|(row, ..)| row.state).collect()
    }

    fn reason(&self, number: usize) -> String {
        self.0.lock().unwrap()[number - 1].0.reason.clone()
    }
}

#[async_trait]
impl Notices for Desk {
    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut rows = self.0.lock().unwrap();
        let due = rows
            .iter_mut()
            .filter(|(row, due, _)| row.state == NoticeState::Pending && *due <= now);
        let claimed = due.take(usize::try_from(limit).unwrap()).map(|row| {
            row.1 = until;
            row.0.clone()
        });
        Ok(claimed.collect())
    }

    async fn settle_notice(&self, id: i64, outcome: NoticeOutcome) -> Result<(), StoreError> {
        let mut rows = self.0.lock().unwrap();
        let (row, due, outcomes) = &mut rows[usize::try_from(id - 1).unwrap()];
        outcomes.push(outcome.clone());
        row.attempts += 1;
        (row.state, row.reason) = match outcome {
            NoticeOutcome::Sent => (NoticeState::Sent, String::new()),
            NoticeOutcome::Again(at, reason) => {
                *due = at;
                (NoticeState::Pending, reason)
            }
            NoticeOutcome::Failed(reason) => (NoticeState::Failed, reason),
            NoticeOutcome::Suppressed(reason) => (NoticeState::Suppressed, reason),
        };
        Ok(())
    }

    async fn notices(&self, _: &WebhookKey, _: u32) -> Result<Vec<Notice>, StoreError> {
        let rows = self.0.lock().unwrap();
        Ok(rows.iter().map(|(row, ..)| row.clone()).collect())
    }
}

/// A mailer with everything around it under the control of a test.
struct World {
    desk: Arc<Desk>,
    people: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    mailer: Mailer,
}

impl World {
    fn new(settings: MailSettings) -> Self {
        let (desk, people) = (Arc::new(Desk::default()), Arc::new(MemoryStore::default()));
        let clock = Arc::new(FixedClock::default());
        let mailer = Mailer::new(desk.clone(), people.clone(), clock.clone(), settings).unwrap();
        Self {
            desk,
            people,
            clock,
            mailer,
        }
    }

    /// One that hands mail to this server, without protection.
    fn mailing_to(server: &FakeServer) -> Self {
        Self::new(settings_for(server))
    }

    fn add(&self, recipient: Recipient) {
        self.desk.add(self.notice(recipient));
    }

    fn add_for(&self, address: &str) {
        self.add(Recipient::Email(address.to_owned()));
    }

    fn notice(&self, recipient: Recipient) -> NewNotice {
        NewNotice {
            webhook: WebhookKey {
                context: Context::onsite(),
                id: WebhookId::new(17).unwrap(),
            },
            webhook_name: "Warehouse order feed".to_owned(),
            kind: NoticeKind::Disabled,
            recipient,
            event_id: uuid::Uuid::from_u128(5),
            error: "HTTP 500".to_owned(),
            at: self.clock.now(),
        }
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance_micros(seconds * 1_000_000);
    }

    async fn tick(&self) -> u32 {
        self.mailer.tick().await.unwrap()
    }
}

fn settings_for(server: &FakeServer) -> MailSettings {
    MailSettings {
        server: Some(SmtpServer {
            port: Some(server.port()),
            security: SmtpSecurity::None,
            ..SmtpServer::new("127.0.0.1", "Webhook Agent <agent@example.org>")
        }),
        ..MailSettings::default()
    }
}
