//! The store in memory keeps the contract of the stores.

use webhook_domain::DeliveryPolicy;
use webhook_domain::testing::MemoryStore;

async fn empty() -> Box<MemoryStore> {
    Box::new(MemoryStore::default())
}

async fn with_policy(policy: DeliveryPolicy) -> Box<MemoryStore> {
    Box::new(MemoryStore::with_policy(policy))
}

webhook_domain::store_contract! { run: pollster::block_on, open: empty, open_with: with_policy }
