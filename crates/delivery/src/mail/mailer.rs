//! The task that sends notices.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::{Address, AsyncTransport as _};
use webhook_domain::rules::check_mail_address;
use webhook_domain::{
    AssociateId, Associates, Clock, Context, Notice, NoticeOutcome, NoticeState, Notices,
    Recipient, StoreError, Timestamp,
};

use super::budget::Budget;
use super::settings::{MailSettings, MailSettingsError, Post};
use super::{compose, foreign};

/// How many notices are taken at once.
const BATCH: u32 = 10;
/// How long nobody looks after nothing was found.
const PAUSE: Duration = Duration::from_secs(5);
/// The same after the store failed.
const LONG_PAUSE: Duration = Duration::from_secs(30);
/// What may pass between taking notices and recording what became of them, besides sending.
const SLACK: Duration = Duration::from_secs(60);
/// Delays between tries double from the first to the last.
const FIRST_DELAY: Duration = Duration::from_secs(60);
const LAST_DELAY: Duration = Duration::from_secs(60 * 60);
/// A notice that is older is not tried again.
const TRIED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How much of an error is kept as a reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Sends the notices of a store by mail.
pub struct Mailer {
    notices: Arc<dyn Notices>,
    associates: Arc<dyn Associates>,
    clock: Arc<dyn Clock>,
    settings: MailSettings,
    post: Option<Post>,
    budget: Mutex<Budget>,
    stopping: AtomicBool,
}

/// What is known about the mail server within one look at the notices.
#[derive(Default)]
struct Seen {
    /// It could not be reached, for this reason; the others need not wait for it as well.
    away: Option<String>,
}

impl Mailer {
    /// A sender with these settings. It calls nobody yet.
    ///
    /// # Errors
    /// See [`MailSettingsError`].
    pub fn new(
        notices: Arc<dyn Notices>,
        associates: Arc<dyn Associates>,
        clock: Arc<dyn Clock>,
        settings: MailSettings,
    ) -> Result<Self, MailSettingsError> {
        let post = settings.server.as_ref().map(Post::to).transpose()?;
        let budget = Mutex::new(Budget::new(settings.per_address, settings.in_all));
        Ok(Self {
            notices,
            associates,
            clock,
            settings,
            post,
            budget,
            stopping: AtomicBool::new(false),
        })
    }

