//! Only what a machine without a watchdog can show.

use std::time::Duration;

use super::Watchdog;

#[test]
fn what_is_no_watchdog_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(Watchdog::open(file.path(), Duration::from_secs(10)).is_err());
    assert!(Watchdog::open(&file.path().join("none"), Duration::from_secs(10)).is_err());
}

#[test]
fn requests_are_those_of_the_header() {
    // `_IOR('W', n, int)` and `_IOWR('W', n, int)` of asm-generic/ioctl.h.
    let number = |direction: u64, n: u64| direction << 30 | 4 << 16 | u64::from(b'W') << 8 | n;
    let (read, both) = (2, 3);
    assert_eq!(super::SET_OPTIONS, number(read, 4));
    assert_eq!(super::KEEP_ALIVE, number(read, 5));
    assert_eq!(super::SET_TIMEOUT, number(both, 6));
    assert_eq!(super::GET_TIMEOUT, number(read, 7));
}
