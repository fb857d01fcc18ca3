//! TLS: who is trusted, and that nothing is sent to anybody else (threats E19 and E23).

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use webhook_delivery::{HttpPlugin, HttpPluginError, HttpSettings};
use webhook_domain::Outcome;

use crate::receiver::{Conversation, Counts, Receiver};
use crate::sender::{impatient, laptop, plugin, post, probe};

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken";

/// An authority, and the file that makes it trusted.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

fn authority() -> Authority {
    named("Authority")
}

fn named(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(issuer.pem().as_bytes()).unwrap();
    Authority { issuer, file }
}

fn for_names(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// One certificate for everybody; remembers what clients offer as the protocol inside.
#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    offered: Mutex<Vec<Vec<u8>>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(protocols) = hello.alpn() {
            self.offered
                .lock()
                .unwrap()
                .extend(protocols.map(<[u8]>::to_vec));
        }
        Some(self.key.clone())
    }
}

struct TlsReceiver {
    receiver: Receiver,
    /// What was heard inside of the encryption.
    inside: Arc<Counts>,
    shown: Arc<Shown>,
}

impl TlsReceiver {
    async fn showing(params: CertificateParams, by: Option<&Authority>) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = match by {
            Some(authority) => params.signed_by(&key, &authority.issuer).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
        let key = CertifiedKey::from_der(vec![certificate.der().clone()], secret.into(), &provider)
            .unwrap();
        let shown = Arc::new(Shown {
            key: Arc::new(key),
            offered: Mutex::default(),
        });
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let inside = Arc::new(Counts::default());
        let counts = inside.clone();
        let receiver = Receiver::holding(move |heard, _| {
            let acceptor = acceptor.clone();
            let counts = counts.clone();
            async move {
                let Ok(stream) = acceptor.accept(heard.stream).await else {
                    return;
                };
                let mut heard = Conversation::new(stream, counts);
                while heard.request().await.is_some() {
                    heard.say(TAKEN).await;
                }
            }
        })
        .await;
        Self {
            receiver,
            inside,
            shown,
        }
    }

    fn url(&self) -> String {
        format!("https://{}/", self.receiver.address)
    }
}

fn trusting(authority: &Authority, settings: HttpSettings) -> HttpPlugin {
    plugin(HttpSettings {
        extra_ca: Some(authority.file.path().to_owned()),
        ..settings
    })
}

#[tokio::test]
async fn a_receiver_with_a_certificate_of_a_trusted_authority_is_called_and_its_connection_kept() {
    let authority = authority();
    let receiver = TlsReceiver::showing(for_names(&["127.0.0.1"]), Some(&authority)).await;
    let plugin = trusting(&authority, laptop());
    for _ in 0..3 {
        let report = post(&plugin, &receiver.url()).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
        assert_eq!(report.answer, "taken");
    }
    assert_eq!(receiver.inside.requests().len(), 3);
    assert_eq!(receiver.receiver.counts.connections(), 1);
}

#[tokio::test]
async fn e23_nothing_but_http_1_1_is_offered() {
    let authority = authority();
    let receiver = TlsReceiver::showing(for_names(&["127.0.0.1"]), Some(&authority)).await;
    post(&trusting(&authority, laptop()), &receiver.url()).await;
    assert_eq!(
        *receiver.shown.offered.lock().unwrap(),
        [b"http/1.1".to_vec()]
    );
}

#[tokio::test]
async fn e19_a_certificate_that_does_not_hold_stops_the_call_before_a_byte_of_it() {
    let authority = authority();
    let other = named("Somebody else");
    let mut expired = for_names(&["127.0.0.1"]);
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let mut early = for_names(&["127.0.0.1"]);
    early.not_before = date_time_ymd(2400, 1, 1);
    early.not_after = date_time_ymd(2401, 1, 1);
    let here = || for_names(&["127.0.0.1"]);
    let elsewhere = for_names(&["hooks.example.com", "127.0.0.2"]);
    for (params, by, reason) in [
        (expired, Some(&authority), "its certificate has expired"),
        (early, Some(&authority), "its certificate is not valid yet"),
        (
            elsewhere,
            Some(&authority),
            "its certificate is for another name",
        ),
        (
            here(),
            Some(&other),
            "its certificate is of an authority that is not trusted",
        ),
        (
            here(),
            None,
            "its certificate is of an authority that is not trusted",
        ),
    ] {
        let receiver = TlsReceiver::showing(params, by).await;
        let plugin = trusting(&authority, laptop());
        for report in [
            post(&plugin, &receiver.url()).await,
            probe(&plugin, &receiver.url()).await,
        ] {
            assert_eq!(report.outcome, Outcome::TlsError, "{reason}: {report:?}");
            assert!(
                report
                    .message
                    .starts_with(&format!("tls: {reason} (connect ")),
                "{reason}: {report:?}"
            );
            assert_eq!(report.sent, None);
        }
        assert_eq!(receiver.receiver.counts.connections(), 2);
        assert_eq!(receiver.inside.bytes_heard(), 0);
    }
}

