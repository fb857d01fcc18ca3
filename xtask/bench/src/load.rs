//! The load generator: N keep-alive connections, each with one request under way, for a fixed time.
//!
//! It shares the machine with the server, so it does as little as it can: a prepared request out,
//! an answer in, one reading of the clock, one histogram entry. It speaks to the loopback only, and
//! it is bounded in time and in count.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::histogram::Histogram;
use crate::response::{self, Answer};
use crate::stopwatch;

/// No connection sends more requests in one measurement.
const MOST_REQUESTS: u64 = 10_000_000;
/// How long the last answers may take after the end before the measurement is given up.
const GRACE: Duration = Duration::from_secs(30);

/// Where requests come from, one after the other.
pub(crate) trait Traffic: Send + 'static {
    /// The next request, head and body.
    fn next(&mut self) -> &[u8];
}

/// How long to load and which part of it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Load before counting starts.
    pub(crate) warm_up: Duration,
    /// The counted part.
    pub(crate) counted: Duration,
    /// Each connection stops after so many requests.
    pub(crate) most: u64,
}

impl Window {
    /// Load for a time.
    pub(crate) fn of(warm_up: Duration, counted: Duration) -> Self {
        Self {
            warm_up,
            counted,
            most: MOST_REQUESTS,
        }
    }

    /// So many requests on each connection, however long they take, up to ten minutes.
    pub(crate) fn burst(each: u64) -> Self {
        Self {
            warm_up: Duration::ZERO,
            counted: Duration::from_secs(600),
            most: each.min(MOST_REQUESTS),
        }
    }
}

/// What one connection, or all together, saw.
#[derive(Debug)]
pub(crate) struct Outcome<T> {
    /// The traffic of each connection as it was left.
    pub(crate) connections: Vec<Connection<T>>,
    /// Latencies of what was answered in the counted time.
    pub(crate) latencies: Histogram,
    /// All requests answered, warm-up included.
    pub(crate) answered: u64,
    /// Requests that were not answered with a 2xx, warm-up included.
    pub(crate) failed: u64,
    /// What the first failure was.
    pub(crate) first_failure: Option<String>,
}

/// A connection after the measurement.
#[derive(Debug)]
pub(crate) struct Connection<T> {
    /// Where its requests came from.
    pub(crate) traffic: T,
    /// The body of the last good answer.
    pub(crate) last_body: Vec<u8>,
}

/// Loads `target` from one connection per traffic.
pub(crate) async fn run<T: Traffic>(
    target: SocketAddr,
    window: Window,
    traffics: Vec<T>,
) -> Result<Outcome<T>> {
    ensure!(
        target.ip().is_loopback(),
        "the load generator speaks to the loopback only, not to {target}"
    );
    let mut sockets = Vec::with_capacity(traffics.len());
    for traffic in traffics {
        sockets.push((Socket::connect(target).await?, traffic));
    }
    let from = stopwatch::now() + window.warm_up;
    let until = from + window.counted;
    let tasks: Vec<_> = sockets
        .into_iter()
        .map(|(socket, traffic)| tokio::spawn(drive(socket, traffic, (from, until), window.most)))
        .collect();
    let mut all = Outcome {
        connections: Vec::new(),
        latencies: Histogram::new(),
        answered: 0,
        failed: 0,
        first_failure: None,
    };
    for task in tasks {
        let left = until.saturating_duration_since(stopwatch::now()) + GRACE;
        let Ok(joined) = tokio::time::timeout(left, task).await else {
            bail!("a request was not answered within {} s", GRACE.as_secs());
        };
        let one = joined.context("a connection's task failed")?;
        all.connections.extend(one.connections);
        all.latencies.merge(&one.latencies);
        all.answered += one.answered;
        all.failed += one.failed;
        all.first_failure = all.first_failure.or(one.first_failure);
    }
    Ok(all)
}

async fn drive<T: Traffic>(
    mut socket: Socket,
    mut traffic: T,
    (from, until): (Instant, Instant),
    most: u64,
) -> Outcome<T> {
    let mut latencies = Histogram::new();
    let (mut answered, mut failed, mut first_failure) = (0_u64, 0_u64, None);
    let mut good = false;
    let mut started = stopwatch::now();
    while started < until && answered < most {
        let exchange = socket.exchange(traffic.next()).await;
        let ended = stopwatch::now();
        match exchange {
            Ok(answer) => {
                answered += 1;
                good = answer.is_success();
                if !good {
                    failed += 1;
                    first_failure.get_or_insert_with(|| socket.quote(&answer));
                } else if ended >= from && ended <= until {
                    latencies.record(ended.saturating_duration_since(started));
                }
                socket.last = answer.body;
            }
            Err(error) => {
                failed += 1;
                good = false;
                first_failure.get_or_insert_with(|| format!("{error:#}"));
                break;
            }
        }
        started = ended;
    }
    let last_body = if good {
        socket.buffer[socket.last.clone()].to_vec()
    } else {
        Vec::new()
    };
    Outcome {
        connections: vec![Connection { traffic, last_body }],
        latencies,
        answered,
        failed,
        first_failure,
    }
}

