//! HTTP/1.1 as bytes: requests that may be as wrong as a test wants them, replies read strictly. It
//! knows nothing of what is asked.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

use crate::program::DEADLINE;

/// `tje0` with the password of the dev profile, as on the page that the product was made from.
pub(crate) const TJE0: &str = "Basic dGplMDpUamUw";

/// A request that is well-formed unless its parts are not.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A call of the Webhook agent as `tje0`, with a JSON body.
    pub(crate) fn agent(call: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", &format!("/api/v1/Agents/Webhook/{call}"))
            .header("Authorization", TJE0)
            .header("Content-Type", "application/json")
            .body(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Takes the place of every header of this name.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).header(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    /// The head, to the empty line that ends it.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: agent.example.com\r\n",
            self.method, self.target
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = &self.body {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        head.into_bytes()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

/// A reply, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a header that may stand once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(
            values.next().is_none(),
            "{name} stands more than once in {self:?}"
        );
        value
    }

    /// Every value of a header, in the order in which they stand.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// This reply, when it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

/// A connection to a server.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    /// The server said that it hangs up after its last reply.
    last: bool,
    /// What was read and not yet used.
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            address,
            stream,
            last: false,
            buffer: Vec::new(),
        }
    }

    /// One request and its reply, on a new connection when the server hung up after the one before.
    pub(crate) fn call(&mut self, request: &Request) -> Reply {
        if self.last {
            *self = Self::open(self.address);
        }
        self.send(&request.bytes());
        self.reply()
    }

    /// Sends bytes. A server that has answered and hung up may not read them, which is no failure here.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.write_all(bytes) {
            assert!(is_hung_up(error.kind()), "{error}");
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&mut self) {
        // The server may have hung up already.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The next reply.
    pub(crate) fn reply(&mut self) -> Reply {
        self.next_reply()
            .expect("the server hung up instead of replying")
    }

    /// The next reply; `None` when the server hangs up before one begins.
    pub(crate) fn next_reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(at) = self
                .buffer
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break at;
            }
            if !self.fill() {
                assert!(
                    self.buffer.is_empty(),
                    "half a reply: {}",
                    lossy(&self.buffer)
                );
                return None;
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let (status_line, rest) = head.split_once("\r\n").unwrap();
        let mut words = status_line.splitn(3, ' ');
        assert_eq!(words.next(), Some("HTTP/1.1"), "{status_line}");
        let status: u16 = words.next().unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = rest
            .split("\r\n")
            .filter(|line| !line.is_empty())
            .map(|line| {
                let (name, value) = line.split_once(':').expect("a header has a colon");
                (name.to_owned(), value.trim().to_owned())
            })
            .collect();
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if status >= 200 && status != 204 && status != 304 {
            reply.body = match (
                reply.header("Transfer-Encoding"),
                reply.header("Content-Length"),
            ) {
                (Some(encoding), None) => {
                    assert_eq!(encoding, "chunked");
                    self.chunks()
                }
                (None, Some(length)) => self.take(length.parse().unwrap()),
                (None, None) => self.rest(),
                (Some(_), Some(_)) => panic!("a length and an encoding: {head}"),
            };
        }
        self.last = reply
            .header("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Some(reply)
    }

    /// Whether the server hangs up now, with nothing more to say.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill()
    }

    /// Everything until the server hangs up.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.buffer)
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = self.line();
            let size = line.split(';').next().unwrap().trim();
            let size = usize::from_str_radix(size, 16).unwrap();
            if size == 0 {
                while !self.line().is_empty() {}
                return body;
            }
            body.extend(self.take(size));
            assert_eq!(self.line(), "");
        }
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..at + 2).collect();
                return String::from_utf8(line[..at].to_vec()).unwrap();
            }
            assert!(self.fill(), "half a chunk: {}", lossy(&self.buffer));
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.fill(), "half a body: {}", lossy(&self.buffer));
        }
        self.buffer.drain(..length).collect()
    }

    /// Waits for more bytes; false when the server hung up.
    fn fill(&mut self) -> bool {
        let mut piece = [0; 65_536];
        match self.stream.read(&mut piece) {
            Ok(0) => false,
            Ok(length) => {
                self.buffer.extend_from_slice(&piece[..length]);
                true
            }
            Err(error) if is_hung_up(error.kind()) => false,
            Err(error) => panic!("the server does not answer: {error}"),
        }
    }
}

fn is_hung_up(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
    )
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
