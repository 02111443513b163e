//! The units of the service tests, written as people write them.

use std::fmt::Write as _;

use keelson_qemu_tests::ignition::Config;

use super::automounts;

/// Name and text of each.
const UNITS: &str = r#"
=== simple.service
[Service]
ExecStart=/opt/probe wait
=== exec.service
[Service]
Type=exec
ExecStart=/opt/probe wait
=== missing.service
[Service]
Type=exec
ExecStart=/opt/no-such-program
=== missing-simple.service
[Service]
ExecStart=/opt/no-such-program
=== forking.service
[Service]
Type=forking
PIDFile=/run/forking.pid
ExecStart=/bin/sh -c '/opt/probe wait & echo $$! >/run/forking.pid'
=== oneshot.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=/bin/sh -c 'echo pre >/run/oneshot'
ExecStart=/bin/sh -c 'echo one >>/run/oneshot'
ExecStart=-/bin/sh -c 'echo two >>/run/oneshot; exit 1'
ExecStartPost=/bin/sh -c 'echo post >>/run/oneshot'
=== oneshot-bad.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'exit 3'
ExecStart=/bin/sh -c 'echo never >/run/oneshot-bad'
ExecStopPost=/bin/sh -c 'echo "stop-post $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS" >/run/oneshot-bad'
=== notify.service
[Service]
Type=notify
ExecStart=/opt/probe notify "READY=1;STATUS=all is well"
=== notify-late.service
[Service]
Type=notify
TimeoutStartSec=1
ExecStart=/opt/probe wait
=== idle.service
[Service]
Type=idle
ExecStart=/bin/touch /run/idle
=== watchdog.service
[Service]
Type=notify
WatchdogSec=1
LimitCORE=0
ExecStart=/opt/probe notify READY=1
=== store.service
[Service]
NotifyAccess=main
FileDescriptorStoreMax=2
ExecStart=/opt/probe store
=== reload.service
[Service]
ExecStart=/opt/probe wait
ExecReload=/bin/sh -c 'echo reloaded >/run/reload'
=== often.service
[Unit]
StartLimitIntervalSec=60
StartLimitBurst=3
[Service]
Restart=always
RestartSec=100ms
ExecStart=/bin/sh -c 'echo >>/run/often; exit 1'
=== clean-exit.service
[Service]
Restart=on-failure
RestartSec=100ms
SuccessExitStatus=7
ExecStart=/bin/sh -c 'exit 7'
=== children.service
[Service]
ExecStart=/bin/bash -c '/opt/probe wait & (trap "" HUP; exec /opt/probe wait) & exec /opt/probe wait'
=== stubborn.service
[Service]
TimeoutStopSec=1
ExecStart=/bin/sh -c 'trap "" TERM; while :; do /opt/probe spin 1 >/dev/null; done'
=== main-only.service
[Service]
ExecStart=/bin/sh -c 'trap "touch /run/main-only" USR1; touch /run/main-only-listens; while :; do sleep 0.1; done'
KillMode=mixed
=== box.service
[Service]
Type=exec
ExecStart=/opt/probe wait
User=nobody
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
SystemCallFilter=@system-service
SystemCallArchitectures=native
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateNetwork=yes
PrivateIPC=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
StateDirectory=box
StateDirectoryMode=0750
RuntimeDirectory=box
LimitNOFILE=1234
LimitCORE=0
OOMScoreAdjust=123
Environment="A=one two" B=x
EnvironmentFile=/etc/box.env
EnvironmentFile=-/etc/no-such-file
SetCredential=word:secret
MemoryMax=50M
MemoryHigh=40M
TasksMax=11
CPUWeight=55
CPUQuota=50%
=== sliced.service
[Service]
Slice=a-b.slice
ExecStart=/opt/probe wait
=== a-b.slice
[Slice]
MemoryMax=100M
=== inside.service
[Service]
Type=oneshot
DynamicUser=yes
StateDirectory=inside
RuntimeDirectory=inside
ProtectHome=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectClock=yes
SetCredential=word:hidden words
ExecStart=/bin/bash /etc/inside.sh
=== no-user.service
[Service]
Type=exec
User=nobody-by-this-name
ExecStart=/opt/probe wait
=== filtered.service
[Service]
Type=oneshot
LimitCORE=0
SystemCallFilter=~mkdir
ExecStart=/opt/probe
=== errno.service
[Service]
Type=oneshot
SystemCallFilter=~mkdir mkdirat
SystemCallErrorNumber=ENOSYS
StandardOutput=file:/run/errno
ExecStart=/bin/bash -c 'mkdir /run/errno-folder 2>/dev/null || echo 38'
=== rooted.service
[Service]
Type=oneshot
RootDirectory=/opt/rooted
BindReadOnlyPaths=/opt/probe
ExecStart=/opt/probe
=== served.socket
[Socket]
ListenStream=127.0.0.1:7001
=== served.service
[Service]
ExecStart=/opt/probe serve
=== each.socket
[Socket]
ListenStream=127.0.0.1:7002
Accept=yes
=== each@.service
[Service]
StandardInput=socket
ExecStart=/bin/echo hello
=== soon.timer
[Timer]
OnActiveSec=1s
AccuracySec=1ms
=== soon.service
[Service]
Type=oneshot
ExecStart=/bin/touch /run/soon
=== clock.timer
[Timer]
OnCalendar=*:*:0/1
AccuracySec=1ms
=== clock.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo >>/run/clock'
=== kept.timer
[Timer]
OnCalendar=yearly
Persistent=yes
=== kept.service
[Service]
Type=oneshot
ExecStart=/bin/true
=== seen.path
[Path]
PathExists=/run/seen-trigger
=== seen.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/touch /run/seen
=== run-tm.mount
[Mount]
What=tmpfs
Where=/run/tm
Type=tmpfs
Options=size=1M
=== run-hand.mount
[Mount]
What=tmpfs
Where=/run/hand
Type=tmpfs
=== inst@.service
[Service]
Type=oneshot
RemainAfterExit=yes
Environment=FROM=file
ExecStart=/bin/bash -c 'echo "%i %I ${FROM}" >"/run/inst-%i"'
=== wanted.service
[Service]
ExecStart=/opt/probe wait
[Install]
WantedBy=multi-user.target
=== typo.service
[Service]
ExecStrat=/bin/false
ExecStart=/opt/probe wait
=== skipped.service
[Unit]
ConditionPathExists=/no/such/file
[Service]
ExecStart=/opt/probe wait
=== asserted.service
[Unit]
AssertPathExists=/no/such/file
[Service]
ExecStart=/opt/probe wait
=== bad-oneshot.service
[Service]
Type=oneshot
ExecStart=/bin/false
=== needs-bad.service
[Unit]
Requires=bad-oneshot.service
After=bad-oneshot.service
[Service]
ExecStart=/opt/probe wait
=== wants-bad.service
[Unit]
Wants=bad-oneshot.service
After=bad-oneshot.service
[Service]
ExecStart=/opt/probe wait
=== bound.service
[Unit]
BindsTo=bound-to.service
After=bound-to.service
[Service]
ExecStart=/opt/probe wait
=== bound-to.service
[Service]
ExecStart=/opt/probe wait
=== part.service
[Service]
ExecStart=/opt/probe wait
=== part-of.service
[Unit]
PartOf=part.service
Requires=part.service
After=part.service
[Service]
ExecStart=/opt/probe wait
=== left.service
[Service]
ExecStart=/opt/probe wait
=== right.service
[Unit]
Conflicts=left.service
[Service]
ExecStart=/opt/probe wait
=== cry.service
[Unit]
OnFailure=heard@%n.service
[Service]
ExecStart=/bin/false
=== heard@.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "failed %i" >/run/cry'
=== upholder.service
[Unit]
Upholds=upheld.service
[Service]
ExecStart=/opt/probe wait
=== upheld.service
[Service]
ExecStart=/opt/probe wait
=== group.target
[Unit]
Wants=member-a.service member-b.service
=== member-a.service
[Unit]
PartOf=group.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'sleep 0.3; printf "a " >>/run/order'
ExecStop=/bin/sh -c 'printf "stop-a " >>/run/order'
=== member-b.service
[Unit]
PartOf=group.target
After=member-a.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'printf "b " >>/run/order'
ExecStop=/bin/sh -c 'sleep 0.3; printf "stop-b " >>/run/order'
"#;

