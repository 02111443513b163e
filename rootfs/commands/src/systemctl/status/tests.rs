use keelson_control::{
    CommandStatus, ConditionStatus, Exit, JobKind, ListenStatus, Remark, ResourceUse,
    ServiceStatus, SocketStatus, Stamp, TimerStatus,
};

use super::*;
use crate::clock::{MINUTE, Now, SECOND};

const NOW: Now = Now { real: 1_795_332_501 * SECOND, mono: 4000 * SECOND };

fn before(span: u64) -> Stamp {
    Stamp { real: NOW.real - span, mono: NOW.mono - span }
}

fn check(unit: &UnitStatus, around: &Surroundings, expected: &str) {
    let found = text(unit, around, &Screen::plain(NOW));
    assert_eq!(found, expected.strip_prefix('\n').expect("a golden text begins on its own line"));
}

fn ssh() -> UnitStatus {
    let mut unit = UnitStatus::new("ssh.service", LoadState::Loaded);
    unit.description = "OpenBSD Secure Shell server".into();
    unit.fragment = Some("/usr/lib/systemd/system/ssh.service".into());
    unit.documentation = vec!["man:sshd(8)".into(), "man:sshd_config(5)".into()];
    unit.active = ActiveState::Active;
    unit.sub = "running".into();
    unit.active_enter = before(39 * MINUTE);
    unit.invocation = Some("0123456789abcdef0123456789abcdef".into());
    let test = CommandStatus {
        directive: "ExecStartPre".into(),
        path: "/usr/sbin/sshd".into(),
        arguments: vec!["/usr/sbin/sshd".into(), "-t".into()],
        pid: 712,
        code: Some(Exit::Exited),
        ..CommandStatus::default()
    };
    unit.service = Some(Box::new(ServiceStatus {
        main_pid: 722,
        commands: vec![test],
        ..ServiceStatus::default()
    }));
    unit.cgroup = Some("/system.slice/ssh.service".into());
    unit.resources = Some(ResourceUse {
        tasks: Some(1),
        tasks_max: Some(2320),
        memory: Some(6_186_598),
        memory_peak: Some(6_815_744),
        cpu: Some(33_456),
        ..ResourceUse::default()
    });
    unit
}

#[test]
fn a_running_service() {
    let around = Surroundings {
        enabled: Some(("enabled".into(), Some(true))),
        group: Some(Group {
            name: "/system.slice/ssh.service".into(),
            processes: vec![(722, "/usr/sbin/sshd -D".into())],
            groups: vec![Group {
                name: "sub".into(),
                processes: vec![(1000, "sleep 5".into())],
                groups: Vec::new(),
            }],
        }),
        programs: BTreeMap::from([(722, "sshd".into())]),
        log: vec!["Nov 22 06:49:21 host sshd[722]: Server listening on :: port 22.".into()],
        ..Surroundings::default()
    };
    check(
        &ssh(),
        &around,
        "
● ssh.service - OpenBSD Secure Shell server
     Loaded: loaded (/usr/lib/systemd/system/ssh.service; enabled; preset: enabled)
     Active: active (running) since Sun 2026-11-22 06:49:21 UTC; 39min ago
 Invocation: 0123456789abcdef0123456789abcdef
       Docs: man:sshd(8)
             man:sshd_config(5)
    Process: 712 ExecStartPre=/usr/sbin/sshd -t (code=exited, status=0/SUCCESS)
   Main PID: 722 (sshd)
      Tasks: 1 (limit: 2320)
     Memory: 5.8M (peak: 6.5M)
        CPU: 33ms
     CGroup: /system.slice/ssh.service
             ├─ 722 /usr/sbin/sshd -D
             └─sub
               └─1000 sleep 5

Nov 22 06:49:21 host sshd[722]: Server listening on :: port 22.
",
    );
}

