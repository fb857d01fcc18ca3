//! An application over a store in memory, and a client that is logged in to it. Every test has its own;
//! it judges no answer.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, header};
use actix_web::test::{TestRequest, init_service};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use uuid::Uuid;
use webhook_domain::testing::{FixedClock, MemoryStore, RecordingPlugin, SeqIds};
use webhook_domain::{
    Accounts as _, Attempt, ClaimLimits, Clock as _, Context, DeliveryQueue as _, EventStore,
    NewAccount, NewToken, PluginRegistry, Report, SaveRules, Settled, Signals, UserType,
    WebhookRepository, Webhooks,
};

use super::{Answer, api, call};
use crate::app::{Parts, Settings};
use crate::auth::{AuthSettings, Authenticator, hash_password, issue_token};
use crate::probes::Probes;

pub(super) const SAVE: &str = "/api/v1/Agents/Webhook/SaveWebhook";
pub(super) const GET: &str = "/api/v1/Agents/Webhook/GetWebhook?webhookId=1";
pub(super) const LIST: &str = "/api/v1/Agents/Webhook/GetAllWebhooks";
pub(super) const REST: &str = "/api/v1/Webhook";

pub(super) const JSON: &str = "application/json";
pub(super) const XML: &str = "application/xml";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const OPERATIONS: &str = "application/json-patch+json";
pub(super) const MERGE: &str = "application/merge-patch+json";

/// The least that a save needs.
pub(super) const MINIMAL: &str =
    r#"{"Name":"n","Events":["contact.created"],"TargetUrl":"https://hooks.example.com/"}"#;

/// What an application is made of before it is started.
#[derive(Default)]
pub(super) struct World {
    store: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    repository: Option<Arc<dyn WebhookRepository>>,
    settings: Settings,
    logins: Vec<(&'static str, &'static str)>,
    events: Option<Arc<dyn EventStore>>,
    probes: Option<Arc<dyn Probes>>,
}

impl World {
    pub(super) fn with(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// The webhooks are read through what this makes of the store.
    pub(super) fn behind(
        mut self,
        wrap: impl FnOnce(Arc<MemoryStore>) -> Arc<dyn WebhookRepository>,
    ) -> Self {
        self.repository = Some(wrap(self.store.clone()));
        self
    }

    /// Events are recorded here.
    pub(super) fn recording(mut self, events: Arc<dyn EventStore>) -> Self {
        self.events = Some(events);
        self
    }

    /// The probes are answered from this.
    pub(super) fn probed(mut self, probes: Arc<dyn Probes>) -> Self {
        self.probes = Some(probes);
        self
    }

    /// Somebody else may log in with this password.
    pub(super) fn login(mut self, name: &'static str, password: &'static str) -> Self {
        self.logins.push((name, password));
        self
    }

    pub(super) async fn client(self) -> Client {
        let ids = Arc::new(SeqIds::default());
        let onsite = Context::onsite();
        for (name, password) in self.logins {
            let account = NewAccount {
                name: name.to_owned(),
                full_name: name.to_owned(),
                user_type: UserType::default(),
                email: None,
                password_hash: Some(hash_password(password, &*ids).unwrap()),
            };
            self.store.add_account(&onsite, account).await.unwrap();
        }
        let kari = NewAccount {
            name: "KARI".to_owned(),
            full_name: r#"US:"Kari the Admin";NO:"Kari administrator""#.to_owned(),
            user_type: UserType::default(),
            email: None,
            password_hash: None,
        };
        self.store.add_account(&onsite, kari).await.unwrap();
        let (token, digest) = issue_token(&*ids);
        let new = NewToken {
            label: "tests".to_owned(),
            digest,
            created_at: self.clock.now(),
        };
        self.store.add_token(&onsite, "KARI", new).await.unwrap();
        let plugin = Arc::new(RecordingPlugin::named("webhook"));
        let plugins = PluginRegistry::new()
            .with(plugin.clone())
            .with(RecordingPlugin::named("crmscript"));
        let authenticator = Authenticator::new(
            self.store.clone(),
            self.clock.clone(),
            ids.clone(),
            AuthSettings::default(),
        );
        let mut api = api(
            &self.store,
            self.clock.clone(),
            ids.clone(),
            plugins.clone(),
            authenticator,
            self.settings,
        );
        if let Some(repository) = self.repository {
            api.webhooks = Arc::new(Webhooks::new(
                repository,
                self.store.clone(),
                Arc::new(plugins),
                self.clock.clone(),
                ids.clone(),
                SaveRules::default(),
            ));
        }
        if let Some(events) = self.events {
            api.signals = Arc::new(Signals::new(events, self.clock.clone(), ids));
        }
        api.probes = self.probes;
        let app = Rc::new(init_service(Parts::new(api).application()).await);
        let send = move |request: TestRequest| {
            let app = app.clone();
            async move { call(&*app, request).await }.boxed_local()
        };
        Client {
            send: Box::new(send),
            authorization: format!("Bearer {token}"),
            clock: self.clock,
            store: self.store,
            plugin,
        }
    }
}

type Send = dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>;

/// Somebody who may call.
pub(super) struct Client {
    send: Box<Send>,
    pub(super) authorization: String,
    pub(super) clock: Arc<FixedClock>,
    pub(super) store: Arc<MemoryStore>,
    /// What the webhooks are tested by.
    pub(super) plugin: Arc<RecordingPlugin>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    pub(super) async fn new() -> Self {
        World::default().client().await
    }

