//! What this process last saw of webhooks, within a bound of memory. It may be stale and it may have
//! forgotten; it never says that a webhook does not exist.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use webhook_domain::{Context, StoredWebhook, Version, Webhook, WebhookId};

/// The key of a webhook.
pub(crate) type Key = (Context, WebhookId);

/// Two generations of half the bound each: what was not asked for while the younger one filled up is
/// forgotten together with the older one.
#[derive(Debug)]
pub(crate) struct Recall {
    generations: Mutex<Generations>,
    half: usize,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, StoredWebhook>,
    old: HashMap<Key, StoredWebhook>,
    /// Of the young, in bytes.
    weight: usize,
}

impl Recall {
    /// Within about so many bytes.
    pub(crate) fn within(bytes: usize) -> Self {
        Self {
            generations: Mutex::default(),
            half: bytes / 2,
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<StoredWebhook> {
        let mut generations = self.generations();
        if let Some(seen) = generations.young.get(key) {
            return Some(seen.clone());
        }
        let seen = generations.old.remove(key)?;
        self.put(&mut generations, key.clone(), seen.clone());
        Some(seen)
    }

    /// The webhook in exactly this version, if that is what is remembered.
    pub(crate) fn version(&self, key: &Key, version: Version) -> Option<Arc<Webhook>> {
        let generations = self.generations();
        let seen = generations
            .young
            .get(key)
            .or_else(|| generations.old.get(key))?;
        (seen.webhook.version == version).then(|| seen.webhook.clone())
    }

    /// Remembers what was read, unless something at least as new is remembered: a commit may have come
    /// between the read and now.
    pub(crate) fn read(&self, seen: &StoredWebhook) {
        let key = (seen.webhook.context.clone(), seen.webhook.id);
        let mut generations = self.generations();
        let known = generations
            .young
            .get(&key)
            .or_else(|| generations.old.get(&key));
        if known.is_some_and(|known| known.webhook.version > seen.webhook.version) {
            return;
        }
        generations.old.remove(&key);
        self.put(&mut generations, key, seen.clone());
    }

    /// Remembers a webhook that was inserted; it counted nothing yet.
    pub(crate) fn inserted(&self, webhook: &Arc<Webhook>) {
        let key = (webhook.context.clone(), webhook.id);
        let seen = StoredWebhook {
            webhook: webhook.clone(),
            usage: Default::default(),
        };
        let mut generations = self.generations();
        generations.old.remove(&key);
        self.put(&mut generations, key, seen);
    }

    /// Follows a change; the counters stay what they were. What is not remembered stays so, because
    /// its counters are not known.
    pub(crate) fn revised(&self, webhook: &Arc<Webhook>) {
        let key = (webhook.context.clone(), webhook.id);
        let mut generations = self.generations();
        let Some(seen) = generations.remove(&key) else {
            return;
        };
        self.put(
            &mut generations,
            key,
            StoredWebhook {
                webhook: webhook.clone(),
                ..seen
            },
        );
    }

    /// Forgets a webhook: it was deleted, or what is remembered has proved stale.
    pub(crate) fn forget(&self, key: &Key) {
        self.generations().remove(key);
    }

    fn put(&self, generations: &mut Generations, key: Key, seen: StoredWebhook) {
        generations.weight += weight(&seen);
        if let Some(before) = generations.young.insert(key, seen) {
            generations.weight -= weight(&before);
        }
        if generations.weight > self.half {
            generations.old = std::mem::take(&mut generations.young);
            generations.weight = 0;
        }
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn remove(&mut self, key: &Key) -> Option<StoredWebhook> {
        if let Some(seen) = self.young.remove(key) {
            self.weight -= weight(&seen);
            return Some(seen);
        }
        self.old.remove(key)
    }
}

/// About how many bytes it takes to remember this.
fn weight(seen: &StoredWebhook) -> usize {
    /// A string's own place and what the allocator adds.
    const EACH: usize = 40;
    let webhook = &seen.webhook;
    let texts = [
        webhook.name.len(),
        webhook.target_url.len(),
        webhook
            .secret
            .as_ref()
            .map_or(0, |secret| secret.expose().len()),
        webhook.properties.text().map_or(0, str::len),
        webhook.description.as_ref().map_or(0, String::len),
        seen.usage.last_error.as_ref().map_or(0, String::len),
        webhook
            .events
            .iter()
            .map(|name| name.as_str().len() + EACH)
            .sum(),
        webhook
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2 * EACH)
            .sum(),
        webhook
            .error_emails
            .iter()
            .map(|email| email.len() + EACH)
            .sum(),
    ];
    size_of::<Webhook>() + size_of::<(Key, StoredWebhook)>() + texts.iter().sum::<usize>()
}

#[cfg(test)]
mod tests;
