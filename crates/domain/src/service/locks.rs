//! Locks by key, so that the saves of one webhook on one node queue up instead of conflicting. They
//! only avoid wasted work: what keeps a save correct is the version that its commit checks.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

use async_lock::{Mutex, MutexGuard};

/// A fixed number of locks that keys share. Two keys with the same lock only wait for each other.
#[derive(Debug)]
pub(super) struct KeyedLocks {
    stripes: Box<[Mutex<()>]>,
    hasher: RandomState,
}

/// Enough that a hundred saves in flight seldom share a lock.
const STRIPES: usize = 4_096;

impl KeyedLocks {
    pub(super) fn new() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(super) async fn lock(&self, key: impl Hash) -> MutexGuard<'_, ()> {
        let hash = self.hasher.hash_one(key);
        let at = usize::try_from(hash % STRIPES as u64).unwrap_or_default();
        self.stripes[at].lock().await
    }
}