/// One keep-alive connection.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    last: std::ops::Range<usize>,
}

impl Socket {
    /// Connects.
    pub(crate) async fn connect(target: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(target)
            .await
            .with_context(|| format!("cannot connect to {target}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
            last: 0..0,
        })
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream
            .write_all(request)
            .await
            .context("cannot send")?;
        self.buffer.clear();
        loop {
            if self
                .stream
                .read_buf(&mut self.buffer)
                .await
                .context("cannot receive")?
                == 0
            {
                bail!("the server closed the connection");
            }
            if let Some(answer) = response::parse(&self.buffer)? {
                return Ok(answer);
            }
        }
    }

    /// An answer, for the message of an error.
    pub(crate) fn quote(&self, answer: &Answer) -> String {
        let body = &self.buffer[answer.body.clone()];
        format!(
            "{} {}",
            answer.status,
            String::from_utf8_lossy(&body[..body.len().min(400)])
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    struct Fixed;

    impl Traffic for Fixed {
        fn next(&mut self) -> &[u8] {
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        }
    }

    /// Long enough that only the server's hanging up ends the load.
    const OPEN_ENDED: Window = Window {
        warm_up: Duration::ZERO,
        counted: Duration::from_secs(600),
        most: MOST_REQUESTS,
    };

    /// Answers with each of these in turn, on one connection, then hangs up.
    fn server_that_answers(answers: &'static [&'static [u8]]) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            for answer in answers {
                assert_ne!(stream.read(&mut request).unwrap(), 0);
                stream.write_all(answer).unwrap();
            }
            assert_ne!(stream.read(&mut request).unwrap(), 0);
        });
        address
    }

    async fn load(answers: &'static [&'static [u8]]) -> Outcome<Fixed> {
        run(server_that_answers(answers), OPEN_ENDED, vec![Fixed])
            .await
            .unwrap()
    }

    const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const BUSY: &[u8] = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";

    #[tokio::test]
    async fn an_answer_that_is_no_2xx_is_a_failure_and_has_no_latency() {
        let outcome = load(&[GOOD, BUSY, GOOD]).await;
        assert_eq!(outcome.answered, 3);
        assert_eq!(outcome.latencies.total(), 2);
        assert_eq!(outcome.failed, 2, "the 503 and the closed connection");
        assert_eq!(outcome.first_failure.as_deref(), Some("503 busy"));
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closes_is_a_failure() {
        let outcome = load(&[GOOD]).await;
        assert_eq!((outcome.answered, outcome.failed), (1, 1));
        assert_eq!(
            outcome.first_failure.as_deref(),
            Some("the server closed the connection")
        );
        assert!(outcome.connections[0].last_body.is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_read_is_a_failure() {
        let outcome = load(&[b"HTTP/1.1 200 OK\r\n\r\n"]).await;
        assert_eq!((outcome.answered, outcome.failed), (0, 1));
        assert_eq!(
            outcome.first_failure.as_deref(),
            Some("the answer has no usable Content-Length")
        );
    }

    #[tokio::test]
    async fn an_answer_outside_the_counted_time_is_answered_but_has_no_latency() {
        let window = Window::of(Duration::from_secs(600), Duration::ZERO);
        let outcome = run(server_that_answers(&[GOOD]), window, vec![Fixed])
            .await
            .unwrap();
        assert_eq!((outcome.answered, outcome.latencies.total()), (1, 0));
    }

    #[tokio::test]
    async fn a_burst_ends_with_its_last_request() {
        let outcome = run(
            server_that_answers(&[GOOD, GOOD, GOOD]),
            Window::burst(2),
            vec![Fixed],
        )
        .await
        .unwrap();
        assert_eq!((outcome.answered, outcome.failed), (2, 0));
    }

    #[tokio::test]
    async fn only_the_loopback_is_loaded() {
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 80));
        assert!(run(elsewhere, OPEN_ENDED, vec![Fixed]).await.is_err());
    }
}
