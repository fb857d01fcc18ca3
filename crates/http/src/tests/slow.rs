//! Slow calls (`NsApiSlow` of the seed page): counted on the routes that are slow and on no other. The
//! line in the log is for the black-box suite, which sees the log of a process of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use webhook_domain::testing::MemoryStore;
use webhook_domain::{
    CommitError, Context, StoreError, StoredWebhook, WebhookFilter, WebhookId, WebhookRepository,
    WriteSet,
};

use super::world::{Client, GET, LIST, MINIMAL, SAVE, World};
use crate::app::Settings;
use crate::slow::SlowCalls;

/// How long a call may take in these tests.
const LIMIT: Duration = Duration::from_millis(1);
const NEVER: Duration = Duration::from_secs(3_600);

/// A store that takes longer than the limit to find one webhook, and its usual time for all else.
struct Slowed(Arc<MemoryStore>);

#[async_trait]
impl WebhookRepository for Slowed {
    async fn find(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        let asked = Instant::now();
        while asked.elapsed() < LIMIT {
            tokio::task::yield_now().await;
        }
        self.0.find(context, id).await
    }

    async fn list(
        &self,
        context: &Context,
        filter: &WebhookFilter,
    ) -> Result<Vec<StoredWebhook>, StoreError> {
        self.0.list(context, filter).await
    }

    async fn reserve_webhook_id(&self, context: &Context) -> Result<WebhookId, StoreError> {
        self.0.reserve_webhook_id(context).await
    }

    async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        self.0.commit(writes).await
    }
}

async fn slowed(slow_calls: SlowCalls) -> Client {
    let world = World::with(Settings {
        slow_calls,
        ..Settings::default()
    });
    world.behind(|store| Arc::new(Slowed(store))).client().await
}

fn only(route: &str) -> SlowCalls {
    SlowCalls::after(NEVER).except(vec![(route.to_owned(), LIMIT)])
}

#[actix_web::test]
async fn a_slow_call_is_counted_on_its_own_route() {
    let slow_calls = only("/api/v1/agents/webhook/getwebhook");
    let client = slowed(slow_calls.clone()).await;
    client.save(MINIMAL).await;
    assert_eq!(client.post(LIST, "null").await.status, 200);
    assert_eq!(slow_calls.count(), 0);
    assert_eq!(
        client.post(&format!("/Cust1{GET}"), "null").await.status,
        200
    );
    assert_eq!(slow_calls.count(), 1);
}

#[actix_web::test]
async fn a_route_with_a_limit_of_its_own_stays_silent_below_it() {
    let slow_calls = SlowCalls::after(LIMIT).except(
        ["/api/v1/Webhook/{id}", "/api/v1/Agents/Webhook/SaveWebhook"]
            .map(|route| (route.to_owned(), NEVER))
            .to_vec(),
    );
    let client = slowed(slow_calls.clone()).await;
    client.save(MINIMAL).await;
    assert_eq!(client.get("/api/v1/Webhook/1").await.status, 200);
    assert_eq!(slow_calls.count(), 0);
    assert_eq!(client.post(GET, "null").await.status, 200);
    assert_eq!(slow_calls.count(), 1);
}

#[actix_web::test]
async fn what_a_route_refuses_slowly_counts_and_what_no_route_serves_does_not() {
    let slow_calls = SlowCalls::after(Duration::ZERO);
    let client = slowed(slow_calls.clone()).await;
    assert_eq!(client.post(SAVE, "{").await.status, 400);
    assert_eq!(slow_calls.count(), 1);
    assert_eq!(client.get("/nowhere").await.status, 404);
    assert_eq!(client.send(client.request("PUT", SAVE)).await.status, 405);
    assert_eq!(slow_calls.count(), 1);
}
