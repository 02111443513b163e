//! Units do what systemd's manual pages say of them.

mod automounts;
mod units;

use std::sync::LazyLock;

use keelson_qemu_tests::Setup;

use crate::BOARD;
use crate::checks::{self, AtMost, Group, Has, Is, Not, Report};

/// systemd.service(5): types, restarts, watchdog, descriptor store, killing.
const TYPES: Group = (
    "types",
    &[
        (
            "systemctl start simple; echo $?; state simple; show SubState simple",
            Is("0|active|running"),
        ),
        // Type=exec waits for execve(2), and tells of its failure.
        ("systemctl start exec; state exec", Is("active")),
        (
            "systemctl start missing 2>/dev/null; echo $?; show Result missing; show ExecMainStatus missing",
            Is("1|exit-code|203"),
        ),
        // Type=simple has forked when it is started, so the start is good and the service fails.
        (
            "systemctl start missing-simple; echo $?; eventually '[ $(state missing-simple) = failed ]'",
            Is("0"),
        ),
        (
            "systemctl start forking; state forking; [ $(main forking) = $(cat /run/forking.pid) ] && echo same",
            Is("active|same"),
        ),
        (
            "systemctl start oneshot; show SubState oneshot; cat /run/oneshot",
            Is("exited|pre|one|two|post"),
        ),
        (
            "systemctl start oneshot-bad 2>/dev/null; echo $?; state oneshot-bad; cat /run/oneshot-bad",
            Is("1|failed|stop-post exit-code exited 3"),
        ),
        ("systemctl start notify; state notify; show StatusText notify", Is("active|all is well")),
        // Nothing comes from it, so it is not up in time.
        ("systemctl start notify-late; echo $?; show Result notify-late", Has("1|timeout")),
        ("systemctl start idle; eventually '[ -e /run/idle ]'; echo started", Is("started")),
        (
            "systemctl start watchdog; eventually '[ $(show Result watchdog) = watchdog ]'; show ExecMainStatus watchdog",
            Is("6"),
        ),
        (
            "systemctl start store; eventually '[ $(show NFileDescriptorStore store) = 1 ]'; systemctl restart store; eventually 'journalctl -u store -o cat | grep stored='",
            Is("PROBE stored=first"),
        ),
        (
            "systemctl start reload; systemctl reload reload; cat /run/reload; state reload",
            Is("reloaded|active"),
        ),
        (
            "systemctl start often; eventually '[ $(state often) = failed ]'; wc -l </run/often; systemctl start often 2>/dev/null; echo $?; systemctl reset-failed often; state often",
            Is("3|1|inactive"),
        ),
        (
            "systemctl start clean-exit; eventually '[ $(state clean-exit) = inactive ]'; sleep 0.5; show NRestarts clean-exit",
            Is("0"),
        ),
        // All that it forked goes with it, whatever session it is in.
        (
            "systemctl start children; eventually '[ $(wc -l </sys/fs/cgroup/system.slice/children.service/cgroup.procs) = 3 ]'; systemctl stop children; ls -d /sys/fs/cgroup/system.slice/children.service 2>/dev/null; grep -c children /proc/[0-9]*/cgroup | grep -v :0",
            Is(""),
        ),
        (
            "systemctl start stubborn; p=$(main stubborn); systemctl stop stubborn; [ -d /proc/$p ] || echo gone; show Result stubborn",
            Is("gone|timeout"),
        ),
        (
            "systemctl start main-only; eventually '[ -e /run/main-only-listens ]'; systemctl kill --kill-whom=main -s USR1 main-only; eventually '[ -e /run/main-only ]'; state main-only",
            Is("active"),
        ),
    ],
);

