//! Alarms ring, and changes of the zone are seen.

use std::os::unix::fs::symlink;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

use super::{Alarm, Clock, ClockWatch, Zone};

fn rings(descriptor: &impl std::os::fd::AsFd, wait: bool) -> bool {
    let mut polled = [PollFd::new(descriptor, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, if wait { None } else { Some(&now) }).unwrap() == 1
}

#[test]
fn an_alarm_of_the_past_rings_until_it_is_acknowledged() {
    for clock in [Clock::Monotonic, Clock::Boottime, Clock::Real] {
        let alarm = Alarm::new(clock).unwrap();
        assert!(!rings(&alarm, false));
        alarm.set(Some(Duration::from_secs(1))).unwrap();
        assert!(rings(&alarm, true));
        alarm.acknowledge().unwrap();
        assert!(!rings(&alarm, false));
        alarm.set(Some(Duration::from_secs(1 << 40))).unwrap();
        alarm.set(None).unwrap();
        alarm.acknowledge().unwrap();
        assert!(!rings(&alarm, false));
    }
}

#[test]
fn a_clock_that_is_not_set_is_quiet() {
    let watch = ClockWatch::new().unwrap();
    assert!(!rings(&watch, false));
    assert!(!watch.acknowledge().unwrap());
}

#[test]
fn another_zone_is_seen_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("localtime");
    let mut zone = Zone::of(&file);
    assert!(!zone.changed());
    symlink("Europe/Berlin", &file).unwrap();
    assert!(zone.changed());
    assert!(!zone.changed());
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "TZif").unwrap();
    assert!(zone.changed());
}
