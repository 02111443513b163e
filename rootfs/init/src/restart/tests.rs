use super::*;
use proptest::prelude::*;

const LIMIT: StartLimit = StartLimit { burst: 5, interval: Duration::from_secs(10) };

#[test]
fn each_policy_has_its_exits() {
    use Exit::{Abnormal, Clean, Unclean};
    for (text, exits) in [
        ("no", &[][..]),
        ("always", &[Clean, Unclean, Abnormal]),
        ("on-failure", &[Unclean, Abnormal]),
        ("on-success", &[Clean]),
        ("on-abnormal", &[Abnormal]),
    ] {
        let policy = RestartOn::parse(text).expect("a policy");
        for exit in [Clean, Unclean, Abnormal] {
            assert_eq!(policy.applies(exit), exits.contains(&exit), "{text} {exit:?}");
        }
    }
    assert_eq!(RestartOn::parse("maybe"), None);
}

/// The pauses of a service that ends at once each time, until it stays down.
fn pauses(delay: Duration, limit: StartLimit, most: usize) -> (Vec<u64>, bool) {
    let mut history = History::default();
    let (mut now, mut pauses) = (Duration::ZERO, Vec::new());
    for _ in 0..most {
        history.started(now);
        match history.after_exit(now, Exit::Unclean, RestartOn::Always, delay, limit) {
            Decision::RestartAt(at) => {
                pauses.push(u64::try_from(at.saturating_sub(now).as_millis()).expect("short"));
                now = at;
            }
            Decision::LimitHit => return (pauses, true),
            Decision::Stay => panic!("the policy is always"),
        }
    }
    (pauses, false)
}

#[test]
fn pauses_double_up_to_a_minute_and_five_quick_starts_are_enough() {
    assert_eq!(pauses(Duration::from_millis(100), LIMIT, 10), (vec![100, 200, 400, 800], true));
    assert_eq!(
        pauses(Duration::from_secs(5), LIMIT, 6),
        (vec![5000, 10_000, 20_000, 40_000, 60_000, 60_000], false)
    );
    let unlimited = StartLimit { burst: 0, interval: Duration::from_secs(10) };
    assert!(!pauses(Duration::ZERO, unlimited, 1000).1);
    assert_eq!(pauses(Duration::from_secs(90), LIMIT, 2), (vec![90_000, 90_000], false));
}

#[test]
fn a_service_that_ran_long_starts_over_without_back_off() {
    let mut history = History::default();
    let delay = Duration::from_secs(1);
    let mut now = Duration::ZERO;
    for _ in 0..3 {
        history.started(now);
        now += LONG_ENOUGH;
        let decision = history.after_exit(now, Exit::Abnormal, RestartOn::Failure, delay, LIMIT);
        assert_eq!(decision, Decision::RestartAt(now + delay));
        now += delay;
    }
    assert_eq!(
        history.after_exit(now, Exit::Clean, RestartOn::Failure, delay, LIMIT),
        Decision::Stay
    );
}

proptest! {
    #[test]
    fn there_are_never_more_starts_in_the_interval_than_the_limit(
        runs in proptest::collection::vec(0_u64..4000, 1..60),
        delay in 0_u64..3000,
        burst in 1_u32..6,
    ) {
        let limit = StartLimit { burst, interval: Duration::from_secs(10) };
        let mut history = History::default();
        let (mut now, mut starts) = (Duration::ZERO, Vec::new());
        for run in runs {
            history.started(now);
            starts.push(now);
            now += Duration::from_millis(run);
            match history.after_exit(now, Exit::Unclean, RestartOn::Always, Duration::from_millis(delay), limit) {
                Decision::RestartAt(at) => {
                    prop_assert!(at >= now + Duration::from_millis(delay));
                    now = at;
                }
                Decision::LimitHit => break,
                Decision::Stay => prop_assert!(false, "the policy is always"),
            }
        }
        for window in starts.windows(burst as usize + 1) {
            prop_assert!(window[burst as usize].saturating_sub(window[0]) >= limit.interval);
        }
    }
}
