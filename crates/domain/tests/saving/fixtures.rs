//! A house with its two plugins in the two profiles, a draft that breaks no rule, a webhook that is
//! stored, and the service over a store in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use webhook_domain::rules::{Judged, check_http_target, check_script_target, judge};
use webhook_domain::testing::{FixedClock, MemoryStore, SeqIds};
use webhook_domain::{
    AddressPolicy, Associate, AssociateId, Associates, Caller, Context, CustomHeaders,
    DeliveryPlugin, DeliveryRequest, EventName, EventNames, Field, Given, NotifyVia, NotifyWhen,
    Outcome, PluginName, PluginRegistry, Properties, Report, SaveRules, Secret, Stamp,
    StoredWebhook, TargetError, TargetPolicy, Timestamp, Version, Violation, Webhook, WebhookDraft,
    WebhookFilter, WebhookId, WebhookRepository, WebhookState, Webhooks,
};

/// Takes the URLs that a policy allows.
struct UrlPlugin {
    name: PluginName,
    targets: TargetPolicy,
}

#[async_trait]
impl DeliveryPlugin for UrlPlugin {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        check_http_target(target, &self.targets).map(drop)
    }

    async fn deliver(&self, _: DeliveryRequest<'_>) -> Report {
        Report::unsent(Outcome::Ok, "taken", Duration::ZERO)
    }
}

/// Takes the include names of scripts.
struct ScriptPlugin(PluginName);

#[async_trait]
impl DeliveryPlugin for ScriptPlugin {
    fn name(&self) -> &PluginName {
        &self.0
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        check_script_target(target)
    }

    async fn deliver(&self, _: DeliveryRequest<'_>) -> Report {
        Report::unsent(Outcome::Ok, "taken", Duration::ZERO)
    }
}

/// An installation: its plugins and its rules.
pub(crate) struct House {
    pub(crate) plugins: Arc<PluginRegistry>,
    pub(crate) rules: SaveRules,
}

impl House {
    pub(crate) fn new(rules: SaveRules) -> Self {
        let targets = rules.targets.clone();
        let plugins = PluginRegistry::new()
            .with(UrlPlugin {
                name: PluginName::new("webhook"),
                targets,
            })
            .with(ScriptPlugin(PluginName::new("crmscript")));
        Self {
            plugins: Arc::new(plugins),
            rules,
        }
    }

    /// The default: https to public addresses, known types.
    pub(crate) fn strict() -> Self {
        Self::new(SaveRules::default())
    }

    /// What `serve --dev` sets.
    pub(crate) fn dev() -> Self {
        Self::new(SaveRules {
            store_unknown_types: true,
            targets: TargetPolicy {
                allow_http: true,
                addresses: AddressPolicy::private_allowed(),
            },
            ..SaveRules::default()
        })
    }

    pub(crate) fn judge(
        &self,
        draft: WebhookDraft,
        stored: Option<&Webhook>,
    ) -> Result<Judged, Vec<Violation>> {
        judge(draft, stored, &self.plugins, &self.rules)
    }

    /// What the rules say against a draft of a new webhook; nothing when it may be saved.
    pub(crate) fn against(&self, draft: WebhookDraft) -> Vec<Violation> {
        self.judge(draft, None).err().unwrap_or_default()
    }

    /// What the rules say against a change of a stored webhook.
    pub(crate) fn against_change(&self, draft: WebhookDraft, stored: &Webhook) -> Vec<Violation> {
        self.judge(draft, Some(stored)).err().unwrap_or_default()
    }
}

pub(crate) fn value<T>(value: impl Into<T>) -> Given<T> {
    Given::Value(value.into())
}

