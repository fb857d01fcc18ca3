//! Scripts in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::case;
use crate::context::Context;
use crate::ports::{Scripts, StoreError};
use crate::script::Script;

fn key(context: &Context, name: &str) -> (Context, String) {
    (context.clone(), case::fold(name).into_owned())
}

#[async_trait]
impl Scripts for MemoryStore {
    async fn script(&self, context: &Context, name: &str) -> Result<Option<Script>, StoreError> {
        Ok(self.state().scripts.get(&key(context, name)).cloned())
    }

    async fn scripts(&self, context: &Context) -> Result<Vec<Script>, StoreError> {
        let state = self.state();
        let of_context = state.scripts.iter().filter(|((c, _), _)| c == context);
        Ok(of_context.map(|(_, script)| script.clone()).collect())
    }

    async fn put_script(&self, context: &Context, script: Script) -> Result<(), StoreError> {
        let key = key(context, &script.name);
        self.state().scripts.insert(key, script);
        Ok(())
    }

    async fn remove_script(&self, context: &Context, name: &str) -> Result<bool, StoreError> {
        Ok(self.state().scripts.remove(&key(context, name)).is_some())
    }
}
