//! What services do to the host does not stop it.

use std::sync::LazyLock;

use keelson_qemu_tests::ignition::Config;

use crate::BOARD;
use crate::checks::{self, Group, Has, Is, Not, Report};

const FAULTS: Group = (
    "faults",
    &[
        (
            "systemctl start bomb; eventually '[ $(cat /sys/fs/cgroup/system.slice/bomb.service/pids.events | cut -d\" \" -f2) -gt 0 ]'; cat /sys/fs/cgroup/system.slice/bomb.service/pids.max",
            Is("200"),
        ),
        (
            "[ $(cat /sys/fs/cgroup/system.slice/bomb.service/pids.current) -le 200 ] && echo held",
            Is("held"),
        ),
        // Each ignores SIGTERM and is in a session of its own.
        (
            "systemctl stop bomb; [ -d /sys/fs/cgroup/system.slice/bomb.service ] || echo gone; grep -l bomb.service /proc/[0-9]*/cgroup 2>/dev/null | wc -l",
            Is("gone|0"),
        ),
        (
            "systemctl start hungry; eventually '[ $(state hungry) = failed ]'; show Result hungry",
            Is("oom-kill"),
        ),
        (
            "systemctl start hungry-child; eventually '[ $(state hungry-child) = failed ]'; show Result hungry-child; [ -e /sys/fs/cgroup/system.slice/hungry-child.service ] || echo killed whole",
            Is("oom-kill|killed whole"),
        ),
        (
            "systemctl start hungry-continue; eventually '[ -e /run/hungry-continue ]'; state hungry-continue",
            Is("active"),
        ),
    ],
);

/// Until ten thousand starts have failed, or for a while.
const WAIT: &str = "timeout 55 bash -c 'while [ $(systemctl show -P NRestarts failing) -lt 10000 ]; do sleep 0.5; done'; true";

const STARTS: Group = (
    "starts",
    &[
        (
            "before=$(sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/1/status); systemctl start failing; echo $before >/run/rss; timeout 55 bash -c 'while [ $(systemctl show -P NRestarts failing) -lt 3000 ]; do sleep 0.5; done'; show NRestarts failing | grep -cE '^[0-9]{4,}$'",
            Is("1"),
        ),
        // Each waits for less than the longest that one check may take, and does not where all have failed.
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (WAIT, Is("")),
        (
            "timeout 55 bash -c 'while [ $(systemctl show -P NRestarts failing) -lt 10000 ]; do sleep 0.5; done'; [ $(show NRestarts failing) -ge 10000 ] && echo 10000",
            Is("10000"),
        ),
        (
            "systemctl stop failing; after=$(sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/1/status); [ $after -le $(($(cat /run/rss) + 2000)) ] && echo no more memory",
            Is("no more memory"),
        ),
        ("systemctl start simple; state simple", Is("active")),
    ],
);

const FILES: Group = (
    "files",
    &[
        (
            "systemctl start simple; head -c 20000 /dev/urandom >/run/systemd/system/random.service; systemctl daemon-reload; systemctl start random 2>/dev/null; echo $?; systemctl status random --no-pager | grep -c random.service:",
            Not("0|"),
        ),
        (
            "for i in 1 2 3 4 5 6 7 8; do head -c 5000 /dev/urandom | tr -d '\\000' >/run/systemd/system/random$i.service; done; systemctl daemon-reload; systemctl list-units --all >/dev/null; state simple",
            Is("active"),
        ),
        (
            "systemctl start cycle-a; echo $?; state simple; journalctl -b -o cat | grep -a -m1 -o 'ordering cycle'",
            Has("ordering cycle"),
        ),
        ("systemctl start needs-itself 2>&1; echo; state simple", Has("active")),
        ("systemctl start deep@0 2>/dev/null; state simple", Is("active")),
    ],
);

