//! Filters by name and architecture: `SystemCallFilter=`, `SystemCallLog=`, `SystemCallArchitectures=`.

use std::collections::{BTreeMap, BTreeSet};

use keelson_units::model::{CallFilter, ExecSettings};

use super::bpf::{self, ALLOW, Block, Blocks, Decision, KILL, LOG, errno};
use super::{Filter, table};
use crate::stage::Stage;

/// How `kill` is written as an error number.
const KILLS: i32 = -1;

/// An action for each of the names, and one for all others.
pub fn by_name(
    actions: &BTreeMap<String, u32>,
    default: u32,
    unknown: u32,
) -> Vec<bpf::Instruction> {
    let empty = || Block { calls: BTreeMap::new(), default: unknown };
    let mut blocks = Blocks { x86_64: empty(), i386: empty(), x32: empty(), other: ALLOW };
    for (name, numbers) in table::calls() {
        let action = actions.get(name).copied().unwrap_or(default);
        for (block, number) in [
            (&mut blocks.x86_64, numbers.x86_64),
            (&mut blocks.i386, numbers.i386),
            (&mut blocks.x32, numbers.x32),
        ] {
            block.calls.extend(number.map(|number| (number, Decision::always(action))));
        }
    }
    bpf::program(&blocks)
}

/// `SystemCallFilter=` with `SystemCallErrorNumber=`.
pub fn filtered(exec: &ExecSettings, remarks: &mut Vec<String>) -> Option<Filter> {
    let (actions, allow, refusal) = actions(exec, remarks)?;
    // Calls that are newer than this list are as if the kernel did not have them: programs then do without.
    let (default, unknown) = if allow { (refusal, errno(libc::ENOSYS)) } else { (ALLOW, ALLOW) };
    Some((Stage::Seccomp, by_name(&actions, default, unknown)))
}

/// Whether `SystemCallFilter=` lets all these through.
pub fn allows(exec: &ExecSettings, calls: &[&str]) -> bool {
    // Remarks come with the filter itself.
    actions(exec, &mut Vec::new()).is_none_or(|(actions, allow, refusal)| {
        let default = if allow { refusal } else { ALLOW };
        calls.iter().all(|call| *actions.get(*call).unwrap_or(&default) == ALLOW)
    })
}

/// What `SystemCallFilter=` does by name, whether the names are what is allowed, and how calls are refused.
fn actions(
    exec: &ExecSettings,
    remarks: &mut Vec<String>,
) -> Option<(BTreeMap<String, u32>, bool, u32)> {
    let filter = exec.system_call_filter.as_ref()?;
    let refusal = match exec.system_call_errno {
        None | Some(KILLS) => KILL,
        Some(number) => errno(number),
    };
    let mut names = resolve(filter, remarks);
    if filter.allow {
        // What every program needs is allowed without being named.
        let mut always = BTreeSet::new();
        table::expand("@default", &mut always);
        for name in always {
            names.entry(name).or_insert(None);
        }
    }
    let action = |own: Option<i32>| match own {
        Some(KILLS) => KILL,
        Some(number) => errno(number),
        None if filter.allow => ALLOW,
        None => refusal,
    };
    let actions = names.into_iter().map(|(name, own)| (name, action(own))).collect();
    Some((actions, filter.allow, refusal))
}

/// `SystemCallLog=`
pub fn logged(exec: &ExecSettings, remarks: &mut Vec<String>) -> Option<Filter> {
    let filter = exec.system_call_log.as_ref()?;
    let (listed, default) = if filter.allow { (LOG, ALLOW) } else { (ALLOW, LOG) };
    let names = resolve(filter, remarks).into_keys();
    let actions = names.map(|name| (name, listed)).collect();
    Some((Stage::Seccomp, by_name(&actions, default, default)))
}

/// The names of a filter, sets expanded, each with its own error number.
fn resolve(filter: &CallFilter, remarks: &mut Vec<String>) -> BTreeMap<String, Option<i32>> {
    let mut names = BTreeMap::new();
    for step in &filter.steps {
        let mut members = BTreeSet::new();
        if !table::expand(&step.name, &mut members) {
            remarks.push(format!("unknown system call or set `{}`; passed over", step.name));
            continue;
        }
        for member in members {
            if step.add {
                names.insert(member, step.errno);
            } else {
                names.remove(&member);
            }
        }
    }
    names
}

/// `SystemCallArchitectures=`: calls made in any other way kill the process.
pub fn architectures(names: &BTreeSet<String>, remarks: &mut Vec<String>) -> Option<Filter> {
    if names.is_empty() {
        return None;
    }
    let known = ["native", "x86-64", "x86", "x32"];
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        remarks.push(format!("architecture `{name}` is none of this machine; passed over"));
    }
    let block = |wanted: &[&str]| {
        let allowed = wanted.iter().any(|name| names.contains(*name));
        Block { calls: BTreeMap::new(), default: if allowed { ALLOW } else { KILL } }
    };
    let blocks = Blocks {
        x86_64: block(&["native", "x86-64"]),
        i386: block(&["x86"]),
        x32: block(&["x32"]),
        other: KILL,
    };
    Some((Stage::Seccomp, bpf::program(&blocks)))
}
