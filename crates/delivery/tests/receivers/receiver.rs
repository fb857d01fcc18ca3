//! A receiver on loopback that says exactly what a test tells it to, byte for byte, and counts what it
//! hears. It knows no HTTP beyond finding the end of a request.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// No test waits longer than this for what must happen.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A request as it came over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Request line and headers, with the empty line.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Heard {
    /// Every value of a header, in order.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// What all conversations of a receiver counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    connections: AtomicUsize,
    bytes_heard: AtomicUsize,
    bytes_said: AtomicUsize,
    requests: Mutex<Vec<Heard>>,
}

impl Counts {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes_heard(&self) -> usize {
        self.bytes_heard.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes_said(&self) -> usize {
        self.bytes_said.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Heard> {
        self.requests.lock().unwrap().clone()
    }
}

/// A receiver; it stops listening when it is dropped.
pub(crate) struct Receiver {
    pub address: SocketAddr,
    pub counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection that was accepted.
pub(crate) struct Conversation<S = TcpStream> {
    pub stream: S,
    counts: Arc<Counts>,
    unread: Vec<u8>,
}

impl Receiver {
    /// Holds this conversation on each connection. The number of the connection, from 0, goes along.
    pub(crate) async fn holding<F, R>(conversation: F) -> Self
    where
        F: Fn(Conversation, usize) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Self::holding_at("127.0.0.1:0".parse().unwrap(), conversation).await
    }

    /// The same at this address.
    pub(crate) async fn holding_at<F, R>(address: SocketAddr, conversation: F) -> Self
    where
        F: Fn(Conversation, usize) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = listen(address);
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let counting = counts.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counting.connections.fetch_add(1, Ordering::SeqCst);
                let held = Conversation::new(stream, counting.clone());
                tokio::spawn(conversation(held, number));
            }
        });
        Self {
            address,
            counts,
            accepting,
        }
    }

    /// Answers every request with these bytes, and closes a connection only when asked to.
    pub(crate) async fn answering(reply: impl AsRef<[u8]>) -> Self {
        let reply: Arc<[u8]> = reply.as_ref().into();
        Self::holding(move |mut heard, _| {
            let reply = reply.clone();
            async move {
                while heard.request().await.is_some() {
                    heard.say(&reply).await;
                }
            }
        })
        .await
    }

    /// Says these bytes after one request, and closes the connection.
    pub(crate) async fn saying(reply: impl AsRef<[u8]>) -> Self {
        let reply: Arc<[u8]> = reply.as_ref().into();
        Self::holding(move |mut heard, _| {
            let reply = reply.clone();
            async move {
                heard.request().await;
                heard.say(&reply).await;
            }
        })
        .await
    }

    /// A URL that it is the host of.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Listens with small buffers, so that what was said says something about what was read.
pub(crate) fn listen(address: SocketAddr) -> TcpListener {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4().unwrap()
    } else {
        TcpSocket::new_v6().unwrap()
    };
    socket.set_send_buffer_size(16 * 1024).unwrap();
    socket.bind(address).unwrap();
    socket.listen(1024).unwrap()
}

/// A listener that takes no more connections, with those that it took.
pub(crate) async fn filled(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(address).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut taken = Vec::new();
    let patience = Duration::from_millis(200);
    while let Ok(stream) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
        taken.push(stream.unwrap());
    }
    (listener, taken)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<S> {
    pub(crate) fn new(stream: S, counts: Arc<Counts>) -> Self {
        Self {
            stream,
            counts,
            unread: Vec::new(),
        }
    }

    /// The next request in full; `None` when the connection ends before.
    pub(crate) async fn request(&mut self) -> Option<Heard> {
        let end = loop {
            if let Some(at) = find(&self.unread, b"\r\n\r\n") {
                break at + 4;
            }
            self.hear().await?;
        };
        let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
        let mut heard = Heard {
            head,
            body: Vec::new(),
        };
        let length: usize = heard
            .values("content-length")
            .first()
            .map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < end + length {
            self.hear().await?;
        }
        heard.body = self.unread[end..end + length].to_vec();
        self.unread.drain(..end + length);
        self.counts.requests.lock().unwrap().push(heard.clone());
        Some(heard)
    }

    async fn hear(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.unread).await.unwrap_or(0);
        self.counts.bytes_heard.fetch_add(read, Ordering::SeqCst);
        (read > 0).then_some(())
    }

    /// Says something; false when nobody listens any more.
    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        let mut said = 0;
        while said < bytes.len() {
            match self.stream.write(&bytes[said..]).await {
                Ok(more) if more > 0 => {
                    said += more;
                    self.counts.bytes_said.fetch_add(more, Ordering::SeqCst);
                }
                _ => return false,
            }
        }
        self.stream.flush().await.is_ok()
    }

    /// Waits for so many bytes that are no whole request yet; false when the connection ends before.
    pub(crate) async fn until_heard(&mut self, bytes: usize) -> bool {
        while self.unread.len() < bytes {
            if self.hear().await.is_none() {
                return false;
            }
        }
        true
    }

    /// Waits until the other side is gone, whatever it says before.
    pub(crate) async fn until_closed(&mut self) {
        while self.hear().await.is_some() {
            self.unread.clear();
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
