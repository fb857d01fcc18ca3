//! Every scheme behind the gate, on the store in memory and a clock that stands still.

mod events;
mod jwt;
mod login;
mod online;
mod schemes;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::test::{TestRequest, init_service};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use webhook_domain::testing::{FixedClock, MemoryStore, RecordingPlugin, SeqIds};
use webhook_domain::{Accounts as _, Associate, Context, NewAccount, PluginRegistry, UserType};

use super::{AuthSettings, Authenticator, hash_password};
use crate::app::{Parts, Settings};
use crate::tests::{Answer, api, call};

const LIST: &str = "/api/v1/Agents/Webhook/GetAllWebhooks";

/// A server with what it stands on.
struct World {
    store: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    ids: Arc<SeqIds>,
    authenticator: Arc<Authenticator>,
    parts: Parts,
}

/// What a request shows of its caller.
type Shown<'a> = &'a [(&'a str, &'a str)];

impl World {
    fn new(settings: AuthSettings) -> Self {
        let (store, clock) = (
            Arc::new(MemoryStore::default()),
            Arc::<FixedClock>::default(),
        );
        let ids = Arc::new(SeqIds::default());
        let plugins = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
        let authenticator = Arc::new(Authenticator::new(
            store.clone(),
            clock.clone(),
            ids.clone(),
            settings,
        ));
        let parts = Parts::new(api(
            &store,
            clock.clone(),
            ids.clone(),
            plugins,
            authenticator.clone(),
            Settings::default(),
        ));
        Self {
            store,
            clock,
            ids,
            authenticator,
            parts,
        }
    }

    /// An onsite server that knows `kari` with the password `s3cret`.
    async fn onsite() -> Self {
        let world = Self::new(AuthSettings::default());
        world.add_user(&Context::onsite(), "kari").await;
        world
    }

    async fn add_user(&self, context: &Context, name: &str) -> Arc<Associate> {
        let account = NewAccount {
            name: name.to_owned(),
            full_name: name.to_owned(),
            user_type: UserType::default(),
            email: None,
            password_hash: Some(hash_password("s3cret", self.ids.as_ref()).unwrap()),
        };
        self.store.add_account(context, account).await.unwrap()
    }

    fn advance(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).unwrap();
        self.clock.advance_micros(micros);
    }

    async fn send(&self, request: TestRequest) -> Answer {
        call(&init_service(self.parts.application()).await, request).await
    }

    async fn post(&self, path: &str, shown: Shown<'_>, body: &str) -> Answer {
        let mut request = TestRequest::post().uri(path);
        for (name, value) in shown {
            request = request.append_header((*name, *value));
        }
        request = request.insert_header((header::CONTENT_TYPE, "application/json"));
        self.send(request.set_payload(body.to_owned())).await
    }

    /// The status of a call that any caller may make.
    async fn list(&self, shown: Shown<'_>) -> u16 {
        self.post(LIST, shown, "null").await.status
    }

    /// Logs in as `kari`.
    async fn log_in(&self) -> Browser {
        let answer = self.post("/api/login", &[], KARI).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        Browser::of(&answer)
    }
}

const KARI: &str = r#"{"user":"KARI","password":"s3cret"}"#;

/// What a browser keeps after it logged in.
struct Browser {
    ticket: String,
    /// Its `Cookie` header.
    cookies: String,
    xsrf_token: String,
}

impl Browser {
    fn of(answer: &Answer) -> Self {
        let cookies: Vec<String> = answer
            .all(header::SET_COOKIE)
            .map(|cookie| cookie.split(';').next().unwrap().to_owned())
            .collect();
        let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
        Self {
            ticket: text("Ticket"),
            cookies: cookies.join("; "),
            xsrf_token: text("XsrfToken"),
        }
    }

    fn session(&self) -> [(&str, &str); 2] {
        [
            ("Cookie", &self.cookies),
            ("X-XSRF-TOKEN", &self.xsrf_token),
        ]
    }

    fn so_ticket(&self) -> String {
        format!("SoTicket {}", self.ticket)
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn names(listed: &Answer) -> Vec<&str> {
    let all = listed
        .body
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    all.iter()
        .filter_map(|webhook| webhook["Name"].as_str())
        .collect()
}

fn draft(name: &str) -> String {
    let draft = serde_json::json!({
        "Name": name, "Events": ["sale.sold"], "TargetUrl": "https://hooks.example.com/",
    });
    Value::to_string(&draft)
}
