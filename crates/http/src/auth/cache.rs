//! Verified credentials, remembered for a minute under a keyed hash, so that no password is hashed for
//! every request. An epoch makes them worthless as soon as any credential changes (decision 35).

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use moka::sync::Cache;
use sha2::Sha256;
use webhook_domain::{Accounts, Caller, StoreError};

/// How long a verified credential is good without a look at the storage.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// How old the epoch may be. A revoked credential stops working after this time at the latest.
const EPOCH_KEPT_FOR: Duration = Duration::from_secs(2);
/// How many credentials are remembered.
const CAPACITY: u64 = 10_000;

/// Hash of a credential under a key that lives as long as the process.
type CredentialKey = [u8; 32];

pub(super) struct VerifiedCallers {
    accounts: Arc<dyn Accounts>,
    keyed: Hmac<Sha256>,
    callers: Cache<CredentialKey, (i64, Caller)>,
    epoch: Mutex<Option<(Instant, i64)>>,
}

impl VerifiedCallers {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    pub(super) fn new(accounts: Arc<dyn Accounts>, key: [u8; 32]) -> Self {
        Self {
            accounts,
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
        let version = self.accounts.credentials_version().await?;
        let mut epoch = self
            .epoch
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *epoch = Some((Instant::now(), version));
        Ok(version)
    }

    pub(super) fn key(&self, credential: &[u8]) -> CredentialKey {
        let mut mac = self.keyed.clone();
        mac.update(credential);
        mac.finalize().into_bytes().into()
    }

    pub(super) fn get(&self, key: &CredentialKey, epoch: i64) -> Option<Caller> {
        self.callers
            .get(key)
            .filter(|(of, _)| *of == epoch)
            .map(|(_, caller)| caller)
    }

    pub(super) fn put(&self, key: CredentialKey, epoch: i64, caller: Caller) {
        self.callers.insert(key, (epoch, caller));
    }
}