#[test]
fn a_failed_service_with_a_bad_line_in_its_drop_in() {
    let mut unit = ssh();
    unit.active = ActiveState::Failed;
    unit.sub = "failed".into();
    unit.result = "signal".into();
    unit.active_exit = before(5 * SECOND);
    unit.inactive_enter = before(4 * SECOND);
    unit.invocation = None;
    unit.documentation.clear();
    unit.drop_ins = vec![
        "/etc/systemd/system/ssh.service.d/a.conf".into(),
        "/run/systemd/system/ssh.service.d/b.conf".into(),
    ];
    unit.remarks = vec![Remark {
        file: unit.drop_ins[0].clone(),
        line: 2,
        message: "unknown directive `Exec`".into(),
    }];
    unit.cgroup = None;
    unit.resources = None;
    unit.service = Some(Box::new(ServiceStatus {
        exec_main_pid: 722,
        exec_main_code: Some(Exit::Killed),
        exec_main_status: 9,
        status_text: Some("Serving".into()),
        ..ServiceStatus::default()
    }));
    check(
        &unit,
        &Surroundings {
            enabled: Some(("disabled".into(), Some(false))),
            ..Surroundings::default()
        },
        "
× ssh.service - OpenBSD Secure Shell server
     Loaded: loaded (/usr/lib/systemd/system/ssh.service; disabled; preset: disabled)
    Warning: /etc/systemd/system/ssh.service.d/a.conf:2: unknown directive `Exec`
    Drop-In: /etc/systemd/system/ssh.service.d
             ├─a.conf
             /run/systemd/system/ssh.service.d
             └─b.conf
     Active: failed (Result: signal) since Sun 2026-11-22 07:28:17 UTC; 4s ago
   Duration: 38min 55s
   Main PID: 722 (code=killed, signal=KILL)
     Status: \"Serving\"
",
    );
}

#[test]
fn a_unit_whose_condition_did_not_hold() {
    let mut unit = UnitStatus::new("x.service", LoadState::Loaded);
    unit.condition_at = before(5 * SECOND);
    unit.job = Some((4, JobKind::Start));
    unit.conditions = vec![ConditionStatus {
        directive: "ConditionPathExists".into(),
        value: "!/etc/x".into(),
        held: Some(false),
    }];
    check(
        &unit,
        &Surroundings::default(),
        "
○ x.service
     Loaded: loaded
     Active: inactive (dead)
        Job: 4 (start)
  Condition: start condition unmet at Sun 2026-11-22 07:28:16 UTC; 5s ago
             └─ConditionPathExists=!/etc/x was not met
",
    );
}

#[test]
fn a_masked_unit_and_one_that_is_bad() {
    let unit = UnitStatus::new("x.service", LoadState::Masked);
    check(
        &unit,
        &Surroundings::default(),
        "
○ x.service
     Loaded: masked (Reason: Unit x.service is masked.)
     Active: inactive (dead)
",
    );
    let mut unit = UnitStatus::new("x.service", LoadState::BadSetting);
    unit.load_error = Some("/etc/systemd/system/x.service:1: no ExecStart=".into());
    check(
        &unit,
        &Surroundings::default(),
        "
○ x.service
     Loaded: bad-setting (Reason: /etc/systemd/system/x.service:1: no ExecStart=)
     Active: inactive (dead)
",
    );
}

#[test]
fn a_timer_and_a_socket_say_what_they_wait_for() {
    let mut unit = UnitStatus::new("x.timer", LoadState::Loaded);
    unit.active = ActiveState::Active;
    unit.sub = "waiting".into();
    unit.triggers = vec!["x.service".into()];
    unit.timer = Some(TimerStatus { next_real: NOW.real + 20 * MINUTE, ..TimerStatus::default() });
    let states = BTreeMap::from([("x.service".to_owned(), ActiveState::Failed)]);
    check(
        &unit,
        &Surroundings { states, ..Surroundings::default() },
        "
● x.timer
     Loaded: loaded
     Active: active (waiting)
    Trigger: Sun 2026-11-22 07:48:21 UTC; 20min left
   Triggers: × x.service
",
    );
    let mut unit = UnitStatus::new("x.socket", LoadState::Loaded);
    let listen = ListenStatus { kind: "Stream".into(), address: "[::]:22".into() };
    unit.socket = Some(SocketStatus {
        listen: vec![listen],
        accept: true,
        accepted: 3,
        connections: 1,
        refused: 2,
    });
    check(
        &unit,
        &Surroundings::default(),
        "
○ x.socket
     Loaded: loaded
     Active: inactive (dead)
     Listen: [::]:22 (Stream)
   Accepted: 3; Connected: 1; Refused: 2
",
    );
}
