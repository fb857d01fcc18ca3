//! How many wrong passwords an account may see from one network (threat B12). Others are not
//! affected: the owner can log in from elsewhere all the time.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use moka::sync::Cache;
use webhook_domain::Context;

/// How many wrong passwords are looked at within [`WINDOW`].
pub(super) const WRONG_TRIES: u32 = 10;
/// How long wrong passwords count, from the first one on.
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// How many accounts and networks are watched. Each entry costs whoever makes it a password hash, so a
/// minute is too short to push one out.
const CAPACITY: u64 = 10_000;

type Key = (Context, String, Option<IpNet>);

pub(super) struct LoginBudget(Cache<Key, Arc<AtomicU32>>);

/// Whether a password may be looked at.
pub(super) enum Try {
    /// It counts as wrong until it is given back.
    Allowed(Taken),
    /// There were too many.
    Refused {
        /// Whether this is the first one of the window that is refused.
        first: bool,
    },
}

/// One try that was taken from a budget.
pub(super) struct Taken(Arc<AtomicU32>);

impl Taken {
    /// The password was right, or could not be looked at.
    pub(super) fn give_back(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl LoginBudget {
    pub(super) fn new() -> Self {
        let tries = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(WINDOW)
            .build();
        Self(tries)
    }

    /// Takes one try of an account from the network of a client.
    pub(super) fn take(&self, context: &Context, user: &str, client: Option<IpAddr>) -> Try {
        let user = user.chars().flat_map(char::to_lowercase).collect();
        let key = (context.clone(), user, client.map(network));
        let tries = self.0.get_with(key, Arc::default);
        match tries.fetch_add(1, Ordering::SeqCst) {
            before if before < WRONG_TRIES => Try::Allowed(Taken(tries)),
            // It stays counted, so that the first refusal is told once.
            before => Try::Refused {
                first: before == WRONG_TRIES,
            },
        }
    }
}

/// The /24 or /64 of an address: what one client can easily choose addresses from.
fn network(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Net::new_assert(address, 24).trunc().into(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 64).trunc().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn allowed(budget: &LoginBudget, user: &str, client: &str) -> bool {
        let taken = budget.take(&Context::onsite(), user, address(client));
        matches!(taken, Try::Allowed(_))
    }

    #[test]
    fn the_eleventh_wrong_password_is_not_looked_at_and_the_first_refusal_is_told() {
        let budget = LoginBudget::new();
        for _ in 0..10 {
            assert!(allowed(&budget, "kari", "192.0.2.1"));
        }
        let told: Vec<bool> = (0..3)
            .map(
                |_| match budget.take(&Context::onsite(), "KARI", address("192.0.2.1")) {
                    Try::Refused { first } => first,
                    Try::Allowed(_) => panic!("an eleventh try"),
                },
            )
            .collect();
        assert_eq!(told, [true, false, false]);
    }

    #[test]
    fn a_network_is_one_and_others_are_not_affected() {
        let budget = LoginBudget::new();
        for host in 0..10 {
            assert!(allowed(&budget, "kari", &format!("192.0.2.{host}")));
            assert!(allowed(&budget, "kari", &format!("2001:db8::{host}")));
        }
        for client in ["192.0.2.99", "::ffff:192.0.2.9", "2001:db8::ffff:0:0:1"] {
            assert!(!allowed(&budget, "kari", client), "{client}");
        }
        for client in ["192.0.3.1", "2001:db8:0:1::1"] {
            assert!(allowed(&budget, "kari", client), "{client}");
        }
        assert!(allowed(&budget, "ola", "192.0.2.99"));
        let elsewhere = Context::parse("Cust1").unwrap();
        let taken = budget.take(&elsewhere, "kari", address("192.0.2.99"));
        assert!(matches!(taken, Try::Allowed(_)));
    }

    #[test]
    fn right_passwords_cost_nothing() {
        let budget = LoginBudget::new();
        for _ in 0..50 {
            match budget.take(&Context::onsite(), "kari", None) {
                Try::Allowed(taken) => taken.give_back(),
                Try::Refused { .. } => panic!("a right password was refused"),
            }
        }
    }
}
