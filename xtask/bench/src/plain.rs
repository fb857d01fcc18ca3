//! The limit that SaveWebhook is compared with: a route that parses the same JSON into typed
//! members and writes it back.
//!
//! It has no rules, no authentication and no store, and it must stay as quick as plain actix-web
//! with serde can be: a slower limit would flatter the server.

use std::collections::BTreeMap;
use std::io::Write as _;

use actix_web::{App, HttpServer, web};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// As many as the server's machine of reference has cores.
const WORKERS: usize = 2;

/// The 14 members of the webhook as SaveWebhook takes and gives them.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PlainWebhook {
    webhook_id: i32,
    name: String,
    events: Vec<String>,
    target_url: String,
    secret: String,
    state: String,
    #[serde(rename = "Type")]
    kind: String,
    headers: BTreeMap<String, String>,
    /// Checked as JSON and kept as text: the cheapest way to take it in.
    properties: Box<RawValue>,
    registered: String,
    registered_associate: Option<Box<RawValue>>,
    updated: String,
    updated_associate: Option<Box<RawValue>>,
    errors_email: String,
}

async fn echo(webhook: web::Json<PlainWebhook>) -> web::Json<PlainWebhook> {
    webhook
}

/// Serves the route on a free port of the loopback until SIGTERM; announces itself as the server
/// does.
pub(crate) fn serve() -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/plain", web::post().to(echo)))
            .workers(WORKERS)
            .shutdown_timeout(1)
            .bind(("127.0.0.1", 0))
            .context("cannot listen on the loopback")?;
        let address = server
            .addrs()
            .first()
            .copied()
            .context("no address was bound")?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "listening http://{address}")?;
        stdout.flush()?;
        server.run().await.context("the plain route stopped")
    })
}
