//! Filters of single settings: `RestrictAddressFamilies=`, `RestrictNamespaces=`, `MemoryDenyWriteExecute=`,
//! `RestrictRealtime=`, `RestrictSUIDSGID=`, `LockPersonality=` and those that `Protect...=` bring along.

use std::collections::{BTreeMap, BTreeSet};

use keelson_units::model::{ExecSettings, Restriction};

use super::bpf::{self, ALLOW, Block, Blocks, Check, Condition, Decision, errno};
use super::{Filter, calls, table};
use crate::stage::Stage;

/// All namespaces (CLONE_NEW...): time, mount, cgroup, UTS, IPC, user, PID, network.
const NAMESPACES: [u32; 8] = [
    0x80,
    0x0002_0000,
    0x0200_0000,
    0x0400_0000,
    0x0800_0000,
    0x1000_0000,
    0x2000_0000,
    0x4000_0000,
];
/// O_CREAT, and the bit of O_TMPFILE that is not O_DIRECTORY.
const CREATES: [u32; 2] = [0o100, 0o20_000_000];
/// S_ISUID and S_ISGID.
const SPECIAL_BITS: [u32; 2] = [0o4000, 0o2000];
/// The PROT_ and SHM_ bits.
const WRITE: u32 = 2;
const EXECUTE: u32 = 4;
const SHM_EXECUTE: u32 = 0o100_000;
/// SCHED_OTHER, SCHED_BATCH, SCHED_IDLE.
const ORDINARY: [u32; 3] = [0, 3, 5];
/// `personality` only asks.
const QUERY: u32 = 0xffff_ffff;

/// The filters that the settings ask for.
pub fn filters(exec: &ExecSettings) -> Vec<Filter> {
    let mut filters = Vec::new();
    let mut checks = Checks::default();
    if let Some(families) = &exec.restrict_address_families {
        checks.address_families(families);
        filters.push((Stage::AddressFamilies, checks.take()));
    }
    if exec.memory_deny_write_execute {
        checks.write_execute();
    }
    if exec.restrict_realtime {
        let ordinary = ORDINARY.map(|policy| unlike(1, policy));
        checks.add(&["sched_setscheduler"], &ordinary, libc::EPERM);
    }
    if exec.restrict_suid_sgid {
        checks.special_bits();
    }
    if let Some(allowed) = exec.restrict_namespaces {
        checks.namespaces(allowed);
    }
    if exec.lock_personality {
        let own = if exec.personality.as_deref() == Some("x86") { 8 } else { 0 };
        checks.add(&["personality"], &[unlike(0, own), unlike(0, QUERY)], libc::EPERM);
    }
    if !checks.is_empty() {
        filters.push((Stage::Seccomp, checks.take()));
    }
    let refused = refused_names(exec);
    if !refused.is_empty() {
        let actions = refused.into_iter().map(|name| (name, errno(libc::EPERM))).collect();
        filters.push((Stage::Seccomp, calls::by_name(&actions, ALLOW, ALLOW)));
    }
    filters
}

/// System calls that settings refuse whole.
fn refused_names(exec: &ExecSettings) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (set, refused) in [
        (exec.protect_clock, &["@clock"][..]),
        (exec.protect_kernel_modules, &["@module"]),
        (exec.protect_kernel_logs, &["syslog"]),
        (exec.protect_hostname, &["sethostname", "setdomainname"]),
        (exec.protect_kernel_tunables, &["_sysctl"]),
        (exec.private_devices, &["@raw-io"]),
    ] {
        for name in refused.iter().filter(|_| set) {
            table::expand(name, &mut names);
        }
    }
    names
}

fn like(argument: u8, mask: u32, value: u32) -> Condition {
    Condition { argument, mask, value, negated: false }
}

fn unlike(argument: u8, value: u32) -> Condition {
    Condition { argument, mask: u32::MAX, value, negated: true }
}

