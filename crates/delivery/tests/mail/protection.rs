//! Encryption and logins (threat H8).

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;
use webhook_delivery::{
    MailSettings, MailSettingsError, Mailer, SmtpLogin, SmtpSecurity, SmtpServer,
};
use webhook_domain::NoticeState;
use webhook_domain::testing::{FixedClock, MemoryStore};

use crate::fake_server::{FakeServer, Manners};
use crate::{Desk, World};

/// An authority, as PEM, and a server with a certificate of it for this name.
fn authority_and_server(name: &str) -> (Vec<u8>, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    (authority.pem().into_bytes(), acceptor)
}

/// Sends one mail to this server, and tells what became of it.
async fn send(server: &FakeServer, to: SmtpServer) -> (NoticeState, String) {
    let to = SmtpServer {
        port: Some(server.port()),
        ..to
    };
    let world = World::new(MailSettings {
        server: Some(to),
        ..MailSettings::default()
    });
    world.add_for("kari@example.com");
    world.tick().await;
    (world.desk.states()[0], world.desk.reason(1))
}

fn to(security: SmtpSecurity) -> SmtpServer {
    SmtpServer {
        security,
        ..SmtpServer::new("127.0.0.1", "agent@example.org")
    }
}

#[tokio::test]
async fn h8_a_server_without_starttls_gets_no_mail() {
    let server = FakeServer::new().await;
    let (state, reason) = send(&server, to(SmtpSecurity::StartTls)).await;
    assert_eq!(state, NoticeState::Pending);
    assert!(reason.contains("STARTTLS"), "{reason}");
    assert_eq!((server.lines("MAIL"), server.mails().len()), (vec![], 0));
}

#[tokio::test]
async fn h8_a_server_that_speaks_no_tls_gets_no_mail() {
    let server = FakeServer::new().await;
    let (state, _) = send(&server, to(SmtpSecurity::Tls)).await;
    assert_eq!(state, NoticeState::Pending);
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn h8_a_certificate_of_a_stranger_or_for_another_name_gets_no_mail() {
    let (_, stranger) = authority_and_server("127.0.0.1");
    let (authority, other_name) = authority_and_server("mail.example.org");
    for (tls, extra_authorities) in [(stranger, None), (other_name, Some(authority))] {
        let server = FakeServer::with(Manners {
            starttls: Some(tls),
            ..Manners::default()
        })
        .await;
        let to = SmtpServer {
            extra_authorities,
            ..to(SmtpSecurity::StartTls)
        };
        let (state, reason) = send(&server, to).await;
        assert_eq!(state, NoticeState::Pending);
        assert!(!reason.is_empty());
        assert_eq!((server.lines("MAIL"), server.mails().len()), (vec![], 0));
    }
}

#[tokio::test]
async fn mail_goes_over_tls_and_over_starttls() {
    let (authority, acceptor) = authority_and_server("127.0.0.1");
    for security in [SmtpSecurity::Tls, SmtpSecurity::StartTls] {
        let server = FakeServer::with(Manners {
            tls: (security == SmtpSecurity::Tls).then(|| acceptor.clone()),
            starttls: (security == SmtpSecurity::StartTls).then(|| acceptor.clone()),
            ..Manners::default()
        })
        .await;
        let to = SmtpServer {
            extra_authorities: Some(authority.clone()),
            ..to(security)
        };
        let (state, reason) = send(&server, to).await;
        assert_eq!(state, NoticeState::Sent, "{security:?}: {reason}");
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_login_is_used_and_a_wrong_one_is_tried_again_later() {
    for (password, state) in [
        ("s3cret", NoticeState::Sent),
        ("other", NoticeState::Pending),
    ] {
        let server = FakeServer::with(Manners {
            login: Some("\0agent\0s3cret"),
            ..Manners::default()
        })
        .await;
        let login = SmtpLogin {
            user: "agent".to_owned(),
            password: password.to_owned(),
        };
        assert!(!format!("{login:?}").contains(password));
        let to = SmtpServer {
            login: Some(login),
            ..to(SmtpSecurity::None)
        };
        assert_eq!(send(&server, to).await.0, state);
    }
}

#[tokio::test]
async fn h8_only_this_machine_is_called_without_protection() {
    let with = |host: &str, from: &str, security| {
        let server = SmtpServer {
            security,
            ..SmtpServer::new(host, from)
        };
        Mailer::new(
            Arc::new(Desk::default()),
            Arc::new(MemoryStore::default()),
            Arc::new(FixedClock::default()),
            MailSettings {
                server: Some(server),
                ..MailSettings::default()
            },
        )
    };
    for host in ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"] {
        assert!(
            with(host, "a@example.org", SmtpSecurity::None).is_ok(),
            "{host}"
        );
    }
    for host in [
        "mail.example.org",
        "10.0.0.1",
        "0.0.0.0",
        "localhost.example.org",
        "",
    ] {
        let refused = with(host, "a@example.org", SmtpSecurity::None);
        assert!(
            matches!(refused, Err(MailSettingsError::Unprotected(_))),
            "{host}"
        );
        assert!(with("mail.example.org", "a@example.org", SmtpSecurity::Tls).is_ok());
    }
    for from in ["", "nobody", "a@example.org\r\nBcc: x@example.org"] {
        let refused = with("localhost", from, SmtpSecurity::None);
        assert!(
            matches!(refused, Err(MailSettingsError::From(..))),
            "{from}"
        );
    }
}
