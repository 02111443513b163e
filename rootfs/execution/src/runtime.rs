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

/// Takes away what a unit had: runtime folders, credentials, temporary folders, namespaces.
pub fn release(unit: &str, exec: &ExecSettings, runtime: &mut Runtime, why: Release) -> Released {
    let mut released = Released::default();
    let restarting = why == Release::Restarting;
    let preserved = exec.runtime_preserve || restarting && exec.runtime_preserve_on_restart;
    if !preserved {
        directories::remove(exec, DirectoryKind::Runtime, &mut released);
    }
    if runtime.credentials {
        released.problems.extend(crate::credentials::remove(unit).err());
        runtime.credentials = false;
    }
    if let Some(folders) = runtime.temporary.take().and_then(Rc::into_inner) {
        released.rubbish.extend([folders.tmp, folders.var_tmp]);
    }
    if let Some(uid) = runtime.uid.filter(|uid| *uid != 0)
        && (exec.remove_ipc || exec.dynamic_user)
    {
        released.problems.extend(crate::ipc::remove(uid));
    }
    if let Some(uid) = runtime.uid.filter(|_| exec.dynamic_user && !restarting) {
        let freed = crate::identity::dynamic::free(uid);
        released
            .problems
            .extend(freed.err().map(|error| format!("giving user {uid} back: {error}")));
    }
    (runtime.network, runtime.ipc, runtime.uid, runtime.gid) = (None, None, None, None);
    released
}

/// Removes folders of a unit (`systemctl clean`).
pub fn clean(exec: &ExecSettings, kinds: &[DirectoryKind]) -> Released {
    let mut released = Released::default();
    for kind in kinds {
        directories::remove(exec, *kind, &mut released);
    }
    released
}