#[tokio::test]
async fn e19_without_the_extra_authority_its_certificates_are_refused() {
    let authority = authority();
    let receiver = TlsReceiver::showing(for_names(&["127.0.0.1"]), Some(&authority)).await;
    let report = post(&plugin(laptop()), &receiver.url()).await;
    assert_eq!(report.outcome, Outcome::TlsError, "{report:?}");
    assert_eq!(receiver.inside.bytes_heard(), 0);
}

#[tokio::test]
async fn e19_old_protocols_and_plain_text_are_refused_before_a_byte_of_the_call() {
    let hello = |version: u8| {
        let mut body = vec![3, version];
        body.extend([7; 32]);
        body.extend([0, 0x00, 0x2f, 0]);
        let mut hello = vec![2, 0, 0, u8::try_from(body.len()).unwrap()];
        hello.extend(body);
        let mut record = vec![0x16, 3, version, 0, u8::try_from(hello.len()).unwrap()];
        record.extend(hello);
        record
    };
    for (said, what) in [
        (hello(1), "TLS 1.0"),
        (hello(2), "TLS 1.1"),
        (hello(0), "SSL 3"),
        (vec![0x15, 3, 1, 0, 2, 2, 70], "an alert"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "plain HTTP"),
        (
            b"220 mail.example.com ESMTP\r\n".to_vec(),
            "another protocol",
        ),
        (Vec::new(), "nothing"),
    ] {
        let receiver = Receiver::holding(move |mut heard, _| {
            let said = said.clone();
            async move {
                heard.until_heard(5).await;
                heard.say(&said).await;
                if !said.is_empty() {
                    heard.until_closed().await;
                }
            }
        })
        .await;
        let target = format!("https://{}/", receiver.address);
        let report = post(&plugin(laptop()), &target).await;
        assert_eq!(report.outcome, Outcome::TlsError, "{what}: {report:?}");
        assert!(
            report
                .message
                .starts_with("tls: encryption could not be agreed on (connect "),
            "{what}: {report:?}"
        );
        // What was heard is the greeting of TLS and an alert, nothing of the call.
        assert_eq!(receiver.counts.requests().len(), 0);
        assert!(receiver.counts.bytes_heard() < 2_048, "{what}");
    }
}

#[tokio::test]
async fn e19_encryption_that_is_never_agreed_on_runs_out_of_time() {
    let receiver =
        Receiver::holding(|mut heard, _| async move { heard.until_closed().await }).await;
    let settings = HttpSettings {
        timeout: Duration::from_secs(30),
        ..impatient()
    };
    let limit = settings.connect_timeout;
    let report = post(&plugin(settings), &format!("https://{}/", receiver.address)).await;
    assert_eq!(report.outcome, Outcome::TimeoutConnect, "{report:?}");
    assert!(report.took >= limit, "{report:?}");
    assert!(report.message.contains(" ms, tls "), "{report:?}");
    assert_eq!(report.sent, None);
}

#[test]
fn a_file_of_extra_authorities_that_cannot_be_used_is_told_at_once() {
    let with = |path: &std::path::Path| {
        HttpPlugin::new(HttpSettings {
            extra_ca: Some(path.to_owned()),
            ..laptop()
        })
    };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for text in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        file.as_file_mut().set_len(0).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let error = with(file.path()).unwrap_err();
        assert!(matches!(error, HttpPluginError::ExtraCa(..)), "{error}");
        assert!(
            error
                .to_string()
                .contains(&file.path().display().to_string())
        );
    }
    let missing = file.path().with_extension("missing");
    assert!(matches!(
        with(&missing).unwrap_err(),
        HttpPluginError::ExtraCa(..)
    ));
}
