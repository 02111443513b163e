//! Setters of systemd.exec(5): namespaces, protected paths and system calls.

use super::value::{Mistake, Outcome, Table, Value, absolute, append, not_a, optional, put};
use crate::model::{
    BindMount, CallFilter, ExecSettings, FilterStep, NamespacePath, Protect, Restriction,
};
use crate::{names, value, words};

/// CLONE_NEW flags (clone(2)).
const NAMESPACES: &[(&str, u64)] = &[
    ("cgroup", 0x0200_0000),
    ("ipc", 0x0800_0000),
    ("mnt", 0x0002_0000),
    ("net", 0x4000_0000),
    ("pid", 0x2000_0000),
    ("user", 0x1000_0000),
    ("uts", 0x0400_0000),
];

const SYSTEMS: &[(&str, Protect)] = &[("full", Protect::Full), ("strict", Protect::Strict)];
const HOMES: &[(&str, Protect)] = &[("read-only", Protect::Full), ("tmpfs", Protect::Strict)];
const GROUPS: &[(&str, Protect)] = &[("private", Protect::Full), ("strict", Protect::Strict)];
const TMPS: &[(&str, Protect)] = &[("connected", Protect::Yes), ("disconnected", Protect::Full)];
const USERS: &[(&str, Protect)] =
    &[("self", Protect::Yes), ("identity", Protect::Full), ("full", Protect::Strict)];

const PROCS: &[(&str, Option<&str>)] = &[
    ("default", None),
    ("noaccess", Some("noaccess")),
    ("invisible", Some("invisible")),
    ("ptraceable", Some("ptraceable")),
];

const MOUNT_FLAGS: &[(&str, &str)] =
    &[("shared", "shared"), ("slave", "slave"), ("private", "private")];

