use super::shutdown::{Wish, parse as parse_shutdown};
use super::*;
use crate::clock::SECOND;

const NOW: Now = Now { real: 1_795_332_501 * SECOND, mono: 0 };

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn end_request(goal: Goal, when: Option<u64>, message: Option<&str>) -> Wish {
    let message = message.map(str::to_owned);
    Wish::Ask(Request::End { goal, haste: Haste::Clean, when, message, wall: true, argument: None })
}

#[test]
fn shutdown_takes_times_and_messages() {
    let later = |minutes: u64| Some(NOW.real + minutes * MINUTE);
    for (line, wish) in [
        ("", end_request(Goal::PowerOff, later(1), None)),
        ("now", end_request(Goal::PowerOff, None, None)),
        ("-r +5 going down", end_request(Goal::Reboot, later(5), Some("going down"))),
        ("-H 10", end_request(Goal::Halt, later(10), None)),
        ("-h 07:29", end_request(Goal::PowerOff, Some(NOW.real + 39 * SECOND), None)),
        (
            "07:28",
            end_request(Goal::PowerOff, Some(NOW.real - 21 * SECOND + 24 * 60 * MINUTE), None),
        ),
        ("-c --no-wall", Wish::Ask(Request::CancelEnd { wall: false })),
        ("-k now hello", Wish::Tell("hello".into())),
        ("--show", Wish::Show),
    ] {
        assert_eq!(parse_shutdown(words(line), NOW, Zone::Utc).expect(line), wish, "{line}");
    }
    for wrong in ["soon", "25:00", "+x", "--bogus"] {
        assert!(parse_shutdown(words(wrong), NOW, Zone::Utc).is_err(), "{wrong}");
    }
}

#[test]
fn the_short_commands_count_their_force() {
    let request =
        |name: &str, line: &str| parse(name, words(line)).expect(line).expect("something to do");
    for (name, line, goal, haste) in [
        ("poweroff", "", Goal::PowerOff, Haste::Clean),
        ("reboot", "-f", Goal::Reboot, Haste::Forced),
        ("halt", "-ff", Goal::Halt, Haste::Immediate),
        ("halt", "-p", Goal::PowerOff, Haste::Clean),
    ] {
        let Request::End { goal: found, haste: found_haste, .. } = request(name, line) else {
            panic!("another request");
        };
        assert_eq!((found, found_haste), (goal, haste), "{name} {line}");
    }
    assert!(parse("reboot", words("--bogus")).is_err());
}
