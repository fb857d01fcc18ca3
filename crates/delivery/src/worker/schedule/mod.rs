//! Which delivery begins next: deliveries that wait in memory, by webhook, and the slots that they need.
//! Pure: it knows no clock, no store and no runtime, and whoever owns it puts a lock around it.
//!
//! What holds at every moment, whatever happens in which order:
//! - a webhook has at most `per_webhook` attempts under way, one while it fails or catches up;
//! - a receiver has at most `per_receiver`, and of those failing webhooks at most a quarter;
//! - all failing webhooks together have at most half of everything;
//! - webhooks take turns, and each one's deliveries begin in the order in which they came;
//! - the more is in use, the less a single webhook may take of what is left, so that one whose receiver
//!   is slow never leaves the others without room.

mod intake;
mod lane;
mod pools;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use lane::{Lane, Place};
use pools::{Pool, Pools};
use webhook_domain::{Timestamp, WebhookKey};

pub(super) use intake::Flags;
#[cfg(test)]
use intake::Plan;

/// A webhook may take so much of what is left: a sixteenth.
const SHARE: usize = 16;

/// What may be in use at once.
#[derive(Clone, Debug)]
pub(super) struct Caps {
    /// Attempts in all.
    pub(super) in_flight: usize,
    /// Attempts under way and results that are not recorded yet.
    pub(super) unsettled: usize,
    /// Attempts of one webhook.
    pub(super) per_webhook: usize,
    /// Attempts at one receiver.
    pub(super) per_receiver: usize,
    /// Deliveries that wait in memory.
    pub(super) room: usize,
    /// Deliveries of one webhook that wait in memory.
    pub(super) room_per_webhook: usize,
    /// Deliveries that are claimed at once.
    pub(super) batch: usize,
    /// Webhooks about which something is remembered.
    pub(super) known: usize,
    /// How long a delivery may wait in memory; after that its webhook may have been changed too long ago.
    pub(super) hold_for: Duration,
}

/// A delivery that waits.
#[derive(Debug)]
pub(super) struct Item<J> {
    /// What is to be done.
    pub(super) job: J,
    /// Where it goes.
    pub(super) receiver: Arc<str>,
    /// Whether it may take the process down: one of those at a time.
    pub(super) suspect: bool,
    /// Since when it waits here.
    pub(super) since: Timestamp,
}

/// The slots of an attempt that is under way; given back to [`Schedule::end`] or [`Schedule::abandon`].
#[derive(Debug)]
pub(super) struct Slots {
    /// Whose attempt it is.
    pub(super) webhook: WebhookKey,
    pools: Vec<Pool>,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step<J> {
    /// An attempt begins.
    Begin(J, Slots),
    /// These waited too long: they go back to the queue, from where they come again with their webhook
    /// as it is then.
    Stale(Vec<J>),
}

/// What a webhook is like after one of its attempts was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Attempts go on, one at a time when it is failing.
    Goes {
        /// Its last attempt failed.
        failing: bool,
    },
    /// Nothing is sent to it for a while, or not until somebody starts it again.
    Rests {
        /// Its last attempt failed.
        failing: bool,
    },
    /// The result was refused; how the webhook is, is not known.
    Unknown,
}

/// Deliveries in memory, and slots for them.
#[derive(Debug)]
pub(super) struct Schedule<J> {
    caps: Caps,
    lanes: HashMap<WebhookKey, Lane<J>>,
    /// Webhooks that may begin an attempt, the next one first. Each stands here or in a pool at most once.
    turns: VecDeque<WebhookKey>,
    pools: Pools,
    open: bool,
    paused: bool,
    queued: usize,
    reserved: usize,
    in_flight: usize,
    unsettled: usize,
    /// Every webhook that was due and is not known as behind got its share of the last claim: one of
    /// which nothing is known has nothing older that waits.
    caught_up: bool,
    /// Some of which nothing is known are behind. A claim that began after so many wakes, and after so
    /// many claims, shows whether they still are.
    forgotten: (u64, u64),
    /// How often somebody said that something may be due.
    wakes: u64,
    /// How many claims have begun.
    claims: u64,
    /// A claim would bring something.
    hungry: bool,
    /// The last claim found no room.
    starved: bool,
}

impl<J> Schedule<J> {
    /// An empty one that takes nothing and begins nothing before it is opened.
    pub(super) fn new(caps: Caps) -> Self {
        let pools = Pools::new(&caps);
        Self {
            caps,
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            pools,
            open: false,
            paused: false,
            queued: 0,
            reserved: 0,
            in_flight: 0,
            unsettled: 0,
            caught_up: false,
            forgotten: (0, 0),
            wakes: 0,
            claims: 0,
            hungry: false,
            starved: false,
        }
    }