    /// A request without a body that shows who calls.
    pub(super) fn request(&self, method: &str, path: &str) -> TestRequest {
        TestRequest::default()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .insert_header((header::AUTHORIZATION, self.authorization.as_str()))
    }

    pub(super) async fn send(&self, request: TestRequest) -> Answer {
        (self.send)(request).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path)).await
    }

    /// A request with a body of this type.
    pub(super) fn with_body(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> TestRequest {
        self.request(method, path)
            .insert_header((header::CONTENT_TYPE, content_type))
            .set_payload(body.into())
    }

    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        self.send(self.with_body(method, path, content_type, body))
            .await
    }

    pub(super) async fn post(&self, path: &str, body: impl ToString) -> Answer {
        self.call("POST", path, JSON, body.to_string()).await
    }

    /// Saves a webhook, which must go through.
    pub(super) async fn save(&self, webhook: impl ToString) -> Value {
        let saved = self.post(SAVE, webhook).await;
        assert_eq!(saved.status, 200, "{}", saved.text);
        saved.body
    }

    /// Makes one attempt at each delivery that is due, all of which end like this; tells how many.
    pub(super) async fn attempt_all(&self, report: &Report) -> usize {
        let now = self.clock.now();
        let node = self.store.join(now, false).await.unwrap();
        let limits = ClaimLimits {
            total: 1_000,
            per_webhook: 1_000,
            except: Vec::new(),
        };
        let claim = self.store.claim_due(node, now, limits).await.unwrap();
        let settled: Vec<Settled> = claim
            .deliveries
            .into_iter()
            .map(|claimed| Settled {
                attempt: Attempt {
                    number: claimed.attempts + 1,
                    started_at: now,
                    report: report.clone(),
                },
                claimed,
                at: now,
                jitter: 0,
                event_id: Uuid::from_u128(0xe5),
            })
            .collect();
        let count = settled.len();
        self.store.settle(node, settled).await.unwrap();
        count
    }

    /// Moves the clock.
    pub(super) fn advance(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).unwrap();
        self.clock.advance_micros(micros);
    }

    /// Every webhook that is stored, as it is read.
    pub(super) async fn all(&self) -> Value {
        let all = self.post(LIST, "null").await;
        assert_eq!(all.status, 200, "{}", all.text);
        all.body
    }
}

/// Text of a fixture; the test crates read the same files.
macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/",
            $path
        ))
    };
}
pub(super) use fixture;
