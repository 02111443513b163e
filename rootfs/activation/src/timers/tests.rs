//! When timers elapse.

use std::time::Duration;

use keelson_units::calendar::{Calendar, Zones};
use keelson_units::model::{Timer, Trigger, UnitName};
use proptest::prelude::*;

use super::{
    Elapse, LastTrigger, Moment, Moments, Spread, calendar_events, next_elapse, stamp, wake_up,
};

const HOUR: u64 = 3600;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn moment(real: u64, monotonic: u64) -> Moment {
    Moment { real: s(real), monotonic: s(monotonic) }
}

/// Each full hour.
fn hourly(_: &Calendar, after: Duration) -> Option<Duration> {
    let hour = (after.as_secs() / HOUR).checked_add(1)?;
    Some(s(hour * HOUR))
}

fn timer(triggers: Vec<Trigger>) -> Timer {
    Timer { triggers, ..Timer::default() }
}

fn calendar() -> Trigger {
    Trigger::Calendar("hourly".parse().unwrap())
}

/// A machine that was booted at 10,000 (2:46:40) and has been up for 100 s.
fn moments() -> Moments {
    Moments { now: moment(10_100, 100), startup: moment(10_005, 5), ..Moments::default() }
}

fn elapse(timer: &Timer, moments: &Moments) -> (Option<u64>, Option<u64>) {
    let Elapse { monotonic, real } = next_elapse(timer, moments, &Spread::default(), &hourly);
    (monotonic.map(|at| at.as_secs()), real.map(|at| at.as_secs()))
}

#[test]
fn each_trigger_counts_from_its_own_moment() {
    let now = moments();
    let later = Moments {
        activated: Some(moment(10_020, 20)),
        unit_activated: Some(moment(10_030, 30)),
        unit_deactivated: Some(moment(10_040, 40)),
        ..now
    };
    let rows: &[(Trigger, Option<u64>, Option<u64>)] = &[
        (Trigger::Active(s(7)), Some(107), Some(27)),
        (Trigger::Boot(s(7)), Some(7), Some(7)),
        (Trigger::Startup(s(7)), Some(12), Some(12)),
        (Trigger::UnitActive(s(7)), None, Some(37)),
        (Trigger::UnitInactive(s(7)), None, Some(47)),
    ];
    for (trigger, fresh, running) in rows {
        let timer = timer(vec![trigger.clone()]);
        assert_eq!(elapse(&timer, &now), (*fresh, None), "{trigger:?}");
        assert_eq!(elapse(&timer, &later), (*running, None), "{trigger:?}");
    }
}

#[test]
fn a_trigger_that_counts_from_the_start_elapses_once() {
    let triggered = Moments {
        activated: Some(moment(10_006, 6)),
        last_trigger: Some(LastTrigger::Now(moment(10_100, 100))),
        now: moment(10_101, 101),
        ..moments()
    };
    for trigger in [Trigger::Active(s(50)), Trigger::Boot(s(60)), Trigger::Startup(s(60))] {
        assert_eq!(elapse(&timer(vec![trigger.clone()]), &triggered), (None, None));
        let again = timer(vec![trigger, Trigger::UnitActive(s(30))]);
        assert_eq!(elapse(&again, &triggered), (Some(130), None));
    }
}

#[test]
fn a_clock_that_is_set_brings_nothing_back_that_is_over() {
    let boot = timer(vec![Trigger::Boot(s(60))]);
    let triggered = Moments {
        last_trigger: Some(LastTrigger::Now(moment(10_100, 100))),
        now: moment(10_101, 101),
        ..moments()
    };
    let set = Moments { now: moment(20_000, 200), clock_was_set: true, ..triggered };
    let seen = Moments { spent: triggered.spent(), ..set };
    assert_eq!(elapse(&boot, &seen), (None, None));
    assert_eq!(seen.spent(), s(101), "nor the next time");
    // What came due after the last look is not over yet.
    assert_eq!(elapse(&timer(vec![Trigger::Boot(s(150))]), &seen), (Some(150), None));
    assert_eq!(elapse(&boot, &set), (Some(60), None));
}