    /// Attempts under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether no attempt is under way and every result is recorded.
    pub(super) fn is_settled(&self) -> bool {
        self.in_flight + self.unsettled == 0
    }

    /// Whether there is nothing left to do here.
    pub(super) fn is_idle(&self) -> bool {
        self.is_settled() && self.queued == 0
    }

    /// Takes deliveries in and begins them from now on.
    pub(super) fn open(&mut self) {
        self.open = true;
    }

    /// Begins nothing while the storage does not take results.
    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Takes nothing in and begins nothing any more; what waited is handed out.
    pub(super) fn close(&mut self) -> Vec<J> {
        self.open = false;
        self.take_everything()
    }

    /// The leases of everything that waits here are lost: it is somebody else's now. So are the rooms
    /// that were reserved. What is under way goes on.
    pub(super) fn forget(&mut self) {
        drop(self.close());
        self.reserved = 0;
        for lane in self.lanes.values_mut() {
            lane.reserved = 0;
            lane.behind = Some(0);
        }
        let known = self.caps.known;
        let many = self.lanes.len() > known;
        self.lanes.retain(|_, lane| !lane.is_empty() || !many);
        self.caught_up = false;
    }

    fn take_everything(&mut self) -> Vec<J> {
        self.turns.clear();
        self.pools.nobody_waits();
        self.queued = 0;
        let mut jobs = Vec::new();
        for lane in self.lanes.values_mut() {
            lane.place = Place::Nowhere;
            jobs.extend(lane.queue.drain(..).map(|item| item.job));
        }
        jobs
    }