const FULL: Group = (
    "full",
    &[
        (
            "fill() { dd if=/dev/zero of=$1 bs=1M 2>/dev/null; dd if=/dev/zero of=$1.small bs=4k 2>/dev/null; }; fill /var/fill; df --output=avail / | tail -1 | tr -d ' '",
            Is("0"),
        ),
        (
            "systemctl start notify; state notify; systemctl restart simple; state simple",
            Is("active|active"),
        ),
        // What its stop frees is taken, too: it needs no room to start.
        (
            "systemctl stop chrony; dd if=/dev/zero of=/var/fill.more bs=4k 2>/dev/null; systemctl start chrony; state chrony; systemctl kill -s KILL chrony; eventually '[ $(show NRestarts chrony) -ge 1 ] && [ $(state chrony) = active ]'; chronyc -n tracking >/dev/null && echo answers",
            Is("active|answers"),
        ),
        // So does one with temporary folders of its own, which all its processes share; and its log says why.
        (
            "systemctl start private-tmp; state private-tmp; eventually 'journalctl -u private-tmp -o cat | grep -o \"it is in memory\"'; ls -d /tmp/systemd-private-*-private-tmp.service-* | wc -l; systemctl stop private-tmp; eventually '! ls -d /tmp/systemd-private-*-private-tmp.service-* >/dev/null 2>&1' && echo gone",
            Is("active|it is in memory|2|gone"),
        ),
        (
            "systemctl start words; eventually 'journalctl -u words -o cat | grep words-on-a-full-disk'",
            Has("words-on-a-full-disk"),
        ),
        (
            "systemctl enable wanted >/dev/null 2>&1; systemctl daemon-reload; state simple",
            Is("active"),
        ),
        (
            "rm -f /var/fill /var/fill.small /var/fill.more; systemctl start words; journalctl -n 1 >/dev/null; state systemd-journald",
            Is("active"),
        ),
        // The log's folder cannot be written: what is said goes on to be shown from memory.
        (
            "chmod 0 /var/log/journal; systemctl restart systemd-journald; echo more-words >/dev/kmsg; eventually 'journalctl -b -o cat | grep -a more-words'; chmod 2755 /var/log/journal",
            Has("more-words"),
        ),
    ],
);

const HELPERS: Group = (
    "helpers",
    &[
        (
            "for u in systemd-journald systemd-networkd chrony; do p=$(main $u); kill -9 $p; eventually \"[ \\$(state $u) = active ] && [ \\$(main $u) != $p ]\"; echo $u $(state $u); done",
            Is("systemd-journald active|systemd-networkd active|chrony active"),
        ),
        // Every line that a service writes while the log service is killed again and again is in the log once.
        (
            "systemctl start counter; for i in 1 2 3; do sleep 0.3; kill -9 $(main systemd-journald); eventually '[ $(state systemd-journald) = active ]'; done; eventually '[ $(state counter) = inactive ]'; eventually '[ $(journalctl -u counter -o cat | grep -c ^line) -ge 2000 ]'; journalctl -u counter -o cat | grep ^line | sort -u | wc -l; journalctl -u counter -o cat | grep -c ^line",
            Is("2000|2000"),
        ),
        (
            "p=$(main containerd); kill -9 $p; eventually \"[ \\$(main containerd) != $p ]\"; eventually '[ $(state containerd) = active ]'; state containerd",
            Is("active"),
        ),
        (
            "kill -TERM 1; kill -HUP 1; kill -9 1; kill -SEGV 1; sleep 1; state simple; systemctl is-system-running | grep -cE 'running|degraded'",
            Has("active|1"),
        ),
        // Rubbish on the control socket and on the notification socket.
        ("/opt/probe notify x 2>/dev/null; state simple", Has("active")),
    ],
);

const GROUPS: [Group; 5] = [FAULTS, FILES, HELPERS, FULL, STARTS];

/// What is provoked here.
const EXPECTED: [&str; 9] = [
    "Failed to start",
    "Failed with result",
    "ailed with result",
    "Memory cgroup out of memory",
    "oom-kill:",
    "Call Trace:",
    "random",
    "Out of memory",
    "more-words",
];

