use super::*;
use crate::clock::{Now, SECOND};

const NOW: Now = Now { real: 1_795_332_501 * SECOND, mono: 0 };

fn state() -> State {
    State { zone: "Europe/Berlin".into(), rtc: Some(NOW.real), synchronized: true, ntp: Some(true) }
}

#[test]
fn the_status_is_as_people_know_it() {
    assert_eq!(
        status(&state(), &Screen::plain(NOW)),
        "               Local time: Sun 2026-11-22 07:28:21 UTC\n\
         \u{20}          Universal time: Sun 2026-11-22 07:28:21 UTC\n\
         \u{20}                RTC time: Sun 2026-11-22 07:28:21\n\
         \u{20}               Time zone: Europe/Berlin (UTC, +0000)\n\
         System clock synchronized: yes\n\
         \u{20}             NTP service: active\n\
         \u{20}         RTC in local TZ: no\n"
    );
    let options =
        Options { properties: vec!["NTP".into(), "Timezone".into()], ..Options::default() };
    assert_eq!(show(&state(), &options, &Screen::plain(NOW)), "Timezone=Europe/Berlin\nNTP=yes\n");
}

#[test]
fn zones_are_listed_and_linked() {
    let root = tempfile::tempdir().expect("a folder");
    let base = root.path().join("usr/share/zoneinfo");
    fs::create_dir_all(base.join("Europe")).expect("made");
    fs::create_dir_all(root.path().join("etc")).expect("made");
    for name in ["Europe/Berlin", "UTC", "leap-seconds.list"] {
        // The smallest file of a zone: a header without any change, and one type, UTC.
        let mut bytes = b"TZif2".to_vec();
        bytes.extend([0; 15]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4]);
        let block = [0, 0, 0, 0, 0, 0, b'U', b'T', b'C', 0];
        let header = bytes.clone();
        bytes.extend(block);
        bytes.extend(header);
        bytes.extend(block);
        bytes.extend(b"\nUTC0\n");
        fs::write(base.join(name), bytes).expect("written");
    }
    assert_eq!(zones(root.path()).expect("listed"), "Europe/Berlin\nUTC\n");
    assert_eq!(zone(root.path()), "UTC");
    set_zone(root.path(), "Europe/Berlin").expect("set");
    assert_eq!(zone(root.path()), "Europe/Berlin");
    for wrong in ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", ""] {
        assert!(set_zone(root.path(), wrong).is_err(), "{wrong}");
    }
}
