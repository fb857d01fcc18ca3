//! Passwords: argon2id with the parameters that OWASP asks for (19 MiB, two passes), computed on a
//! bounded number of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use webhook_domain::{Ids, StoreError};

use super::AuthError;

/// A longer password is refused before it is hashed, and none is ever cut (threat B3).
pub(super) const MAX_PASSWORD_BYTES: usize = 1_024;

/// How many logins may wait for a free thread before the next is told to come back.
const MAX_WAITING: usize = 32;

/// The hash that is checked when a login name is not known, so that the answer takes as long as for
/// one that is (threat B1). It is the hash of a random text that nobody kept.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSByYW5kb20gc2FsdA$\
                          9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ";

/// Why a password cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is longer than 1024 bytes.
    #[error("a password may take 1024 bytes at most")]
    TooLong,
    /// The hash could not be computed; the machine is out of memory.
    #[error("the password could not be hashed")]
    Failed,
}

/// The PHC string under which a password is stored. Takes some 20 ms of a core: not for an event loop.
///
/// # Errors
/// See [`PasswordError`].
pub fn hash_password(password: &str, ids: &dyn Ids) -> Result<String, PasswordError> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordError::TooLong);
    }
    let salt = &ids.secret()[..16];
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|_| PasswordError::Failed)?;
    Ok(hash.to_string())
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Checks passwords, one a core at a time.
pub(super) struct PasswordChecker {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl PasswordChecker {
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            permits: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Whether the password is the one behind the hash. No hash, nothing is right, in the same time.
    pub(super) async fn check(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, AuthError> {
        let turn = Turn::take(&self.waiting).ok_or(AuthError::Busy)?;
        let permit = self.permits.clone().acquire_owned().await;
        drop(turn);
        let permit = permit.map_err(|_| AuthError::Busy)?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY_HASH.to_owned());
        let right = spawn_blocking(move || {
            // The permit goes back when the work is done, not when the caller went away.
            let _permit = permit;
            verify(&password, &hash)
        })
        .await
        .map_err(|e| StoreError::Unavailable(format!("a password could not be checked: {e}")))?;
        Ok(right && known)
    }
}

/// A place in the queue, given back when it is dropped, whatever happens to the request.
struct Turn<'a>(&'a AtomicUsize);

impl<'a> Turn<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let turn = Self(waiting);
        (waiting.fetch_add(1, Ordering::SeqCst) < MAX_WAITING).then_some(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use webhook_domain::testing::SeqIds;

    use super::*;

    #[test]
    fn a_hash_opens_for_its_own_password_only() {
        let hash = hash_password("Tje0", &SeqIds::default()).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(verify("Tje0", &hash));
        assert!(!verify("tje0", &hash));
        assert!(!verify("", &hash));
        assert!(!verify("Tje0", "not a hash"));
    }

    #[test]
    fn passwords_are_never_cut() {
        let long = "x".repeat(MAX_PASSWORD_BYTES);
        let hash = hash_password(&long, &SeqIds::default()).unwrap();
        assert!(verify(&long, &hash));
        assert!(!verify(&long[..1_023], &hash));
        assert_eq!(
            hash_password(&format!("{long}x"), &SeqIds::default()),
            Err(PasswordError::TooLong)
        );
    }

    #[test]
    fn the_dummy_hash_costs_as_much_as_a_real_one() {
        let dummy = PasswordHash::new(DUMMY_HASH).unwrap();
        let real = hash_password("x", &SeqIds::default()).unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(
            (dummy.algorithm, dummy.params),
            (real.algorithm, real.params)
        );
    }

    #[tokio::test]
    async fn no_hash_means_no_entry() {
        assert!(
            !PasswordChecker::new()
                .check(String::new(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_flood_of_logins_is_turned_away_and_leaves_the_queue_empty() {
        let checker = Arc::new(PasswordChecker::new());
        let hash = hash_password("right", &SeqIds::default()).unwrap();
        let logins: Vec<_> = (0..200)
            .map(|_| {
                let (checker, hash) = (checker.clone(), hash.clone());
                tokio::spawn(async move { checker.check("wrong".into(), Some(hash)).await })
            })
            .collect();
        let mut turned_away = 0;
        for login in logins {
            match login.await.unwrap() {
                Ok(right) => assert!(!right),
                Err(AuthError::Busy) => turned_away += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(turned_away >= 100, "{turned_away}");
        assert_eq!(checker.waiting.load(Ordering::SeqCst), 0);
        assert!(checker.check("right".into(), Some(hash)).await.unwrap());
    }
}
