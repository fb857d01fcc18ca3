//! Calling receivers: the one HTTP client of deliveries, of `TestWebhook` and of the test at save
//! (threat E21). It only connects to addresses that the policy allows, speaks HTTP/1.1 and nothing
//! else, follows nothing, remembers nothing between calls but idle connections, and reads a bounded
//! part of an answer (threats E and F). It knows nothing of webhooks and events.
//!
//! A connection is driven by the call that uses it, not by a task of its own: dropping a call closes
//! its connection and leaves nothing behind, and no call waits for another task to be scheduled.
//!
//! A connection that was kept may be closed by the receiver at the moment at which it is used again.
//! When one breaks before a single byte of an answer, the request is sent once more, on a connection
//! of its own; the receiver may then see it twice, under the same id, as after any retry
//! (deliveries arrive at least once). How often that happens is counted.

mod answer;
mod connect;
mod connection;
mod failure;
mod guard;
mod pool;
mod resolve;
mod settings;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use tokio::time::{Instant, timeout_at};

pub(crate) use answer::{Answer, beginning};
use connect::Connector;
use connection::{Connection, ReadBody};
pub(crate) use failure::{Failure, Progress, Stage};
pub(crate) use guard::Target;
use pool::Pool;
pub use settings::{Dns, HttpPluginError, HttpSettings, MAX_ANSWER_BYTES, MAX_ANSWER_HEAD_BYTES};

/// Counts requests that were sent again because a kept connection broke under them.
const SENT_AGAIN: &str = "webhook_agent_requests_sent_again_total";

/// One request to a receiver.
pub(crate) struct Call {
    /// To whom, judged by [`Client::target`].
    pub target: Target,
    /// All headers but `Host` and `Content-Length`. Nothing in them frames the message (threat E12).
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long the whole may take.
    pub limit: Duration,
    /// Whether a connection may be kept from an earlier call and for a later one.
    pub keeps_connection: bool,
}

/// The client. Cheap to call from many tasks at once.
#[derive(Debug)]
pub(crate) struct Client {
    connector: Connector,
    pool: Arc<Pool>,
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub(crate) fn new(settings: &HttpSettings) -> Result<Self, HttpPluginError> {
        Ok(Self {
            connector: Connector::new(settings)?,
            pool: Arc::new(Pool::new(settings)),
        })
    }

    /// Judges and parses a URL. What is judged here is what is called.
    ///
    /// # Errors
    /// Why it may not be called.
    pub(crate) fn target(&self, url: &str) -> Result<Target, Failure> {
        self.connector.guard().target(url)
    }

    /// Makes the call, and reads the answer as far as it is read at all. What is known about the time
    /// is left in `progress`, also when the call fails or is dropped.
    ///
    /// # Errors
    /// When there is no head of an answer.
    pub(crate) async fn post(
        &self,
        mut call: Call,
        progress: &mut Progress,
    ) -> Result<Answer, Failure> {
        let deadline = Instant::now() + call.limit;
        // Over whatever was there: the host that is called is the one that was judged (threat E13).
        let host = HeaderValue::from_str(call.target.host_header())
            .map_err(|_| Failure::config("its host cannot be sent"))?;
        call.headers.insert(HOST, host);
        let sent = timeout_at(deadline, self.send(&call, progress)).await;
        let (mut connection, response) = match sent {
            Ok(sent) => sent?,
            Err(_) => return Err(progress.out_of_time()),
        };
        let (head, mut body) = response.into_parts();
        answer::check_framing(&head)?;
        let mut read = ReadBody::default();
        // The status is what counts: a body that breaks, or does not end, takes nothing from it.
        let _ = timeout_at(deadline, connection.read_body(&mut body, &mut read)).await;
        drop(body);
        if call.keeps_connection && read.complete && connection.is_reusable().await {
            self.pool.put(call.target.origin(), connection, &head);
        }
        Ok(Answer { head, body: read })
    }

    /// Sends the request, on a kept connection if there is one, and waits for the head of the answer.
    async fn send(
        &self,
        call: &Call,
        progress: &mut Progress,
    ) -> Result<(Box<Connection>, http::Response<hyper::body::Incoming>), Failure> {
        if call.keeps_connection {
            while let Some(mut kept) = self.pool.take(call.target.origin()) {
                if !kept.is_reusable().await {
                    continue;
                }
                progress.enter(Stage::Answer);
                match kept.exchange(call.request()?).await {
                    Ok(response) => return Ok((kept, response)),
                    Err(broken) if broken.before_any_answer() => {
                        metrics::counter!(SENT_AGAIN).increment(1);
                        tracing::debug!(
                            event = "kept_connection_broke",
                            "sent again on a new connection"
                        );
                        break;
                    }
                    Err(broken) => return Err(broken.into()),
                }
            }
        }
        let mut connection = self.connector.connect(&call.target, progress).await?;
        progress.enter(Stage::Answer);
        let response = connection
            .exchange(call.request()?)
            .await
            .map_err(Failure::from)?;
        Ok((connection, response))
    }
}

impl Call {
    fn request(&self) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(self.target.path_and_query())
            .map_err(|_| Failure::config("its path cannot be sent"))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}
