//! PostgreSQL from version 12. A session writes at READ COMMITTED, with rows locked before they are
//! decided on; a reading session sees one moment in each transaction and cannot write.

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, Postgres};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, Executor as _};
use webhook_domain::StoreError;

use super::{ANEW, FIRST, judged, readers, within, writer};
use crate::connect::CACHED_STATEMENTS;

/// The oldest version that is taken: 12.
const OLDEST: i32 = 120_000;

/// Waits for rows that another node has locked shorter than a statement may take, so that it is the
/// server that ends the statement; and gives locks back when this node stops in the middle.
const WRITING: &str = "\
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
    SET lock_timeout = '900ms';
    SET client_min_messages = warning;
    SET idle_in_transaction_session_timeout = '5s';
    SET jit = off";
/// Whatever the role or the database have as their default.
const FLUSHED: &str = "SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";
const READING: &str = "\
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET statement_timeout = '5s';
    SET idle_in_transaction_session_timeout = '5s';
    SET jit = off";
const SETTINGS: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
    current_setting('synchronous_commit')";

/// Connects once, to tell early and clearly what is wrong.
pub(crate) async fn claim(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut look = within(FIRST, prepared(options).connect()).await?;
    let (version, encoding): (i32, String) = within(
        FIRST,
        sqlx::query_as(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')",
        )
        .fetch_one(&mut look),
    )
    .await?;
    within(FIRST, look.close()).await?;
    if version < OLDEST {
        return Err(StoreError::Failed(format!(
            "PostgreSQL {} is too old; 12 or later is needed",
            version / 10_000
        )));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Failed(format!(
            "the database has the encoding {encoding}; make one with ENCODING 'UTF8'"
        )));
    }
    Ok(())
}

/// Opens the one connection that writes, and reads back what makes its commits durable.
pub(crate) async fn open_writer(
    options: &PgConnectOptions,
    unsafe_durability: bool,
) -> Result<DatabaseConnection, StoreError> {
    let pool = writer::<Postgres>()
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql(WRITING)).await?;
                if !unsafe_durability {
                    connection.execute(sqlx::raw_sql(FLUSHED)).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(prepared(options));
    let (fsync, pages, commit): (String, String, String) = within(ANEW, async {
        let mut connection = pool.acquire().await?;
        let connection: &mut PgConnection = &mut connection;
        sqlx::query_as(SETTINGS).fetch_one(connection).await
    })
    .await?;
    judged(durable(&fsync, &pages, &commit), unsafe_durability)?;
    Ok(pool.into())
}

/// The connections that only read; they are opened when they are needed.
pub(crate) fn open_readers(options: &PgConnectOptions, connections: u32) -> DatabaseConnection {
    readers::<Postgres>(connections)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql(READING)).await?;
                Ok(())
            })
        })
        .connect_lazy_with(prepared(options))
        .into()
}

fn prepared(options: &PgConnectOptions) -> PgConnectOptions {
    options
        .clone()
        .statement_cache_capacity(CACHED_STATEMENTS)
        .disable_statement_logging()
}

/// What PostgreSQL says must hold what was promised.
fn durable(fsync: &str, full_page_writes: &str, synchronous_commit: &str) -> Result<(), String> {
    let flushed = matches!(synchronous_commit, "on" | "remote_apply");
    if fsync == "on" && full_page_writes == "on" && flushed {
        return Ok(());
    }
    Err(format!(
        "with fsync={fsync}, full_page_writes={full_page_writes} and \
         synchronous_commit={synchronous_commit} PostgreSQL could lose what was answered in a power \
         cut; all three must be on"
    ))
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::postgres::PgConnectOptions;
    use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
    use webhook_test_databases::{Engine, TestDatabase};

    use super::{durable, open_readers, open_writer};

    async fn setting(connection: &DatabaseConnection, name: &str) -> String {
        let ask = Statement::from_string(DbBackend::Postgres, format!("SHOW {name}"));
        let row = connection.query_one_raw(ask).await.unwrap().unwrap();
        row.try_get_by(0).unwrap()
    }

    #[tokio::test]
    async fn p1_a_session_flushes_its_commits_whatever_the_database_has_as_its_default() {
        if !Engine::Postgres.reachable() {
            return;
        }
        let database = TestDatabase::new(Engine::Postgres);
        let name = database.url().rsplit('/').next().unwrap();
        database
            .run(&format!(
                "ALTER DATABASE {name} SET synchronous_commit = off"
            ))
            .await
            .unwrap();
        let options: PgConnectOptions = database.url().parse().unwrap();
        let writer = open_writer(&options, false).await.unwrap();
        assert_eq!(setting(&writer, "synchronous_commit").await, "on");
        let asked_for = open_writer(&options, true).await.unwrap();
        assert_eq!(setting(&asked_for, "synchronous_commit").await, "off");
        for connection in [writer, asked_for] {
            connection.close().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_reading_session_cannot_write_and_sees_one_moment() {
        if !Engine::Postgres.reachable() {
            return;
        }
        let database = TestDatabase::new(Engine::Postgres);
        let options: PgConnectOptions = database.url().parse().unwrap();
        let readers = open_readers(&options, 1);
        assert!(
            readers
                .execute_unprepared("CREATE TABLE t (a int)")
                .await
                .is_err()
        );
        let isolation = setting(&readers, "default_transaction_isolation").await;
        assert_eq!(isolation, "repeatable read");
        readers.close().await.unwrap();
    }

    #[test]
    fn p1_only_settings_that_flush_every_commit_are_durable() {
        assert_eq!(durable("on", "on", "on"), Ok(()));
        assert_eq!(durable("on", "on", "remote_apply"), Ok(()));
        for (fsync, pages, commit) in [
            ("off", "on", "on"),
            ("on", "off", "on"),
            ("on", "on", "off"),
            ("on", "on", "local"),
            ("on", "on", "remote_write"),
        ] {
            let why = durable(fsync, pages, commit).unwrap_err();
            assert!(why.contains(&format!("fsync={fsync}")), "{why}");
        }
    }
}
