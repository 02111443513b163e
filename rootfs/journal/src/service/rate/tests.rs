use super::*;

const SECOND: u64 = 1_000_000;

#[test]
fn a_unit_over_its_burst_is_held_back_and_told() {
    let rate = Rate { interval: Duration::from_secs(10), burst: 3 };
    let mut limiter = Limiter::default();
    for _ in 0..3 {
        assert_eq!(limiter.count("a", 0, rate, 0), Verdict::Pass(0));
    }
    for _ in 0..5 {
        assert_eq!(limiter.count("a", 0, rate, SECOND), Verdict::Suppress);
    }
    assert_eq!(
        limiter.count("b", 0, rate, SECOND),
        Verdict::Pass(0),
        "another unit is not concerned"
    );
    assert_eq!(limiter.next_due(), Some(10 * SECOND));
    assert_eq!(limiter.count("a", 0, rate, 10 * SECOND), Verdict::Pass(5));
    assert_eq!(limiter.next_due(), None);
}

#[test]
fn what_was_suppressed_is_told_without_another_line() {
    let rate = Rate { interval: Duration::from_secs(1), burst: 1 };
    let mut limiter = Limiter::default();
    limiter.count("a", 0, rate, 0);
    limiter.count("a", 0, rate, 0);
    assert_eq!(limiter.overdue(SECOND / 2), []);
    assert_eq!(limiter.overdue(SECOND), [("a".to_owned(), 1)]);
    assert_eq!(limiter.overdue(9 * SECOND), []);
}

#[test]
fn zero_sets_no_limit() {
    let mut limiter = Limiter::default();
    for rate in [
        Rate { interval: Duration::ZERO, burst: 1 },
        Rate { interval: Duration::from_secs(1), burst: 0 },
    ] {
        assert!((0..100).all(|_| limiter.count("a", 0, rate, 0) == Verdict::Pass(0)));
    }
}

#[test]
fn many_units_do_not_grow_the_table_without_end() {
    let rate = Rate { interval: Duration::from_secs(1), burst: 1 };
    let mut limiter = Limiter::default();
    for number in 0..10_000_u64 {
        limiter.count(&number.to_string(), 0, rate, number * SECOND);
    }
    assert!(limiter.counts.len() <= MAX_UNITS);
}

#[test]
fn users_of_one_unit_count_apart() {
    let rate = Rate { interval: Duration::from_secs(1), burst: 1 };
    let mut limiter = Limiter::default();
    for _ in 0..5 {
        limiter.count("ssh.service", 1000, rate, 0);
    }
    assert_eq!(limiter.count("ssh.service", 0, rate, 0), Verdict::Pass(0));
    assert_eq!(limiter.take(), [("ssh.service".to_owned(), 4)]);
    assert_eq!(limiter.take(), []);
    assert_eq!(limiter.count("ssh.service", 1000, rate, 0), Verdict::Suppress, "the limit goes on");
}

#[test]
fn a_unit_with_an_interval_of_its_own_is_told_when_that_is_over() {
    let hour = Rate { interval: Duration::from_hours(1), burst: 1 };
    let mut limiter = Limiter::default();
    limiter.count("a", 0, hour, 0);
    limiter.count("a", 0, hour, 0);
    assert_eq!(limiter.overdue(30 * SECOND), []);
    assert_eq!(limiter.count("a", 0, hour, 30 * SECOND), Verdict::Suppress);
    assert_eq!(limiter.overdue(3600 * SECOND), [("a".to_owned(), 2)]);
}
