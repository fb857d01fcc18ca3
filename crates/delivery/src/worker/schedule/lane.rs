//! What waits for one webhook, and what is remembered about it.

use std::collections::VecDeque;

use super::Item;
use super::pools::Pool;

/// Where a webhook stands that has something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: nothing waits, or one of its own attempts has to end first.
    Nowhere,
    /// Among those that take turns.
    InTurn,
    /// It waits for a slot.
    Waits(Pool),
}

/// One webhook.
#[derive(Debug)]
pub(super) struct Lane<J> {
    pub(super) queue: VecDeque<Item<J>>,
    pub(super) place: Place,
    pub(super) reserved: usize,
    pub(super) in_flight: usize,
    pub(super) unsettled: usize,
    /// Failures that are not recorded yet.
    pub(super) held: usize,
    pub(super) failing: bool,
    pub(super) catching_up: bool,
    /// Deliveries that are not here are, or may be, older than what comes next. A claim that began after
    /// so many calls of [`super::Schedule::wake`] shows whether there still are any.
    pub(super) behind: Option<u64>,
    /// How many claims had begun when it was last told to rest.
    pub(super) rested_in: u64,
}

impl<J> Default for Lane<J> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            place: Place::Nowhere,
            reserved: 0,
            in_flight: 0,
            unsettled: 0,
            held: 0,
            failing: false,
            catching_up: false,
            behind: None,
            rested_in: 0,
        }
    }
}

impl<J> Lane<J> {
    /// Whether its attempts go out one at a time.
    pub(super) fn is_narrow(&self) -> bool {
        self.failing || self.catching_up
    }

    /// Whether what comes next may join the end of what is here.
    pub(super) fn is_clear(&self) -> bool {
        !self.is_narrow() && self.held == 0 && self.behind.is_none()
    }

    /// Whether nothing of it is here.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.reserved + self.in_flight + self.unsettled == 0
    }

    /// Whether another attempt may begin, as far as the webhook itself is concerned.
    pub(super) fn may_begin(&self, most: usize) -> bool {
        if self.held > 0 {
            return false;
        }
        if self.is_narrow() {
            self.in_flight + self.unsettled == 0
        } else {
            self.in_flight < most
        }
    }

    /// Whether a claim should leave it out: there is enough of it here, or the next one may only begin
    /// when those before it are recorded.
    pub(super) fn has_enough(&self, room: usize, step: usize) -> bool {
        let here = self.queue.len() + self.reserved;
        let busy = here + self.in_flight + self.unsettled > 0;
        self.held > 0 || (self.is_narrow() && busy) || (here > 0 && here + step > room)
    }
}
