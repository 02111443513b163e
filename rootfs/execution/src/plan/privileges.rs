//! The last steps: groups, user, capabilities, the working directory, and system call filters.

use super::{Action, Otherwise, Plan, Step};
use crate::identity::Identity;
use crate::invocation::Invocation;
use crate::prepare::Prepared;
use crate::seccomp;
use crate::spawn::SpawnError;
use crate::stage::Stage;

/// Capability numbers (capabilities(7)).
const SETPCAP: u32 = 8;
const SYS_MODULE: u32 = 16;
const SYS_RAWIO: u32 = 17;
const SYS_ADMIN: u32 = 21;
const SYS_TIME: u32 = 25;
const MKNOD: u32 = 27;
const SYSLOG: u32 = 34;
const WAKE_ALARM: u32 = 35;
/// SECBIT_KEEP_CAPS
const KEEP_CAPABILITIES: u32 = 1 << 4;
/// Every capability there is or may be.
const ALL: u64 = u64::MAX;

/// What loads filters, and takes away what was kept for that.
const LOADING: u64 = 1 << SYS_ADMIN | 1 << SETPCAP;
/// The calls that take it away once the filters are there.
const DROPPING: [&str; 3] = ["capget", "capset", "prctl"];

/// Plans what takes privileges away; after it nothing else can be done.
pub fn plan(
    invocation: &Invocation<'_>,
    identity: &Identity,
    made: &mut Prepared,
) -> Result<(), SpawnError> {
    let exec = invocation.exec;
    let plan = &mut made.plan;
    let sandboxed = invocation.sandboxed();
    let (filters, remarks) = if sandboxed {
        seccomp::programs(exec).map_err(SpawnError::at(Stage::Seccomp))?
    } else {
        Default::default()
    };
    made.remarks.extend(remarks);
    let uid = identity.uid.filter(|uid| *uid != 0 && invocation.changes_user());
    // A filter is loaded by one who has CAP_SYS_ADMIN, or can never gain privileges again (seccomp(2)). A user is to have
    // neither, so the capability is kept over the change of user and taken away behind the filters, if those let it.
    let filtered_user = uid.is_some() && !filters.is_empty() && !exec.no_new_privileges;
    let keeps = filtered_user && seccomp::calls::allows(exec, &DROPPING);
    let kept = if sandboxed { bounding_set(exec) } else { ALL };
    let first_kept = if keeps { kept | LOADING } else { kept };
    if first_kept != ALL {
        plan.late_step(Stage::Capabilities, Action::BoundingSet(first_kept));
    }
    let ambient = if sandboxed { exec.ambient_capabilities & kept } else { 0 };
    if ambient != 0 {
        plan.late_step(Stage::Capabilities, Action::Inheritable(ambient));
    }
    let mut bits = if sandboxed { exec.secure_bits } else { 0 };
    if keeps || ambient != 0 && uid.is_some() {
        bits |= KEEP_CAPABILITIES;
    }
    if bits != 0 {
        plan.late_step(Stage::SecureBits, Action::SecureBits(bits));
    }
    if let Some(uid) = identity.uid.filter(|_| invocation.changes_user()) {
        plan.late_step(Stage::User, Action::Uid(uid));
    }
    if ambient != 0 {
        plan.late_step(Stage::Capabilities, Action::Ambient(ambient));
    }
    if let Some((path, may_miss)) = plan.chdir.take() {
        let otherwise = if may_miss { Otherwise::Ignore } else { Otherwise::Fail };
        plan.late.push(Step { stage: Stage::Chdir, action: Action::Chdir(path), otherwise });
    }
    if keeps {
        let sets = Action::Capabilities { permitted: LOADING | ambient, effective: LOADING };
        plan.late_step(Stage::Capabilities, sets);
    } else if sandboxed && exec.no_new_privileges || filtered_user {
        plan.late_step(Stage::NoNewPrivileges, Action::NoNewPrivileges);
    }
    for (stage, filter) in filters {
        plan.late_step(stage, Action::Filter(filter));
    }
    if keeps {
        if first_kept != kept {
            plan.late_step(Stage::Capabilities, Action::BoundingSet(kept));
        }
        let sets = Action::Capabilities { permitted: ambient, effective: 0 };
        plan.late_step(Stage::Capabilities, sets);
    }
    Ok(())
}

/// Groups are set before the user namespace, which may not know them.
pub fn groups(invocation: &Invocation<'_>, identity: &Identity, plan: &mut Plan) {
    if !invocation.changes_user() {
        return;
    }
    if let Some(groups) = &identity.groups {
        plan.step(Stage::Group, Action::Groups(groups.clone()));
    }
    if let Some(gid) = identity.gid {
        plan.step(Stage::Group, Action::Gid(gid));
    }
}

/// `CapabilityBoundingSet=` without what the `Protect...=` settings take away.
fn bounding_set(exec: &keelson_units::model::ExecSettings) -> u64 {
    let mut kept = exec.capability_bounding_set.unwrap_or(ALL);
    for (set, capabilities) in [
        (exec.private_devices, &[MKNOD, SYS_RAWIO][..]),
        (exec.protect_kernel_modules, &[SYS_MODULE]),
        (exec.protect_kernel_logs, &[SYSLOG]),
        (exec.protect_clock, &[SYS_TIME, WAKE_ALARM]),
    ] {
        if set {
            kept = capabilities.iter().fold(kept, |kept, number| kept & !(1 << number));
        }
    }
    kept
}

#[cfg(test)]
mod tests;
