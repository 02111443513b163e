//! What is said is kept, found and bounded.

use std::sync::LazyLock;

use keelson_qemu_tests::Setup;
use keelson_qemu_tests::ignition::Config;

use crate::BOARD;
use crate::checks::{self, Group, Has, Is, Not, Report};

const QUERIES: Group = (
    "queries",
    &[
        (
            "systemctl start talker; journalctl -u talker -o cat | grep said",
            Is("said on output|said on error|said as warning|said as error"),
        ),
        ("journalctl -u talker -p err -o cat", Is("said as error")),
        ("journalctl -u talker -p warning -o cat", Is("said as warning|said as error")),
        (
            "journalctl -u talker _TRANSPORT=stdout -o json | head -1 | jq -r '[._SYSTEMD_UNIT, .SYSLOG_IDENTIFIER, ._UID, .PRIORITY, ._TRANSPORT] | join(\" \")'",
            Has("talker.service sh 0 6 stdout"),
        ),
        (
            "journalctl -u talker -o short | grep -cE '^[A-Z][a-z]{2} [0-9 ][0-9] [0-9:]{8} [^ ]+ sh\\[[0-9]+\\]: said on output$'",
            Is("1"),
        ),
        ("journalctl -k -o cat | grep -c 'Linux version'", Is("1")),
        ("journalctl -b -o cat | grep -c 'said on output'", Is("1")),
        ("journalctl --list-boots --no-pager | wc -l", Not("never")),
        ("journalctl --list-boots -o json | jq 'length'", Is("1")),
        ("journalctl -b -1 >/dev/null 2>&1; echo $?", Is("1")),
        ("journalctl -u talker -n 1 -o cat | wc -l", Is("1")),
        // PID 1's word of its end.
        ("eventually 'journalctl -u talker -o cat | grep -q ^Finished'; echo $?", Is("0")),
        (
            "sleep 1.1; since=$(date '+%Y-%m-%d %H:%M:%S'); sleep 1.1; systemctl restart talker; journalctl -u talker --since \"$since\" -o cat | grep -c said",
            Is("4"),
        ),
        (
            "journalctl -u talker -g 'on (out|err)' -o cat | sort -u",
            Is("said on error|said on output"),
        ),
        (
            "journalctl -u talker _TRANSPORT=stdout -r -n 2 -o cat",
            Is("said as error|said as warning"),
        ),
        (
            "journalctl -u talker -f -n 1 -o cat >/run/followed & eventually '[ -s /run/followed ]'; had=$(grep -c said /run/followed); systemctl restart talker; eventually \"[ \\$(grep -c said /run/followed) = $((had + 4)) ]\"; kill $!; echo $?",
            Is("0"),
        ),
        (
            "journalctl _SYSTEMD_UNIT=talker.service PRIORITY=3 -o cat | sort -u",
            Is("said as error"),
        ),
        (
            "cursor=$(journalctl -u talker -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p'); systemctl restart talker; journalctl -u talker --after-cursor=\"$cursor\" -o cat | grep -c said",
            Is("4"),
        ),
        ("systemctl start native; journalctl -t by-cat -o cat", Has("by systemd-cat")),
        (
            "printf '<13>by-dev-log: hello\\n' >/dev/kmsg; eventually 'journalctl -t by-dev-log -o cat | grep hello'",
            Has("hello"),
        ),
        ("journalctl -F _SYSTEMD_UNIT | grep -c talker", Is("1")),
        ("systemctl status talker --no-pager | grep -c 'said as error'", Is("1")),
    ],
);

const BOUNDS: Group = (
    "bounds",
    &[
        // More than the limit of its unit, which room on the disk multiplies; the rest is counted.
        (
            "systemctl start flood; eventually '[ $(state flood) = inactive ]'; eventually 'journalctl -b -o cat | grep -m1 -i suppressed'",
            Has("uppressed"),
        ),
        (
            "n=$(journalctl -u flood -o cat | grep -c ^flood); [ $n -ge 200 ] && [ $n -lt 2000 ] && echo bounded",
            Is("bounded"),
        ),
        ("journalctl --disk-usage", Not(" 0B ")),
        ("journalctl --vacuum-size=1M >/dev/null 2>&1; echo $?", Is("0")),
        ("journalctl --verify >/dev/null 2>&1; echo $?", Is("0")),
        (
            "[ $(grep -c . /run/systemd/system/none 2>/dev/null || echo 0) = 0 ]; sudo -u nobody journalctl -u talker -n 1 -o cat 2>/dev/null | grep -c said",
            Is("0"),
        ),
        ("sudo -u core journalctl -u talker -p err -n 1 -o cat", Is("said as error")),
    ],
);

const GROUPS: [Group; 2] = [QUERIES, BOUNDS];

const TALKER: &str = "[Service]\nType=oneshot\nSyslogLevelPrefix=yes\n\
    ExecStart=/bin/sh -c 'echo said on output; echo said on error >&2; echo \"<4>said as warning\"; echo \"<3>said as error\"'\n";

static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let config: Config = checks::config("containerd.service", &GROUPS)
        .unit_file("talker.service", TALKER)
        .unit_file(
            "native.service",
            "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo by systemd-cat | systemd-cat -t by-cat -p notice'\n",
        )
        .unit_file(
            "flood.service",
            "[Service]\nLogRateLimitIntervalSec=5\nLogRateLimitBurst=200\n\
             ExecStart=/bin/bash -c 'for i in {1..2000}; do echo flood $$i; done'\n",
        );
    let setup = Setup { processors: 2, ..BOARD.setup("logs").ignition(&config) };
    checks::run(&setup, &GROUPS, &[]).unwrap_or_else(|error| panic!("{error}"))
});

#[test]
fn the_log_answers_the_questions_people_ask() {
    REPORT.check("queries");
}

#[test]
fn the_log_is_bounded_and_private() {
    REPORT.check("bounds");
}

#[test]
fn the_console_of_a_host_that_talks_is_clean() {
    assert_eq!(REPORT.console, Ok(()));
    assert_eq!(REPORT.end, Ok(()));
}