pub(crate) fn texts(texts: &[&str]) -> Given<Vec<String>> {
    Given::Value(texts.iter().map(|&text| text.to_owned()).collect())
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Given<Vec<(String, String)>> {
    Given::Value(
        pairs
            .iter()
            .map(|&(n, v)| (n.to_owned(), v.to_owned()))
            .collect(),
    )
}

pub(crate) fn messages(violations: &[Violation]) -> Vec<&str> {
    violations
        .iter()
        .map(|violation| violation.message.as_str())
        .collect()
}

pub(crate) fn fields(violations: &[Violation]) -> Vec<Field> {
    violations.iter().map(|violation| violation.field).collect()
}

/// A new webhook with no more than is needed.
pub(crate) fn draft() -> WebhookDraft {
    WebhookDraft {
        name: value("Warehouse order feed"),
        events: texts(&["sale.sold"]),
        target_url: value("https://hooks.example.com/orders"),
        ..WebhookDraft::default()
    }
}

/// A stored webhook with every member set, all of it within the strict rules.
pub(crate) fn stored() -> Webhook {
    Webhook {
        id: WebhookId::new(7).unwrap(),
        context: Context::onsite(),
        owner_app: None,
        version: Version(3),
        name: "Stored name".into(),
        events: EventNames::new(["contact.created", "contact.deleted"].map(event)),
        target_url: "https://hooks.example.com/stored".into(),
        secret: Secret::new("stored secret".into()),
        state: WebhookState::Stopped,
        plugin: PluginName::new("webhook"),
        headers: CustomHeaders::new(vec![("X-Stored".into(), "yes".into())]).unwrap(),
        properties: Properties::parse(r#"{"stored":1}"#).unwrap(),
        error_emails: vec!["first@example.com".into(), "second@example.com".into()],
        error_associates: vec![AssociateId(1), AssociateId(2)],
        description: Some("Stored description".into()),
        notify_via: NotifyVia::EMAIL,
        notify_when: NotifyWhen::DISABLING,
        registered: stamp(1),
        updated: Some(stamp(2)),
    }
}

/// The same with values in every member that no rule of today accepts, as rules of another day left it.
pub(crate) fn stored_before_the_rules() -> Webhook {
    Webhook {
        name: "line\nbreak".into(),
        events: EventNames::new((0..20).map(|n| event(&format!("{n:0255}")))),
        target_url: "http://10.0.0.1/".into(),
        secret: Secret::new("s".repeat(401)),
        headers: CustomHeaders::new(vec![("Host".into(), "inside".into())]).unwrap(),
        properties: Properties::parse(r#"{"EventId":"mine"}"#).unwrap(),
        error_emails: vec!["not an address".into()],
        description: Some("\u{0}".into()),
        ..stored()
    }
}

pub(crate) fn event(name: &str) -> EventName {
    EventName::parse(name).unwrap()
}

fn stamp(micros: i64) -> Stamp {
    Stamp {
        at: Timestamp::from_micros(micros).unwrap(),
        by: Some(AssociateId(1)),
    }
}

/// The service over a store in memory, with two associates.
pub(crate) struct Desk {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) anna: Arc<Associate>,
    pub(crate) bert: Arc<Associate>,
    pub(crate) webhooks: Webhooks,
}

impl Desk {
    pub(crate) fn of(house: House) -> Self {
        Self::with(house, |store| store, |store| store)
    }

    pub(crate) fn strict() -> Self {
        Self::of(House::strict())
    }

    /// A desk whose service reaches the store through something in between.
    pub(crate) fn with<R, A>(
        house: House,
        repository: impl FnOnce(Arc<MemoryStore>) -> Arc<R>,
        associates: impl FnOnce(Arc<MemoryStore>) -> Arc<A>,
    ) -> Self
    where
        R: WebhookRepository + 'static,
        A: Associates + 'static,
    {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(FixedClock::default());
        let webhooks = Webhooks::new(
            repository(store.clone()),
            associates(store.clone()),
            house.plugins,
            clock.clone(),
            Arc::new(SeqIds::default()),
            house.rules,
        );
        let anna = store.add_associate("anna");
        let bert = store.add_associate("bert");
        Self {
            store,
            clock,
            anna,
            bert,
            webhooks,
        }
    }

    pub(crate) fn anna(&self) -> Caller {
        Caller::associate(Context::onsite(), self.anna.clone())
    }

    pub(crate) fn bert(&self) -> Caller {
        Caller::associate(Context::onsite(), self.bert.clone())
    }

    /// Everything that is stored.
    pub(crate) async fn content(&self) -> Vec<StoredWebhook> {
        self.store
            .list(&Context::onsite(), &WebhookFilter::default())
            .await
            .unwrap()
    }
}
