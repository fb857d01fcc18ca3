//! The store in memory keeps the contract of the stores.

use webhook_domain::testing::MemoryStore;

async fn empty() -> Box<MemoryStore> {
    Box::new(MemoryStore::default())
}

webhook_domain::store_contract! { run: pollster::block_on, open: empty }
