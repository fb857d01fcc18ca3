//! A database server that goes away and comes back, as a proxy between it and the store makes it
//! (promise P10): calls end within two seconds, later ones work again by themselves, and what was
//! acknowledged is there.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;
use webhook_domain::testing::contract::plain;
use webhook_domain::{
    Accounts as _, CommitError, Context, StoreError, WebhookFilter, WebhookId,
    WebhookRepository as _, WebhookWrite,
};
use webhook_store::{SqlStore, StoreOptions};
use webhook_test_databases::{Engine, TestDatabase};

/// The longest that a call may take.
const CALL: Duration = Duration::from_secs(2);
/// The longest that it may take until calls work again.
const RECOVERY: Duration = Duration::from_secs(5);

/// What happens to what goes through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    /// Connections are taken, and nothing moves.
    Stalled,
    /// Connections are closed, new ones at once.
    Closed,
}

#[derive(Clone, Copy)]
struct State {
    mode: Mode,
    /// How many connections were taken.
    born: u64,
    /// Nothing moves any more on the first so many of them.
    forgotten: u64,
}

struct Proxy {
    url: String,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

impl Proxy {
    async fn before(database: &TestDatabase) -> Self {
        let mut url = Url::parse(database.url()).unwrap();
        let default = if database.engine() == Engine::Postgres {
            5432
        } else {
            3306
        };
        let server = (
            url.host_str().unwrap().to_owned(),
            url.port().unwrap_or(default),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let state = watch::Sender::new(State {
            mode: Mode::Pass,
            born: 0,
            forgotten: 0,
        });
        let taking = state.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                taking.send_modify(|state| state.born += 1);
                let now = *taking.borrow();
                if now.mode != Mode::Closed {
                    let seen = taking.subscribe();
                    tokio::spawn(carry_both(client, server.clone(), seen, now.born));
                }
            }
        });
        Self {
            url: url.into(),
            state,
            task,
        }
    }

    fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// Nothing moves any more on the connections that there are, and nobody is told; new ones work.
    fn forget(&self) {
        self.state.send_modify(|state| state.forgotten = state.born);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry_both(
    client: TcpStream,
    server: (String, u16),
    state: watch::Receiver<State>,
    born: u64,
) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::join!(
        carry(from_client, to_server, state.clone(), born),
        carry(from_server, to_client, state, born)
    );
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    born: u64,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let now = *state.borrow_and_update();
        let moves = now.mode == Mode::Pass && born > now.forgotten;
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            read = from.read(&mut buffer), if moves => match read {
                Ok(0) | Err(_) => return,
                Ok(read) => if to.write_all(&buffer[..read]).await.is_err() { return },
            },
        }
        if state.borrow().mode == Mode::Closed {
            return;
        }
    }
}

/// Runs a call, which must end in time; an error must say that the database is away.
async fn within<T, E: Into<CommitError>>(
    what: &str,
    call: impl Future<Output = Result<T, E>>,
) -> Option<T> {
    let asked = Instant::now();
    let outcome = call.await;
    assert!(asked.elapsed() <= CALL, "{what} took {:?}", asked.elapsed());
    match outcome.map_err(Into::into) {
        Ok(outcome) => Some(outcome),
        Err(CommitError::Store(StoreError::Unavailable(_))) => None,
        Err(error) => panic!("{what}: {error}"),
    }
}

async fn insert(store: &SqlStore, context: &Context) -> Option<WebhookId> {
    let id = within("reserve", store.reserve_webhook_id(context)).await?;
    let write = WebhookWrite::Insert(Arc::new(plain(context, id.get())));
    within("commit", store.commit(write.into())).await?;
    Some(id)
}

/// One of each kind of call; how many of them were answered.
async fn calls(store: &SqlStore, context: &Context) -> usize {
    let first = WebhookId::new(1).unwrap();
    let all = WebhookFilter::default();
    let (found, listed, version, inserted) = tokio::join!(
        within("find", store.find(context, first)),
        within("list", store.list(context, &all)),
        within("version", store.credentials_version()),
        insert(store, context),
    );
    [
        found.is_some(),
        listed.is_some(),
        version.is_some(),
        inserted.is_some(),
    ]
    .into_iter()
    .filter(|answered| *answered)
    .count()
}

async fn recovers(store: &SqlStore, context: &Context, how: &str) {
    let back = Instant::now();
    while calls(store, context).await < 4 {
        assert!(back.elapsed() < RECOVERY, "{how}: still away");
        tokio::task::yield_now().await;
    }
    assert!(back.elapsed() < RECOVERY, "{how}: {:?}", back.elapsed());
}

/// Inserts until it is told to stop; what was acknowledged.
async fn keeps_inserting(
    store: SqlStore,
    context: Context,
    stop: Arc<AtomicBool>,
) -> Vec<WebhookId> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        acknowledged.extend(insert(&store, &context).await);
        tokio::task::yield_now().await;
    }
    acknowledged
}

async fn outages(engine: Engine) {
    let database = TestDatabase::new(engine);
    let proxy = Proxy::before(&database).await;
    let store = SqlStore::connect(&proxy.url, StoreOptions::default())
        .await
        .unwrap();
    store.migrate().await.unwrap();
    let context = Context::onsite();
    assert_eq!(calls(&store, &context).await, 4);

    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(keeps_inserting(
                store.clone(),
                context.clone(),
                stop.clone(),
            ))
        })
        .collect();
    for mode in [Mode::Stalled, Mode::Closed, Mode::Stalled] {
        proxy.set(mode);
        // What was on its way may still arrive.
        while calls(&store, &context).await > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(calls(&store, &context).await, 0, "{mode:?}");
        proxy.set(Mode::Pass);
        recovers(&store, &context, &format!("{mode:?}")).await;
    }
    // A machine between the two has lost its state, say: only new connections work.
    proxy.forget();
    recovers(&store, &context, "forgotten").await;

    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(acknowledged.len() > 4);
    // Without the proxy, and without anything remembered.
    let after = SqlStore::connect(database.url(), StoreOptions::default())
        .await
        .unwrap();
    for id in acknowledged {
        let found = after.find(&context, id).await.unwrap();
        assert!(found.is_some(), "{id} was acknowledged and is lost");
    }
    after.close().await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_postgresql_goes_away_and_comes_back() {
    if Engine::Postgres.reachable() {
        outages(Engine::Postgres).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_mysql_goes_away_and_comes_back() {
    if Engine::MySql.reachable() {
        outages(Engine::MySql).await;
    }
}
