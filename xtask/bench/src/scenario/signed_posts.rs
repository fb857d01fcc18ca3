//! The limit of deliveries: a pooled HTTP client that posts signed bodies to the same kind of receivers,
//! with nothing around it.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sha2::Sha256;

use super::{Scenario, Subject, Turn};
use crate::histogram::Histogram;
use crate::receiver::{self, Receiver};
use crate::sample::Sample;
use crate::stage::Stage;
use crate::stopwatch;

/// The name of its row.
pub(crate) const SIGNED_POSTS: &str = "limit: bare HTTP client posting signed bodies of 300 bytes";

const RECEIVERS: usize = 10;
const SECRET: &[u8] = b"Gr33n-Harb0ur-000000000000";
const BODY: usize = 300;
/// As many as the server's store and worker have.
const THREADS: usize = 2;

type Pool = Client<HttpConnector, Full<Bytes>>;

/// See the module.
pub(super) struct SignedPosts;

impl Scenario for SignedPosts {
    fn subject(&self) -> Subject {
        Subject::Posts
    }

    fn what(&self) -> &'static str {
        SIGNED_POSTS
    }

    fn connections(&self) -> &'static [usize] {
        &[64]
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let receivers = Receiver::prompt(stage.runtime(), RECEIVERS)?;
        let urls: Arc<[String]> = receivers.iter().map(Receiver::url).collect();
        // Threads of its own, as the server has.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()?;
        let window = stage.window();
        let from = stopwatch::now() + window.warm_up;
        let until = from + window.counted;
        let (latencies, posted) = runtime.block_on(async {
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            let client: Pool = Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector);
            let tasks: Vec<_> = (0..turn.connections)
                .map(|first| {
                    tokio::spawn(post(
                        client.clone(),
                        Arc::clone(&urls),
                        first,
                        (from, until),
                    ))
                })
                .collect();
            let (mut all, mut posted) = (Histogram::new(), 0);
            for task in tasks {
                let (latencies, count) = task.await.context("a task of the client failed")??;
                all.merge(&latencies);
                posted += count;
            }
            anyhow::Ok((all, posted))
        })?;
        ensure!(
            receiver::taken(&receivers) == posted,
            "{posted} bodies were posted, {} were received",
            receiver::taken(&receivers)
        );
        #[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^53")]
        let per_second = latencies.total() as f64 / window.counted.as_secs_f64();
        Ok(Sample {
            per_second,
            p50: latencies.quantile(500),
            p99: latencies.quantile(990),
            ..Sample::default()
        })
    }
}

async fn post(
    client: Pool,
    urls: Arc<[String]>,
    first: usize,
    (from, until): (Instant, Instant),
) -> Result<(Histogram, u64)> {
    let mut latencies = Histogram::new();
    let mut body = vec![b'x'; BODY];
    let mut count = 0_u64;
    let mut started = stopwatch::now();
    while started < until {
        let turn = (first + usize::try_from(count)?) % urls.len();
        body[..8].copy_from_slice(&count.to_be_bytes());
        let mut signing = Hmac::<Sha256>::new_from_slice(SECRET).context("no key")?;
        signing.update(&body);
        let signature = STANDARD.encode(signing.finalize().into_bytes());
        let request = Request::post(urls[turn].as_str())
            .header("content-type", "application/json")
            .header("x-superoffice-signature", signature)
            .body(Full::new(Bytes::copy_from_slice(&body)))?;
        let answer = client.request(request).await.context("cannot post")?;
        ensure!(answer.status().is_success(), "a receiver refused");
        answer.into_body().collect().await.context("cannot read")?;
        count += 1;
        let ended = stopwatch::now();
        if ended >= from && ended <= until {
            latencies.record(ended.saturating_duration_since(started));
        }
        started = ended;
    }
    Ok((latencies, count))
}
