//! Namespaces, in the order systemd enters them: those that are shared, mounts, then users.

use keelson_units::model::Protect;

use super::{Action, Plan, privileges};
use crate::identity::Identity;
use crate::invocation::Invocation;
use crate::mounts;
use crate::namespaces::Shared;
use crate::spawn::SpawnError;
use crate::stage::Stage;

/// CLONE_NEW... (clone(2))
pub const MOUNTS: u64 = 0x0002_0000;
/// Control groups.
pub const CGROUPS: u64 = 0x0200_0000;
/// Host name.
pub const HOSTNAME: u64 = 0x0400_0000;
/// IPC.
pub const IPC: u64 = 0x0800_0000;
/// Process numbers.
pub const PROCESSES: u64 = 0x2000_0000;
/// Network.
pub const NETWORK: u64 = 0x4000_0000;

/// Plans all of it, and the groups, which user namespaces may not know.
pub fn plan(
    invocation: &Invocation<'_>,
    identity: &Identity,
    shared: &Shared,
    plan: &mut Plan,
) -> Result<(), SpawnError> {
    let exec = invocation.exec;
    if !invocation.sandboxed() {
        privileges::groups(invocation, identity, plan);
        return Ok(());
    }
    for (fd, kind, stage) in
        [(shared.network, NETWORK, Stage::Network), (shared.ipc, IPC, Stage::Namespace)]
    {
        if let Some(fd) = fd {
            let slot = plan.slot(fd);
            plan.step(stage, Action::SetNamespace { slot, kind });
        }
    }
    let mut flags = 0;
    if exec.protect_hostname {
        flags |= HOSTNAME;
    }
    if matches!(exec.protect_control_groups, Protect::Full | Protect::Strict) {
        flags |= CGROUPS;
    }
    if exec.private_pids {
        plan.namespaces |= PROCESSES;
    }
    let mounts = mounts::needed(exec);
    if mounts {
        flags |= MOUNTS;
    }
    if flags != 0 {
        plan.step(Stage::Namespace, Action::Unshare(flags));
    }
    if mounts {
        mounts::steps::plan(plan, exec, &shared.places)?;
    }
    privileges::groups(invocation, identity, plan);
    if let Some((uid_map, gid_map)) = maps(exec.private_users, identity) {
        plan.step(Stage::User, Action::UserNamespace { uid_map, gid_map });
    }
    Ok(())
}

/// The maps of `PrivateUsers=`.
fn maps(private: Protect, identity: &Identity) -> Option<(Vec<u8>, Vec<u8>)> {
    let own = |number: Option<u32>| match number {
        None | Some(0) => "0 0 1\n".to_owned(),
        Some(number) => format!("0 0 1\n{number} {number} 1\n"),
    };
    let (uids, gids) = match private {
        Protect::No => return None,
        Protect::Yes => (own(identity.uid), own(identity.gid)),
        Protect::Full => ("0 0 65536\n".to_owned(), "0 0 65536\n".to_owned()),
        // In two parts: the kernel takes a map of everything for no namespace at all.
        Protect::Strict => {
            ("0 0 1\n1 1 4294967294\n".to_owned(), "0 0 1\n1 1 4294967294\n".to_owned())
        }
    };
    Some((uids.into_bytes(), gids.into_bytes()))
}

#[cfg(test)]
mod tests;