/// Checks by name; every other call is allowed.
#[derive(Default)]
struct Checks(Vec<(&'static str, Check)>);

impl Checks {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, names: &[&'static str], conditions: &[Condition], error: i32) {
        for name in names {
            let check = Check { conditions: conditions.to_vec(), action: errno(error) };
            self.0.push((name, check));
        }
    }

    /// `socket` alone: descriptors that are handed over are not the setting's business. i386 has `socketcall` too,
    /// whose arguments no filter sees; `SystemCallArchitectures=native` shuts it.
    fn address_families(&mut self, families: &Restriction<i32>) {
        let members = families.members.iter().map(|family| family.unsigned_abs());
        if families.allow {
            let unlisted: Vec<_> = members.map(|family| unlike(0, family)).collect();
            self.add(&["socket"], &unlisted, libc::EAFNOSUPPORT);
        } else {
            for family in members {
                self.add(&["socket"], &[like(0, u32::MAX, family)], libc::EAFNOSUPPORT);
            }
        }
    }

    /// No memory is writable and executable, and none becomes executable.
    fn write_execute(&mut self) {
        let both = WRITE | EXECUTE;
        self.add(&["mmap", "mmap2"], &[like(2, both, both)], libc::EPERM);
        self.add(&["mprotect", "pkey_mprotect"], &[like(2, EXECUTE, EXECUTE)], libc::EPERM);
        self.add(&["shmat"], &[like(2, SHM_EXECUTE, SHM_EXECUTE)], libc::EPERM);
    }

    fn special_bits(&mut self) {
        for bit in SPECIAL_BITS {
            let mode = |argument| [like(argument, bit, bit)];
            self.add(&["chmod", "fchmod", "mkdir", "mknod", "creat"], &mode(1), libc::EPERM);
            let second = ["fchmodat", "fchmodat2", "mkdirat", "mknodat"];
            self.add(&second, &mode(2), libc::EPERM);
            for flag in CREATES {
                self.add(&["open"], &[like(1, flag, flag), like(2, bit, bit)], libc::EPERM);
                self.add(&["openat"], &[like(2, flag, flag), like(3, bit, bit)], libc::EPERM);
            }
        }
        // Its mode is behind a pointer; programs fall back to openat.
        self.add(&["openat2"], &[], libc::ENOSYS);
    }

    fn namespaces(&mut self, allowed: u64) {
        for flag in NAMESPACES.into_iter().filter(|flag| allowed & u64::from(*flag) == 0) {
            self.add(&["clone", "unshare"], &[like(0, flag, flag)], libc::EPERM);
            self.add(&["setns"], &[like(1, flag, flag)], libc::EPERM);
        }
        // Zero stands for any kind.
        self.add(&["setns"], &[like(1, u32::MAX, 0)], libc::EPERM);
        // Its flags are behind a pointer; the C library falls back to clone.
        self.add(&["clone3"], &[], libc::ENOSYS);
    }

    /// The program of all checks so far.
    fn take(&mut self) -> Vec<bpf::Instruction> {
        let checks = std::mem::take(&mut self.0);
        let empty = || Block { calls: BTreeMap::new(), default: ALLOW };
        let mut blocks = Blocks { x86_64: empty(), i386: empty(), x32: empty(), other: ALLOW };
        for (name, numbers) in table::calls() {
            let own: Vec<Check> = checks
                .iter()
                .filter(|(of, _)| *of == name)
                .map(|(_, check)| check.clone())
                .collect();
            if own.is_empty() {
                continue;
            }
            let decision = Decision { checks: own, otherwise: ALLOW };
            for (block, number, is_i386) in [
                (&mut blocks.x86_64, numbers.x86_64, false),
                (&mut blocks.i386, numbers.i386, true),
                (&mut blocks.x32, numbers.x32, false),
            ] {
                // The old mmap of i386 has its arguments behind a pointer, and programs have mmap2.
                let old = is_i386 && name == "mmap";
                let decision =
                    if old { Decision::always(errno(libc::EPERM)) } else { decision.clone() };
                block.calls.extend(number.map(|number| (number, decision)));
            }
        }
        bpf::program(&blocks)
    }
}