/// systemd.exec(5) and systemd.resource-control(5), read from /proc and /sys/fs/cgroup.
const SANDBOX: Group = (
    "sandbox",
    &[
        ("systemctl start box; echo $?", Is("0")),
        (
            "status box Uid; status box Gid; status box Groups",
            Is("65534\t65534\t65534\t65534|65534\t65534\t65534\t65534|65534 "),
        ),
        ("status box NoNewPrivs; status box Seccomp", Is("1|2")),
        (
            "status box CapBnd; status box CapEff; status box CapAmb",
            Is("0000000000000400|0000000000000400|0000000000000400"),
        ),
        (
            "grep -E 'Max open files|Max core' /proc/$(main box)/limits | sed 's/  */ /g'",
            Is("Max core file size 0 0 bytes |Max open files 1234 1234 files "),
        ),
        ("cat /proc/$(main box)/oom_score_adj", Is("123")),
        (
            "tr '\\0' '\\n' </proc/$(main box)/environ | grep -E '^(A|B|FILE|STATE_DIRECTORY|RUNTIME_DIRECTORY|CREDENTIALS_DIRECTORY|USER)=' | sort",
            Is(
                "A=one two|B=x|CREDENTIALS_DIRECTORY=/run/credentials/box.service|FILE=from file|RUNTIME_DIRECTORY=/run/box|STATE_DIRECTORY=/var/lib/box|USER=nobody",
            ),
        ),
        (
            "tr '\\0' '\\n' </proc/$(main box)/environ | grep -cE '^INVOCATION_ID=[0-9a-f]{32}$'",
            Is("1"),
        ),
        (
            "stat -c '%u %a %n' /var/lib/box /run/box",
            Is("65534 750 /var/lib/box|65534 755 /run/box"),
        ),
        (
            "for n in mnt ipc uts net; do [ $(readlink /proc/$(main box)/ns/$n) = $(readlink /proc/1/ns/$n) ] && echo $n shared || echo $n own; done",
            Is("mnt own|ipc own|uts own|net own"),
        ),
        ("cat /proc/$(main box)/net/dev | grep -c :", Is("1")),
        (
            "cd /sys/fs/cgroup/system.slice/box.service; cat memory.max memory.high pids.max cpu.weight cpu.max",
            Is("52428800|41943040|11|55|50000 100000"),
        ),
        ("cat /proc/$(main box)/cgroup", Is("0::/system.slice/box.service")),
        (
            "systemctl start sliced; cat /proc/$(main sliced)/cgroup; cat /sys/fs/cgroup/a.slice/a-b.slice/memory.max",
            Is("0::/a.slice/a-b.slice/sliced.service|104857600"),
        ),
        // What the service itself met.
        (
            "systemctl start inside; cat /var/lib/inside/report | tr '\\n' ';'",
            Is(
                "etc=no;usr=no;home=0;tmp=0;state=yes;run=yes;dev=no;sysctl=no;clock=no;secret=hidden words;uid=dynamic;",
            ),
        ),
        ("[ -e /tmp/from-inside ] || echo private", Is("private")),
        (
            "ls -ld /var/lib/inside | cut -c1-10; ls -d /var/lib/private/inside",
            Is("lrwxrwxrwx|/var/lib/private/inside"),
        ),
        (
            "systemctl start no-user; echo $?; show Result no-user; show ExecMainStatus no-user; systemctl status no-user | grep -c nobody-by-this-name",
            Has("1|exit-code|217"),
        ),
        (
            "systemctl start filtered 2>/dev/null; show Result filtered; show ExecMainStatus filtered",
            Is("signal|31"),
        ),
        ("systemctl start errno; cat /run/errno", Is("38")),
        (
            "systemctl start rooted; eventually 'journalctl -u rooted -o cat | grep argv'",
            Is("PROBE argv=/opt/probe"),
        ),
    ],
);

/// Sockets, timers, paths, mounts.
const ACTIVATION: Group = (
    "activation",
    &[
        (
            "systemctl start served.socket; state served.service; exec 3<>/dev/tcp/127.0.0.1/7001; read -r line <&3; echo $line; state served.service",
            Is("inactive|served 1|active"),
        ),
        // The socket stays when the service goes.
        (
            "systemctl kill -s KILL served.service; eventually '[ $(state served.service) = failed ]'; exec 3<>/dev/tcp/127.0.0.1/7001; read -r line <&3; echo $line",
            Is("served 1"),
        ),
        (
            "systemctl start each.socket; for i in 1 2 3; do exec 3<>/dev/tcp/127.0.0.1/7002; read -r line <&3; echo $line; done; show NAccepted each.socket",
            Is("hello|hello|hello|3"),
        ),
        (
            "systemctl start soon.timer; eventually '[ -e /run/soon ]'; state soon.timer",
            Is("active"),
        ),
        (
            "systemctl start clock.timer; eventually '[ $(cat /run/clock 2>/dev/null | wc -l) -ge 2 ]'; systemctl stop clock.timer; echo twice",
            Is("twice"),
        ),
        ("systemctl start kept.timer; ls /var/lib/systemd/timers/", Has("stamp-kept.timer")),
        ("systemctl list-timers --all --no-pager | grep -cE '(soon|kept).timer'", Is("2")),
        (
            "systemctl start seen.path; state seen.service; touch /run/seen-trigger; eventually '[ -e /run/seen ]'; state seen.path",
            Is("inactive|active"),
        ),
        (
            "systemctl start run-tm.mount; grep -o ' /run/tm .*size=1024k' /proc/self/mountinfo | cut -d' ' -f2; systemctl stop run-tm.mount; grep -c ' /run/tm ' /proc/self/mountinfo",
            Is("/run/tm|0"),
        ),
        // Of /etc/fstab, mounted at the boot.
        (
            "state run-fs.mount; grep -c ' /run/fs ' /proc/self/mountinfo; show FragmentPath run-fs.mount",
            Is("active|1|/etc/fstab"),
        ),
        (
            "systemctl show -P What run-nofail.mount; systemctl is-failed run-nofail.mount",
            Has("/dev/disk/by-label/absent"),
        ),
        // What is mounted behind PID 1's back is a unit, too.
        (
            "mkdir -p /run/hand; mount -t tmpfs none /run/hand 2>/dev/null || systemctl start run-hand.mount; eventually '[ $(state run-hand.mount) = active ]'; echo seen",
            Is("seen"),
        ),
    ],
);