pub(crate) const SANDBOX: Table<ExecSettings> = &[
    ("ProtectSystem", |e, v| put(&mut e.protect_system, protect(v, SYSTEMS))),
    ("ProtectHome", |e, v| put(&mut e.protect_home, protect(v, HOMES))),
    ("ProtectControlGroups", |e, v| put(&mut e.protect_control_groups, protect(v, GROUPS))),
    ("PrivateTmp", |e, v| put(&mut e.private_tmp, protect(v, TMPS))),
    ("PrivateUsers", |e, v| put(&mut e.private_users, protect(v, USERS))),
    ("ProtectHostname", |e, v| put(&mut e.protect_hostname, v.boolean())),
    ("ProtectClock", |e, v| put(&mut e.protect_clock, v.boolean())),
    ("ProtectKernelTunables", |e, v| put(&mut e.protect_kernel_tunables, v.boolean())),
    ("ProtectKernelModules", |e, v| put(&mut e.protect_kernel_modules, v.boolean())),
    ("ProtectKernelLogs", |e, v| put(&mut e.protect_kernel_logs, v.boolean())),
    ("ProtectProc", |e, v| {
        put(&mut e.protect_proc, v.choice(PROCS, "noaccess, invisible, ptraceable or default"))
    }),
    ("ProcSubset", |e, v| {
        put(&mut e.proc_subset_pid, v.choice(&[("all", false), ("pid", true)], "all or pid"))
    }),
    ("PrivateDevices", |e, v| put(&mut e.private_devices, v.boolean())),
    ("PrivateNetwork", |e, v| put(&mut e.private_network, v.boolean())),
    ("PrivateIPC", |e, v| put(&mut e.private_ipc, v.boolean())),
    ("PrivatePIDs", |e, v| put(&mut e.private_pids, v.boolean())),
    ("PrivateMounts", |e, v| optional(&mut e.private_mounts, v, Value::boolean)),
    ("MountFlags", |e, v| {
        optional(&mut e.mount_flags, v, |v| v.choice(MOUNT_FLAGS, "shared, slave or private"))
    }),
    ("NetworkNamespacePath", |e, v| optional(&mut e.network_namespace_path, v, Value::path)),
    ("IPCNamespacePath", |e, v| optional(&mut e.ipc_namespace_path, v, Value::path)),
    ("ReadWritePaths", |e, v| paths(&mut e.read_write_paths, v)),
    ("ReadOnlyPaths", |e, v| paths(&mut e.read_only_paths, v)),
    ("InaccessiblePaths", |e, v| paths(&mut e.inaccessible_paths, v)),
    ("ReadWriteDirectories", |e, v| paths(&mut e.read_write_paths, v)),
    ("ReadOnlyDirectories", |e, v| paths(&mut e.read_only_paths, v)),
    ("InaccessibleDirectories", |e, v| paths(&mut e.inaccessible_paths, v)),
    ("ExecPaths", |e, v| paths(&mut e.exec_paths, v)),
    ("NoExecPaths", |e, v| paths(&mut e.no_exec_paths, v)),
    ("BindPaths", |e, v| binds(e, v, false)),
    ("BindReadOnlyPaths", |e, v| binds(e, v, true)),
    ("TemporaryFileSystem", |e, v| {
        append(&mut e.temporary_file_systems, v, |v| {
            let one = |word: &String| {
                let (path, options) = word.split_once(':').unwrap_or((word, ""));
                Ok((absolute(path)?, options.to_owned()))
            };
            v.words()?.iter().map(one).collect()
        })
    }),
    ("RemoveIPC", |e, v| put(&mut e.remove_ipc, v.boolean())),
    ("MemoryDenyWriteExecute", |e, v| put(&mut e.memory_deny_write_execute, v.boolean())),
    ("RestrictRealtime", |e, v| put(&mut e.restrict_realtime, v.boolean())),
    ("RestrictSUIDSGID", |e, v| put(&mut e.restrict_suid_sgid, v.boolean())),
    ("LockPersonality", |e, v| put(&mut e.lock_personality, v.boolean())),
    ("RestrictNamespaces", restrict_namespaces),
    ("RestrictAddressFamilies", |e, v| {
        restrict(&mut e.restrict_address_families, v, |word| {
            names::address_family(word)
                .ok_or_else(|| not_a(word, "an address family such as AF_INET"))
        })
    }),
    ("RestrictFileSystems", |e, v| {
        restrict(&mut e.restrict_file_systems, v, |word| Ok(word.to_owned()))
    }),
    ("SystemCallFilter", |e, v| call_filter(&mut e.system_call_filter, v)),
    ("SystemCallLog", |e, v| call_filter(&mut e.system_call_log, v)),
    ("SystemCallErrorNumber", |e, v| {
        e.system_call_errno = match v.raw {
            "" | "kill" => None,
            name => Some(errno(name)?),
        };
        Ok(())
    }),
    ("SystemCallArchitectures", |e, v| {
        if v.is_reset() {
            e.system_call_architectures.clear();
        }
        e.system_call_architectures.extend(v.words()?);
        Ok(())
    }),
];

/// Yes, no, or a word of its own.
fn protect(value: &Value<'_>, words: &[(&str, Protect)]) -> Result<Protect, Mistake> {
    if let Some((_, step)) = words.iter().find(|(word, _)| *word == value.raw) {
        return Ok(*step);
    }
    match value::boolean(value.raw) {
        Some(true) => Ok(Protect::Yes),
        Some(false) => Ok(Protect::No),
        None => Err(not_a(value.raw, "yes, no or one of the directive's own words")),
    }
}

fn paths(list: &mut Vec<NamespacePath>, value: &Value<'_>) -> Outcome {
    append(list, value, |value| {
        let words = value.words()?;
        words.iter().map(|word| namespace_path(word)).collect()
    })
}

fn namespace_path(word: &str) -> Result<NamespacePath, Mistake> {
    let (mut may_miss, mut below_root, mut rest) = (false, false, word);
    loop {
        if let (Some(after), false) = (rest.strip_prefix('-'), may_miss) {
            (may_miss, rest) = (true, after);
        } else if let (Some(after), false) = (rest.strip_prefix('+'), below_root) {
            (below_root, rest) = (true, after);
        } else {
            return Ok(NamespacePath { path: absolute(rest)?, may_miss, below_root });
        }
    }
}