const UNITS: [(&str, &str); 16] = [
    ("simple.service", "[Service]\nExecStart=/opt/probe wait\n"),
    ("notify.service", "[Service]\nType=notify\nExecStart=/opt/probe notify READY=1\n"),
    ("bomb.service", "[Service]\nExecStart=/opt/probe bomb\nTasksMax=200\nTimeoutStopSec=2\n"),
    ("hungry.service", "[Service]\nExecStart=/opt/probe memory\nMemoryMax=30M\nMemorySwapMax=0\n"),
    (
        "hungry-child.service",
        "[Service]\nExecStart=/bin/sh -c '/opt/probe memory; exec /opt/probe wait'\nMemoryMax=30M\nMemorySwapMax=0\nOOMPolicy=kill\n",
    ),
    (
        "hungry-continue.service",
        "[Service]\nExecStart=/bin/sh -c '/opt/probe memory; echo 1 >/run/hungry-continue; exec /opt/probe wait'\nMemoryMax=30M\nMemorySwapMax=0\nOOMPolicy=continue\n",
    ),
    (
        "failing.service",
        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/opt/probe exit 1\nRestart=always\nRestartSec=0\nStandardOutput=null\nLogLevelMax=emerg\n",
    ),
    (
        "cycle-a.service",
        "[Unit]\nWants=cycle-b.service\nAfter=cycle-b.service\n[Service]\nExecStart=/opt/probe wait\n",
    ),
    (
        "cycle-b.service",
        "[Unit]\nWants=cycle-c.service\nAfter=cycle-c.service\n[Service]\nExecStart=/opt/probe wait\n",
    ),
    (
        "cycle-c.service",
        "[Unit]\nWants=cycle-a.service\nAfter=cycle-a.service\n[Service]\nExecStart=/opt/probe wait\n",
    ),
    (
        "needs-itself.service",
        "[Unit]\nRequires=needs-itself.service\nAfter=needs-itself.service\n[Service]\nExecStart=/opt/probe wait\n",
    ),
    // Each instance wants one with a longer name, until the name is too long.
    ("deep@.service", "[Unit]\nWants=deep@%i-%i.service\n[Service]\nExecStart=/opt/probe wait\n"),
    (
        "private-tmp.service",
        "[Service]\nPrivateTmp=yes\nExecStartPre=/bin/touch /var/tmp/mark\nExecStart=/bin/sh -c '[ -e /var/tmp/mark ] && exec /opt/probe wait'\n",
    ),
    ("words.service", "[Service]\nType=oneshot\nExecStart=/bin/echo words-on-a-full-disk\n"),
    (
        "counter.service",
        "[Service]\nLogRateLimitBurst=0\nExecStart=/bin/bash -c 'for i in {1..2000}; do echo line $$i; if ((i %% 20 == 0)); then sleep 0.01; fi; done'\n",
    ),
    (
        "wanted.service",
        "[Service]\nExecStart=/opt/probe wait\n[Install]\nWantedBy=multi-user.target\n",
    ),
];

static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let add = |config: Config, (name, text): (&str, &str)| config.unit_file(name, text);
    let config = checks::config("containerd.service chrony.service", &GROUPS);
    let config = UNITS.into_iter().fold(config, add);
    let mut setup = BOARD.setup("faults").ignition(&config);
    setup.processors = 2;
    setup.limit = Some(std::time::Duration::from_mins(20));
    checks::run(&setup, &GROUPS, &EXPECTED).unwrap_or_else(|error| panic!("{error}"))
});

#[test]
fn a_fork_bomb_is_held_and_killed_whole_and_memory_ends_in_its_own_service() {
    REPORT.check("faults");
}

#[test]
fn unit_files_of_random_bytes_and_cycles_harm_themselves_alone() {
    REPORT.check("files");
}

#[test]
fn a_killed_helper_comes_back_and_loses_nothing() {
    REPORT.check("helpers");
}

#[test]
fn a_full_disk_stops_no_service() {
    REPORT.check("full");
}

#[test]
fn ten_thousand_failing_starts_take_no_memory() {
    REPORT.check("starts");
}

#[test]
fn the_console_holds_only_what_was_provoked_and_the_host_powers_off() {
    assert_eq!(REPORT.console, Ok(()));
    assert_eq!(REPORT.end, Ok(()));
}
