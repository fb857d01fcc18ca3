//! A receiver on loopback that takes everything and keeps it as it came over the wire.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) request_line: String,
    /// Names in lower case and values, in the order of the wire.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    /// Every value of this header.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// Starts to listen. What is heard comes out of the channel, before it is answered.
pub(crate) fn listen() -> (SocketAddr, Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, taken) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let heard = heard.clone();
            thread::spawn(move || converse(stream.unwrap(), &heard));
        }
    });
    (address, taken)
}

fn converse(stream: TcpStream, heard: &Sender<Heard>) {
    let mut answers = stream.try_clone().unwrap();
    let mut requests = BufReader::new(stream);
    while let Some(request) = read(&mut requests) {
        // Nobody takes it any more once the test is over.
        if heard.send(request).is_err() {
            return;
        }
        let answered = answers.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        if answered.is_err() {
            return;
        }
    }
}

/// The next request; `None` when the connection was closed.
fn read(stream: &mut BufReader<TcpStream>) -> Option<Heard> {
    let request_line = line(stream)?;
    let mut headers = Vec::new();
    loop {
        let text = line(stream)?;
        if text.is_empty() {
            break;
        }
        let (name, value) = text.split_once(": ").unwrap();
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut heard = Heard {
        request_line,
        headers,
        body: Vec::new(),
    };
    let lengths = heard.values("content-length");
    assert_eq!(lengths.len(), 1, "a body has one length");
    let mut body = vec![0; lengths[0].parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    heard.body = body;
    Some(heard)
}

/// A line without its end. A value may have blanks of its own at its end.
fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    let length = stream.read_line(&mut text).ok()?;
    (length > 0).then(|| text.strip_suffix("\r\n").unwrap().to_owned())
}