    /// Sends until it is told to stop. The mail that is under way then is still handed over; what else
    /// was taken is put back.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            let mut tick = pin!(self.tick());
            let ticked = tokio::select! {
                ticked = &mut tick => ticked,
                () = &mut shutdown => {
                    self.stopping.store(true, Ordering::Relaxed);
                    if let Err(error) = tick.await {
                        tracing::warn!(event = "notice", %error, "notices could not be put back");
                    }
                    return;
                }
            };
            let pause = match ticked {
                Ok(BATCH) => continue,
                Ok(_) => PAUSE,
                Err(error) => {
                    tracing::warn!(event = "notice", %error, "notices could not be sent");
                    LONG_PAUSE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = &mut shutdown => return,
            }
        }
    }

    /// Takes the notices that are due, up to a limit, and deals with each; answers how many there were.
    ///
    /// # Errors
    /// When notices could not be taken, or what became of one could not be recorded; that one is tried
    /// again later, and its mail may come twice.
    pub async fn tick(&self) -> Result<u32, StoreError> {
        let now = self.clock.now();
        let per_mail = self.post.as_ref().map_or(Duration::ZERO, |p| p.timeout);
        let until = now.checked_add(per_mail * BATCH + SLACK).unwrap_or(now);
        let claimed = self.notices.claim_notices(now, until, BATCH).await?;
        let count = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
        let (mut seen, mut failed) = (Seen::default(), None);
        for notice in claimed {
            let outcome = if self.stopping.load(Ordering::Relaxed) {
                NoticeOutcome::Again(self.clock.now(), notice.reason.clone())
            } else {
                self.deal_with(&notice, &mut seen).await
            };
            tell(&notice, &outcome);
            if let Err(error) = self.notices.settle_notice(notice.id, outcome).await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(count), Err)
    }

    async fn deal_with(&self, notice: &Notice, seen: &mut Seen) -> NoticeOutcome {
        if matches!(notice.notice.recipient, Recipient::InApp(_)) {
            return NoticeOutcome::Sent;
        }
        let Some(post) = &self.post else {
            return NoticeOutcome::Suppressed("no mail server is set".to_owned());
        };
        let address = match self.address(notice).await {
            Ok(address) => address,
            Err(outcome) => return outcome,
        };
        let to: Address = match check_mail_address(&address)
            .and_then(|()| address.parse().map_err(|error| format!("{error}")))
        {
            Ok(to) => to,
            Err(fault) => return NoticeOutcome::Failed(format!("the mail address {fault}")),
        };
        if !self.settings.domains.allow(&address) {
            let told = format!("mail to {} is not allowed here", to.domain());
            return NoticeOutcome::Suppressed(told);
        }
        if let Err(told) = self.budget(|budget, now| budget.allows(&address, now)) {
            return NoticeOutcome::Suppressed(told);
        }
        if let Some(reason) = &seen.away {
            return self.later(notice, reason.clone());
        }
        let now = self.clock.now();
        let public_url = self.settings.public_url.as_deref();
        let mail = match compose::mail(notice, to, &post.from, public_url, now) {
            Ok(mail) => mail,
            Err(error) => return NoticeOutcome::Failed(reason(&error)),
        };
        match tokio::time::timeout(post.timeout, post.transport.send(mail)).await {
            Ok(Ok(_)) => {
                self.budget(|budget, now| budget.spend(&address, now));
                NoticeOutcome::Sent
            }
            Ok(Err(error)) if refuses_the_recipient(&error) => {
                NoticeOutcome::Failed(reason(&error))
            }
            Ok(Err(error)) => {
                let answered = error.is_permanent() || error.is_transient();
                if !answered {
                    seen.away = Some(reason(&error));
                }
                self.later(notice, reason(&error))
            }
            Err(_) => {
                // It may have been taken after all.
                self.budget(|budget, now| budget.spend(&address, now));
                let told = format!("the mail server did not answer within {:?}", post.timeout);
                seen.away = Some(told.clone());
                self.later(notice, told)
            }
        }
    }

    /// Where the notice goes; or what becomes of it when that cannot be told.
    async fn address(&self, notice: &Notice) -> Result<String, NoticeOutcome> {
        match &notice.notice.recipient {
            Recipient::Email(address) => Ok(address.clone()),
            Recipient::EmailOf(id) | Recipient::InApp(id) => {
                let context = &notice.notice.webhook.context;
                match self.address_of(context, *id).await {
                    Ok(Ok(address)) => Ok(address),
                    Ok(Err(told)) => Err(NoticeOutcome::Failed(told)),
                    Err(error) => {
                        tracing::warn!(event = "notice", %error, "an associate could not be read");
                        let told = "the associate could not be read".to_owned();
                        Err(self.later(notice, told))
                    }
                }
            }
        }
    }

    async fn address_of(
        &self,
        context: &Context,
        id: AssociateId,
    ) -> Result<Result<String, String>, StoreError> {
        let found = self.associates.associates(context, &[id]).await?;
        Ok(match found.first() {
            None => Err(format!("associate {id} does not exist")),
            Some(associate) if associate.deleted => Err(format!("associate {id} is retired")),
            Some(associate) => match &associate.email {
                Some(address) => Ok(address.clone()),
                None => Err(format!("associate {id} has no mail address")),
            },
        })
    }

    fn budget<T>(&self, with: impl FnOnce(&mut Budget, Timestamp) -> T) -> T {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        with(&mut budget, self.clock.now())
    }

    /// It is tried again, unless it was tried for a day.
    fn later(&self, notice: &Notice, reason: String) -> NoticeOutcome {
        let now = self.clock.now();
        if now.since(notice.notice.at) >= TRIED_FOR {
            return NoticeOutcome::Failed(reason);
        }
        let doubled = 1_u32.checked_shl(notice.attempts).unwrap_or(u32::MAX);
        let delay = FIRST_DELAY.saturating_mul(doubled).min(LAST_DELAY);
        match now.checked_add(delay) {
            Some(at) => NoticeOutcome::Again(at, reason),
            None => NoticeOutcome::Failed(reason),
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Whether the server will never take a mail to this address: it has no such mailbox, or may not write
/// to it. Anything else may be put right within a day, such as our password.
fn refuses_the_recipient(error: &lettre::transport::smtp::Error) -> bool {
    error
        .status()
        .is_some_and(|code| matches!(u16::from(code), 550..=553 | 555 | 556))
}

fn reason(error: &dyn std::error::Error) -> String {
    foreign::plain(&error.to_string())
        .chars()
        .take(MAX_REASON_CHARS)
        .collect()
}

/// Logs and counts what became of a notice. The address is not told, and neither is what the mail server
/// said, which may hold it.
fn tell(notice: &Notice, outcome: &NoticeOutcome) {
    let state = match outcome {
        NoticeOutcome::Sent => NoticeState::Sent,
        NoticeOutcome::Again(..) => NoticeState::Pending,
        NoticeOutcome::Failed(_) => NoticeState::Failed,
        NoticeOutcome::Suppressed(_) => NoticeState::Suppressed,
    };
    if state != NoticeState::Pending {
        metrics::counter!("webhook_agent_notices_total", "state" => state.name()).increment(1);
    }
    let (id, kind) = (notice.notice.webhook.id.get(), notice.notice.kind.name());
    let context = notice.notice.webhook.context.as_str();
    match outcome {
        NoticeOutcome::Sent => {
            tracing::info!(
                event = "notice",
                context,
                webhook = id,
                kind,
                "a notice was sent"
            );
        }
        NoticeOutcome::Suppressed(reason) => {
            tracing::warn!(
                event = "notice",
                context,
                webhook = id,
                kind,
                reason,
                "a notice is not sent"
            );
        }
        NoticeOutcome::Again(..) | NoticeOutcome::Failed(_) => {
            let state = state.name();
            tracing::warn!(
                event = "notice",
                context,
                webhook = id,
                kind,
                state,
                "a notice could not be sent"
            );
        }
    }
}
