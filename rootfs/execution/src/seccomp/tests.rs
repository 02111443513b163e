use std::collections::BTreeSet;
use std::process::Command;

use keelson_units::model::{CallFilter, FilterStep, Restriction};
use proptest::prelude::*;

use super::bpf::interpreter::{Architecture, run};
use super::bpf::{ALLOW, Instruction, KILL, LOG, errno};
use super::*;

fn step(add: bool, name: &str, errno: Option<i32>) -> FilterStep {
    FilterStep { add, name: name.to_owned(), errno }
}

fn numbers(name: &str) -> table::Numbers {
    table::calls().find(|(call, _)| *call == name).expect("a system call").1
}

fn number(name: &str) -> u32 {
    numbers(name).x86_64.expect("x86-64 has it")
}

fn native(program: &[Instruction], name: &str, arguments: &[u32]) -> u32 {
    run(program, Architecture::X86_64, number(name), arguments)
}

fn only(exec: &ExecSettings) -> Vec<Instruction> {
    let (filters, remarks) = programs(exec).expect("short programs");
    assert_eq!((filters.len(), remarks), (1, Vec::new()));
    filters.into_iter().next().expect("one").1
}

#[test]
fn the_sets_are_complete_and_lead_to_known_names() {
    let names: Vec<_> = table::sets().collect();
    assert_eq!(names.len(), 30);
    for (name, some) in [
        ("@system-service", "socket"),
        ("@mount", "pivot_root"),
        ("@raw-io", "iopl"),
        ("@clock", "settimeofday"),
        ("@default", "execve"),
        ("@sandbox", "seccomp"),
    ] {
        let mut members = BTreeSet::new();
        assert!(table::expand(name, &mut members), "{name}");
        assert!(members.contains(some), "{name}");
    }
    let mut known = BTreeSet::new();
    table::expand("@known", &mut known);
    let mut foreign = BTreeSet::new();
    for name in names {
        let mut members = BTreeSet::new();
        table::expand(name, &mut members);
        assert!(!members.is_empty(), "{name}");
        foreign.extend(members.difference(&known).cloned());
    }
    // Names that are in no kernel of today, but in systemd's own sets.
    let foreign: Vec<_> = foreign.iter().map(String::as_str).collect();
    assert_eq!(foreign, ["fstatat", "newfstat", "nfsservctl"]);
    assert!(!table::expand("@no-such-set", &mut known));
}

#[test]
fn an_allow_list_refuses_what_it_does_not_name() {
    let exec = ExecSettings {
        system_call_filter: Some(CallFilter {
            allow: true,
            steps: vec![
                step(true, "@system-service", None),
                step(false, "@resources", None),
                step(true, "reboot", Some(libc::EACCES)),
            ],
        }),
        system_call_errno: Some(libc::EPERM),
        ..ExecSettings::default()
    };
    let program = only(&exec);
    for (name, expected) in [
        ("read", ALLOW),
        ("execve", ALLOW),
        ("socket", ALLOW),
        ("mount", errno(libc::EPERM)),
        ("sched_setscheduler", errno(libc::EPERM)),
        ("reboot", errno(libc::EACCES)),
    ] {
        assert_eq!(native(&program, name, &[]), expected, "{name}");
    }
    // One that came later than the list.
    assert_eq!(run(&program, Architecture::X86_64, 5000, &[]), errno(libc::ENOSYS));
    let mount = numbers("mount");
    let i386 = run(&program, Architecture::I386, mount.i386.expect("it has it"), &[]);
    let x32 = run(&program, Architecture::X32, mount.x32.expect("it has it"), &[]);
    assert_eq!((i386, x32), (errno(libc::EPERM), errno(libc::EPERM)));
}

#[test]
fn a_deny_list_kills_and_may_have_errors_of_its_own() {
    let steps = vec![
        step(true, "@mount", None),
        step(true, "ptrace", Some(1)),
        step(true, "bpf", Some(-1)),
    ];
    let exec = ExecSettings {
        system_call_filter: Some(CallFilter { allow: false, steps }),
        ..ExecSettings::default()
    };
    let program = only(&exec);
    for (name, expected) in
        [("mount", KILL), ("ptrace", errno(1)), ("bpf", KILL), ("read", ALLOW), ("execve", ALLOW)]
    {
        assert_eq!(native(&program, name, &[]), expected, "{name}");
    }
    assert_eq!(run(&program, Architecture::X86_64, 5000, &[]), ALLOW);
}

