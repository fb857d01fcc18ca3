//! The schedule under anything that may happen, in any order, beside a model of the queue.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use webhook_domain::WebhookKey;

use super::lane::Place;
use super::pools::Pool;
use super::tests::{at, caps, webhook};
use super::{Caps, Flags, Item, Plan, Schedule, Slots, Standing, Step};

const WEBHOOKS: i32 = 6;

/// The webhook, and the number of the event.
type Job = (i32, u32);

/// Three webhooks at one receiver, two at another, one alone.
fn receiver(id: i32) -> &'static str {
    match id {
        1..=3 => "a",
        4 | 5 => "b",
        _ => "c",
    }
}

#[derive(Clone, Debug)]
enum Happening {
    /// An event for a webhook, committed at once.
    Signal(i32),
    /// One that is rolled back.
    RolledBack(i32),
    /// Attempts begin, as many as may.
    Begin,
    /// The n-th of those under way ends; whether well.
    End(usize, bool),
    /// The n-th of those under way is dropped.
    Drop(usize),
    /// The oldest results are recorded.
    Settle(usize),
    /// A claim begins, or the one that began comes back.
    Claim,
    /// The webhooks have rested.
    Rested,
    /// The storage takes no results, or takes them again.
    Pause(bool),
    /// So much time passes.
    Pass(i64),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        8 => (1..=WEBHOOKS).prop_map(Happening::Signal),
        1 => (1..=WEBHOOKS).prop_map(Happening::RolledBack),
        6 => Just(Happening::Begin),
        6 => (any::<usize>(), prop::bool::weighted(0.8)).prop_map(|(n, ok)| Happening::End(n, ok)),
        1 => any::<usize>().prop_map(Happening::Drop),
        4 => (1_usize..5).prop_map(Happening::Settle),
        4 => Just(Happening::Claim),
        1 => Just(Happening::Rested),
        1 => any::<bool>().prop_map(Happening::Pause),
        1 => (0_i64..6).prop_map(Happening::Pass),
    ];
    prop::collection::vec(one, 1..400)
}

/// A claim that the store has carried out and that has not come back.
struct Claim {
    plan: Plan,
    jobs: Vec<Job>,
    failing: BTreeSet<i32>,
}

/// The queue as a store has it, for a schedule that works on it.
struct World {
    schedule: Schedule<Job>,
    caps: Caps,
    now: i64,
    signalled: Vec<Job>,
    /// Committed and leased to nobody.
    waiting: BTreeSet<Job>,
    failing: BTreeSet<i32>,
    resting: BTreeSet<i32>,
    claim: Option<Claim>,
    running: Vec<(Job, Slots)>,
    results: VecDeque<(Job, WebhookKey, bool)>,
    done: BTreeSet<Job>,
    tried: BTreeSet<Job>,
    /// The last event that was first tried, of webhooks whose order was never disturbed.
    last: BTreeMap<i32, u32>,
    /// Webhooks of which something went back to the queue.
    disturbed: BTreeSet<i32>,
}

impl World {
    fn new(caps: Caps) -> Self {
        let mut schedule = Schedule::new(caps.clone());
        schedule.open();
        Self {
            schedule,
            caps,
            now: 0,
            signalled: Vec::new(),
            waiting: BTreeSet::new(),
            failing: BTreeSet::new(),
            resting: BTreeSet::new(),
            claim: None,
            running: Vec::new(),
            results: VecDeque::new(),
            done: BTreeSet::new(),
            tried: BTreeSet::new(),
            last: BTreeMap::new(),
            disturbed: BTreeSet::new(),
        }
    }

    fn item(&self, job: Job) -> Item<Job> {
        Item {
            job,
            receiver: receiver(job.0).into(),
            suspect: job.1.is_multiple_of(13),
            since: at(self.now),
        }
    }

