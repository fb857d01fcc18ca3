//! How deliveries come in: fresh ones right after the commit that recorded them, and claimed ones. A
//! fresh one is refused when older ones of its webhook wait elsewhere, so that first attempts begin in
//! the order of the commits.

use std::collections::{HashMap, HashSet};

use webhook_domain::WebhookKey;

use super::{Item, Lane, Schedule, share};

/// A claim that would bring something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Plan {
    /// Deliveries in all.
    pub(in super::super) total: usize,
    /// Deliveries of one webhook.
    pub(in super::super) per_webhook: usize,
    /// Webhooks of which there is enough here.
    pub(in super::super) except: Vec<WebhookKey>,
    wakes: u64,
    number: u64,
}

/// What a claim says about the webhook of a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Flags {
    /// Its last attempt failed.
    pub(in super::super) failing: bool,
    /// It was disabled, and its backlog goes out one by one.
    pub(in super::super) catching_up: bool,
}

impl<J> Schedule<J> {
    /// Whether a fresh delivery of the webhook may come here. A yes keeps room for it.
    pub(in super::super) fn reserve(&mut self, webhook: &WebhookKey) -> bool {
        let free = self.free_room();
        let room = share(free, self.caps.room_per_webhook);
        let lane = self.lanes.get(webhook);
        let fits = lane.is_none_or(|lane| lane.queue.len() + lane.reserved < room);
        let clear = lane.map_or(self.caught_up, Lane::is_clear);
        if self.open && !self.paused && free > 0 && fits && clear {
            self.lanes.entry(webhook.clone()).or_default().reserved += 1;
            self.reserved += 1;
            return true;
        }
        self.refuse(webhook);
        false
    }

    /// The webhook gets a delivery that is not here: those after it must not overtake it.
    fn refuse(&mut self, webhook: &WebhookKey) {
        let shown_by = Some(self.wakes + 1);
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.behind = shown_by;
        } else if self.lanes.len() < self.caps.known {
            let lane = Lane {
                behind: shown_by,
                ..Lane::default()
            };
            self.lanes.insert(webhook.clone(), lane);
        } else {
            self.forget_one(self.wakes + 1);
        }
    }

    /// So many reserved rooms of the webhook are not needed.
    pub(in super::super) fn give_back(&mut self, webhook: &WebhookKey, count: usize) {
        if let Some(lane) = self.lanes.get_mut(webhook) {
            let count = count.min(lane.reserved);
            lane.reserved -= count;
            self.reserved -= count;
        }
        self.tidy(webhook);
    }

    /// A fresh delivery takes its reserved room. It comes back when nothing is taken in any more.
    pub(in super::super) fn fresh(&mut self, webhook: &WebhookKey, item: Item<J>) -> Option<J> {
        self.give_back_one(webhook);
        self.push(webhook, item)
    }

    fn give_back_one(&mut self, webhook: &WebhookKey) {
        if let Some(lane) = self.lanes.get_mut(webhook).filter(|l| l.reserved > 0) {
            lane.reserved -= 1;
            self.reserved -= 1;
        }
    }

    fn push(&mut self, webhook: &WebhookKey, item: Item<J>) -> Option<J> {
        if !self.open {
            return Some(item.job);
        }
        let lane = self.lanes.entry(webhook.clone()).or_default();
        lane.queue.push_back(item);
        self.queued += 1;
        self.line_up(webhook);
        None
    }

    /// Something may be due.
    pub(in super::super) fn wake(&mut self) {
        self.wakes += 1;
    }

    /// What to claim now; `None` when there is no room, or nothing can begin anyway.
    pub(in super::super) fn plan(&mut self) -> Option<Plan> {
        if !self.open || self.paused {
            return None;
        }
        self.hungry = false;
        self.claims += 1;
        let free = self.free_room();
        self.starved = free == 0;
        if self.starved {
            return None;
        }
        let (room, step) = self.room_and_step();
        let except = self.lanes.iter();
        let except = except.filter(|(_, lane)| lane.has_enough(room, step));
        Some(Plan {
            total: free.min(self.caps.batch),
            per_webhook: step,
            except: except.map(|(webhook, _)| webhook.clone()).collect(),
            wakes: self.wakes,
            number: self.claims,
        })
    }

    /// How much of one webhook may be here now, and how much of it is claimed at once.
    fn room_and_step(&self) -> (usize, usize) {
        let room = share(self.free_room(), self.caps.room_per_webhook);
        (room, (room / 2).max(1))
    }

    /// What a claim brought, in its order. Answers with what cannot be taken in any more.
    pub(in super::super) fn claimed(
        &mut self,
        plan: &Plan,
        claimed: impl IntoIterator<Item = (WebhookKey, Flags, Item<J>)>,
    ) -> Vec<J> {
        let mut counts: HashMap<WebhookKey, usize> = HashMap::new();
        let mut back = Vec::new();
        let mut total = 0;
        for (webhook, flags, item) in claimed {
            total += 1;
            let lane = self.lanes.entry(webhook.clone()).or_default();
            if lane.rested_in >= plan.number {
                // It was claimed before the failure was recorded since when the webhook rests.
                back.push(item.job);
                continue;
            }
            lane.failing = flags.failing;
            lane.catching_up = flags.catching_up;
            back.extend(self.push(&webhook, item));
            *counts.entry(webhook).or_default() += 1;
        }
        // With room left in the claim, every webhook that was asked about got its share of it.
        let complete = total < plan.total;
        let (wakes, claims) = self.forgotten;
        self.caught_up = complete && plan.wakes >= wakes && plan.number > claims;
        self.hungry = !complete;
        self.compare(plan, &counts, complete);
        for webhook in counts.keys().chain(&plan.except) {
            self.look_for_more(webhook);
        }
        back
    }

    /// Learns from a claim which webhooks have a backlog that is not here.
    fn compare(&mut self, plan: &Plan, counts: &HashMap<WebhookKey, usize>, complete: bool) {
        let except: HashSet<&WebhookKey> = plan.except.iter().collect();
        let mut done = Vec::new();
        for (webhook, lane) in &mut self.lanes {
            let count = counts.get(webhook).copied().unwrap_or(0);
            let share = if lane.is_narrow() {
                1
            } else {
                plan.per_webhook
            };
            let shown = complete && !except.contains(webhook);
            // One of which there was less may have been cut off by the end of the claim.
            if count >= share || (count > 0 && !complete) {
                lane.behind = Some(lane.behind.unwrap_or(0));
            } else if shown && lane.behind.is_some_and(|wakes| plan.wakes >= wakes) {
                lane.behind = None;
                done.push(webhook.clone());
            }
        }
        for webhook in &done {
            self.tidy(webhook);
        }
    }

    /// Asks for a claim when a webhook has deliveries elsewhere and little of them here.
    pub(super) fn look_for_more(&mut self, webhook: &WebhookKey) {
        let (room, step) = self.room_and_step();
        let lane = self.lanes.get(webhook);
        let wants = lane.is_some_and(|l| l.behind.is_some() && !l.has_enough(room, step));
        self.hungry |= wants;
    }

    /// Whether a claim would bring something; asked once.
    pub(in super::super) fn take_hunger(&mut self) -> bool {
        std::mem::take(&mut self.hungry)
    }
}
