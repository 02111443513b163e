//! Only what a machine without a watchdog can show.

use super::*;

fn watchdog(text: &str, command_line: &str) -> HardwareWatchdog {
    let mut settings = Settings::default();
    settings.take(&format!("[Manager]\n{text}"), "/s.conf".as_ref());
    assert!(settings.remarks.is_empty(), "{:?}", settings.remarks);
    HardwareWatchdog::new(&settings, &CommandLine::parse(command_line))
}

#[test]
fn a_driver_that_is_late_is_waited_for_and_a_watchdog_that_is_not_wanted_is_not() {
    let device = "WatchdogDevice=/dev/null/none\n";
    let mut log = Log::nowhere();
    for (text, command_line, expected) in [
        ("RuntimeWatchdogSec=20s\n", "", Some(OFTEN)),
        ("RuntimeWatchdogSec=off\n", "", None),
        ("RuntimeWatchdogSec=20s\n", "systemd.watchdog_sec=0", None),
    ] {
        let mut watchdog = watchdog(&format!("{device}{text}"), command_line);
        watchdog.turn(Duration::ZERO, &mut log);
        assert_eq!(watchdog.runtime.map(|_| watchdog.next), expected, "{text}{command_line}");
    }
    let mut late = watchdog(&format!("{device}RuntimeWatchdogSec=1min\n"), "");
    let hour = Duration::from_hours(1);
    assert_eq!(late.turn(hour, &mut log), Some(hour + SELDOM));
    assert_eq!(late.turn(hour + OFTEN, &mut log), Some(hour + SELDOM), "not before its time");
}

#[test]
fn what_is_no_watchdog_is_tried_once() {
    let mut watchdog = watchdog("WatchdogDevice=/dev/null\n", "");
    let mut log = Log::nowhere();
    watchdog.turn(Duration::ZERO, &mut log);
    assert_eq!(watchdog.turn(OFTEN, &mut log), None);
}
