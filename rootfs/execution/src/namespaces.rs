//! What the processes of a unit share: a network, IPC, temporary folders. Made by the first of them.

use std::ffi::c_void;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use keelson_units::model::Protect;
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{WaitOptions, waitpid};

use crate::errno::Errno;
use crate::invocation::Invocation;
use crate::mounts::steps::{Places, prepare_nodes};
use crate::plan::sandbox::{IPC, NETWORK};
use crate::prepare::Prepared;
use crate::run::raw::sys;
use crate::run::{clone, users};
use crate::runtime::{PrivateTmp, Runtime};
use crate::spawn::SpawnError;
use crate::stage::Stage;

/// CLONE_FILES: what the process opens is open here.
const SAME_FILES: u64 = 0x400;

/// What a plan needs of it.
#[derive(Debug, Default)]
pub struct Shared {
    /// The network namespace.
    pub network: Option<RawFd>,
    /// The IPC namespace.
    pub ipc: Option<RawFd>,
    /// Folders.
    pub places: Places,
}

/// Makes what is not there yet.
pub fn prepare(
    invocation: &Invocation<'_>,
    runtime: &mut Runtime,
    made: &mut Prepared,
) -> Result<Shared, SpawnError> {
    let exec = invocation.exec;
    let mut shared = Shared::default();
    if let Some(path) = &exec.network_namespace_path {
        shared.network = Some(named(path, Stage::Network, made)?);
    } else if exec.private_network {
        let made = made_once(&mut runtime.network, NETWORK, c"/proc/self/ns/net", Stage::Network)?;
        shared.network = Some(made);
    }
    if let Some(path) = &exec.ipc_namespace_path {
        shared.ipc = Some(named(path, Stage::Namespace, made)?);
    } else if exec.private_ipc {
        shared.ipc =
            Some(made_once(&mut runtime.ipc, IPC, c"/proc/self/ns/ipc", Stage::Namespace)?);
    }
    if exec.private_tmp == Protect::Yes {
        if runtime.temporary.is_none() {
            let folders = temporary(invocation.unit, &mut made.remarks)
                .map_err(SpawnError::at(Stage::Namespace))?;
            runtime.temporary = Some(Rc::new(folders));
        }
        let folders = runtime.temporary.as_ref();
        shared.places.temporary =
            folders.map(|folders| (folders.tmp.join("tmp"), folders.var_tmp.join("tmp")));
    }
    if !invocation.root_start_only {
        shared.places.root.clone_from(&exec.root_directory);
    }
    if crate::mounts::needed(exec) {
        prepare_nodes().map_err(SpawnError::at(Stage::Namespace))?;
        if runtime.credentials {
            shared.places.credentials = Some(crate::credentials::folder(invocation.unit));
        }
    }
    Ok(shared)
}

/// A namespace that has a name in the file system.
fn named(path: &Path, stage: Stage, made: &mut Prepared) -> Result<RawFd, SpawnError> {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let fd = open(path, flags, Mode::empty())
        .map_err(|error| SpawnError::new(stage, format!("{}: {error}", path.display())))?;
    let number = fd.as_raw_fd();
    made.kept.push(fd);
    Ok(number)
}

fn made_once(
    kept: &mut Option<Rc<OwnedFd>>,
    kind: u64,
    path: &'static std::ffi::CStr,
    stage: Stage,
) -> Result<RawFd, SpawnError> {
    if let Some(fd) = kept {
        return Ok(fd.as_raw_fd());
    }
    let fd = make(kind, path).map_err(SpawnError::at(stage))?;
    let number = fd.as_raw_fd();
    *kept = Some(Rc::new(fd));
    Ok(number)
}

/// What the process that makes a namespace gets and gives.
struct Request {
    path: &'static std::ffi::CStr,
    network: bool,
    outcome: Result<RawFd, Errno>,
}

/// A new namespace. A process is born in it that opens it here and ends: this one never leaves its own.
#[expect(unsafe_code, reason = "a process is started in the middle of this one")]
fn make(kind: u64, path: &'static std::ffi::CStr) -> Result<OwnedFd, Errno> {
    let mut request = Request { path, network: kind == NETWORK, outcome: Err(Errno(libc::EIO)) };
    let before = clone::block_signals();
    let argument = std::ptr::from_mut(&mut request).cast();
    let mut stack = [0_u128; 512];
    let flags = kind | SAME_FILES;
    // SAFETY: `open_own` never returns, allocates nothing, and changes nothing but the request, which lives here as the
    // stack does; the process is waited for.
    let cloned =
        unsafe { clone::start(open_own, argument, Some(&raw mut stack), None, flags, None) };
    clone::set_signal_mask(before);
    let cloned = cloned?;
    // The process uses this stack until it has ended.
    while matches!(waitpid(Some(cloned.pid), WaitOptions::empty()), Err(rustix::io::Errno::INTR)) {}
    // SAFETY: the process opened it in the table of this one, for this one alone.
    request.outcome.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

#[expect(unsafe_code, reason = "the argument of a new process is a pointer")]
unsafe extern "C" fn open_own(argument: *mut c_void) -> ! {
    // SAFETY: it is the request of `make`, which waits.
    unsafe {
        let request = &mut *argument.cast::<Request>();
        let up = if request.network { users::loopback_up() } else { Ok(()) };
        request.outcome = up.and_then(|()| {
            let flags = libc::O_RDONLY | libc::O_CLOEXEC;
            let fd = sys!(SYS_openat, libc::AT_FDCWD, request.path, flags, 0)?;
            i32::try_from(fd).map_err(|_| Errno(libc::EBADF))
        });
        loop {
            let _never = sys!(SYS_exit_group, 0);
        }
    }
}

/// New folders `systemd-private-...` whose `tmp` stands in for /tmp and /var/tmp.
fn temporary(unit: &str, remarks: &mut Vec<String>) -> io::Result<PrivateTmp> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let boot = boot.trim().replace('-', "");
    let name = format!("systemd-private-{boot}-{unit}-");
    let memory = Path::new("/tmp");
    let tmp = unique(memory, &name)?;
    let var_tmp = unique(Path::new("/var/tmp"), &name)
        .or_else(|error| instead(error, memory, &name, remarks));
    match var_tmp {
        Ok(var_tmp) => Ok(PrivateTmp { tmp, var_tmp }),
        Err(error) => {
            let _left_to_tmpfiles = fs::remove_dir_all(&tmp);
            Err(error)
        }
    }
}

/// A folder in `memory` in place of one that a full or read-only disk refused: the service runs, and what it puts there
/// ends with it, as it does on the disk.
fn instead(
    error: io::Error,
    memory: &Path,
    name: &str,
    remarks: &mut Vec<String>,
) -> io::Result<PathBuf> {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    if !matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem) {
        return Err(error);
    }
    remarks.push(format!("PrivateTmp=: /var/tmp takes no folder ({error}): it is in memory"));
    unique(memory, name)
}

/// A new folder whose name nobody can guess, with `tmp` in it as open as /tmp.
fn unique(parent: &Path, name: &str) -> io::Result<PathBuf> {
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let ending: String = uuid.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    let folder = parent.join(format!("{name}{ending}"));
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let inner = folder.join("tmp");
    let made = fs::DirBuilder::new().mode(0o777).create(&inner);
    if let Err(error) =
        made.and_then(|()| fs::set_permissions(&inner, PermissionsExt::from_mode(0o1777)))
    {
        let _left_to_tmpfiles = fs::remove_dir_all(&folder);
        return Err(error);
    }
    Ok(folder)
}

#[cfg(test)]
mod tests;
