//! The keys of the issuer whose tokens open something: read when the server starts, and again every few
//! minutes. It judges no token and no key; what cannot be read leaves the keys as they are.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use webhook_http::auth::Authenticator;

use crate::failure::Failure;
use crate::settings::KeySource;

/// How often the keys are read.
const READ_EVERY: Duration = Duration::from_secs(5 * 60);
/// How soon they are read again when they could not be.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How long an issuer may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// The most that a set of keys may take, in bytes.
const MAX_KEY_SET_BYTES: usize = 256 * 1024;

/// Reads the keys for the first time. A file that cannot be used is a mistake of whoever set it up; an
/// issuer that does not answer may do so later, and until then its tokens open nothing.
///
/// # Errors
/// When the file cannot be used.
pub(crate) async fn first(
    source: &KeySource,
    authenticator: &Authenticator,
) -> Result<(), Failure> {
    match (read(source, authenticator).await, source) {
        (Ok(()), _) => Ok(()),
        (Err(error), KeySource::File(_)) => Err(Failure::Config(format!(
            "jwt_keys {source} cannot be used: {error}"
        ))),
        (Err(error), KeySource::Url(_)) => {
            complain(source, &error);
            Ok(())
        }
    }
}

/// Reads the keys again and again, for as long as the server runs.
pub(crate) async fn keep_reading(source: KeySource, authenticator: Arc<Authenticator>) {
    let mut wait = TRIED_AGAIN_AFTER;
    loop {
        tokio::time::sleep(wait).await;
        wait = match read(&source, &authenticator).await {
            Ok(()) => READ_EVERY,
            Err(error) => {
                complain(&source, &error);
                TRIED_AGAIN_AFTER
            }
        };
    }
}

fn complain(source: &KeySource, error: &str) {
    tracing::warn!(
        event = "issuer_keys",
        %source,
        error,
        "the keys of the issuer could not be read; those that are known stay"
    );
}

async fn read(source: &KeySource, authenticator: &Authenticator) -> Result<(), String> {
    let text = match source {
        KeySource::File(path) => tokio::fs::read(path).await.map_err(|e| e.to_string())?,
        KeySource::Url(url) => fetch(url.as_str()).await.map_err(|e| told(&e))?,
    };
    let known = authenticator.set_issuer_keys(&text);
    let known = known.map_err(|error| error.to_string())?;
    tracing::debug!(
        event = "issuer_keys",
        known,
        "the keys of the issuer were read"
    );
    Ok(())
}

/// Why a key set was not fetched.
enum FetchError {
    Http(reqwest::Error),
    Status(u16),
    TooLarge,
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold what is nobody's business.
        Self::Http(error.without_url())
    }
}

fn told(error: &FetchError) -> String {
    match error {
        FetchError::Http(error) => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        }
        FetchError::Status(status) => format!("the issuer answered {status}"),
        FetchError::TooLarge => format!("it takes more than {MAX_KEY_SET_BYTES} bytes"),
    }
}

async fn fetch(url: &str) -> Result<Vec<u8>, FetchError> {
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .timeout(ANSWERS_WITHIN)
        .build()?;
    let mut answer = client.get(url).send().await?;
    if answer.status().as_u16() != 200 {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let mut text = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if text.len() + piece.len() > MAX_KEY_SET_BYTES {
            return Err(FetchError::TooLarge);
        }
        text.extend_from_slice(&piece);
    }
    Ok(text)
}