#[test]
fn unknown_names_are_remarks() {
    let steps = vec![step(true, "no_such_call", None), step(true, "@none", None)];
    let exec = ExecSettings {
        system_call_filter: Some(CallFilter { allow: false, steps }),
        ..ExecSettings::default()
    };
    assert_eq!(programs(&exec).expect("short programs").1.len(), 2);
}

#[test]
fn foreign_architectures_are_killed() {
    let exec = ExecSettings {
        system_call_architectures: BTreeSet::from(["native".to_owned()]),
        ..ExecSettings::default()
    };
    let program = only(&exec);
    for (architecture, expected) in
        [(Architecture::X86_64, ALLOW), (Architecture::I386, KILL), (Architecture::X32, KILL)]
    {
        assert_eq!(run(&program, architecture, 1, &[]), expected, "{architecture:?}");
    }
}

#[test]
fn address_families_are_allowed_or_refused() {
    let refused = errno(libc::EAFNOSUPPORT);
    for (allow, expected) in [(true, [ALLOW, ALLOW, refused]), (false, [refused, refused, ALLOW])] {
        let members = BTreeSet::from([libc::AF_UNIX, libc::AF_INET]);
        let exec = ExecSettings {
            restrict_address_families: Some(Restriction { allow, members }),
            ..ExecSettings::default()
        };
        let program = only(&exec);
        let families = [1, 2, 16].map(|family| native(&program, "socket", &[family]));
        assert_eq!(families, expected, "allow: {allow}");
        assert_eq!(native(&program, "connect", &[16]), ALLOW);
    }
    let none = Restriction { allow: true, members: BTreeSet::new() };
    let exec = ExecSettings { restrict_address_families: Some(none), ..ExecSettings::default() };
    assert_eq!(native(&only(&exec), "socket", &[1]), refused);
}

/// A setting, a call with its arguments, and what comes of it.
type Row = (fn(&mut ExecSettings), &'static str, &'static [u32], u32);

#[test]
fn single_settings_refuse_what_they_say() {
    let denied = errno(libc::EPERM);
    let all = |change: fn(&mut ExecSettings)| {
        let mut exec = ExecSettings::default();
        change(&mut exec);
        only(&exec)
    };
    let table: Vec<Row> = vec![
        (|e| e.memory_deny_write_execute = true, "mmap", &[0, 0, 6], denied),
        (|e| e.memory_deny_write_execute = true, "mmap", &[0, 0, 5], ALLOW),
        (|e| e.memory_deny_write_execute = true, "mprotect", &[0, 0, 4], denied),
        (|e| e.memory_deny_write_execute = true, "shmat", &[0, 0, 0o100_000], denied),
        (|e| e.restrict_realtime = true, "sched_setscheduler", &[0, 1], denied),
        (|e| e.restrict_realtime = true, "sched_setscheduler", &[0, 3], ALLOW),
        (|e| e.restrict_suid_sgid = true, "chmod", &[0, 0o4755], denied),
        (|e| e.restrict_suid_sgid = true, "chmod", &[0, 0o755], ALLOW),
        (|e| e.restrict_suid_sgid = true, "openat", &[0, 0, 0o101, 0o2755], denied),
        (|e| e.restrict_suid_sgid = true, "openat", &[0, 0, 1, 0o2755], ALLOW),
        (|e| e.restrict_suid_sgid = true, "openat2", &[], errno(libc::ENOSYS)),
        (|e| e.restrict_namespaces = Some(0x2000_0000), "unshare", &[0x2000_0000], ALLOW),
        (|e| e.restrict_namespaces = Some(0x2000_0000), "unshare", &[0x4000_0000], denied),
        (|e| e.restrict_namespaces = Some(0), "clone", &[0x1000_0011], denied),
        (|e| e.restrict_namespaces = Some(0), "clone", &[0x11], ALLOW),
        (|e| e.restrict_namespaces = Some(0), "setns", &[3, 0], denied),
        (|e| e.restrict_namespaces = Some(0), "clone3", &[], errno(libc::ENOSYS)),
        (|e| e.lock_personality = true, "personality", &[8], denied),
        (|e| e.lock_personality = true, "personality", &[u32::MAX], ALLOW),
        (|e| e.lock_personality = true, "personality", &[0], ALLOW),
        (|e| e.protect_clock = true, "settimeofday", &[], denied),
        (|e| e.protect_kernel_modules = true, "init_module", &[], denied),
        (|e| e.protect_kernel_logs = true, "syslog", &[], denied),
        (|e| e.protect_hostname = true, "sethostname", &[], denied),
        (|e| e.private_devices = true, "iopl", &[], denied),
    ];
    for (change, name, arguments, expected) in table {
        assert_eq!(native(&all(change), name, arguments), expected, "{name} {arguments:?}");
    }
}