#[test]
fn calendar_events_follow_the_last_one() {
    let timer = timer(vec![calendar()]);
    assert_eq!(elapse(&timer, &moments()), (None, Some(3 * HOUR)));
    let triggered = Moments {
        last_trigger: Some(LastTrigger::Now(moment(3 * HOUR, 800))),
        now: moment(3 * HOUR, 800),
        ..moments()
    };
    assert_eq!(elapse(&timer, &triggered), (None, Some(4 * HOUR)));
    let defers = Timer { defer_reactivation: true, ..timer };
    let late = Moments { unit_deactivated: Some(moment(5 * HOUR + 1, 8000)), ..triggered };
    assert_eq!(elapse(&defers, &late), (None, Some(6 * HOUR)));
}

#[test]
fn calendar_events_are_those_of_the_units() {
    // A root without a zone is in UTC.
    let root = tempfile::tempdir().unwrap();
    let zones = Zones::new(root.path());
    let events = calendar_events(&zones);
    let calendar: Calendar = "*-*-* 03:00:00".parse().unwrap();
    assert_eq!(events(&calendar, s(0)), Some(s(3 * HOUR)));
    assert_eq!(events(&calendar, s(3 * HOUR)), Some(s(27 * HOUR)));
    let over: Calendar = "2020-01-01".parse().unwrap();
    assert_eq!(events(&over, s(2_000_000_000)), None);
}

#[test]
fn a_missed_event_of_a_persistent_timer_elapses_at_the_start() {
    let timer = Timer { persistent: true, ..timer(vec![calendar()]) };
    let missed = Moments { last_trigger: Some(LastTrigger::Stamp(s(HOUR))), ..moments() };
    assert_eq!(elapse(&timer, &missed), (None, Some(10_005)));
    let fresh = Moments { last_trigger: Some(LastTrigger::Stamp(s(2 * HOUR + 1))), ..moments() };
    assert_eq!(elapse(&timer, &fresh), (None, Some(3 * HOUR)));
}

#[test]
fn the_random_part_is_within_its_bounds_and_fixed_where_it_shall_be() {
    let name = |text: &str| -> UnitName { text.parse().unwrap() };
    let fixed = Timer { randomized_delay: s(100), fixed_random_delay: true, ..timer(vec![]) };
    let one = Spread::new(&fixed, &name("a.timer"), "1234", 1);
    assert_eq!(one, Spread::new(&fixed, &name("a.timer"), "1234", 2));
    assert_ne!(one, Spread::new(&fixed, &name("b.timer"), "1234", 1));
    assert_ne!(one, Spread::new(&fixed, &name("a.timer"), "1235", 1));
    let drawn = Timer { randomized_delay: s(100), randomized_offset: s(10), ..timer(vec![]) };
    for random in [0, 1, u64::MAX / 3, u64::MAX] {
        let spread = Spread::new(&drawn, &name("a.timer"), "1234", random);
        assert!(spread.delay <= s(100) && spread.offset <= s(10));
    }
    assert_eq!(Spread::new(&timer(vec![]), &name("a.timer"), "1234", 99), Spread::default());
}

#[test]
fn timers_meet_where_they_need_not_be_exact() {
    let phase = 17_000_000;
    assert_eq!(wake_up(s(100), s(60), phase), s(137));
    assert_eq!(wake_up(s(120), s(60), phase), s(137));
    assert_eq!(wake_up(s(100), s(10), phase), s(107));
    assert_eq!(wake_up(s(100), Duration::from_micros(1), phase), s(100));
}

#[test]
fn stamps_are_kept_and_those_of_the_future_are_not_believed() {
    let root = tempfile::tempdir().unwrap();
    let name: UnitName = "a.timer".parse().unwrap();
    assert_eq!(stamp::read(root.path(), &name, s(100)).unwrap(), None);
    stamp::write(root.path(), &name, s(50)).unwrap();
    assert!(root.path().join("var/lib/systemd/timers/stamp-a.timer").is_file());
    assert_eq!(stamp::read(root.path(), &name, s(100)).unwrap(), Some(s(50)));
    assert_eq!(stamp::read(root.path(), &name, s(49)).unwrap(), None);
    stamp::remove(root.path(), &name).unwrap();
    stamp::remove(root.path(), &name).unwrap();
    assert_eq!(stamp::read(root.path(), &name, s(100)).unwrap(), None);
}

proptest! {
    #[test]
    fn a_wake_up_is_within_the_accuracy(at in 0_u64..1 << 50, accuracy in 1_u64..1 << 40, phase: u64) {
        let (at, accuracy) = (Duration::from_micros(at), Duration::from_micros(accuracy));
        let wake = wake_up(at, accuracy, phase);
        prop_assert!(at <= wake && wake <= at + accuracy);
    }
}
