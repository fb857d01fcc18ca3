//! A receiver of deliveries: takes every call and remembers it. A path that begins with `/refuse` is
//! answered with 500.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver as Calls, Sender};
use std::thread;

use serde_json::Value;

use crate::program::DEADLINE;

/// A call that was received.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) struct Receiver {
    address: SocketAddr,
    calls: Calls<Call>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, calls) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let received = received.clone();
                thread::spawn(move || serve(&stream.unwrap(), &received));
            }
        });
        Self { address, calls }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next call, which must come.
    pub(crate) fn next(&self) -> Call {
        self.calls.recv_timeout(DEADLINE).unwrap()
    }
}

/// Answers the requests of one connection; `None` when the client is gone.
fn serve(stream: &TcpStream, received: &Sender<Call>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("Content-Length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let status = if path.starts_with("/refuse") {
            "500 Internal Server Error"
        } else {
            "200 OK"
        };
        let body = String::from_utf8(body).ok()?;
        // Nobody may want to know any more.
        let _ = received.send(Call { path, body });
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        (&mut &*stream).write_all(answer.as_bytes()).ok()?;
    }
}
