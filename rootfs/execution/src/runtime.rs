//! What lives from the first process of a unit to its stop, and its removal.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;

use keelson_units::model::{DirectoryKind, ExecSettings};

use crate::directories;

/// What the processes of one unit share. The manager keeps one for each unit that runs.
#[derive(Debug, Default)]
pub struct Runtime {
    /// The network namespace of `PrivateNetwork=`.
    pub(crate) network: Option<Rc<OwnedFd>>,
    /// The IPC namespace of `PrivateIPC=`.
    pub(crate) ipc: Option<Rc<OwnedFd>>,
    /// The folders of `PrivateTmp=`.
    pub(crate) temporary: Option<Rc<PrivateTmp>>,
    /// Whether credentials are in their place.
    pub(crate) credentials: bool,
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

/// Folders on the disk that stand in for `/tmp` and `/var/tmp`.
#[derive(Debug)]
pub(crate) struct PrivateTmp {
    /// For `/tmp`; what is bound is `tmp` below it.
    pub tmp: PathBuf,
    /// For `/var/tmp`.
    pub var_tmp: PathBuf,
}

/// Why what a unit had is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The unit is down.
    Stopped,
    /// It is started again at once.
    Restarting,
}

impl Runtime {
    /// Shares namespaces and temporary folders of another unit (`JoinsNamespaceOf=`). To be called before the first
    /// process is started.
    pub fn join(&mut self, other: &Self) {
        self.network = self.network.take().or_else(|| other.network.clone());
        self.ipc = self.ipc.take().or_else(|| other.ipc.clone());
        self.temporary = self.temporary.take().or_else(|| other.temporary.clone());
    }

    /// The user of the unit, once a process was started.
    pub fn uid(&self) -> Option<u32> {
        self.uid
    }

    /// The group of the unit, once a process was started.
    pub fn gid(&self) -> Option<u32> {
        self.gid
    }
}

/// What came of a release.
#[derive(Debug, Default)]
pub struct Released {
    /// What did not work.
    pub problems: Vec<String>,
    /// Folders that nobody uses any longer. Their removal may take long, and is for a process that nobody waits for
    /// ([`directories::tree::remove`]).
    pub rubbish: Vec<PathBuf>,
}

/// Takes away what a unit had: runtime folders, credentials, temporary folders, namespaces; and what is its user's, unless
/// one of the `others`, which are of all units that run, has the same user.
pub fn release<'a>(
    unit: &str,
    exec: &ExecSettings,
    runtime: Runtime,
    others: impl Iterator<Item = &'a Runtime>,
    why: Release,
) -> Released {
    let mut released = Released::default();
    let restarting = why == Release::Restarting;
    let preserved = exec.runtime_preserve || restarting && exec.runtime_preserve_on_restart;
    if !preserved {
        directories::remove(exec, DirectoryKind::Runtime, &mut released);
    }
    if runtime.credentials {
        released.problems.extend(crate::credentials::remove(unit).err());
    }
    let (ipc_of, number) = left_of_user(exec, &runtime, others, why);
    if let Some(folders) = runtime.temporary.and_then(Rc::into_inner) {
        released.rubbish.extend([folders.tmp, folders.var_tmp]);
    }
    if let Some(uid) = ipc_of {
        released.problems.extend(crate::ipc::remove(uid));
    }
    if let Some(uid) = number {
        let freed = crate::identity::dynamic::free(uid);
        released
            .problems
            .extend(freed.err().map(|error| format!("giving user {uid} back: {error}")));
    }
    released
}

/// The user whose IPC objects go with the unit, and the one whose number is given back: neither while another unit runs
/// as that user.
fn left_of_user<'a>(
    exec: &ExecSettings,
    runtime: &Runtime,
    mut others: impl Iterator<Item = &'a Runtime>,
    why: Release,
) -> (Option<u32>, Option<u32>) {
    let Some(uid) = runtime.uid.filter(|_| exec.remove_ipc || exec.dynamic_user) else {
        return (None, None);
    };
    if others.any(|other| other.uid == Some(uid)) {
        return (None, None);
    }
    let is_given_back = exec.dynamic_user && why == Release::Stopped;
    (Some(uid).filter(|uid| *uid != 0), is_given_back.then_some(uid))
}

/// Removes folders of a unit (`systemctl clean`).
pub fn clean(exec: &ExecSettings, kinds: &[DirectoryKind]) -> Released {
    let mut released = Released::default();
    for kind in kinds {
        directories::remove(exec, *kind, &mut released);
    }
    released
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_users_goes_with_the_last_unit_that_runs_as_it() {
        let exec = ExecSettings { dynamic_user: true, remove_ipc: true, ..ExecSettings::default() };
        let of = |uid| Runtime { uid: Some(uid), ..Runtime::default() };
        let left = |others: &[Runtime], why| left_of_user(&exec, &of(61184), others.iter(), why);
        let (same, other) = ([of(61184)], [of(500), Runtime::default()]);
        assert_eq!(left(&same, Release::Stopped), (None, None));
        assert_eq!(left(&other, Release::Stopped), (Some(61184), Some(61184)));
        assert_eq!(left(&other, Release::Restarting), (Some(61184), None));
    }
}
