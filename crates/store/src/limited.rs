//! A database that stops answering must not make anybody wait for ever: every statement to a server has
//! a limit, and every answer is noted as a sign of life. What is in this process has no limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement,
};
use webhook_domain::StoreError;

use crate::error::fate_of;

/// How long a caller waits without any sign of life from a database server. With what the limits of
/// statements are, the API answers within two seconds (promise P10).
const PATIENCE: Duration = Duration::from_millis(1_800);

/// What an error says about the transaction that it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// Nothing about another try.
    Sound,
    /// Another writer was in the way: the same once more may pass.
    Again,
    /// The connection is lost; another one may work.
    Lost,
    /// Nobody answers.
    Hung,
}

impl Fate {
    const ALL: [Self; 4] = [Self::Sound, Self::Again, Self::Lost, Self::Hung];
}

/// The limit of statements, and when the last one was answered.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    statement: Option<Duration>,
    life: Arc<Life>,
}

#[derive(Debug)]
struct Life {
    since: Instant,
    /// Of the last answer, in microseconds since then.
    last: AtomicU64,
}

impl Limits {
    /// So long for each statement, or as long as it takes.
    pub(crate) fn new(statement: Option<Duration>) -> Self {
        let life = Life {
            since: Instant::now(),
            last: AtomicU64::new(0),
        };
        Self {
            statement,
            life: Arc::new(life),
        }
    }

    /// Whether the database is a server, which may be away while this process runs on.
    pub(crate) fn apply(&self) -> bool {
        self.statement.is_some()
    }

    /// Runs a call within the limit of a statement.
    pub(crate) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let Some(limit) = self.statement else {
            return call.await;
        };
        let answer = tokio::time::timeout(limit, call)
            .await
            .map_err(|_| no_answer())?;
        if answer.is_ok() {
            self.answered();
        }
        answer
    }

    /// Notes a sign of life.
    pub(crate) fn answered(&self) {
        let now = u64::try_from(self.life.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.life.last.fetch_max(now, Ordering::Relaxed);
    }

    /// How long there was no sign of life, at most since the given moment.
    fn silent_since(&self, from: Instant) -> Duration {
        let last = self.life.since + Duration::from_micros(self.life.last.load(Ordering::Relaxed));
        last.max(from).elapsed()
    }

    /// Whether somebody who asked then has given up by now.
    pub(crate) fn out_of_patience(&self, asked: Instant) -> bool {
        self.apply() && asked.elapsed() >= PATIENCE
    }

    /// Waits for a call as long as the database shows signs of life. A call that is given up may have
    /// been carried out, or may still be.
    pub(crate) async fn patiently<T, E: From<StoreError>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if !self.apply() {
            return call.await;
        }
        let from = Instant::now();
        let mut call = std::pin::pin!(call);
        loop {
            let left = PATIENCE.saturating_sub(self.silent_since(from));
            if left.is_zero() {
                return Err(StoreError::Unavailable("the database does not answer".into()).into());
            }
            if let Ok(answer) = tokio::time::timeout(left, &mut call).await {
                return answer;
            }
        }
    }
}

/// A statement was not answered in time.
fn no_answer() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(
        "the database does not answer in time".into(),
    ))
}

/// A transaction whose statements keep to the limits, and that remembers the worst that befell it.
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    limits: Limits,
    fate: AtomicU8,
}

impl Transaction {
    pub(crate) fn new(inner: DatabaseTransaction, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            fate: AtomicU8::new(Fate::Sound as u8),
        }
    }

    /// The worst that befell it.
    pub(crate) fn fate(&self) -> Fate {
        let fate = usize::from(self.fate.load(Ordering::Relaxed));
        Fate::ALL.get(fate).copied().unwrap_or(Fate::Hung)
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.limits.within(self.inner.commit()).await
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        self.limits.within(self.inner.rollback()).await
    }

    async fn noting<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let outcome = self.limits.within(call).await;
        if let Err(error) = &outcome
            && self.limits.apply()
        {
            self.fate.fetch_max(fate_of(error) as u8, Ordering::Relaxed);
        }
        outcome
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.noting(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.noting(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.noting(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.noting(self.inner.query_all_raw(statement)).await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::{Duration, Instant};

    use sea_orm::DbErr;
    use webhook_domain::StoreError;

    use super::{Limits, PATIENCE};

    #[tokio::test(start_paused = true)]
    async fn a_statement_that_is_never_answered_ends_at_its_limit() {
        let limits = Limits::new(Some(Duration::from_millis(1_200)));
        let answer: Result<(), DbErr> = limits.within(pending()).await;
        assert!(matches!(answer, Err(DbErr::Conn(_))), "{answer:?}");
        let without = Limits::new(None);
        assert_eq!(without.within(async { Ok::<_, DbErr>(7) }).await, Ok(7));
        assert!(!without.apply());
    }

    #[tokio::test]
    async fn a_caller_gives_up_when_nothing_was_answered_for_long_enough() {
        let limits = Limits::new(Some(Duration::from_millis(1_200)));
        let asked = Instant::now();
        let answer: Result<(), StoreError> = limits.patiently(pending()).await;
        assert!(matches!(answer, Err(StoreError::Unavailable(_))));
        assert!(asked.elapsed() >= PATIENCE && asked.elapsed() < Duration::from_secs(2));
        assert!(limits.out_of_patience(asked));
    }
}