    /// The next attempt that may begin now.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Step<J>> {
        loop {
            let full = self.in_flight >= self.caps.in_flight
                || self.in_flight + self.unsettled >= self.caps.unsettled;
            if !self.open || self.paused || full {
                return None;
            }
            let webhook = self.turns.pop_front()?;
            if let Some(step) = self.turn_of(webhook, now) {
                return Some(step);
            }
        }
    }

    fn turn_of(&mut self, webhook: WebhookKey, now: Timestamp) -> Option<Step<J>> {
        let slots_left = self.caps.in_flight - self.in_flight;
        let most = share(slots_left, self.caps.per_webhook);
        let lane = self.lanes.get_mut(&webhook)?;
        lane.place = Place::Nowhere;
        let head = lane.queue.front()?;
        let pools = Pools::needed(&head.receiver, lane.is_narrow(), head.suspect);
        if now.since(head.since) > self.caps.hold_for {
            let jobs = self.empty(&webhook);
            return Some(Step::Stale(jobs));
        }
        if !lane.may_begin(most) {
            // It comes back when one of its own attempts ends. Whoever waits for the slot that it does
            // not use gets it.
            self.offer(&pools);
            return None;
        }
        if let Some(full) = pools.iter().position(|pool| self.pools.is_full(pool)) {
            lane.place = Place::Waits(pools[full].clone());
            self.pools.wait(&pools[full], webhook);
            self.offer(&pools);
            return None;
        }
        let item = lane.queue.pop_front()?;
        lane.in_flight += 1;
        self.queued -= 1;
        self.in_flight += 1;
        for pool in &pools {
            self.pools.enter(pool);
        }
        if self.starved && self.free_room() >= self.caps.room.div_ceil(8) {
            self.starved = false;
            self.hungry = true;
        }
        let more = !lane_is_empty(&self.lanes, &webhook);
        self.look_for_more(&webhook);
        let slots = Slots {
            webhook: webhook.clone(),
            pools,
        };
        if more {
            self.line_up(&webhook);
        }
        Some(Step::Begin(item.job, slots))
    }

    /// An attempt ended, and its result is to be recorded. While one that `failed` is not recorded,
    /// nothing of its webhook begins.
    pub(super) fn end(&mut self, slots: Slots, failed: bool) {
        self.unsettled += 1;
        if let Some(lane) = self.lanes.get_mut(&slots.webhook) {
            lane.unsettled += 1;
            lane.held += usize::from(failed);
        }
        self.leave(&slots);
    }

    /// An attempt ended without a result, or never began.
    pub(super) fn abandon(&mut self, slots: Slots) {
        if let Some(lane) = self.lanes.get_mut(&slots.webhook) {
            lane.behind = Some(0);
        }
        self.leave(&slots);
        self.tidy(&slots.webhook);
    }

    fn leave(&mut self, slots: &Slots) {
        self.in_flight -= 1;
        if let Some(lane) = self.lanes.get_mut(&slots.webhook) {
            lane.in_flight -= 1;
        }
        for pool in &slots.pools {
            self.pools.leave(pool);
        }
        self.offer(&slots.pools);
        self.line_up(&slots.webhook);
        self.look_for_more(&slots.webhook);
    }

    /// A result is recorded. Answers with deliveries that are not due any more, because their webhook
    /// rests.
    pub(super) fn settled(
        &mut self,
        webhook: &WebhookKey,
        failed: bool,
        standing: Standing,
    ) -> Vec<J> {
        self.unsettled -= 1;
        let Some(lane) = self.lanes.get_mut(webhook) else {
            return Vec::new();
        };
        lane.unsettled -= 1;
        lane.held -= usize::from(failed);
        let rests = match standing {
            Standing::Goes { failing } => {
                lane.failing = failing;
                false
            }
            Standing::Rests { failing } => {
                lane.failing = failing;
                lane.behind = Some(lane.behind.unwrap_or(0));
                lane.rested_in = self.claims;
                true
            }
            Standing::Unknown => {
                lane.behind = Some(lane.behind.unwrap_or(0));
                false
            }
        };
        let jobs = if rests {
            self.empty(webhook)
        } else {
            self.line_up(webhook);
            self.look_for_more(webhook);
            Vec::new()
        };
        self.tidy(webhook);
        jobs
    }

    /// Takes what waits for a webhook; it is behind from now on.
    fn empty(&mut self, webhook: &WebhookKey) -> Vec<J> {
        let Some(lane) = self.lanes.get_mut(webhook) else {
            return Vec::new();
        };
        lane.behind = Some(lane.behind.unwrap_or(0));
        let Some(head) = lane.queue.front() else {
            return Vec::new();
        };
        let pools = Pools::needed(&head.receiver, lane.is_narrow(), head.suspect);
        match std::mem::replace(&mut lane.place, Place::Nowhere) {
            Place::Nowhere => {}
            Place::InTurn => self.turns.retain(|waiting| waiting != webhook),
            Place::Waits(pool) => self.pools.wait_no_more(&pool, webhook),
        }
        let jobs: Vec<J> = lane.queue.drain(..).map(|item| item.job).collect();
        self.queued -= jobs.len();
        self.offer(&pools);
        jobs
    }

    /// Lets those who wait for a slot of these pools take turns again, if there is one.
    fn offer(&mut self, pools: &[Pool]) {
        for pool in pools {
            for webhook in self.pools.next_in(pool) {
                if let Some(lane) = self.lanes.get_mut(&webhook) {
                    lane.place = Place::InTurn;
                    self.turns.push_back(webhook);
                }
            }
        }
    }

    /// The webhook takes turns from now on, behind those that do already.
    fn line_up(&mut self, webhook: &WebhookKey) {
        let Some(lane) = self.lanes.get_mut(webhook) else {
            return;
        };
        if !lane.queue.is_empty() && lane.place == Place::Nowhere {
            lane.place = Place::InTurn;
            self.turns.push_back(webhook.clone());
        }
    }

    /// Forgets a webhook about which there is nothing to remember, or for which there is no room.
    fn tidy(&mut self, webhook: &WebhookKey) {
        let many = self.lanes.len() > self.caps.known;
        let useless = |lane: &Lane<J>| lane.is_empty() && (lane.is_clear() || many);
        if self.lanes.get(webhook).is_some_and(useless) {
            let behind = self.lanes.remove(webhook).and_then(|lane| lane.behind);
            if let Some(wakes) = behind {
                self.forget_one(wakes);
            }
        }
    }

    /// A webhook that is behind is not known any more: nothing is taken of those that are not known, until
    /// a claim shows that they have no backlog.
    fn forget_one(&mut self, shown_by: u64) {
        self.caught_up = false;
        // A claim that is under way may have left it out.
        self.forgotten = (self.forgotten.0.max(shown_by), self.claims);
    }

    fn free_room(&self) -> usize {
        self.caps.room.saturating_sub(self.queued + self.reserved)
    }
}

fn lane_is_empty<J>(lanes: &HashMap<WebhookKey, Lane<J>>, webhook: &WebhookKey) -> bool {
    lanes.get(webhook).is_none_or(|lane| lane.queue.is_empty())
}

/// What one webhook may have of something of which so much is left: at least one.
fn share(left: usize, most: usize) -> usize {
    (left / SHARE).clamp(1, most.max(1))
}
