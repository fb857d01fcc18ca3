//! Where a client finds things: the absolute URLs of `_Links` (contract 1.3) and of archive replies.

use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest};
use webhook_domain::WebhookId;

use crate::gate::Prefix;

/// The base of all URLs of this server, as the client sees it.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    base: String,
}

impl Links {
    /// The public URL of the settings, if there is one; else the host that the client asked for. The
    /// prefix before `/api` stays in either case. Forwarding headers are not believed (decision 39).
    pub(crate) fn of(request: &HttpRequest, public_url: Option<&str>) -> Self {
        let prefix = request
            .extensions()
            .get::<Prefix>()
            .map(|p| p.0.clone())
            .unwrap_or_default();
        let server = match public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let host = request
                    .headers()
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok());
                format!("http://{}", host.unwrap_or("localhost"))
            }
        };
        Self {
            base: format!("{server}{prefix}/api/v1"),
        }
    }

    /// Where the webhook itself is.
    pub(crate) fn webhook(&self, id: WebhookId) -> String {
        format!("{}/Webhook/{id}", self.base)
    }

    /// Where all webhooks are.
    pub(crate) fn webhooks(&self) -> String {
        format!("{}/Webhook", self.base)
    }

    /// What `odata.metadata` of archive replies names.
    pub(crate) fn archive_metadata(&self) -> String {
        format!("{}/Archive/$metadata", self.base)
    }

    /// The page of an archive after this one.
    pub(crate) fn archive_page(&self, archive: &str, query: &str) -> String {
        format!("{}/{archive}?{query}", self.base)
    }
}
