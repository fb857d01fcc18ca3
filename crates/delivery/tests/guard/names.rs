//! A name server on loopback that answers as it is told, over UDP. It knows as much of the protocol as
//! the tests need: one question, addresses, aliases, codes, silence.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const AAAA: u16 = 28;

pub(crate) const NXDOMAIN: u8 = 3;
pub(crate) const SERVFAIL: u8 = 2;
pub(crate) const REFUSED: u8 = 5;

/// What is answered to one question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The code; 0 is no error.
    pub code: u8,
    /// Aliases, each of the one before; the first of the name that was asked for.
    pub aliases: Vec<String>,
    /// Addresses of the last alias. Only those of the type that was asked for are told.
    pub addresses: Vec<IpAddr>,
    /// Nothing is answered at all.
    pub silent: bool,
    /// Bytes that are sent instead.
    pub garbage: Option<Vec<u8>>,
}

impl Answer {
    pub(crate) fn of<const N: usize>(addresses: [&str; N]) -> Self {
        Self {
            addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn code(code: u8) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// In lower case, with the dot at the end.
    pub name: String,
    pub kind: u16,
}

/// The name server; it falls silent when it is dropped.
pub(crate) struct NameServer {
    pub address: SocketAddr,
    questions: Arc<Mutex<Vec<Question>>>,
    serving: JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl NameServer {
    /// Answers each question as this function says; the number of the question, from 0, goes along.
    pub(crate) async fn answering<F>(answer: F) -> Self
    where
        F: Fn(&Question, usize) -> Answer + Send + Sync + 'static,
    {
        let socket = UdpSocket::bind("127.0.0.2:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let questions = Arc::new(Mutex::new(Vec::new()));
        let asked = questions.clone();
        let serving = tokio::spawn(async move {
            let count = AtomicUsize::new(0);
            let mut packet = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let Some((question, end)) = read(&packet[..length]) else {
                    continue;
                };
                let number = count.fetch_add(1, Ordering::SeqCst);
                let said = answer(&question, number);
                asked.lock().unwrap().push(question.clone());
                if said.silent {
                    continue;
                }
                let reply = match said.garbage {
                    Some(garbage) => garbage,
                    None => write(&packet[..end], &question, &said),
                };
                let _ = socket.send_to(&reply, from).await;
            }
        });
        Self {
            address,
            questions,
            serving,
        }
    }

    pub(crate) fn questions(&self) -> Vec<Question> {
        self.questions.lock().unwrap().clone()
    }
}

/// The question of a query, and where it ends.
fn read(query: &[u8]) -> Option<(Question, usize)> {
    let mut at = 12;
    let mut name = String::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length)?;
        name.push_str(&String::from_utf8_lossy(label).to_lowercase());
        name.push('.');
        at += length;
    }
    let kind = u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]);
    Some((Question { name, kind }, at + 4))
}

fn write(query: &[u8], question: &Question, answer: &Answer) -> Vec<u8> {
    let mut records = Vec::new();
    let mut count = 0_u16;
    let mut owner = question.name.clone();
    for alias in &answer.aliases {
        record(&mut records, &owner, CNAME, &encoded(alias));
        count += 1;
        owner.clone_from(alias);
    }
    for ip in &answer.addresses {
        match ip {
            IpAddr::V4(ip) if question.kind == A => {
                record(&mut records, &owner, A, &ip.octets());
                count += 1;
            }
            IpAddr::V6(ip) if question.kind == AAAA => {
                record(&mut records, &owner, AAAA, &ip.octets());
                count += 1;
            }
            _ => {}
        }
    }
    let mut reply = query[..2].to_vec();
    // A response, recursion desired and available.
    reply.extend([0x81, 0x80 | answer.code]);
    reply.extend([0, 1]);
    reply.extend(count.to_be_bytes());
    reply.extend([0; 4]);
    reply.extend(&query[12..]);
    reply.extend(records);
    reply
}

fn record(out: &mut Vec<u8>, owner: &str, kind: u16, data: &[u8]) {
    out.extend(encoded(owner));
    out.extend(kind.to_be_bytes());
    // Of the internet; forgotten at once.
    out.extend([0, 1, 0, 0, 0, 0]);
    out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    out.extend(data);
}

fn encoded(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.trim_end_matches('.').split('.') {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
