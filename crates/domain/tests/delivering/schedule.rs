//! When a failed webhook is tried again (contract 10.4, decision 10).

use std::time::Duration;

use proptest::prelude::*;
use webhook_domain::RetrySchedule;
use webhook_domain::delivery::RetryScheduleError;
use webhook_domain::delivery::retry::Pause;

use crate::seconds;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn three_cycles_of_three_attempts_end_with_the_ninth_failure() {
    let schedule = RetrySchedule::default();
    assert_eq!(schedule.max_failures(), 9);
    // The mean of a rest is what the schedule says.
    let pauses = [
        (1, false),
        (4, false),
        (60, true),
        (1, false),
        (4, false),
        (600, true),
        (1, false),
        (4, false),
    ];
    for (failures, (delay, to_the_back)) in (1..).zip(pauses) {
        let delay = seconds(delay);
        let expected = Some(Pause { delay, to_the_back });
        assert_eq!(schedule.after(failures, None, 500), expected, "{failures}");
    }
    for failures in [9, 10, 1_000, u32::MAX] {
        assert_eq!(schedule.after(failures, None, 500), None, "{failures}");
        let asked = schedule.after(failures, Some(seconds(30)), 500);
        assert_eq!(asked, None, "{failures}");
    }
}

#[test]
fn no_failure_counts_as_the_first() {
    let schedule = RetrySchedule::default();
    assert_eq!(schedule.after(0, None, 0), schedule.after(1, None, 0));
}

#[test]
fn a_rest_is_spread_from_half_of_it_to_one_and_a_half() {
    let schedule = RetrySchedule::default();
    let rest = |failures, jitter| schedule.after(failures, None, jitter).unwrap().delay;
    assert_eq!(rest(3, 0), seconds(30));
    assert_eq!(rest(3, 1000), seconds(90));
    assert_eq!(rest(3, u16::MAX), seconds(90));
    assert_eq!(rest(6, 0), seconds(300));
    assert_eq!(rest(6, 250), seconds(450));
    assert_eq!(rest(6, 1000), seconds(900));
    // Short delays are as they are.
    assert_eq!((rest(1, 0), rest(1, 1000)), (seconds(1), seconds(1)));
}

#[test]
fn a_receiver_is_obeyed_when_it_asks_for_more_and_up_to_a_day() {
    let schedule = RetrySchedule::default();
    let after = |failures, asked| schedule.after(failures, Some(asked), 500).unwrap();
    for (failures, asked, delay, to_the_back) in [
        (1, Duration::ZERO, seconds(1), false),
        (1, Duration::from_millis(999), seconds(1), false),
        (1, seconds(2), seconds(2), false),
        (1, seconds(3_600), seconds(3_600), false),
        (3, seconds(59), seconds(60), true),
        (3, seconds(61), seconds(61), true),
        (2, DAY, DAY, false),
        (2, DAY + seconds(1), DAY, false),
        (2, Duration::MAX, DAY, false),
    ] {
        let expected = Pause { delay, to_the_back };
        assert_eq!(after(failures, asked), expected, "{failures} {asked:?}");
    }
}

#[test]
fn a_schedule_has_one_to_a_hundred_delays_of_a_millisecond_to_thirty_days() {
    let bad = |delays: Vec<Duration>| RetrySchedule::new(delays).unwrap_err();
    assert_eq!(bad(Vec::new()), RetryScheduleError::Count(0));
    assert_eq!(bad(vec![seconds(1); 101]), RetryScheduleError::Count(101));
    for delay in [
        Duration::ZERO,
        Duration::from_micros(999),
        30 * DAY + Duration::from_nanos(1),
        Duration::MAX,
    ] {
        let error = bad(vec![seconds(1), delay]);
        assert_eq!(error, RetryScheduleError::Delay(delay));
    }
    for (delays, failures) in [
        (vec![Duration::from_millis(1)], 2),
        (vec![30 * DAY; 100], 101),
    ] {
        let schedule = RetrySchedule::new(delays).unwrap();
        assert_eq!(schedule.max_failures(), failures);
    }
    assert_eq!(
        RetryScheduleError::Count(0).to_string(),
        "has 0 delays, 1 to 100 are allowed"
    );
}

proptest! {
    #[test]
    fn whatever_a_receiver_asks_a_pause_is_the_planned_one_or_up_to_a_day(
        delays in prop::collection::vec(1_u64..2_592_000_000, 1..100),
        failures in 0_u32..120,
        asked in prop::option::of(any::<Duration>()),
        jitter in any::<u16>(),
    ) {
        let delays: Vec<_> = delays.into_iter().map(Duration::from_millis).collect();
        let schedule = RetrySchedule::new(delays.clone()).unwrap();
        let Some(pause) = schedule.after(failures, asked, jitter) else {
            prop_assert!(failures >= schedule.max_failures());
            return Ok(());
        };
        let at = usize::try_from(failures.max(1) - 1).unwrap();
        let planned = delays[at];
        prop_assert_eq!(pause.to_the_back, planned >= seconds(60));
        let (least, most) = match pause.to_the_back {
            true => (planned / 2, planned + planned / 2 + Duration::from_nanos(2)),
            false => (planned, planned),
        };
        let asked = asked.unwrap_or_default().min(DAY);
        prop_assert!(pause.delay >= least.max(asked), "{pause:?}");
        prop_assert!(pause.delay <= most.max(asked), "{pause:?}");
    }
}
