use super::*;
use proptest::prelude::*;
use std::path::Path;

/// Some time in March 2024.
const MARCH: i64 = 1_711_713_600 * SECOND;

fn zones() -> (tempfile::TempDir, Zones) {
    let root = tempfile::tempdir().expect("a folder");
    let zones = Zones::new(root.path());
    (root, zones)
}

#[test]
fn events_have_the_normal_form_of_the_manual() {
    for (text, normal) in [
        ("Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00"),
        ("Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00"),
        ("Wed *-1", "Wed *-*-01 00:00:00"),
        ("Wed..Wed,Wed *-1", "Wed *-*-01 00:00:00"),
        ("Wed, 17:48", "Wed *-*-* 17:48:00"),
        ("Wed..Sat,Tue 12-10-15 1:2:3", "Tue..Sat 2012-10-15 01:02:03"),
        ("10-15", "*-10-15 00:00:00"),
        ("monday *-12-* 17:00", "Mon *-12-* 17:00:00"),
        ("12,14,13,12:20,10,30", "*-*-* 12,13,14:10,20,30:00"),
        ("12..14:10,20,30", "*-*-* 12..14:10,20,30:00"),
        ("mon,fri *-1/2-1,3 *:30:45", "Mon,Fri *-01/2-01,03 *:30:45"),
        ("05:40:23.4200004/3.1700005", "*-*-* 05:40:23.420000/3.170001"),
        ("2003-02..04-05", "2003-02..04-05 00:00:00"),
        ("weekly Pacific/Auckland", "Mon *-*-* 00:00:00 Pacific/Auckland"),
        ("daily UTC", "*-*-* 00:00:00 UTC"),
        ("*:2/3", "*-*-* *:02/3:00"),
        ("Mon *-05~07/1", "Mon *-05~07/1 00:00:00"),
        ("*:*:0/0.5", "*-*-* *:*:00/0.500000"),
        ("@1395716396", "2014-03-25 02:59:56 UTC"),
        ("1..3/5:00", "*-*-* 01:00:00"),
    ] {
        let calendar: Calendar = text.parse().expect(text);
        assert_eq!(calendar.to_string(), normal, "{text}");
    }
}

#[test]
fn what_is_no_event_is_refused() {
    for text in [
        "",
        "  daily ",
        "*/2",
        "*:*/15",
        "*-*-31/1",
        "24:00",
        "Fri..Mon",
        "*:0/90",
        "0 0",
        "*-13-1",
        "1969-1-1",
        "2..3..4:00",
        "*-*~29",
        "..Tue",
        "*-",
        "1:2:3:4",
    ] {
        assert!(text.parse::<Calendar>().is_err(), "{text}");
    }
}

#[test]
fn the_next_event_is_found() {
    let (_root, zones) = zones();
    for (text, seconds) in [
        ("daily", Some(1_711_756_800)),
        ("*:*:*", Some(1_711_713_601)),
        ("*-02-29", Some(1_835_395_200)),
        ("Mon *-02-29", Some(2_340_316_800)),
        ("*-02~01", Some(1_740_700_800)),
        ("*-02-30", None),
        ("2014-1-1", None),
    ] {
        let calendar: Calendar = text.parse().expect(text);
        assert_eq!(calendar.next_after(MARCH, &zones), seconds.map(|s| s * SECOND), "{text}");
    }
}

/// The last line of a zone file says the rule; the tables before it may be empty (RFC 9636).
fn zone_file(rule: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for version in [1, 2] {
        bytes.extend(b"TZif2");
        bytes.extend([0; 15]);
        for count in [0_u32, 0, 0, 0, 1, 4] {
            bytes.extend(count.to_be_bytes());
        }
        bytes.extend([0; 6]);
        bytes.extend(b"LMT\0");
        if version == 2 {
            bytes.extend(format!("\n{rule}\n").bytes());
        }
    }
    bytes
}

#[test]
fn clock_changes_are_kept_to() {
    let (root, zones) = zones();
    let folder = root.path().join("usr/share/zoneinfo/Europe");
    std::fs::create_dir_all(&folder).expect("a folder");
    let berlin = zone_file("CET-1CEST,M3.5.0,M10.5.0/3");
    std::fs::write(folder.join("Berlin"), berlin).expect("a file");
    std::fs::create_dir(root.path().join("etc")).expect("a folder");
    let link = root.path().join("etc/localtime");
    std::os::unix::fs::symlink("/usr/share/zoneinfo/Europe/Berlin", link).expect("a link");
    // 31 March 2024, 00:50 UTC, and 26 October, 23:50 UTC: an hour before each change.
    let (spring, autumn) = (1_711_846_200, 1_729_986_600);
    for (text, after, expected) in [
        ("hourly", spring, &[1_711_846_800, 1_711_850_400][..]),
        ("*:0/15", spring, &[1_711_846_800, 1_711_847_700]),
        ("02:30", spring, &[1_711_931_400, 1_712_017_800]),
        ("02,03:10 Europe/Berlin", spring, &[1_711_847_400]),
        ("02:30", autumn, &[1_729_989_000, 1_730_079_000]),
        ("hourly", autumn, &[1_729_987_200, 1_729_994_400]),
    ] {
        let calendar: Calendar = text.parse().expect(text);
        let mut at = after * SECOND;
        for next in expected {
            at = calendar.next_after(at, &zones).expect(text);
            assert_eq!(at / SECOND, *next, "{text}");
        }
    }
    let nowhere: Calendar = "daily Not/There".parse().expect("an event");
    assert_eq!(nowhere.next_after(0, &zones), None);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[\\PC*0-9:/.,~@ -]{0,40}") {
        if let Ok(calendar) = text.parse::<Calendar>() {
            let again: Calendar = calendar.to_string().parse().expect("its own normal form");
            prop_assert_eq!(again.to_string(), calendar.to_string());
        }
    }

    #[test]
    fn the_next_event_is_later_and_matches(
        day in 1_u8..=31, month in 1_u8..=12, hour in 0_u8..24, step in 1_u8..=29, second in 0_u8..60,
        after in 0_i64..4_000_000_000_000_000,
    ) {
        let zones = Zones::new(Path::new("/nowhere"));
        for text in [
            format!("*-*-{day} {hour}:0/{step}:{second}"),
            format!("*-{month}-* {hour}:*:{second}"),
            format!("Mon..Wed *-{month}/2-* *:{step}"),
        ] {
            let Ok(calendar) = text.parse::<Calendar>() else { continue };
            let Some(next) = calendar.next_after(after, &zones) else { continue };
            prop_assert!(next > after);
            prop_assert!(calendar.matches(next, &zones));
            // Nothing lies between.
            prop_assert_eq!(calendar.next_after(next - 1, &zones), Some(next));
        }
    }
}
