//! systemd.automount(5): the first access mounts, rest unmounts, and nobody is held up longer than the mount's job.

use crate::checks::{Group, Has, Is};

/// The units of these checks.
pub const UNITS: &str = r"
=== run-auto.automount
[Automount]
Where=/run/auto
DirectoryMode=0750
ExtraOptions=nosuid
=== run-auto.mount
[Mount]
What=tmpfs
Where=/run/auto
Type=tmpfs
=== from-inside.service
[Service]
Type=oneshot
PrivateTmp=yes
ExecStart=/bin/sh -c 'echo inside >/run/auto/file'
=== looks-at.service
[Unit]
ConditionPathExists=/run/auto/file
[Service]
ExecStart=/opt/probe wait
=== run-broken.automount
[Automount]
Where=/run/broken
=== run-broken.mount
[Mount]
What=/opt/no-such-image
Where=/run/broken
Type=ext4
=== run-slow.automount
[Automount]
Where=/run/slow
=== run-slow.mount
[Unit]
Requires=slow.service
After=slow.service
[Mount]
What=tmpfs
Where=/run/slow
Type=tmpfs
Options=nofail
=== slow.service
[Service]
Type=oneshot
ExecStart=/opt/probe wait
=== run-alone.automount
[Automount]
Where=/run/alone
=== run-tm.automount
[Automount]
Where=/run/tm
";

/// Lines of the table of file systems.
pub const FSTAB: &str = "tmpfs /run/lazy tmpfs size=1M,x-systemd.automount,x-systemd.idle-timeout=1s 0 0\n\
                         tmpfs /run/busy tmpfs noauto,x-systemd.automount 0 0\n";

/// Access, rest, failure, stop.
pub const AUTOMOUNTS: Group = (
    "automounts",
    &[
        // Of /etc/fstab.
        (
            "state run-lazy.automount; show SubState run-lazy.automount; state run-lazy.mount; show FragmentPath run-lazy.automount",
            Is("active|waiting|inactive|/etc/fstab"),
        ),
        (
            "touch /run/lazy/file; show SubState run-lazy.automount; state run-lazy.mount; grep -c ' /run/lazy .*size=1024k' /proc/self/mountinfo",
            Is("running|active|1"),
        ),
        // Three of its times of rest: it is in use.
        ("cd /run/lazy && sleep 3; ls; state run-lazy.mount", Is("file|active")),
        (
            "eventually '[ $(state run-lazy.mount) = inactive ]'; show SubState run-lazy.automount; ls /run/lazy; state run-lazy.mount",
            Is("waiting|active"),
        ),
        // PID 1 itself, and its conditions, pass through.
        (
            "systemctl start run-auto.automount; systemctl start looks-at; state looks-at; show SubState run-auto.automount",
            Is("inactive|waiting"),
        ),
        ("grep ' /run/auto ' /proc/self/mountinfo | grep -o 'nosuid.*autofs'", Has("nosuid")),
        (
            "systemctl status run-auto.automount --no-pager | grep -o 'active (waiting)'; systemctl list-automounts --no-pager --no-legend | grep -o '.*run-auto' | sed 's/  */ /g'",
            Is("active (waiting)|tmpfs /run/auto no - run-auto"),
        ),
        // Of a service with mounts of its own, after all files were read again.
        (
            "systemctl daemon-reload; systemctl start from-inside; cat /run/auto/file; show SubState run-auto.automount",
            Is("inside|running"),
        ),
        // Stopped while it is in use.
        (
            "exec 3>/run/auto/open; systemctl stop run-auto.automount; echo $?; grep -c ' /run/auto ' /proc/self/mountinfo; eventually '[ $(state run-auto.mount) = inactive ]'; state run-auto.automount; stat -c %a /run/auto",
            Is("0|0|inactive|750"),
        ),
        // Who waits is told that it failed, and the next one tries again.
        (
            "systemctl start run-broken.automount; for i in 1 2; do cat /run/broken/file; done; show SubState run-broken.automount; state run-broken.mount",
            Is(
                "cat: /run/broken/file: No such device|cat: /run/broken/file: No such device|waiting|failed",
            ),
        ),
        (
            "systemctl reset-failed run-broken.mount; for i in 1 2 3 4 5 6 7; do cat /run/broken/file 2>/dev/null; done; eventually '[ $(state run-broken.automount) = failed ]'; show Result run-broken.automount; ls /run/broken | wc -l",
            Is("mount-start-limit-hit|0"),
        ),
        // And is not held up by a stop.
        (
            "systemctl start run-slow.automount; cat /run/slow/file >/run/slow-said 2>&1 & eventually 'systemctl list-jobs --no-legend | grep -q run-slow.mount'; systemctl stop run-slow.automount; wait; cat /run/slow-said; systemctl stop run-slow.mount slow; state run-slow.mount",
            Is("cat: /run/slow/file: Host is down|inactive"),
        ),
        // Nor by a stop of the mount whose start still waits.
        (
            "systemctl start run-slow.automount; cat /run/slow/file >/run/slow-said 2>&1 & eventually 'systemctl list-jobs --no-legend | grep -q run-slow.mount'; systemctl stop run-slow.mount 2>/dev/null; wait; cat /run/slow-said; systemctl stop run-slow.automount slow",
            Is("cat: /run/slow/file: No such device"),
        ),
        // Masked while it is up, it goes on.
        (
            "systemctl start run-auto.automount; cd /etc/systemd/system; mv run-auto.automount kept; systemctl mask run-auto.automount 2>/dev/null; show LoadState run-auto.automount; timeout 20 cat /run/auto/file; grep -c ' /run/auto tmpfs' /proc/mounts; systemctl stop run-auto.mount run-auto.automount; systemctl unmask run-auto.automount 2>/dev/null; mv kept run-auto.automount; systemctl daemon-reload; state run-auto.automount",
            Is("masked|cat: /run/auto/file: No such file or directory|1|inactive"),
        ),
        // Nothing to mount, and something that is mounted.
        (
            "systemctl start run-alone.automount 2>/dev/null; echo $?; show Result run-alone.automount; systemctl start run-tm.mount; systemctl start run-tm.automount 2>/dev/null; echo $?; state run-tm.mount; systemctl stop run-tm.mount",
            Is("1|resources|1|active"),
        ),
        // A mount that is masked later.
        (
            "systemctl start run-auto.automount; cd /etc/systemd/system; mv run-auto.mount kept; systemctl mask run-auto.mount 2>/dev/null; systemctl daemon-reload; cat /run/auto/file; eventually '[ $(state run-auto.automount) = failed ]'; show Result run-auto.automount; systemctl unmask run-auto.mount 2>/dev/null; mv kept run-auto.mount",
            Is("cat: /run/auto/file: Host is down|resources"),
        ),
        // What somebody else takes away is not served any more.
        (
            "systemctl daemon-reload; systemctl start run-auto.automount; umount -l /run/auto; eventually '[ $(state run-auto.automount) = failed ]'; show Result run-auto.automount",
            Is("unmounted"),
        ),
        // In use by a process that no unit stops, until the end of the machine.
        (
            "(echo $BASHPID >/sys/fs/cgroup/cgroup.procs; cd /run/busy; exec /opt/probe wait) >/dev/null 2>&1 & eventually '[ $(state run-busy.mount) = active ]'; show SubState run-busy.automount",
            Is("running"),
        ),
    ],
);
