//! What lives from the first process of a unit to its stop, and its removal.

use std::fs;
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

/// Takes away what a unit had: runtime folders, credentials, temporary folders, namespaces. Gives what did not work.
pub fn release(
    unit: &str,
    exec: &ExecSettings,
    runtime: &mut Runtime,
    why: Release,
) -> Vec<String> {
    let mut problems = Vec::new();
    let restarting = why == Release::Restarting;
    let preserved = exec.runtime_preserve || restarting && exec.runtime_preserve_on_restart;
    if !preserved {
        problems.extend(directories::remove(exec, DirectoryKind::Runtime));
    }
    if runtime.credentials {
        problems.extend(crate::credentials::remove(unit).err());
        runtime.credentials = false;
    }
    if let Some(folders) = runtime.temporary.take().and_then(Rc::into_inner) {
        for folder in [folders.tmp, folders.var_tmp] {
            if let Err(error) = fs::remove_dir_all(&folder) {
                problems.push(format!("removing {}: {error}", folder.display()));
            }
        }
    }
    if let Some(uid) = runtime.uid.filter(|uid| *uid != 0)
        && (exec.remove_ipc || exec.dynamic_user)
    {
        problems.extend(crate::ipc::remove(uid));
    }
    if let Some(uid) = runtime.uid.filter(|_| exec.dynamic_user && !restarting) {
        let freed = crate::identity::dynamic::free(uid);
        problems.extend(freed.err().map(|error| format!("giving user {uid} back: {error}")));
    }
    (runtime.network, runtime.ipc, runtime.uid, runtime.gid) = (None, None, None, None);
    problems
}

/// Removes folders of a unit (`systemctl clean`). Gives what did not work.
pub fn clean(exec: &ExecSettings, kinds: &[DirectoryKind]) -> Vec<String> {
    kinds.iter().flat_map(|kind| directories::remove(exec, *kind)).collect()
}