/// systemd.unit(5): files, drop-ins, templates, masks, dependencies, jobs.
const UNITS: Group = (
    "units",
    &[
        ("systemctl start inst@one.service; cat /run/inst-one", Is("one one instance")),
        (
            "systemctl start 'inst@x-y\\x2dz.service'; cat '/run/inst-x-y\\x2dz'",
            Is("x-y\\x2dz x/y-z drop-in"),
        ),
        (
            "systemctl mask chrony-wait >/dev/null 2>&1; systemctl start chrony-wait; echo $?; systemctl is-enabled chrony-wait; systemctl unmask chrony-wait >/dev/null 2>&1; systemctl is-enabled chrony-wait",
            Is(
                "Failed to start chrony-wait.service: Unit chrony-wait.service is masked.|1|masked|disabled",
            ),
        ),
        (
            "systemctl is-enabled checks; systemctl is-enabled simple; systemctl is-enabled no-such-unit 2>/dev/null; echo $?",
            Is("enabled|static|not-found|4"),
        ),
        (
            "systemctl enable wanted 2>&1 | tail -1; systemctl is-enabled wanted; systemctl disable wanted 2>/dev/null; systemctl is-enabled wanted",
            Has("multi-user.target.wants/wanted.service"),
        ),
        (
            "systemctl start typo; state typo; systemctl status typo | grep -o \"typo.service:[0-9]*.*ExecStrat.*\"",
            Has("ExecStart"),
        ),
        ("systemctl start skipped; state skipped; show ConditionResult skipped", Is("inactive|no")),
        ("systemctl start asserted 2>/dev/null; echo $?; show AssertResult asserted", Is("1|no")),
        ("systemctl start needs-bad 2>/dev/null; echo $?; state needs-bad", Is("1|inactive")),
        ("systemctl start wants-bad; echo $?; state wants-bad", Is("0|active")),
        (
            "systemctl start bound; systemctl stop bound-to; eventually '[ $(state bound) = inactive ]'; state bound",
            Is("inactive"),
        ),
        (
            "systemctl start part-of; systemctl restart part; state part-of; systemctl stop part; state part-of",
            Is("active|inactive"),
        ),
        (
            "systemctl start left; systemctl start right; state left; state right",
            Is("inactive|active"),
        ),
        (
            "systemctl start cry; eventually '[ -e /run/cry ]'; cat /run/cry",
            Is("failed cry.service"),
        ),
        (
            "systemctl start upholder; eventually '[ $(state upheld) = active ]'; systemctl kill -s KILL upheld; eventually '[ $(state upheld) = active ]'; state upheld",
            Is("active"),
        ),
        (
            "systemctl start group.target; state member-a; state member-b; cat /run/order",
            Is("active|active|a b "),
        ),
        (
            "echo -n >/run/order; systemctl stop group.target; eventually '[ $(state member-a) = inactive ]'; cat /run/order",
            Is("stop-b stop-a "),
        ),
        (
            "printf '[Service]\\nExecStart=/opt/probe wait\\n' >/run/systemd/system/new.service; systemctl daemon-reload; systemctl start new; state new",
            Is("active"),
        ),
        ("systemctl start 'no-such-unit'; echo $?", Has("Unit no-such-unit.service not found.|5")),
        (
            "systemctl is-active simple; systemctl is-active no-such; echo $?; systemctl is-failed oneshot-bad",
            Is("active|inactive|4|failed"),
        ),
        (
            "systemctl status simple --no-pager | head -3 | tail -1",
            Has("Active: active (running) since"),
        ),
        (
            "systemctl status simple >/dev/null; echo $?; systemctl status skipped >/dev/null; echo $?; systemctl status no-such >/dev/null 2>&1; echo $?",
            Is("0|3|4"),
        ),
        (
            "systemctl list-units --no-pager --no-legend simple.service",
            Has("simple.service loaded active running"),
        ),
        ("systemctl list-units --output=json simple.service | jq -r '.[0].sub'", Is("running")),
        ("systemctl cat inst@one.service | grep -c '^# /etc/systemd/system/inst@'", Is("2")),
        ("systemctl list-dependencies group.target --plain --no-pager | grep -c member-", Is("2")),
        ("systemd-analyze verify /etc/systemd/system/typo.service 2>&1", Has("typo.service:")),
        ("systemd-analyze blame --no-pager | head -50 | grep -c '\\.service'", Not("0")),
        ("systemd-analyze critical-chain --no-pager | grep -c @", Not("0")),
        ("systemd-analyze plot | grep -c '<svg'", Is("1")),
    ],
);

