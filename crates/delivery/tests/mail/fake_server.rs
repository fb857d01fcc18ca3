//! A mail server that notes every line it is told, and misbehaves as it is asked to.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How a server behaves.
#[derive(Clone, Default)]
pub(super) struct Manners {
    /// What it answers to `RCPT TO`, instead of yes.
    pub(super) recipient: Option<&'static str>,
    /// It takes the connection and says nothing.
    pub(super) silent: bool,
    /// It offers STARTTLS.
    pub(super) starttls: Option<TlsAcceptor>,
    /// It speaks TLS from the first byte.
    pub(super) tls: Option<TlsAcceptor>,
    /// It wants a login, and takes this one only: the text of `AUTH PLAIN`.
    pub(super) login: Option<&'static str>,
}

/// What a server heard.
#[derive(Default)]
struct Heard {
    /// Each line of each connection, without those of the mails themselves.
    lines: Vec<String>,
    mails: Vec<Mail>,
    connections: usize,
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    /// Its header lines, unfolded.
    pub(super) headers: Vec<String>,
    /// Its body, out of Base64.
    pub(super) body: String,
}

impl Mail {
    /// The one header of this name.
    pub(super) fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        let found: Vec<_> = self
            .headers
            .iter()
            .filter_map(|line| line.strip_prefix(&prefix))
            .collect();
        assert_eq!(found.len(), 1, "{name} in {:?}", self.headers);
        found[0]
    }
}

/// A listening server. It ends with the test.
pub(super) struct FakeServer {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl FakeServer {
    pub(super) async fn new() -> Self {
        Self::with(Manners::default()).await
    }

    pub(super) async fn with(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let notes = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                notes.lock().unwrap().connections += 1;
                tokio::spawn(connection(stream, manners.clone(), Arc::clone(&notes)));
            }
        });
        Self { port, heard }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn connections(&self) -> usize {
        self.heard.lock().unwrap().connections
    }

    pub(super) fn mails(&self) -> Vec<Mail> {
        self.heard.lock().unwrap().mails.clone()
    }

    /// The lines that begin with this verb.
    pub(super) fn lines(&self, verb: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let lines = heard.lines.iter().filter(|line| line.starts_with(verb));
        lines.cloned().collect()
    }
}

async fn connection(stream: TcpStream, manners: Manners, heard: Arc<Mutex<Heard>>) {
    if manners.silent {
        // Until the other side gives up.
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {}
        return;
    }
    let Some(acceptor) = &manners.tls else {
        let mut plain = BufReader::new(stream);
        if plain.write_all(b"220 fake\r\n").await.is_err() {
            return;
        }
        let wants_tls = talk(&mut plain, &manners, &heard, manners.starttls.is_some()).await;
        if let (true, Some(acceptor)) = (wants_tls, &manners.starttls)
            && let Ok(stream) = acceptor.accept(plain.into_inner()).await
        {
            talk(&mut BufReader::new(stream), &manners, &heard, false).await;
        }
        return;
    };
    if let Ok(stream) = acceptor.accept(stream).await {
        let mut stream = BufReader::new(stream);
        if stream.write_all(b"220 fake\r\n").await.is_ok() {
            talk(&mut stream, &manners, &heard, false).await;
        }
    }
}

/// Talks until the connection ends; true when TLS is to begin.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    manners: &Manners,
    heard: &Mutex<Heard>,
    offers_tls: bool,
) -> bool {
    while let Some(line) = next_line(stream).await {
        heard.lock().unwrap().lines.push(line.clone());
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" if offers_tls => "250-fake\r\n250 STARTTLS".to_owned(),
            "EHLO" if manners.login.is_some() => "250-fake\r\n250 AUTH PLAIN".to_owned(),
            "EHLO" | "MAIL" | "RSET" | "NOOP" => "250 ok".to_owned(),
            "STARTTLS" if offers_tls => {
                let begun = stream.write_all(b"220 go\r\n").await.is_ok();
                return begun && stream.flush().await.is_ok();
            }
            "AUTH" => match manners.login {
                Some(login) if line.ends_with(&STANDARD.encode(login)) => "235 ok".to_owned(),
                _ => "535 who are you".to_owned(),
            },
            "RCPT" => manners.recipient.unwrap_or("250 ok").to_owned(),
            "DATA" => {
                if stream.write_all(b"354 go\r\n").await.is_err() {
                    return false;
                }
                let _ = stream.flush().await;
                let Some(mail) = mail(stream).await else {
                    return false;
                };
                heard.lock().unwrap().mails.push(mail);
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "502 what".to_owned(),
        };
        let answered = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        if answered.is_err() || stream.flush().await.is_err() || verb == "QUIT" {
            return false;
        }
    }
    false
}

/// The next line, which ends with CR LF; `None` at the end, or when it ends otherwise.
async fn next_line(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    let read = stream.read_until(b'\n', &mut line).await.ok()?;
    if read == 0 {
        return None;
    }
    let line = String::from_utf8(line).unwrap();
    Some(
        line.strip_suffix("\r\n")
            .expect("a bare line feed")
            .to_owned(),
    )
}

async fn mail(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Mail> {
    let mut headers: Vec<String> = Vec::new();
    let (mut encoded, mut in_body) = (String::new(), false);
    loop {
        let line = next_line(stream).await?;
        assert!(!line.contains('\r'), "a bare carriage return in {line:?}");
        match line.as_str() {
            "." => break,
            "" if !in_body => in_body = true,
            _ if in_body => encoded.push_str(&line),
            _ if line.starts_with([' ', '\t']) => {
                headers.last_mut().unwrap().push_str(&line);
            }
            _ => headers.push(line),
        }
    }
    let body = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
    Some(Mail { headers, body })
}
