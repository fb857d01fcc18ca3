//! How many mails may go out (threat H5): to one address and in all, within any hour. Kept in memory, so
//! a server that starts anew begins anew.

use std::collections::VecDeque;
use std::time::Duration;

use webhook_domain::Timestamp;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The mails of the last hour.
#[derive(Debug)]
pub(super) struct Budget {
    per_address: u32,
    in_all: u32,
    /// When a mail went where, the oldest first; at most `in_all` of them.
    sent: VecDeque<(Timestamp, String)>,
}

impl Budget {
    pub(super) fn new(per_address: u32, in_all: u32) -> Self {
        Self {
            per_address,
            in_all,
            sent: VecDeque::new(),
        }
    }

    /// Whether another mail may go to this address now; else why not.
    pub(super) fn allows(&mut self, address: &str, now: Timestamp) -> Result<(), String> {
        while self
            .sent
            .front()
            .is_some_and(|(at, _)| now.since(*at) >= HOUR)
        {
            self.sent.pop_front();
        }
        let to_it = self
            .sent
            .iter()
            .filter(|(_, other)| other.eq_ignore_ascii_case(address));
        let over = |count: usize, most: u32| u32::try_from(count).is_ok_and(|count| count >= most);
        if over(to_it.count(), self.per_address) {
            let most = self.per_address;
            return Err(format!("{most} mails went to this address within an hour"));
        }
        if over(self.sent.len(), self.in_all) {
            return Err(format!("{} mails went out within an hour", self.in_all));
        }
        Ok(())
    }

    /// A mail went to this address.
    pub(super) fn spend(&mut self, address: &str, now: Timestamp) {
        self.sent.push_back((now, address.to_owned()));
    }
}
