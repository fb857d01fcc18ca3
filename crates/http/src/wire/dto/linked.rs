//! A webhook with its links, as the REST routes answer it (contract 1.3).

use serde::Serialize;
use utoipa::ToSchema;

use super::WebhookDto;

/// A webhook, and where it is found.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithLinks)]
pub struct LinkedWebhookDto<'a> {
    /// The webhook.
    #[serde(flatten)]
    webhook: WebhookDto<'a>,
    /// Where it is found.
    #[serde(rename = "_Links")]
    links: LinksDto,
}

/// Absolute URLs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Links)]
pub struct LinksDto {
    /// Where the webhook itself is.
    #[serde(rename = "Self")]
    own: String,
    /// Where all webhooks are.
    archive: String,
}

impl<'a> LinkedWebhookDto<'a> {
    /// The webhook with the URL of itself and of all webhooks.
    #[must_use]
    pub fn new(webhook: WebhookDto<'a>, own: String, all: String) -> Self {
        let links = LinksDto { own, archive: all };
        Self { webhook, links }
    }
}
