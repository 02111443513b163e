//! Directives, calendar events, time spans and escapes as systemd's programs have them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keelson_execution::seccomp::table;
use keelson_units::calendar::{Calendar, Zones};
use keelson_units::{directives, escape, value};

use crate::systemd;

/// Sections of types that no unit file can have.
const FOREIGN: [&str; 1] = ["Scope"];

/// Names that systemd takes without a word, since they meant something once, and does not list.
const LEGACY: [&str; 6] = [
    "AssertFirmware",
    "BusPolicy",
    "Capabilities",
    "IgnoreOnSnapshot",
    "NetClass",
    "SysVStartPriority",
];

/// Of systemd 258, and implemented here.
const NEWER: [&str; 1] = ["RandomizedOffsetSec"];

/// The directives that systemd knows, by section: `systemd --dump-configuration-items`.
fn systemds() -> BTreeSet<(String, String)> {
    let text = systemd("usr/lib/systemd/systemd", &["--dump-configuration-items"]);
    let mut section = String::new();
    let mut known = BTreeSet::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((name, _)) = line.split_once('=') {
            known.insert((section.clone(), name.to_owned()));
        }
    }
    assert!(known.len() > 1000, "{} directives", known.len());
    known
}

#[test]
fn every_directive_of_systemd_is_known_by_name_and_no_other_is() {
    let theirs = systemds();
    let ours: BTreeSet<_> = directives::all()
        .filter(|directive| !LEGACY.contains(&directive.name) && !NEWER.contains(&directive.name))
        .map(|directive| (directive.section.to_owned(), directive.name.to_owned()))
        .filter(|(section, _)| !FOREIGN.contains(&section.as_str()))
        .collect();
    let theirs: BTreeSet<_> =
        theirs.into_iter().filter(|(section, _)| !FOREIGN.contains(&section.as_str())).collect();
    let shown = |(section, name): &(String, String)| format!("[{section}] {name}=");
    let missing: Vec<_> = theirs.difference(&ours).map(shown).collect();
    let invented: Vec<_> = ours.difference(&theirs).map(shown).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "missing {missing:?}\ninvented {invented:?}"
    );
}

/// Calendar events of all forms of systemd.time(7).
const EVENTS: [&str; 36] = [
    "Sat,Thu,Mon..Wed,Sat..Sun",
    "Mon,Sun 12-*-* 2,1:23",
    "Wed *-1",
    "Wed..Wed,Wed *-1",
    "Wed, 17:48",
    "Wed..Sat,Tue 12-10-15 1:2:3",
    "*-*-7 0:0:0",
    "10-15",
    "monday *-12-* 17:00",
    "Mon,Fri *-*-3,1,2 *:30:45",
    "12,14,13,12:20,10,30",
    "12..14:10,20,30",
    "mon,fri *-1/2-1,3 *:30:45",
    "03-05 08:05:40",
    "08:05:40",
    "05:40",
    "Sat,Sun 12-05 08:05:40",
    "Sat,Sun 08:05:40",
    "2003-03-05 05:40",
    "2033-03-05 05:40:23.4200004/3.1700005",
    "2033-02..04-05",
    "2033-03-05 05:40 UTC",
    "2033-03-05",
    "03-05",
    "hourly",
    "daily",
    "daily UTC",
    "monthly",
    "weekly",
    "yearly",
    "annually",
    "*:2/3",
    "*-*~1",
    "*-02~03",
    "Mon *-05~07/1",
    "*-2-29 12:00",
];