/// `[-]SOURCE[:TARGET[:rbind|norbind]]`, a colon of a path being escaped by a backslash.
fn binds(exec: &mut ExecSettings, value: &Value<'_>, read_only: bool) -> Outcome {
    if value.is_reset() {
        exec.bind_mounts.retain(|bind| bind.read_only != read_only);
        return Ok(());
    }
    for word in value.words()? {
        let (may_miss, rest) = super::exec::dash(&word);
        let parts = colon_parts(rest);
        let source = absolute(parts.first().map_or("", String::as_str))?;
        let target = match parts.get(1).filter(|target| !target.is_empty()) {
            Some(target) => absolute(target)?,
            None => source.clone(),
        };
        let not_recursive = match parts.get(2).map_or("", String::as_str) {
            "" | "rbind" => false,
            "norbind" => true,
            other => return Err(not_a(other, "rbind or norbind")),
        };
        exec.bind_mounts.push(BindMount { source, target, may_miss, not_recursive, read_only });
    }
    Ok(())
}

fn colon_parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        match c {
            ':' => parts.push(String::new()),
            '\\' => parts[last].extend(chars.next()),
            c => parts[last].push(c),
        }
    }
    parts
}

fn restrict_namespaces(exec: &mut ExecSettings, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        exec.restrict_namespaces = None;
        return Ok(());
    }
    if let Some(yes) = value::boolean(value.raw) {
        exec.restrict_namespaces = yes.then_some(0);
        return Ok(());
    }
    let (inverted, list) = value.raw.strip_prefix('~').map_or((false, value.raw), |l| (true, l));
    let mut flags = 0;
    for word in list.split_whitespace() {
        let row = NAMESPACES.iter().find(|(name, _)| *name == word);
        flags |= row.ok_or_else(|| not_a(word, "a namespace such as net"))?.1;
    }
    let all = NAMESPACES.iter().fold(0, |all, (_, flag)| all | flag);
    exec.restrict_namespaces = Some(match (exec.restrict_namespaces, inverted) {
        (None, true) => all & !flags,
        (None, false) => flags,
        (Some(known), true) => known & !flags,
        (Some(known), false) => known | flags,
    });
    Ok(())
}

/// The first line says whether the list is what is allowed or what is refused; later ones add or take away.
fn restrict<T: Ord>(
    field: &mut Option<Restriction<T>>,
    value: &Value<'_>,
    read: impl Fn(&str) -> Result<T, Mistake>,
) -> Outcome {
    if value.is_reset() {
        *field = None;
        return Ok(());
    }
    let (inverted, list) = value.raw.strip_prefix('~').map_or((false, value.raw), |l| (true, l));
    let allow = !inverted;
    if list == "none" {
        *field = Some(Restriction { allow: true, members: std::collections::BTreeSet::new() });
        return Ok(());
    }
    let empty = || Restriction { allow, members: std::collections::BTreeSet::new() };
    let restriction = field.get_or_insert_with(empty);
    let mut outcome = Ok(());
    for word in (Value { raw: list, ..*value }).words()? {
        match read(&word) {
            Ok(member) if restriction.allow == allow => {
                restriction.members.insert(member);
            }
            Ok(member) => {
                restriction.members.remove(&member);
            }
            Err(mistake) => outcome = Err(mistake),
        }
    }
    outcome
}

fn call_filter(field: &mut Option<CallFilter>, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        *field = None;
        return Ok(());
    }
    let (inverted, list) = value.raw.strip_prefix('~').map_or((false, value.raw), |l| (true, l));
    let allow = !inverted;
    let filter = field.get_or_insert_with(|| CallFilter { allow, steps: Vec::new() });
    let add = filter.allow == allow;
    for word in words::split(list)? {
        let (name, errno) = match word.text.split_once(':') {
            Some((name, "kill")) => (name, Some(-1)),
            Some((name, number)) => (name, Some(errno(number)?)),
            None => (word.text.as_str(), None),
        };
        filter.steps.push(FilterStep { add, name: name.to_owned(), errno });
    }
    Ok(())
}

fn errno(text: &str) -> Result<i32, Mistake> {
    let number = text.parse().ok().filter(|number| (1..=4095).contains(number));
    number
        .or_else(|| names::errno(text))
        .ok_or_else(|| not_a(text, "the name or number of an error, or kill"))
}