/// Who may do what.
const RIGHTS: Group = (
    "rights",
    &[
        ("sudo -u core systemctl is-active simple", Is("active")),
        ("sudo -u core systemctl status simple --no-pager | head -1", Has("simple.service")),
        ("sudo -u core systemctl list-units --no-pager | grep -c ' simple.service'", Is("1")),
        ("sudo -u core systemctl stop simple; echo $?; state simple", Has("Access denied")),
        ("sudo -u core systemctl daemon-reload; echo $?", Has("Access denied")),
        ("sudo -u core systemctl poweroff; echo $?", Has("Access denied")),
        ("sudo -u core systemctl kill simple; echo $?; state simple", Has("Access denied")),
    ],
);

/// Programs whose output takes nothing: an error, and no panic. And all that the core utilities are is linked.
const OUTPUT: Group = (
    "output",
    &[
        (
            "for name in free lsmod mount ps; do $name >/dev/full 2>/run/said; echo $?; done",
            Is("1|1|1|1"),
        ),
        // They print by macros that panic.
        ("xargs --version >/dev/full 2>/run/said; echo $?; cat /run/said", Has("1|xargs: writing")),
        ("find --no-such-option 2>/dev/full; echo $?", Is("1")),
        (
            "[ \"$(coreutils --list)\" = \"$(find /usr/bin /usr/sbin -lname '*coreutils' | sed 's|.*/||' | LC_ALL=C sort)\" ] && echo linked",
            Is("linked"),
        ),
    ],
);

/// PID 1 itself: systemd's manual asks nothing here, the budgets do.
const SIZE: Group = (
    "size",
    &[
        ("systemctl list-units --all --no-pager --no-legend | wc -l", Not("never")),
        (
            "[ $(systemctl list-units --all --no-pager --no-legend | wc -l) -ge 100 ] && echo hundred",
            Is("hundred"),
        ),
        (
            "sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/1/status",
            AtMost(8_000_000 / 1024),
        ),
        ("stat -L -c %s /proc/1/exe", AtMost(4_000_000)),
        ("sed -n 's/^Threads:[[:space:]]*//p' /proc/1/status", Is("1")),
    ],
);

const GROUPS: [Group; 8] =
    [TYPES, SANDBOX, ACTIVATION, UNITS, RIGHTS, OUTPUT, SIZE, automounts::AUTOMOUNTS];

/// What services that fail on purpose leave on the console.
const EXPECTED: [&str; 2] = ["Failed to start", "Failed with result"];

static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let config = units::add(checks::config("containerd.service local-fs.target", &GROUPS));
    let setup = Setup { processors: 2, ..BOARD.setup("services").ignition(&config) };
    checks::run(&setup, &GROUPS, &EXPECTED).unwrap_or_else(|error| panic!("{error}"))
});

#[test]
fn a_full_output_is_an_error_of_the_userland() {
    REPORT.check("output");
}

#[test]
fn services_of_every_type_start_stop_and_restart() {
    REPORT.check("types");
}

#[test]
fn the_sandbox_of_a_service_is_in_force() {
    REPORT.check("sandbox");
}

#[test]
fn sockets_timers_paths_and_mounts_start_what_they_name() {
    REPORT.check("activation");
}

#[test]
fn automount_points_mount_at_the_first_access_and_hold_up_nobody_in_vain() {
    REPORT.check("automounts");
}

#[test]
fn units_are_found_changed_and_ordered_by_their_files() {
    REPORT.check("units");
}

#[test]
fn an_ordinary_user_reads_and_changes_nothing() {
    REPORT.check("rights");
}

#[test]
fn pid_1_stays_within_its_budgets() {
    REPORT.check("size");
}

#[test]
fn a_host_with_many_units_powers_off_cleanly() {
    assert_eq!(REPORT.console, Ok(()));
    assert_eq!(REPORT.end, Ok(()));
}
