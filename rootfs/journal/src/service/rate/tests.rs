use super::*;

const SECOND: u64 = 1_000_000;

#[test]
fn a_unit_over_its_burst_is_held_back_and_told() {
    let rate = Rate { interval: Duration::from_secs(10), burst: 3 };
    let mut limiter = Limiter::default();
    for _ in 0..3 {
        assert_eq!(limiter.count("a", rate, 0), Verdict::Pass(0));
    }
    for _ in 0..5 {
        assert_eq!(limiter.count("a", rate, SECOND), Verdict::Suppress);
    }
    assert_eq!(limiter.count("b", rate, SECOND), Verdict::Pass(0), "another unit is not concerned");
    assert_eq!(limiter.next_due(rate.interval), Some(10 * SECOND));
    assert_eq!(limiter.count("a", rate, 10 * SECOND), Verdict::Pass(5));
    assert_eq!(limiter.next_due(rate.interval), None);
}

#[test]
fn what_was_suppressed_is_told_without_another_line() {
    let rate = Rate { interval: Duration::from_secs(1), burst: 1 };
    let mut limiter = Limiter::default();
    limiter.count("a", rate, 0);
    limiter.count("a", rate, 0);
    assert_eq!(limiter.overdue(rate.interval, SECOND / 2), []);
    assert_eq!(limiter.overdue(rate.interval, SECOND), [("a".to_owned(), 1)]);
    assert_eq!(limiter.overdue(rate.interval, 9 * SECOND), []);
}

#[test]
fn zero_sets_no_limit() {
    let mut limiter = Limiter::default();
    for rate in [
        Rate { interval: Duration::ZERO, burst: 1 },
        Rate { interval: Duration::from_secs(1), burst: 0 },
    ] {
        assert!((0..100).all(|_| limiter.count("a", rate, 0) == Verdict::Pass(0)));
    }
}

#[test]
fn many_units_do_not_grow_the_table_without_end() {
    let rate = Rate { interval: Duration::from_secs(1), burst: 1 };
    let mut limiter = Limiter::default();
    for number in 0..10_000_u64 {
        limiter.count(&number.to_string(), rate, number * SECOND);
    }
    assert!(limiter.counts.len() <= MAX_UNITS);
}