#[test]
fn calendar_events_elapse_when_systemd_says_so() {
    // 2026-01-01 00:00:00 UTC.
    const BASE: i64 = 1_767_225_600_000_000;
    let zones = Zones::new(Path::new("/nowhere"));
    let mut offences = Vec::new();
    for event in EVENTS {
        let arguments =
            ["calendar", "--iterations=4", "--base-time=2026-01-01 00:00:00 UTC", event];
        let text = systemd("systemd-analyze", &arguments);
        let field = |name: &str| {
            let value = |line: &str| {
                let (key, value) = line.split_once(": ")?;
                (key.trim() == name).then(|| value.trim().to_owned())
            };
            text.lines().find_map(value)
        };
        // Left out where the form given is the normal one.
        let normal = field("Normalized form").unwrap_or_else(|| event.to_owned());
        let calendar: Calendar = event.parse().unwrap_or_else(|error| panic!("{event}: {error}"));
        if calendar.to_string() != normal {
            offences.push(format!("{event}: `{calendar}`, systemd says `{normal}`"));
        }
        let mut after = BASE;
        for name in ["Next elapse", "Iteration #2", "Iteration #3", "Iteration #4"] {
            let theirs = field(name).filter(|value| value != "never");
            let ours = calendar.next_after(after, &zones);
            let shown = ours.map(utc);
            if shown != theirs {
                offences.push(format!("{event}: {name} {shown:?}, systemd says {theirs:?}"));
            }
            match ours {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

/// A time as systemd-analyze prints it, parts of a second left out.
fn utc(microseconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let seconds = microseconds.div_euclid(1_000_000);
    let (day, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let weekday = DAYS[usize::try_from(day.rem_euclid(7)).expect("below seven")];
    // Days from 1970 to a date of the Gregorian calendar, by eras of 400 years that begin in March.
    let shifted = day + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) =
        (era * 400 + year + i64::from(month >= 10), if month < 10 { month + 3 } else { month - 9 });
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!("{weekday} {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[test]
fn time_spans_have_the_length_that_systemd_gives_them() {
    for span in [
        "2 h",
        "2hours",
        "48hr",
        "1y 12month",
        "55s500ms",
        "300ms20s 5day",
        "1.5h",
        "0.5s",
        "7",
        "1w 3d",
        "4us",
        "90min",
        "1M",
        "2 months 3 weeks",
    ] {
        let text = systemd("systemd-analyze", &["timespan", span]);
        let theirs =
            text.lines().find_map(|line| line.trim().strip_prefix("μs: ")).expect("a length");
        let ours = value::time_span(span).flatten().map(|span| span.as_micros().to_string());
        assert_eq!(ours.as_deref(), Some(theirs), "{span}");
    }
}

#[test]
fn names_are_escaped_as_systemd_does() {
    for text in [
        "dev/sda1",
        "a-b",
        "hällo wörld",
        ".hidden",
        "a.b",
        "x\\y",
        "foo/bar-baz",
        "100%",
        "",
        "a:b_c",
        "/",
        "a//b",
    ] {
        // An empty argument is refused by systemd-escape.
        if !text.is_empty() {
            let theirs = systemd("systemd-escape", &["--", text]);
            assert_eq!(escape::escape(text), theirs.trim_end_matches('\n'), "{text}");
            let back =
                systemd("systemd-escape", &["--unescape", "--", theirs.trim_end_matches('\n')]);
            assert_eq!(
                escape::unescape(&escape::escape(text)).as_deref(),
                Some(back.trim_end_matches('\n')),
                "{text}"
            );
        }
    }
    for path in ["/", "/dev/sda1", "//dev//sda1/", "/a-b/c d", "/.x/y", "/dev/disk/by-uuid/a-b"] {
        let theirs = systemd("systemd-escape", &["--path", "--", path]);
        assert_eq!(
            escape::escape_path(Path::new(path)).as_deref(),
            Some(theirs.trim_end_matches('\n')),
            "{path}"
        );
    }
}

#[test]
fn the_sets_of_system_calls_are_those_of_systemd() {
    let text = systemd("systemd-analyze", &["syscall-filter"]);
    let mut theirs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut set = "";
    // After the sets come comments: calls of the host's kernel that are in none.
    for line in text.lines().take_while(|line| !line.starts_with("# ")) {
        match line.trim() {
            name if !line.starts_with(' ') && name.starts_with('@') => {
                set = name;
                theirs.insert(name, BTreeSet::new());
            }
            member if !member.is_empty() && !member.starts_with('#') => {
                theirs.entry(set).or_default().insert(member);
            }
            _ => {}
        }
    }
    assert!(theirs.len() > 25, "{} sets", theirs.len());
    let names: BTreeSet<&str> = table::sets().collect();
    assert_eq!(names, theirs.keys().copied().collect());
    for (name, members) in theirs {
        let ours: BTreeSet<&str> = table::set(name).unwrap_or_default().into_iter().collect();
        assert_eq!(ours, members, "{name}");
    }
}
