//! The last steps: groups, user, capabilities, the working directory, and system call filters.

use super::{Action, Otherwise, Plan, Step};
use crate::identity::Identity;
use crate::invocation::Invocation;
use crate::prepare::Prepared;
use crate::seccomp;
use crate::spawn::SpawnError;
use crate::stage::Stage;

/// Capability numbers (capabilities(7)).
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

/// Plans what takes privileges away; after it nothing else can be done.
pub fn plan(
    invocation: &Invocation<'_>,
    identity: &Identity,
    made: &mut Prepared,
) -> Result<(), SpawnError> {
    let exec = invocation.exec;
    let plan = &mut made.plan;
    let sandboxed = invocation.sandboxed();
    let kept = if sandboxed { bounding_set(exec) } else { ALL };
    if kept != ALL {
        plan.late_step(Stage::Capabilities, Action::BoundingSet(kept));
    }
    let ambient = if sandboxed { exec.ambient_capabilities & kept } else { 0 };
    if ambient != 0 {
        plan.late_step(Stage::Capabilities, Action::Inheritable(ambient));
    }
    let uid = identity.uid.filter(|uid| *uid != 0 && invocation.changes_user());
    let mut bits = if sandboxed { exec.secure_bits } else { 0 };
    if ambient != 0 && uid.is_some() {
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
    if !sandboxed {
        return Ok(());
    }
    let (filters, remarks) = seccomp::programs(exec).map_err(SpawnError::at(Stage::Seccomp))?;
    // A filter needs CAP_SYS_ADMIN or this (systemd.exec(5), NoNewPrivileges=).
    let unprivileged = uid.is_some() || kept >> SYS_ADMIN & 1 == 0;
    if exec.no_new_privileges || unprivileged && !filters.is_empty() {
        plan.late_step(Stage::NoNewPrivileges, Action::NoNewPrivileges);
    }
    for (stage, filter) in filters {
        plan.late_step(stage, Action::Filter(filter));
    }
    made.remarks.extend(remarks);
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
