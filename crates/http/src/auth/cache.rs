//! Verified credentials, remembered for a minute under a keyed hash, so that no password is hashed for
//! every request. An epoch makes them worthless as soon as any credential changes (decision 35).
//! Tickets and sessions end without a new epoch, so they are remembered as long as an epoch is.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use moka::sync::Cache;
use sha2::Sha256;
use webhook_domain::{Associate, Caller, Context, Credentials, StoreError, Timestamp};

/// How long a verified credential is good without a look at the storage.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// How old the epoch may be. A revoked credential stops working after this time at the latest.
pub(super) const EPOCH_KEPT_FOR: Duration = Duration::from_secs(2);
/// How many credentials are remembered.
const CAPACITY: u64 = 10_000;

/// Hash of a credential under a key that lives as long as the process.
pub(super) type CredentialKey = [u8; 32];

/// A caller that was found, and how long that may be remembered.
pub(super) struct Found {
    pub(super) caller: Caller,
    pub(super) good_for: Duration,
    /// From when on it is not remembered.
    pub(super) look_again_at: Option<Timestamp>,
}

impl Found {
    /// A caller by a credential that does not expire by itself.
    pub(super) fn new(context: &Context, who: Arc<Associate>) -> Self {
        Self {
            caller: Caller::associate(context.clone(), who),
            good_for: REMEMBERED_FOR,
            look_again_at: None,
        }
    }
}

#[derive(Clone)]
struct Remembered {
    caller: Caller,
    epoch: i64,
    forget_at: Instant,
    look_again_at: Option<Timestamp>,
}

pub(super) struct VerifiedCallers {
    store: Arc<dyn Credentials>,
    keyed: Hmac<Sha256>,
    callers: Cache<CredentialKey, Remembered>,
    epoch: Mutex<Option<(Instant, i64)>>,
}

impl VerifiedCallers {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    pub(super) fn new(store: Arc<dyn Credentials>, key: [u8; 32]) -> Self {
        Self {
            store,
            keyed: Hmac::new_from_slice(&key).expect("a key of any length"),
            callers: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(REMEMBERED_FOR)
                .build(),
            epoch: Mutex::new(None),
        }
    }

    /// The version of all credentials, at most two seconds old.
    pub(super) async fn epoch(&self) -> Result<i64, StoreError> {
        {
            let mut epoch = self
                .epoch
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            if let Some((read_at, version)) = &mut *epoch {
                if read_at.elapsed() < EPOCH_KEPT_FOR {
                    return Ok(*version);
                }
                // The others go on with the old one while this caller reads the new one.
                *read_at = Instant::now();
            }
        }
        let version = self.store.credentials_version().await?;
        let mut epoch = self
            .epoch
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *epoch = Some((Instant::now(), version));
        Ok(version)
    }

    /// The key of what was shown. Its parts cannot run into each other.
    pub(super) fn key(&self, parts: &[&[u8]]) -> CredentialKey {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(&part.len().to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    pub(super) fn get(&self, key: &CredentialKey, epoch: i64, now: Timestamp) -> Option<Caller> {
        let remembered = self.callers.get(key)?;
        let good = remembered.epoch == epoch
            && remembered.forget_at > Instant::now()
            && remembered.look_again_at.is_none_or(|at| at > now);
        good.then_some(remembered.caller)
    }

    pub(super) fn put(&self, key: CredentialKey, epoch: i64, found: &Found) {
        let remembered = Remembered {
            caller: found.caller.clone(),
            epoch,
            forget_at: Instant::now() + found.good_for,
            look_again_at: found.look_again_at,
        };
        self.callers.insert(key, remembered);
    }

    pub(super) fn forget(&self, key: &CredentialKey) {
        self.callers.invalidate(key);
    }
}
