//! The schedule, one rule at a time.

use std::time::Duration;

use webhook_domain::{Context, Timestamp, WebhookId, WebhookKey};

use super::pools::Pool;
use super::{Caps, Flags, Item, Schedule, Slots, Standing, Step};

pub(super) fn caps() -> Caps {
    Caps {
        in_flight: 256,
        unsettled: 512,
        per_webhook: 4,
        per_receiver: 8,
        room: 4_096,
        room_per_webhook: 64,
        batch: 100,
        known: 1_000,
        hold_for: Duration::from_secs(10),
    }
}

pub(super) fn webhook(id: i32) -> WebhookKey {
    WebhookKey {
        context: Context::onsite(),
        id: WebhookId::new(id).unwrap(),
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

/// A delivery of this number at this receiver.
pub(super) fn item(job: u32, receiver: &str) -> Item<u32> {
    Item {
        job,
        receiver: receiver.into(),
        suspect: false,
        since: at(0),
    }
}

/// Open, and known to have no backlog anywhere.
pub(super) fn ready(caps: Caps) -> Schedule<u32> {
    let mut schedule = Schedule::new(caps);
    schedule.open();
    let plan = schedule.plan().unwrap();
    assert!(schedule.claimed(&plan, []).is_empty());
    schedule
}

fn fresh(schedule: &mut Schedule<u32>, id: i32, job: u32, receiver: &str) {
    assert!(schedule.reserve(&webhook(id)), "room for {job} of {id}");
    assert_eq!(schedule.fresh(&webhook(id), item(job, receiver)), None);
}

fn begin(schedule: &mut Schedule<u32>) -> Option<(u32, Slots)> {
    match schedule.next(at(0))? {
        Step::Begin(job, slots) => Some((job, slots)),
        Step::Stale(jobs) => panic!("{jobs:?} are stale"),
    }
}

fn begin_all(schedule: &mut Schedule<u32>) -> Vec<(u32, Slots)> {
    std::iter::from_fn(|| begin(schedule)).collect()
}

fn jobs(begun: &[(u32, Slots)]) -> Vec<u32> {
    begun.iter().map(|(job, _)| *job).collect()
}

fn succeed(schedule: &mut Schedule<u32>, slots: Slots) {
    let webhook = slots.webhook.clone();
    schedule.end(slots, false);
    let back = schedule.settled(&webhook, false, Standing::Goes { failing: false });
    assert!(back.is_empty());
}

#[test]
fn a_webhook_has_four_attempts_at_once_in_the_order_in_which_they_came() {
    let mut schedule = ready(caps());
    for job in 0..6 {
        fresh(&mut schedule, 1, job, "a");
    }
    let mut begun = begin_all(&mut schedule);
    assert_eq!(jobs(&begun), [0, 1, 2, 3]);

    succeed(&mut schedule, begun.remove(2).1);
    assert_eq!(jobs(&begin_all(&mut schedule)), [4]);
}

#[test]
fn a_receiver_has_eight_attempts_at_once_whatever_the_webhooks() {
    let mut schedule = ready(caps());
    for id in 1..=3 {
        for job in 0..4 {
            fresh(
                &mut schedule,
                id,
                u32::try_from(id).unwrap() * 10 + job,
                "a",
            );
        }
    }
    fresh(&mut schedule, 4, 40, "b");
    let mut begun = begin_all(&mut schedule);
    // They take turns, and who goes to another receiver is not held up.
    assert_eq!(jobs(&begun), [10, 20, 30, 40, 11, 21, 31, 12, 22]);

    succeed(&mut schedule, begun.remove(0).1);
    assert_eq!(jobs(&begin_all(&mut schedule)), [32]);
}

#[test]
fn webhooks_take_turns_however_long_the_queue_of_one_is() {
    let mut schedule = ready(Caps {
        in_flight: 1,
        ..caps()
    });
    for job in 0..50 {
        fresh(&mut schedule, 1, job, "a");
    }
    fresh(&mut schedule, 2, 100, "b");
    fresh(&mut schedule, 2, 101, "b");
    let mut order = Vec::new();
    while let Some((job, slots)) = begin(&mut schedule) {
        order.push(job);
        succeed(&mut schedule, slots);
    }
    assert_eq!(order[..5], [0, 100, 1, 101, 2]);
    assert_eq!(order.len(), 52);
}

#[test]
fn a_failing_webhook_has_one_attempt_and_failing_ones_a_quarter_of_their_receiver() {
    let mut schedule = ready(caps());
    let plan = schedule.plan().unwrap();
    let failing = Flags {
        failing: true,
        catching_up: false,
    };
    let claimed = (1..=4).flat_map(|id| {
        let job = u32::try_from(id).unwrap() * 10;
        [job, job + 1].map(|job| (webhook(id), failing, item(job, "a")))
    });
    assert!(schedule.claimed(&plan, claimed).is_empty());
    let mut begun = begin_all(&mut schedule);
    assert_eq!(jobs(&begun), [10, 20]);

    // The slot of a failing webhook goes to the next failing one, and its own next attempt waits until
    // this one is recorded.
    let (_, slots) = begun.remove(0);
    schedule.end(slots, false);
    assert_eq!(jobs(&begin_all(&mut schedule)), [30]);
    schedule.settled(&webhook(1), false, Standing::Goes { failing: false });
    assert_eq!(jobs(&begin_all(&mut schedule)), [11]);
}

#[test]
fn after_a_failure_nothing_begins_and_what_waits_goes_back_when_the_webhook_rests() {
    let mut schedule = ready(caps());
    for job in 0..6 {
        fresh(&mut schedule, 1, job, "a");
    }
    let mut begun = begin_all(&mut schedule);
    schedule.end(begun.remove(0).1, true);
    assert!(begin(&mut schedule).is_none(), "it waits for the verdict");
    assert!(!schedule.reserve(&webhook(1)), "nothing fresh overtakes");

    let back = schedule.settled(&webhook(1), true, Standing::Rests { failing: true });
    assert_eq!(back, [4, 5]);
    assert!(begin(&mut schedule).is_none());
    assert!(
        !schedule.take_hunger(),
        "it rests: there is nothing to claim"
    );
    // The others that were under way end; the webhook stays failing and nothing fresh is taken.
    for (_, slots) in begun {
        schedule.end(slots, true);
        schedule.settled(&webhook(1), true, Standing::Rests { failing: true });
    }
    assert!(schedule.is_idle());
    assert!(!schedule.reserve(&webhook(1)));
}

#[test]
fn what_was_claimed_before_a_failure_was_recorded_goes_back() {
    let mut schedule = ready(caps());
    fresh(&mut schedule, 1, 0, "a");
    let (_, slots) = begin(&mut schedule).unwrap();
    schedule.end(slots, false);
    let plan = schedule.plan().unwrap();
    schedule.settled(&webhook(1), false, Standing::Rests { failing: true });
    let late = [(webhook(1), Flags::default(), item(1, "a"))];
    assert_eq!(schedule.claimed(&plan, late), [1]);
    assert!(begin(&mut schedule).is_none());
}

#[test]
fn a_fresh_delivery_is_refused_until_a_claim_shows_that_nothing_older_waits() {
    let mut schedule = ready(caps());
    for job in 0..64 {
        fresh(&mut schedule, 1, job, "a");
    }
    assert!(!schedule.reserve(&webhook(1)), "the room is used up");
    while let Some((_, slots)) = begin(&mut schedule) {
        succeed(&mut schedule, slots);
    }
    assert!(
        !schedule.reserve(&webhook(1)),
        "one older waits in the queue"
    );

    // A claim that began before the commit of the refused one was over shows nothing.
    let early = schedule.plan().unwrap();
    schedule.claimed(&early, []);
    assert!(!schedule.reserve(&webhook(1)));

    schedule.wake();
    let plan = schedule.plan().unwrap();
    let older = [(webhook(1), Flags::default(), item(64, "a"))];
    schedule.claimed(&plan, older);
    fresh(&mut schedule, 1, 65, "a");
    assert_eq!(jobs(&begin_all(&mut schedule)), [64, 65]);
}

#[test]
fn nothing_fresh_is_taken_before_the_first_claim_shows_who_is_behind() {
    let mut schedule = Schedule::<u32>::new(caps());
    schedule.open();
    assert!(!schedule.reserve(&webhook(1)));
    schedule.wake();

    let plan = schedule.plan().unwrap();
    let backlog: Vec<_> = (0..32)
        .map(|job| (webhook(2), Flags::default(), item(job, "b")))
        .collect();
    schedule.claimed(&plan, backlog);
    assert!(schedule.reserve(&webhook(1)));
    assert!(schedule.reserve(&webhook(3)));
    assert!(
        !schedule.reserve(&webhook(2)),
        "it has more than was claimed"
    );
    assert!(schedule.take_hunger(), "and it is claimed");
}

#[test]
fn a_webhook_with_enough_in_memory_is_left_out_of_claims_until_it_has_less() {
    let mut schedule = ready(caps());
    for round in 0..2_u32 {
        let plan = schedule.plan().unwrap();
        assert_eq!((plan.per_webhook, plan.except.len()), (32, 0));
        let claimed = (0..32).map(|n| (webhook(1), Flags::default(), item(round * 32 + n, "a")));
        schedule.claimed(&plan, claimed);
    }
    assert_eq!(schedule.plan().unwrap().except, [webhook(1)]);
    let begun = (0..32).map(|_| {
        let (job, slots) = begin(&mut schedule).unwrap();
        succeed(&mut schedule, slots);
        job
    });
    assert_eq!(begun.collect::<Vec<_>>(), (0..32).collect::<Vec<_>>());
    assert!(schedule.take_hunger());
    assert_eq!(schedule.plan().unwrap().except, []);
}

#[test]
fn a_claim_that_was_full_is_followed_by_another() {
    let mut schedule = ready(Caps { batch: 2, ..caps() });
    let plan = schedule.plan().unwrap();
    let full = [1, 2].map(|id| (webhook(id), Flags::default(), item(0, "a")));
    schedule.claimed(&plan, full);
    assert!(schedule.take_hunger());
    assert!(!schedule.reserve(&webhook(9)), "it may be behind as well");
    schedule.wake();
    let plan = schedule.plan().unwrap();
    schedule.claimed(&plan, []);
    assert!(!schedule.take_hunger());
    assert!(schedule.reserve(&webhook(9)));
}

#[test]
fn slow_webhooks_never_take_all_the_room_nor_all_the_slots() {
    let mut schedule = ready(caps());
    for id in 1..=500 {
        let receiver = format!("slow{id}");
        let mut job = 0;
        while schedule.reserve(&webhook(id)) {
            schedule.fresh(&webhook(id), item(job, &receiver));
            job += 1;
        }
    }
    let slow = begin_all(&mut schedule).len();
    assert!((200..256).contains(&slow), "{slow} of 256 slots are in use");
    fresh(&mut schedule, 501, 0, "fast");
    assert_eq!(jobs(&begin_all(&mut schedule)), [0]);
}

#[test]
fn one_suspect_is_under_way_at_a_time() {
    let mut schedule = ready(caps());
    let suspect = |job, receiver: &str| Item {
        suspect: true,
        ..item(job, receiver)
    };
    for (id, job) in [(1, 10), (2, 20), (3, 30)] {
        assert!(schedule.reserve(&webhook(id)));
        schedule.fresh(&webhook(id), suspect(job, "a"));
    }
    fresh(&mut schedule, 4, 40, "a");
    let mut begun = begin_all(&mut schedule);
    assert_eq!(jobs(&begun), [10, 40]);
    schedule.abandon(begun.remove(0).1);
    assert_eq!(jobs(&begin_all(&mut schedule)), [20]);
}

#[test]
fn nothing_begins_while_results_cannot_be_recorded_nor_when_too_many_wait_for_it() {
    let mut schedule = ready(Caps {
        in_flight: 2,
        unsettled: 3,
        ..caps()
    });
    for id in 1..=5 {
        fresh(&mut schedule, id, 0, "a");
    }
    schedule.pause(true);
    assert!(begin(&mut schedule).is_none());
    assert!(!schedule.reserve(&webhook(9)));
    schedule.pause(false);

    let mut begun = begin_all(&mut schedule);
    assert_eq!(begun.len(), 2);
    for (_, slots) in begun.drain(..) {
        schedule.end(slots, false);
    }
    assert_eq!(
        begin_all(&mut schedule).len(),
        1,
        "two results and an attempt"
    );
    schedule.settled(&webhook(1), false, Standing::Goes { failing: false });
    assert_eq!(begin_all(&mut schedule).len(), 1);
}

#[test]
fn what_waited_too_long_goes_back_to_be_claimed_with_its_webhook_as_it_is_then() {
    let mut schedule = ready(caps());
    for job in 0..3 {
        fresh(&mut schedule, 1, job, "a");
    }
    assert!(matches!(schedule.next(at(11)), Some(Step::Stale(jobs)) if jobs == [0, 1, 2]));
    assert!(schedule.next(at(11)).is_none());
    assert!(!schedule.reserve(&webhook(1)), "they are older");
}

#[test]
fn a_closed_schedule_hands_out_what_waits_and_takes_nothing() {
    let mut schedule = ready(caps());
    for job in 0..6 {
        fresh(&mut schedule, 1, job, "a");
    }
    assert!(schedule.reserve(&webhook(2)));
    let begun = begin_all(&mut schedule);
    assert_eq!(schedule.close(), [4, 5]);
    assert_eq!(schedule.fresh(&webhook(2), item(9, "a")), Some(9));
    assert!(!schedule.reserve(&webhook(3)));
    assert!(schedule.plan().is_none());
    for (_, slots) in begun {
        succeed(&mut schedule, slots);
    }
    assert!(schedule.is_idle());
}

#[test]
fn a_run_that_was_taken_for_dead_forgets_what_waited_and_knows_nothing() {
    let mut schedule = ready(caps());
    for job in 0..6 {
        fresh(&mut schedule, 1, job, "a");
    }
    assert!(schedule.reserve(&webhook(2)));
    let begun = begin_all(&mut schedule);
    schedule.forget();
    schedule.open();
    assert!(begin(&mut schedule).is_none());
    assert!(!schedule.reserve(&webhook(1)) && !schedule.reserve(&webhook(5)));
    for (_, slots) in begun {
        let webhook = slots.webhook.clone();
        schedule.end(slots, false);
        schedule.settled(&webhook, false, Standing::Unknown);
    }
    assert!(schedule.is_idle());
    // The room that was reserved for the run before is free.
    assert_eq!((schedule.reserved, schedule.queued), (0, 0));
}

#[test]
fn a_webhook_that_moves_to_another_receiver_uses_the_slots_of_the_new_one() {
    let mut schedule = ready(caps());
    fresh(&mut schedule, 1, 0, "old");
    fresh(&mut schedule, 1, 1, "new");
    let begun = begin_all(&mut schedule);
    assert_eq!(begun.len(), 2);
    for name in ["old", "new"] {
        assert_eq!(schedule.pools.taken(&Pool::Receiver(name.into())), 1);
    }
    for (_, slots) in begun {
        succeed(&mut schedule, slots);
    }
    assert!(
        schedule.lanes.is_empty(),
        "nothing is remembered of those that are well"
    );
}

#[test]
fn no_more_webhooks_are_remembered_than_there_is_room_for() {
    let mut schedule = ready(Caps {
        known: 10,
        ..caps()
    });
    schedule.pause(true);
    for id in 1..=100 {
        assert!(!schedule.reserve(&webhook(id)));
    }
    schedule.pause(false);
    assert_eq!(schedule.lanes.len(), 10);
    assert!(
        !schedule.reserve(&webhook(500)),
        "it may be one of the forgotten"
    );
    schedule.wake();
    let plan = schedule.plan().unwrap();
    schedule.claimed(&plan, []);
    assert!(schedule.reserve(&webhook(500)));
    assert_eq!(schedule.lanes.len(), 1);
}
