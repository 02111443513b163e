use keelson_control::{JobKind, ListenStatus, SocketStatus, Stamp, TimerStatus};

use super::*;
use crate::clock::{MINUTE, Now, SECOND};

const NOW: Now = Now { real: 1_795_332_501 * SECOND, mono: 100 * SECOND };

fn unit(name: &str, active: ActiveState, sub: &str, description: &str) -> UnitLine {
    UnitLine {
        name: name.into(),
        load: LoadState::Loaded,
        active,
        sub: sub.into(),
        description: description.into(),
        job: None,
        following: None,
    }
}

fn check(found: &str, expected: &str) {
    assert_eq!(found, expected.strip_prefix('\n').expect("a golden text begins on its own line"));
}

#[test]
fn units_are_listed_with_what_failed_marked() {
    let mut units = vec![
        unit("-.mount", ActiveState::Active, "mounted", "Root Mount"),
        unit("foo.service", ActiveState::Failed, "failed", "Foo"),
    ];
    let screen = Screen::plain(NOW);
    let options = Options::default();
    check(
        &units_text(&units, &options, &screen),
        "
  UNIT        LOAD   ACTIVE SUB     DESCRIPTION
  -.mount     loaded active mounted Root Mount
● foo.service loaded failed failed  Foo

Legend: LOAD   → Reflects whether the unit definition was properly loaded.
        ACTIVE → The high-level unit activation state, i.e. generalization of SUB.
        SUB    → The low-level unit activation state, values depend on unit type.

2 loaded units listed. Pass --all to see loaded but inactive units, too.
To show all installed unit files use 'systemctl list-unit-files'.
",
    );
    units[0].job = Some((1, JobKind::Stop));
    let plain = Options { plain: true, no_legend: true, ..Options::default() };
    check(
        &units_text(&units, &plain, &screen),
        "
-.mount     loaded active mounted stop Root Mount
foo.service loaded failed failed  -    Foo
",
    );
    check(
        &units_text(&[], &options, &screen),
        "
0 loaded units listed. Pass --all to see loaded but inactive units, too.
To show all installed unit files use 'systemctl list-unit-files'.
",
    );
    let json = Options { output: Output::Json, ..Options::default() };
    check(
        &units_text(&units[1..], &json, &screen),
        r#"
[{"active":"failed","description":"Foo","load":"loaded","sub":"failed","unit":"foo.service"}]
"#,
    );
}

#[test]
fn what_is_inactive_is_listed_only_where_it_is_asked_for() {
    let dead = unit("dead.service", ActiveState::Inactive, "dead", "Dead");
    let list = |options: Options, patterns: &[&str]| {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        select::shown(&dead, &patterns, &options)
    };
    assert!(!list(Options::default(), &[]));
    assert!(list(Options { all: true, ..Options::default() }, &[]));
    assert!(list(Options { states: vec!["dead".into()], ..Options::default() }, &[]));
    assert!(!list(Options { all: true, types: vec!["socket".into()], ..Options::default() }, &[]));
    assert!(!list(Options { all: true, ..Options::default() }, &["live*"]));
}

#[test]
fn timers_come_in_the_order_they_elapse() {
    let timer = |name: &str, timer: TimerStatus| {
        let mut status = UnitStatus::new(&format!("{name}.timer"), LoadState::Loaded);
        status.triggers = vec![format!("{name}.service")];
        status.timer = Some(timer);
        status
    };
    let last = Stamp { real: NOW.real - 39 * MINUTE, mono: 1 };
    let units = [
        timer("never", TimerStatus::default()),
        timer(
            "daily",
            TimerStatus { next_real: NOW.real + 20 * MINUTE, last, ..TimerStatus::default() },
        ),
        timer("soon", TimerStatus { next_mono: NOW.mono + 5 * SECOND, ..TimerStatus::default() }),
    ];
    check(
        &timers_text(&units, &Options::default(), &Screen::plain(NOW)),
        "
NEXT                         LEFT LAST                           PASSED UNIT        ACTIVATES
Sun 2026-11-22 07:28:26 UTC    5s -                                   - soon.timer  soon.service
Sun 2026-11-22 07:48:21 UTC 20min Sun 2026-11-22 06:49:21 UTC 39min ago daily.timer daily.service
-                               - -                                   - never.timer never.service

3 timers listed.
Pass --all to see loaded but inactive timers, too.
",
    );
}

#[test]
fn a_socket_has_a_line_for_each_place() {
    let mut status = UnitStatus::new("ssh.socket", LoadState::Loaded);
    status.triggers = vec!["ssh.service".into()];
    let listen =
        |kind: &str, address: &str| ListenStatus { kind: kind.into(), address: address.into() };
    status.socket = Some(SocketStatus {
        listen: vec![listen("Stream", "[::]:22"), listen("Stream", "/run/ssh.sock")],
        ..SocketStatus::default()
    });
    let options = Options { all: true, show_types: true, ..Options::default() };
    check(
        &sockets_text(&[status], &options, &Screen::plain(NOW)),
        "
LISTEN        TYPE   UNIT       ACTIVATES
/run/ssh.sock Stream ssh.socket ssh.service
[::]:22       Stream ssh.socket ssh.service

2 sockets listed.
",
    );
}

#[test]
fn jobs_are_listed_with_their_numbers_flush_right() {
    let job = |id, running| Job { id, unit: "foo.service".into(), kind: JobKind::Start, running };
    let screen = Screen::plain(NOW);
    check(
        &jobs_text(&[job(7, true), job(112, false)], &Options::default(), &screen),
        "
JOB UNIT        TYPE  STATE
  7 foo.service start running
112 foo.service start waiting

2 jobs listed.
",
    );
    assert_eq!(jobs_text(&[], &Options::default(), &screen), "No jobs running.\n");
}
