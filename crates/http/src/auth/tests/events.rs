//! Events and deliveries of an online installation: whose they are, and who sees them (threats K2, K6;
//! decision 19).

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use webhook_domain::{Accounts as _, Clock as _, NewToken};

use super::online::{online, save, tenant};
use super::{Shown, World, draft};
use crate::auth::issue_token;
use crate::tests::Answer;

const EVENT_ID: HeaderName = HeaderName::from_static("x-superoffice-eventid");

fn agent(name: &str, call: &str) -> String {
    format!("/{name}/api/v1/Agents/Webhook/{call}")
}

impl World {
    /// Signals the event that every webhook of these tests listens for.
    async fn signal(&self, name: &str, shown: Shown<'_>, key: &str) -> Answer {
        let mut shown = shown.to_vec();
        shown.push(("Idempotency-Key", key));
        let body = r#"{"EventName":"sale.sold","PrimaryKey":7}"#;
        let signalled = self.post(&agent(name, "SignalEvent"), &shown, body).await;
        assert_eq!(signalled.status, 204, "{}", signalled.text);
        signalled
    }

    async fn call(&self, method: &Method, path: &str, shown: Shown<'_>) -> Answer {
        let mut request = TestRequest::default().method(method.clone()).uri(path);
        for (name, value) in shown {
            request = request.append_header((*name, *value));
        }
        if *method == Method::POST {
            request = request
                .insert_header((header::CONTENT_TYPE, "application/json"))
                .set_payload(r#"{"Since":"2025-01-01"}"#);
        }
        self.send(request).await
    }

    async fn deliveries(&self, name: &str, webhook: &Value, shown: Shown<'_>) -> Vec<Value> {
        let path = format!("/{name}/api/v1/Webhook/{webhook}/Deliveries");
        let page = self.call(&Method::GET, &path, shown).await;
        assert_eq!(page.status, 200, "{}", page.text);
        page.body["Deliveries"].as_array().unwrap().clone()
    }

    async fn saved(&self, name: &str, shown: Shown<'_>) -> Value {
        let saved = self.post(&save(name), shown, &draft("n")).await;
        assert_eq!(saved.status, 200, "{}", saved.text);
        saved.body["WebhookId"].clone()
    }
}

#[actix_web::test]
async fn k2_k6_one_key_of_two_tenants_means_two_events_and_neither_reaches_the_other() {
    let world = online().await;
    let (_, secret) = world.app(true).await;
    let mut events = Vec::new();
    for name in ["Cust1", "Cust2"] {
        let ticket = world.ticket_of(name).await;
        let shown = [("Authorization", &*ticket), ("SO-AppToken", &*secret)];
        let webhook = world.saved(name, &shown).await;
        events.push((name, ticket.clone(), webhook));
    }
    let mut ids = Vec::new();
    for (name, ticket, webhook) in &events {
        let shown = [("Authorization", &**ticket), ("SO-AppToken", &*secret)];
        let first = world.signal(name, &shown, "one").await;
        let again = world.signal(name, &shown, "one").await;
        assert_eq!(first.header(EVENT_ID), again.header(EVENT_ID));
        let [delivery] = &world.deliveries(name, webhook, &shown).await[..] else {
            panic!("{name} has one delivery");
        };
        assert_eq!(delivery["EventId"], first.header(EVENT_ID));
        ids.push(delivery["EventId"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[actix_web::test]
async fn k6_one_key_of_two_apps_or_of_a_user_without_one_means_as_many_events() {
    let world = online().await;
    let (text, digest) = issue_token(world.ids.as_ref());
    let token = NewToken {
        label: String::new(),
        digest,
        created_at: world.clock.now(),
    };
    let context = tenant("Cust1");
    let added = world.store.add_token(&context, "kari", token);
    added.await.unwrap();
    let bearer = format!("Bearer {text}");
    let ((_, one), (_, two)) = (world.app(true).await, world.app(true).await);
    let user = [("Authorization", &*bearer)];
    let webhook = world.saved("Cust1", &user).await;
    for repeated in [false, true] {
        for secret in [None, Some(&*one), Some(&*two)] {
            let mut shown = user.to_vec();
            shown.extend(secret.map(|secret| ("SO-AppToken", secret)));
            world.signal("Cust1", &shown, "one").await;
        }
        let count = world.deliveries("Cust1", &webhook, &user).await.len();
        assert_eq!(count, 3, "repeated: {repeated}");
    }
}

#[actix_web::test]
async fn what_was_delivered_for_one_tenant_or_app_is_absent_for_the_others() {
    let world = online().await;
    let (ticket, stranger) = (
        world.ticket_of("Cust1").await,
        world.ticket_of("Cust2").await,
    );
    let ((_, secret), (_, other)) = (world.app(true).await, world.app(true).await);
    let owner = [("Authorization", &*ticket), ("SO-AppToken", &*secret)];
    let webhook = world.saved("Cust1", &owner).await;
    world.signal("Cust1", &owner, "k").await;
    let delivery = world.deliveries("Cust1", &webhook, &owner).await[0]["DeliveryId"].clone();
    let delivery = delivery.as_str().unwrap();
    let job = format!("/Cust1/api/v1/Webhook/{webhook}/Deliveries/Resends");
    let job = world.call(&Method::POST, &job, &owner).await;
    let job = job.body["ResendId"].as_str().unwrap().to_owned();

    let calls = [
        (Method::GET, "Deliveries".to_owned()),
        (Method::GET, format!("Deliveries/{delivery}")),
        (Method::POST, format!("Deliveries/{delivery}/Resend")),
        (Method::GET, "Deliveries/Resends".to_owned()),
        (Method::POST, "Deliveries/Resends".to_owned()),
        (Method::DELETE, format!("Deliveries/Resends/{job}")),
        (Method::GET, "Notices/All".to_owned()),
    ];
    let other_app = [("Authorization", &*ticket), ("SO-AppToken", &*other)];
    let other_tenant = [("Authorization", &*stranger), ("SO-AppToken", &*secret)];
    for (name, shown) in [("Cust1", other_app), ("Cust2", other_tenant)] {
        for (method, path) in &calls {
            let path = format!("/{name}/api/v1/Webhook/{webhook}/{path}");
            let hidden = world.call(method, &path, &shown).await;
            let elsewhere = path.replace(&format!("/Webhook/{webhook}/"), "/Webhook/99/");
            let nothing = world.call(method, &elsewhere, &shown).await;
            assert_eq!(
                (hidden.status, &hidden.text),
                (404, &nothing.text),
                "{method} {path}"
            );
        }
        let last = format!("/{name}/api/v1/Webhook/{webhook}/LastError");
        assert_eq!(
            world.call(&Method::GET, &last, &shown).await.body,
            json!("")
        );
    }
    // Without a credential none of them is told from what is not there.
    for (method, path) in &calls {
        let path = format!("/Cust1/api/v1/Webhook/{webhook}/{path}");
        assert_eq!(
            world.call(method, &path, &[]).await.status,
            401,
            "{method} {path}"
        );
    }
    let jobs = format!("/Cust1/api/v1/Webhook/{webhook}/Deliveries/Resends");
    let left = world.call(&Method::GET, &jobs, &owner).await;
    assert_eq!(left.body["Resends"][0]["State"], "Running");
}
