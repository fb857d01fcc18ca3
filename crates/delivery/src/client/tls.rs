//! Encryption: what is trusted, and what is said when it fails. There is no way to trust less for one
//! webhook (threat E19), and nothing but HTTP/1.1 is offered (threat E23).

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use webhook_domain::Outcome;

use super::{Failure, HttpPluginError, HttpSettings};

/// The configuration of encryption, made when it is first needed: reading what the system trusts
/// takes a while.
#[derive(Debug)]
pub(super) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, HttpPluginError> {
        let config = OnceLock::new();
        if let Some(given) = &settings.tls {
            let mut given = ClientConfig::clone(given);
            given.alpn_protocols = http_1_1();
            config.get_or_init(|| Ok(Arc::new(given)));
        }
        Ok(Self {
            extra: match &settings.extra_ca {
                Some(path) => read(path)
                    .map_err(|reason| HttpPluginError::ExtraCa(PathBuf::from(path), reason))?,
                None => Vec::new(),
            },
            config,
        })
    }

    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, Failure> {
        let made = self.config.get_or_init(|| {
            trusting(self.extra.clone()).map(Arc::new).map_err(|error| {
                tracing::error!(event = "tls_unusable", %error, "no https target can be called");
                error.to_string()
            })
        });
        made.clone().map_err(|_| {
            Failure::new(
                Outcome::TlsError,
                "this server has no certificate authorities to trust",
            )
        })
    }
}

fn http_1_1() -> Vec<Vec<u8>> {
    vec![b"http/1.1".to_vec()]
}

/// Whatever the system trusts, and these.
fn trusting(extra: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra, provider.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = http_1_1();
    Ok(config)
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| e.to_string())?;
    if certificates.is_empty() {
        return Err("it holds no certificate".into());
    }
    // What cannot be an authority is told at start, not when the first receiver is called.
    let mut roots = rustls::RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|e| e.to_string())?;
    }
    Ok(certificates)
}

/// What went wrong while agreeing on encryption. Certificates are public, so their faults are named.
pub(super) fn failure(error: &std::io::Error) -> Failure {
    use rustls::CertificateError as Fault;
    let reason = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let text = match reason {
        Some(rustls::Error::InvalidCertificate(fault)) => match fault {
            Fault::Expired | Fault::ExpiredContext { .. } => "its certificate has expired",
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            Fault::UnknownIssuer => "its certificate is of an authority that is not trusted",
            Fault::Revoked => "its certificate was revoked",
            _ => "its certificate is not valid",
        },
        _ => "encryption could not be agreed on",
    };
    Failure::new(Outcome::TlsError, text)
}
