//! Deliveries of every kind, sent by the plugin and written down as a receiver got them: for verifiers
//! that share no code with the server (`tests/interop/wire`; threats G8 and G9). `cargo xtask test wire`
//! and `cargo xtask prove wire` run both.
//!
//! How many, from which seed and into which file can be said by `WIRE_DELIVERIES`, `WIRE_SEED` and
//! `WIRE_FILE`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod generated;
mod receiver;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use generated::{Delivery, Key};
use receiver::Heard;
use serde_json::json;
use webhook_delivery::payload::{self, PayloadOptions};
use webhook_delivery::{HttpPlugin, HttpSettings};
use webhook_domain::{
    AddressPolicy, Clock as _, DeliveryPlugin as _, DeliveryRequest, Outcome, SystemClock,
    TargetPolicy, Webhook,
};

/// A setting of whoever runs the tests, or what holds without one.
fn setting<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name}={text} cannot be read")),
        Err(_) => otherwise,
    }
}

/// A plugin that may call receivers on loopback.
fn plugin(payload: PayloadOptions) -> HttpPlugin {
    let targets = TargetPolicy {
        allow_http: true,
        addresses: AddressPolicy::private_allowed(),
    };
    HttpPlugin::new(HttpSettings {
        targets,
        payload,
        ..HttpSettings::default()
    })
    .unwrap()
}

/// Sends everything, one after the other, and answers with what was heard, in that order.
async fn send(deliveries: &[Delivery]) -> Vec<Heard> {
    let (address, heard) = receiver::listen();
    let [listed, all] = generated::FIELD_VALUES.map(|field_values| {
        let options = PayloadOptions { field_values };
        (options, plugin(options))
    });
    let mut taken = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let webhook = at(&delivery.webhook, address);
        let (_, plugin) = if delivery.options == listed.0 {
            &listed
        } else {
            &all
        };
        let report = plugin
            .deliver(DeliveryRequest {
                webhook: &webhook,
                event: &delivery.event,
                retries: delivery.retries,
                // Receivers refuse what is older than some minutes.
                at: SystemClock.now(),
            })
            .await;
        assert_eq!(report.outcome, Outcome::Ok, "{}", report.message);
        taken.push(heard.try_recv().unwrap());
    }
    taken
}

/// The webhook with this receiver.
fn at(webhook: &Webhook, address: SocketAddr) -> Webhook {
    Webhook {
        target_url: format!("http://{address}/in"),
        ..webhook.clone()
    }
}

/// One line: what came in, and the secret that the receiver has.
fn line(delivery: &Delivery, heard: &Heard) -> serde_json::Value {
    json!({
        "headers": heard.headers,
        "body": STANDARD.encode(&heard.body),
        "secret": delivery.webhook.secret.as_ref().map(|secret| secret.expose()),
        "encoded": delivery.key == Key::Encoded,
    })
}

#[tokio::test]
async fn g9_deliveries_of_every_kind_are_written_down_for_independent_verifiers() {
    let count = setting("WIRE_DELIVERIES", 500_usize);
    let file = setting(
        "WIRE_FILE",
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("deliveries.jsonl"),
    );
    let deliveries = generated::deliveries(count, setting("WIRE_SEED", 0_u32));
    for key in Key::ALL {
        assert!(
            deliveries.iter().filter(|d| d.key == key).count() * 20 > count,
            "too few deliveries with a secret of kind {key:?}"
        );
    }
    let taken = send(&deliveries).await;

    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut lines = BufWriter::new(File::create(&file).unwrap());
    for (delivery, heard) in deliveries.iter().zip(&taken) {
        assert_eq!(heard.request_line, "POST /in HTTP/1.1");
        let rendered = payload::render(&delivery.event, &delivery.webhook, &delivery.options);
        assert_eq!(heard.body, rendered);
        let signatures = usize::from(delivery.key != Key::None);
        for name in ["x-superoffice-signature", "webhook-signature"] {
            assert_eq!(heard.values(name).len(), signatures, "{name}");
        }
        writeln!(lines, "{}", line(delivery, heard)).unwrap();
    }
    lines.into_inner().unwrap().sync_all().unwrap();
    assert_eq!(taken.len(), count);
}
