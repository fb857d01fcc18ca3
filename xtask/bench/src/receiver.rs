//! Receivers of deliveries: as little HTTP as answers a POST, on keep-alive connections, with a count.
//!
//! They live in the generator's runtime and share the cores with what they measure, so they do as
//! little as they can. Some are slow or silent on purpose.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::stopwatch;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
/// No request measured here is longer.
const LONGEST: usize = 1 << 20;
const LOOK: Duration = Duration::from_millis(1);

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers at once.
    Prompt,
    /// Answers at once, and notes when each event came first.
    Noting,
    /// Answers after this time.
    Late(Duration),
    /// Takes the request and never answers.
    Silent,
}

/// A receiver on a port of its own, until it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

/// What a receiver has seen.
#[derive(Debug, Default)]
struct Seen {
    requests: AtomicU64,
    first: Mutex<Option<Instant>>,
    arrivals: Mutex<HashMap<u32, Instant>>,
}

impl Receiver {
    /// Listens on a free port of the loopback.
    pub(crate) fn listen(runtime: &Runtime, manner: Manner) -> Result<Self> {
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .context("a receiver cannot listen")?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Seen::default());
        let accepting = runtime.spawn(accept(listener, manner, Arc::clone(&seen)));
        Ok(Self {
            address,
            seen,
            accepting,
        })
    }

    /// Several that answer at once.
    pub(crate) fn prompt(runtime: &Runtime, count: usize) -> Result<Vec<Self>> {
        (0..count)
            .map(|_| Self::listen(runtime, Manner::Prompt))
            .collect()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The TargetUrl of its webhooks.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// How many requests it took.
    pub(crate) fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::Acquire)
    }

    /// When its first request was there.
    pub(crate) fn first(&self) -> Option<Instant> {
        *self
            .seen
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// When each event, told apart by its PrimaryKey, was there first; they are forgotten with that.
    pub(crate) fn take_arrivals(&self) -> HashMap<u32, Instant> {
        std::mem::take(
            &mut *self
                .seen
                .arrivals
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// How many requests these took together.
pub(crate) fn taken(receivers: &[Receiver]) -> u64 {
    receivers.iter().map(Receiver::requests).sum()
}

/// Waits until they took so many together; an error when that takes too long.
pub(crate) fn wait_until_taken(receivers: &[Receiver], count: u64, limit: Duration) -> Result<()> {
    let until = stopwatch::now() + limit;
    while taken(receivers) < count {
        if stopwatch::now() > until {
            bail!(
                "of {count} deliveries {} were made within {} s",
                taken(receivers),
                limit.as_secs()
            );
        }
        stopwatch::pause(LOOK);
    }
    Ok(())
}

async fn accept(listener: TcpListener, manner: Manner, seen: Arc<Seen>) {
    // Dropped with this task, so that no connection outlives its receiver.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, manner, Arc::clone(&seen)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, seen: Arc<Seen>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let length = loop {
            match request_length(&buffer) {
                Some(length) if length <= buffer.len() => break length,
                _ if buffer.len() > LONGEST => return,
                _ => {}
            }
            // The other side may hang up at any time; what it wanted of that is its own business.
            match stream.read_buf(&mut buffer).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        };
        if seen.requests.fetch_add(1, Ordering::AcqRel) == 0 {
            seen.first
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert_with(stopwatch::now);
        }
        match manner {
            Manner::Prompt => {}
            Manner::Noting => {
                let now = stopwatch::now();
                if let Some(number) = primary_key(&buffer[..length]) {
                    seen.arrivals
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .entry(number)
                        .or_insert(now);
                }
            }
            Manner::Late(length) => tokio::time::sleep(length).await,
            Manner::Silent => std::future::pending().await,
        }
        buffer.drain(..length);
        if stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}

/// How long the request at the start is, once its head is complete.
fn request_length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let name = b"\r\ncontent-length:";
    let body = buffer[..head]
        .windows(name.len())
        .position(|some| some.eq_ignore_ascii_case(name))
        .map_or(0, |at| number(&buffer[at + name.len()..head]));
    Some(head + 4 + body)
}

/// The PrimaryKey in the body of a delivery.
fn primary_key(request: &[u8]) -> Option<u32> {
    let name = b"\"PrimaryKey\":";
    let at = request.windows(name.len()).position(|some| some == name)?;
    u32::try_from(number(&request[at + name.len()..])).ok()
}

/// The number that blanks and these digits write.
fn number(text: &[u8]) -> usize {
    text.trim_ascii_start()
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .take(9)
        .fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] =
        b"POST /hook HTTP/1.1\r\nhost: x\r\nContent-length: 20\r\n\r\n{\"PrimaryKey\":  1234";

    #[test]
    fn a_request_ends_where_its_length_says() {
        assert_eq!(request_length(REQUEST), Some(REQUEST.len()));
        assert_eq!(request_length(&REQUEST[..30]), None);
        assert_eq!(request_length(b"GET / HTTP/1.1\r\n\r\n"), Some(18));
    }

    #[test]
    fn an_event_is_known_by_its_primary_key() {
        assert_eq!(primary_key(REQUEST), Some(1234));
        assert_eq!(primary_key(b"{}"), None);
    }

    #[tokio::test]
    async fn requests_on_one_connection_are_counted_noted_and_answered() {
        let seen = Arc::new(Seen::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(accept(listener, Manner::Noting, Arc::clone(&seen)));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(&[REQUEST, REQUEST].concat())
            .await
            .unwrap();
        let mut answers = vec![0; ANSWER.len() * 2];
        stream.read_exact(&mut answers).await.unwrap();
        assert_eq!(answers, [ANSWER, ANSWER].concat());
        assert_eq!(seen.requests.load(Ordering::Acquire), 2);
        assert!(seen.arrivals.lock().unwrap().contains_key(&1234));
        accepting.abort();
    }
}