#[test]
fn logged_calls_are_made() {
    let steps = vec![step(true, "mount", None)];
    let exec = ExecSettings {
        system_call_log: Some(CallFilter { allow: true, steps }),
        ..ExecSettings::default()
    };
    let program = only(&exec);
    assert_eq!((native(&program, "mount", &[]), native(&program, "read", &[])), (LOG, ALLOW));
}

/// Loads a filter in a real process without privileges and runs a command under it.
#[expect(unsafe_code, reason = "the filter is loaded between fork and execve")]
fn filtered(program: Vec<Instruction>, line: &str) -> std::process::ExitStatus {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).stderr(std::process::Stdio::null());
    let load = move || {
        for action in
            [crate::plan::Action::NoNewPrivileges, crate::plan::Action::Filter(program.clone())]
        {
            crate::run::identity::perform(&action)
                .map_err(|errno| std::io::Error::from_raw_os_error(errno.0))?;
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls; the copy of the program is small.
    unsafe { command.pre_exec(load) };
    command.status().expect("a shell is started")
}

#[test]
fn the_kernel_takes_the_filters_and_keeps_to_them() {
    let steps = vec![step(true, "@system-service", None)];
    let mut exec = ExecSettings {
        system_call_filter: Some(CallFilter { allow: true, steps }),
        system_call_errno: Some(libc::EPERM),
        ..ExecSettings::default()
    };
    assert!(filtered(only(&exec), "ls / >/dev/null").success());
    exec.system_call_filter = Some(CallFilter {
        allow: false,
        steps: vec![
            step(true, "mkdir", Some(libc::EACCES)),
            step(true, "mkdirat", Some(libc::EACCES)),
        ],
    });
    let folder = tempfile::tempdir().expect("a folder");
    let line = format!("mkdir {}/x", folder.path().display());
    assert!(!filtered(only(&exec), &line).success());
    assert!(!folder.path().join("x").exists());
    let exec = ExecSettings { restrict_suid_sgid: true, ..ExecSettings::default() };
    let line = format!("cd {} && touch f && chmod 755 f && chmod 4755 f", folder.path().display());
    assert!(!filtered(only(&exec), &line).success());
}

proptest! {
    #[test]
    fn programs_say_what_the_decisions_say(
        calls in proptest::collection::btree_map(0_u32..600, any::<bool>(), 0..80),
        asked in 0_u32..700,
    ) {
        let decision = |denied: bool| bpf::Decision::always(if denied { KILL } else { LOG });
        let block = bpf::Block {
            calls: calls.iter().map(|(number, denied)| (*number, decision(*denied))).collect(),
            default: ALLOW,
        };
        let blocks = bpf::Blocks { x86_64: block.clone(), i386: block.clone(), x32: block, other: KILL };
        let program = bpf::program(&blocks);
        let expected = calls.get(&asked).map_or(ALLOW, |denied| if *denied { KILL } else { LOG });
        for architecture in [Architecture::X86_64, Architecture::I386, Architecture::X32] {
            prop_assert_eq!(run(&program, architecture, asked, &[]), expected);
        }
    }
}