    fn put_back(&mut self, jobs: Vec<Job>) {
        self.disturbed.extend(jobs.iter().map(|job| job.0));
        self.waiting.extend(jobs);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Signal(id) => self.signal(id),
            Happening::RolledBack(id) => {
                if self.schedule.reserve(&webhook(id)) {
                    self.schedule.give_back(&webhook(id), 1);
                }
            }
            Happening::Begin => self.begin(),
            Happening::End(n, ok) => self.end(n, ok),
            Happening::Drop(n) => self.drop_one(n),
            Happening::Settle(count) => self.settle(count),
            Happening::Claim => self.claim(),
            Happening::Rested => self.resting.clear(),
            Happening::Pause(paused) => self.schedule.pause(paused),
            Happening::Pass(seconds) => self.now += seconds,
        }
        self.check();
    }

    fn signal(&mut self, id: i32) {
        let job = (id, u32::try_from(self.signalled.len()).unwrap());
        self.signalled.push(job);
        if self.schedule.reserve(&webhook(id)) {
            let item = self.item(job);
            assert_eq!(self.schedule.fresh(&webhook(id), item), None);
        } else {
            self.waiting.insert(job);
            self.schedule.wake();
        }
    }

    fn begin(&mut self) {
        while let Some(step) = self.schedule.next(at(self.now)) {
            match step {
                Step::Begin(job, slots) => {
                    assert!(!self.done.contains(&job), "{job:?} was delivered before");
                    if self.tried.insert(job) && !self.disturbed.contains(&job.0) {
                        let last = self.last.insert(job.0, job.1);
                        assert!(
                            last.is_none_or(|last| last < job.1),
                            "{job:?} after {last:?}"
                        );
                    }
                    self.running.push((job, slots));
                    self.check();
                }
                Step::Stale(jobs) => self.put_back(jobs),
            }
        }
        self.nobody_is_left_out();
    }

    fn take_running(&mut self, n: usize) -> Option<(Job, Slots)> {
        let count = self.running.len();
        (count > 0).then(|| self.running.swap_remove(n % count))
    }

    fn end(&mut self, n: usize, ok: bool) {
        if let Some((job, slots)) = self.take_running(n) {
            let webhook = slots.webhook.clone();
            self.schedule.end(slots, !ok);
            self.results.push_back((job, webhook, ok));
        }
    }

    fn drop_one(&mut self, n: usize) {
        if let Some((job, slots)) = self.take_running(n) {
            self.schedule.abandon(slots);
            self.put_back(vec![job]);
        }
    }

    fn settle(&mut self, count: usize) {
        for _ in 0..count {
            let Some((job, webhook, ok)) = self.results.pop_front() else {
                return;
            };
            let standing = if ok {
                self.failing.remove(&job.0);
                self.resting.remove(&job.0);
                self.done.insert(job);
                Standing::Goes { failing: false }
            } else {
                self.failing.insert(job.0);
                self.resting.insert(job.0);
                self.put_back(vec![job]);
                Standing::Rests { failing: true }
            };
            let back = self.schedule.settled(&webhook, !ok, standing);
            self.put_back(back);
        }
    }

    fn claim(&mut self) {
        let Some(claim) = self.claim.take() else {
            self.claim = self.schedule.plan().map(|plan| self.carry_out(plan));
            return;
        };
        let items: Vec<_> = claim
            .jobs
            .iter()
            .map(|job| {
                let failing = claim.failing.contains(&job.0);
                let flags = Flags {
                    failing,
                    catching_up: false,
                };
                (webhook(job.0), flags, self.item(*job))
            })
            .collect();
        let back = self.schedule.claimed(&claim.plan, items);
        self.put_back(back);
    }

    /// Leases what a store would.
    fn carry_out(&mut self, plan: Plan) -> Claim {
        let mut jobs = Vec::new();
        for id in 1..=WEBHOOKS {
            if self.resting.contains(&id) || plan.except.contains(&webhook(id)) {
                continue;
            }
            let share = if self.failing.contains(&id) {
                1
            } else {
                plan.per_webhook
            };
            let share = share.min(plan.total - jobs.len());
            let due: Vec<Job> = self
                .waiting
                .range((id, 0)..=(id, u32::MAX))
                .copied()
                .collect();
            jobs.extend(due.into_iter().take(share));
        }
        for job in &jobs {
            self.waiting.remove(job);
        }
        Claim {
            plan,
            jobs,
            failing: self.failing.clone(),
        }
    }

    fn running_of(&self, is: impl Fn(&Job, &Slots) -> bool) -> usize {
        self.running
            .iter()
            .filter(|(job, slots)| is(job, slots))
            .count()
    }

    /// What holds at every moment.
    fn check(&self) {
        let (schedule, caps) = (&self.schedule, &self.caps);
        assert_eq!(schedule.in_flight, self.running.len());
        assert_eq!(schedule.unsettled, self.results.len());
        assert!(schedule.in_flight <= caps.in_flight);
        assert!(schedule.in_flight + schedule.unsettled <= caps.unsettled + caps.in_flight);
        assert!(schedule.queued + schedule.reserved <= caps.room);
        let lanes = || schedule.lanes.values();
        assert_eq!(
            schedule.queued,
            lanes().map(|l| l.queue.len()).sum::<usize>()
        );
        assert_eq!(
            schedule.reserved,
            lanes().map(|l| l.reserved).sum::<usize>()
        );
        for id in 1..=WEBHOOKS {
            assert!(self.running_of(|job, _| job.0 == id) <= caps.per_webhook);
        }
        for name in ["a", "b", "c"] {
            let all = self.running_of(|job, _| receiver(job.0) == name);
            assert!(all <= caps.per_receiver);
            assert_eq!(all, schedule.pools.taken(&Pool::Receiver(name.into())));
            let failing = Pool::FailingAt(name.into());
            let failing_here = self.running_of(|_, slots| slots.pools.contains(&failing));
            assert!(failing_here <= (caps.per_receiver / 4).max(1));
            assert_eq!(failing_here, schedule.pools.taken(&failing));
        }
        assert!(self.running_of(|job, _| job.1.is_multiple_of(13)) <= 1);
        // Everybody stands at one place at most, and where it says.
        let placed = |is: fn(&Place) -> bool| lanes().filter(|l| is(&l.place)).count();
        assert_eq!(placed(|p| *p == Place::InTurn), schedule.turns.len());
        assert_eq!(
            placed(|p| matches!(p, Place::Waits(_))),
            schedule.pools.waiting()
        );
    }

    /// Nothing more may begin: so whoever has something to send cannot, for a reason that will pass.
    fn nobody_is_left_out(&self) {
        let schedule = &self.schedule;
        let full = schedule.in_flight >= self.caps.in_flight
            || schedule.in_flight + schedule.unsettled >= self.caps.unsettled;
        if schedule.paused || full {
            return;
        }
        for (webhook, lane) in &schedule.lanes {
            let excused = match &lane.place {
                Place::InTurn => false,
                Place::Waits(pool) => schedule.pools.is_full(pool),
                Place::Nowhere => {
                    lane.queue.is_empty() || lane.in_flight + lane.unsettled + lane.held > 0
                }
            };
            assert!(excused, "{webhook:?} could begin: {lane:?}");
        }
    }

    /// The faults are over: everything gets there.
    fn comes_to_an_end(&mut self) {
        self.schedule.pause(false);
        for _ in 0..10_000 {
            let all = self.signalled.len() == self.done.len();
            if all && self.schedule.is_idle() && self.claim.is_none() {
                return;
            }
            self.resting.clear();
            self.claim();
            self.begin();
            self.end(0, true);
            self.settle(1);
            self.check();
        }
        panic!(
            "{} of {} are delivered",
            self.done.len(),
            self.signalled.len()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn caps_hold_slots_come_back_order_is_kept_and_everything_is_delivered_in_the_end(
        happenings in happenings(),
    ) {
        let mut world = World::new(caps());
        for happening in happenings {
            world.happen(happening);
        }
        world.comes_to_an_end();
    }

    #[test]
    fn the_same_holds_where_there_is_little_of_everything(happenings in happenings()) {
        let mut world = World::new(Caps {
            in_flight: 3,
            unsettled: 4,
            per_webhook: 2,
            per_receiver: 2,
            room: 8,
            room_per_webhook: 4,
            batch: 3,
            known: 3,
            ..caps()
        });
        for happening in happenings {
            world.happen(happening);
        }
        world.comes_to_an_end();
    }
}
