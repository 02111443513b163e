//! Bursts and intervals.

use std::time::Duration;

use keelson_units::model::{PathUnit, Socket};

use super::{Limit, StartLimit};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_burst_is_allowed_once_in_an_interval() {
    let mut limit = Limit::new(ms(1000), 2);
    let hits: Vec<bool> = [0, 10, 20, 999, 1000, 1001, 1002].map(|at| limit.hit(ms(at))).into();
    assert_eq!(hits, [true, true, false, false, true, true, false]);
    assert_eq!(limit.resumes(ms(1500)), Some(ms(2000)));
    assert_eq!(limit.resumes(ms(2000)), None);
    limit.reset();
    assert!(limit.hit(ms(1003)));
}

#[test]
fn zero_is_no_limit() {
    for (interval, burst) in [(0, 5), (1000, 0)] {
        let mut limit = Limit::new(ms(interval), burst);
        assert!((0..1000).all(|_| limit.hit(ms(1))));
        assert_eq!(limit.resumes(ms(1)), None);
    }
}

#[test]
fn the_defaults_are_those_of_the_manual() {
    let allowed = |mut limit: Limit| (0..1000).take_while(|_| limit.hit(ms(0))).count();
    let plain = Socket::default();
    let accepting = Socket { accept: true, ..Socket::default() };
    assert_eq!(allowed(Limit::trigger_of_socket(&plain)), 20);
    assert_eq!(allowed(Limit::trigger_of_socket(&accepting)), 200);
    assert_eq!(allowed(Limit::poll_of_socket(&plain)), 15);
    assert_eq!(allowed(Limit::poll_of_socket(&accepting)), 150);
    assert_eq!(allowed(Limit::trigger_of_path(&PathUnit::default())), 200);
}

#[test]
fn starts_are_counted_in_any_window() {
    let mut limit = StartLimit::default();
    let mut hit = |at| limit.hit(ms(at), ms(1000), 2);
    assert_eq!(
        [hit(0), hit(900), hit(950), hit(1000), hit(1001), hit(1900)],
        [true, true, false, true, false, true]
    );
}
