//! Tests over the whole table of routes, on the store in memory: what holds for one operation must hold
//! for every one that is added later.

mod archive;
mod conditional;
mod cors;
mod coverage;
mod culture;
mod description;
mod docs_page;
mod documents;
mod fixtures;
mod media;
mod patch;
mod patch_fuzz;
mod patch_on_save;
mod rest;
mod round_trip;
mod routes;
mod select;
mod slow;
mod sources;
mod world;
mod xml_and_forms;

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{self, TestRequest};
use actix_web::{Error, http};
use serde_json::Value;
use webhook_domain::testing::{FixedClock, MemoryStore, RecordingPlugin, SeqIds};
use webhook_domain::{
    Accounts as _, Context, NewAccount, PluginRegistry, SaveRules, UserType, Webhooks,
};

use crate::app::{Api, Parts, Settings};
use crate::auth::{AuthSettings, Authenticator, hash_password};

/// What the tests log in with.
const KARI: &str = "Basic S0FSSTpzZWNyZXQ=";

pub(super) async fn parts() -> Parts {
    let store = Arc::new(MemoryStore::default());
    let ids = SeqIds::default();
    let account = NewAccount {
        name: "KARI".to_owned(),
        full_name: "Kari Solheim".to_owned(),
        user_type: UserType::default(),
        password_hash: Some(hash_password("secret", &ids).unwrap()),
    };
    store
        .add_account(&Context::onsite(), account)
        .await
        .unwrap();
    let plugins = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let webhooks = Webhooks::new(
        store.clone(),
        store.clone(),
        Arc::new(plugins),
        Arc::new(FixedClock::default()),
        SaveRules::default(),
    );
    Parts::new(Api {
        webhooks: Arc::new(webhooks),
        authenticator: Arc::new(Authenticator::new(
            store,
            Arc::new(FixedClock::default()),
            Arc::new(ids),
            AuthSettings::default(),
        )),
        settings: Settings::default(),
    })
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
