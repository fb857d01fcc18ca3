//! Tests over the whole table of routes, on the store in memory: what holds for one operation must hold
//! for every one that is added later.

mod archive;
mod conditional;
mod cors;
mod counters;
mod coverage;
mod culture;
mod deliveries;
mod description;
mod docs_page;
mod documents;
mod fixtures;
mod media;
mod patch;
mod patch_fuzz;
mod patch_on_save;
mod probes;
mod resends;
mod rest;
mod round_trip;
mod routes;
mod select;
mod signals;
mod slow;
mod sources;
mod trials;
mod world;
mod xml_and_forms;

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{self, TestRequest};
use actix_web::{Error, http};
use async_trait::async_trait;
use serde_json::Value;
use webhook_domain::testing::{FixedClock, MemoryStore, RecordingPlugin, SeqIds};
use webhook_domain::{
    Accounts as _, Context, Deliveries, NewAccount, PluginRegistry, SaveRules, Signals, UserType,
    Webhooks,
};

use crate::app::{Api, Parts, Settings};
use crate::auth::{AuthSettings, Authenticator, hash_password};
use crate::probes::Probes;

/// What the tests log in with.
const KARI: &str = "Basic S0FSSTpzZWNyZXQ=";

pub(super) async fn parts() -> Parts {
    let store = Arc::new(MemoryStore::default());
    let ids = SeqIds::default();
    let account = NewAccount {
        name: "KARI".to_owned(),
        full_name: "Kari Solheim".to_owned(),
        user_type: UserType::default(),
        email: None,
        password_hash: Some(hash_password("secret", &ids).unwrap()),
    };
    store
        .add_account(&Context::onsite(), account)
        .await
        .unwrap();
    let plugins = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let ids = Arc::new(ids);
    let clock = Arc::new(FixedClock::default());
    let authenticator = Authenticator::new(
        store.clone(),
        clock.clone(),
        ids.clone(),
        AuthSettings::default(),
    );
    let settings = Settings {
        metrics: true,
        ..Settings::default()
    };
    let api = Api {
        probes: Some(Arc::new(Ready)),
        ..api(&store, clock, ids, plugins, authenticator, settings)
    };
    Parts::new(api)
}

/// A server that is ready and has counted nothing.
struct Ready;

#[async_trait]
impl Probes for Ready {
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn metrics(&self) -> String {
        String::new()
    }
}

/// What requests are served with, over a store in memory.
pub(crate) fn api(
    store: &Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    ids: Arc<SeqIds>,
    plugins: PluginRegistry,
    authenticator: impl Into<Arc<Authenticator>>,
    settings: Settings,
) -> Api {
    let webhooks = Webhooks::new(
        store.clone(),
        store.clone(),
        Arc::new(plugins),
        clock.clone(),
        ids.clone(),
        SaveRules::default(),
    );
    let deliveries = Deliveries::new(store.clone(), store.clone(), store.clone(), clock.clone());
    Api {
        webhooks: Arc::new(webhooks),
        signals: Arc::new(Signals::new(store.clone(), clock, ids)),
        deliveries: Arc::new(deliveries),
        authenticator: authenticator.into(),
        probes: None,
        settings,
    }
}

/// A reply, with its body read as JSON; null when there is none.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: http::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// Every value of a header.
    pub(crate) fn all(&self, name: http::header::HeaderName) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(name);
        values.map(|value| value.to_str().unwrap())
    }

    pub(crate) fn header(&self, name: http::header::HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn call<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    request: TestRequest,
) -> Answer {
    let response = test::call_service(app, request.to_request()).await;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = String::from_utf8(test::read_body(response).await.to_vec()).unwrap();
    let is_json = headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|own| own.to_str().unwrap().contains("json"));
    let body = if is_json {
        serde_json::from_str(&text).unwrap()
    } else {
        Value::Null
    };
    Answer {
        status,
        headers,
        text,
        body,
    }
}

pub(super) fn post(path: &str, body: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header((http::header::AUTHORIZATION, KARI))
        .insert_header((http::header::CONTENT_TYPE, "application/json"))
        .set_payload(body.to_owned())
}