/// What `inside.service` tries.
const INSIDE: &str = r#"
try() { if eval "$2" 2>/dev/null; then echo "$1=yes"; else echo "$1=no"; fi; }
{
    try etc 'echo >/etc/from-inside'
    try usr 'echo >/usr/from-inside'
    echo "home=$(ls /home 2>/dev/null | wc -l)"
    echo "tmp=$(ls -A /tmp | wc -l)"
    echo >/tmp/from-inside
    try state 'echo >"$STATE_DIRECTORY/file"'
    try run 'echo >"$RUNTIME_DIRECTORY/file"'
    try dev '[ -e /dev/vda ]'
    try sysctl 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    try clock 'date -s "2001-01-01" >/dev/null'
    echo "secret=$(cat "$CREDENTIALS_DIRECTORY/word")"
    uid=$(id -u)
    if [ "$uid" -ge 61184 ] && [ "$uid" -le 65519 ]; then echo uid=dynamic; else echo "uid=$uid"; fi
} >"$STATE_DIRECTORY/report"
"#;

/// The table of file systems.
const FSTAB: &str = "tmpfs /run/fs tmpfs size=1M 0 0\n\
                     LABEL=absent /run/nofail ext4 nofail,x-systemd.device-timeout=1s 0 2\n";

/// Adds them all, a hundred more that only wait, and the files they need.
pub fn add(mut config: Config) -> Config {
    let all = [UNITS, automounts::UNITS].concat();
    for unit in all.split("\n=== ").skip(1) {
        let (name, text) = unit.split_once('\n').expect("a name and a text");
        config = config.unit_file(name, text);
    }
    let mut wants = String::from("[Unit]\nWants=");
    for number in 0..100 {
        write!(wants, "many@{number}.service ").expect("a string takes all");
    }
    config
        .drop_in("inst@one.service", "10-from.conf", "[Service]\nEnvironment=FROM=instance\n")
        .unit_file("many@.service", "[Service]\nExecStart=/opt/probe wait\n")
        .unit("many.target", &format!("{wants}\n[Install]\nWantedBy=multi-user.target\n"))
        .file(
            "/etc/systemd/system/inst@.service.d/10-from.conf",
            0o644,
            b"[Service]\nEnvironment=FROM=drop-in\n",
        )
        .file("/etc/inside.sh", 0o644, INSIDE.as_bytes())
        .file("/etc/box.env", 0o644, b"# of box.service\nFILE=\"from file\"\n")
        .file("/etc/fstab", 0o644, [FSTAB, automounts::FSTAB].concat().as_bytes())
        .file("/opt/rooted/probe-is-bound-here", 0o644, b"")
}
