//! One connection to a receiver, driven by whoever uses it.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use webhook_domain::Outcome;

use super::{Failure, MAX_ANSWER_BYTES, MAX_ANSWER_HEAD_BYTES};

/// A stream to a receiver, encrypted or not.
pub(super) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Before the head of an answer at most so many bytes are read. A head alone may be smaller; the rest
/// is for answers that are only provisional (threat F7).
const MAX_BEFORE_HEAD: u64 = 2 * MAX_ANSWER_HEAD_BYTES as u64;
/// The same for its body, with whatever frames it: a chunk of one byte takes six.
const MAX_FOR_BODY: u64 = 8 * MAX_ANSWER_BYTES as u64;

/// A stream that counts what is read from it, and ends with an error when it is too much.
struct Counted {
    io: Io,
    read: Arc<Budget>,
}

/// How many bytes were read from a connection, and up to which figure they may be.
#[derive(Debug, Default)]
struct Budget {
    read: AtomicU64,
    up_to: AtomicU64,
}

impl Budget {
    fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    fn is_spent(&self) -> bool {
        self.read() >= self.up_to.load(Ordering::Relaxed)
    }

    fn grant(&self, more: u64) {
        self.up_to.store(self.read() + more, Ordering::Relaxed);
    }
}

/// A connection on which one request at a time is made.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<Counted>, Full<Bytes>>,
    /// The driver has ended, and must not be polled again.
    ended: bool,
    read: Arc<Budget>,
    /// When it was made.
    pub made: tokio::time::Instant,
}

/// Why an exchange has no answer.
#[derive(Debug)]
pub(super) struct Broken {
    error: hyper::Error,
    /// What was read since the request began.
    read: u64,
    /// It was too much.
    too_much: bool,
}

/// What was read of the body of an answer.
#[derive(Debug, Default)]
pub(super) struct ReadBody {
    /// At most [`MAX_ANSWER_BYTES`].
    pub bytes: Vec<u8>,
    /// It was read to its end.
    pub complete: bool,
}

impl Connection {
    /// A connection over this stream. Boxed, because it goes from hand to hand and is large.
    pub(super) async fn new(io: Io) -> Result<Box<Self>, Failure> {
        let read = Arc::new(Budget::default());
        let counted = Counted {
            io,
            read: read.clone(),
        };
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(MAX_ANSWER_HEAD_BYTES)
            .max_header_size(MAX_ANSWER_HEAD_BYTES)
            .handshake(TokioIo::new(counted))
            .await
            .map_err(|e| Failure::new(Outcome::Internal, e.to_string()))?;
        Ok(Box::new(Self {
            sender,
            driver,
            ended: false,
            read,
            made: tokio::time::Instant::now(),
        }))
    }

    /// Moves bytes in both directions as far as they go now.
    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.ended && Pin::new(&mut self.driver).poll(cx).is_ready() {
            self.ended = true;
        }
    }

    /// Whether the connection stands and waits for a request. Something that the receiver sent without
    /// being asked ends it.
    pub(super) async fn is_reusable(&mut self) -> bool {
        poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(!self.ended && self.sender.is_ready())
        })
        .await
    }

    /// Sends a request, and waits for the head of the answer.
    pub(super) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Broken> {
        let before = self.read.read();
        self.read.grant(MAX_BEFORE_HEAD);
        let answered = self.sender.try_send_request(request);
        let mut answered = pin!(answered);
        let answer = poll_fn(|cx| {
            self.drive(cx);
            answered.as_mut().poll(cx)
        })
        .await;
        let too_much = self.read.is_spent();
        self.read.grant(MAX_FOR_BODY);
        answer.map_err(|error| Broken {
            error: error.into_error(),
            read: self.read.read() - before,
            too_much,
        })
    }

    /// Reads the body of the answer, up to its end, its limit or its breaking. What was read before it
    /// is dropped stays in `read`.
    pub(super) async fn read_body(&mut self, body: &mut Incoming, read: &mut ReadBody) {
        while !body.is_end_stream() {
            let frame = poll_fn(|cx| {
                self.drive(cx);
                Pin::new(&mut *body).poll_frame(cx)
            });
            match frame.await {
                None => break,
                Some(Err(_)) => return,
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    let room = MAX_ANSWER_BYTES - read.bytes.len();
                    read.bytes.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        return;
                    }
                }
            }
        }
        read.complete = true;
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Broken {
    /// The receiver said nothing at all: it may have closed a kept connection just then.
    pub(super) fn before_any_answer(&self) -> bool {
        self.read == 0
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        let Broken {
            error,
            read,
            too_much,
        } = broken;
        if error.is_user() {
            return Self::new(Outcome::Internal, "the request could not be made");
        }
        let io = std::error::Error::source(&error).is_some_and(|e| e.is::<io::Error>());
        // The beginning of an answer without its end is no answer, whoever closed the connection.
        if error.is_parse() || too_much || !io && read > 0 {
            Self::new(Outcome::BadResponse, "its answer is not HTTP")
        } else {
            Self::new(
                Outcome::Reset,
                "the connection broke before there was an answer",
            )
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.read.is_spent() {
            return Poll::Ready(Err(io::Error::other("the receiver says too much")));
        }
        let before = buf.filled().len();
        let polled = match &mut this.io {
            Io::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Io::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        let read = (buf.filled().len() - before) as u64;
        this.read.read.fetch_add(read, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Io::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Io::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Io::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(stream) => stream.is_write_vectored(),
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
