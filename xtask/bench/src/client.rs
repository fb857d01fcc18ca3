//! A plain blocking client for what happens before and after a measurement: preparing webhooks and
//! reading them back.
//!
//! It must not be used while something is measured.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::response;

/// One keep-alive connection to the server.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects; an answer may take half a minute at most.
    pub(crate) fn connect(target: SocketAddr) -> Result<Self> {
        ensure!(
            target.ip().is_loopback(),
            "the benchmark speaks to the loopback only, not to {target}"
        );
        let stream =
            TcpStream::connect(target).with_context(|| format!("cannot connect to {target}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends a request and reads the JSON of its answer, which must be a 2xx; an answer without a
    /// body is null.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<Value> {
        match self.text(request)?.as_str() {
            "" => Ok(Value::Null),
            text => serde_json::from_str(text).context("the answer is not JSON"),
        }
    }

    /// Sends a request and reads the text of its answer, which must be a 2xx.
    pub(crate) fn text(&mut self, request: &[u8]) -> Result<String> {
        self.stream.write_all(request).context("cannot send")?;
        self.buffer.clear();
        let mut chunk = [0; 16 * 1024];
        loop {
            let length = self.stream.read(&mut chunk).context("cannot receive")?;
            if length == 0 {
                bail!("the server closed the connection");
            }
            self.buffer.extend_from_slice(&chunk[..length]);
            let Some(answer) = response::parse(&self.buffer)? else {
                continue;
            };
            let good = answer.is_success();
            let body = &self.buffer[answer.body];
            if !good {
                bail!(
                    "the server answered {}: {}",
                    answer.status,
                    String::from_utf8_lossy(body)
                );
            }
            return String::from_utf8(body.to_vec()).context("the answer is not UTF-8");
        }
    }
}

/// The id in the answer of SaveWebhook.
pub(crate) fn webhook_id(answer: &Value) -> Result<u32> {
    answer["WebhookId"]
        .as_u64()
        .and_then(|id| u32::try_from(id).ok())
        .filter(|id| *id > 0)
        .with_context(|| format!("SaveWebhook gave no WebhookId: {answer}"))
}
