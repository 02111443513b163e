//! Credentials (systemd.exec(5), "CREDENTIALS"): files in a file system of their own that only the unit's user can read.
//! Their content is never logged.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::path::{Path, PathBuf};

use keelson_units::model::{Credential, ExecSettings};
use rustix::fs::{CWD, Mode, OFlags, fchmod, fchown, open, openat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, unmount,
};
use rustix::process::{Gid, Uid};

use crate::identity::Identity;
use crate::invocation::Invocation;
use crate::mounts::MountAction;
use crate::plan::Action;
use crate::plan::streams::socket_address;
use crate::prepare::Prepared;
use crate::run::streams::unix_family;
use crate::runtime::Runtime;
use crate::spawn::SpawnError;
use crate::stage::Stage;
use crate::wildcard;

/// Where those of units are.
const FOLDER: &str = "/run/credentials";
/// Those that the machine was started with.
const SYSTEM: &str = "/run/credentials/@system";
/// Where relative names are looked for.
const STORES: [&str; 5] =
    [SYSTEM, "/etc/credstore", "/run/credstore", "/usr/local/lib/credstore", "/usr/lib/credstore"];
/// The largest one (systemd.exec(5)).
const LARGEST: u64 = 1024 * 1024;
/// MOUNT_ATTR_RDONLY
const READ_ONLY: u64 = 1;

/// Why a credential could not be given.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Its name cannot be that of a file.
    #[error("`{0}` cannot be the name of a credential")]
    Name(String),
    /// It cannot be read.
    #[error("credential {id} from {}: {source}", path.display())]
    Read {
        /// Its name.
        id: String,
        /// Where it was to come from.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder cannot be made.
    #[error("making {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What was found of a unit's credentials.
#[derive(Default)]
struct Found {
    /// Contents by name.
    values: BTreeMap<String, Vec<u8>>,
    /// Sockets that are asked by the process itself.
    sockets: BTreeMap<String, PathBuf>,
}

/// The folder of a unit's credentials.
pub fn folder(unit: &str) -> PathBuf {
    Path::new(FOLDER).join(unit)
}

/// Reads all credentials of a unit and puts them in place, once. Gives the folder, where there is one.
pub fn prepare(
    invocation: &Invocation<'_>,
    identity: &Identity,
    runtime: &mut Runtime,
    made: &mut Prepared,
) -> Result<Option<PathBuf>, SpawnError> {
    let exec = invocation.exec;
    if exec.credentials.is_empty() && exec.import_credentials.is_empty() {
        return Ok(None);
    }
    let place = folder(invocation.unit);
    if runtime.credentials {
        return Ok(Some(place));
    }
    let found =
        collect(exec, &STORES.map(Path::new)).map_err(SpawnError::at(Stage::Credentials))?;
    let owner = (identity.uid.unwrap_or(0), identity.gid.unwrap_or(0));
    let failed = |source: io::Error| {
        SpawnError::new(Stage::Credentials, CredentialError::Folder { path: place.clone(), source })
    };
    let tree = attach(&place).map_err(failed)?;
    runtime.credentials = true;
    for (id, value) in &found.values {
        write(&tree, id, value, owner).map_err(failed)?;
    }
    fchown(&tree, Some(Uid::from_raw(owner.0)), Some(Gid::from_raw(owner.1)))
        .map_err(|error| failed(error.into()))?;
    fchmod(&tree, Mode::from_raw_mode(0o500)).map_err(|error| failed(error.into()))?;
    let slot = made.plan.slot(tree.as_raw_fd());
    for (id, path) in found.sockets {
        let action = Action::SocketCredential {
            address: socket_address(&path, Stage::Credentials)?,
            name: asking_name(invocation.unit, &id),
            folder: slot,
            file: CString::new(id).map_err(SpawnError::at(Stage::Credentials))?,
            uid: owner.0,
            gid: owner.1,
        };
        made.plan.step(Stage::Credentials, action);
    }
    // Last, and by the process itself: its sockets come first. A plain folder cannot be closed, and need not be.
    let close = MountAction::Attributes { slot, set: READ_ONLY, clear: 0, recursive: false };
    let otherwise = crate::plan::Otherwise::Ignore;
    made.plan.step_or(Stage::Credentials, Action::Mount(close), otherwise);
    made.kept.push(tree);
    Ok(Some(place))
}

/// The abstract name a socket is bound to, so that who answers knows who asks for what.
fn asking_name(unit: &str, id: &str) -> Vec<u8> {
    let random = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
    let random: String = random.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    let mut name = unix_family().to_vec();
    name.push(0);
    name.extend_from_slice(format!("{random}/unit/{unit}/{id}").as_bytes());
    name.truncate(110);
    name
}

/// Reads everything; sockets are only noted. `stores` are where relative names are looked for.
fn collect(exec: &ExecSettings, stores: &[&Path]) -> Result<Found, CredentialError> {
    let mut found = Found::default();
    for (id, sources) in &exec.credentials {
        if !is_name(id) {
            return Err(CredentialError::Name(id.clone()));
        }
        let is_set = sources.iter().any(|source| matches!(source, Credential::Set(_)));
        for source in sources {
            if let Credential::Load(path) = source {
                let (path, may_miss) = if path.is_absolute() {
                    (Some(path.clone()), is_set)
                } else {
                    (stores.iter().map(|store| store.join(path)).find(|path| path.exists()), true)
                };
                match path.as_ref().map(|path| load(id, path, &mut found)) {
                    None | Some(Ok(())) => {}
                    Some(Err(error)) if may_miss && error.kind() == io::ErrorKind::NotFound => {}
                    Some(Err(source)) => {
                        let path = path.unwrap_or_default();
                        return Err(CredentialError::Read { id: id.clone(), path, source });
                    }
                }
            }
        }
    }
    for pattern in &exec.import_credentials {
        import(pattern, stores, &mut found);
    }
    for (id, sources) in &exec.credentials {
        for source in sources {
            if let Credential::Set(value) = source
                && !found.sockets.contains_key(id)
            {
                found.values.entry(id.clone()).or_insert_with(|| value.clone());
            }
        }
    }
    Ok(found)
}

/// A file, the files of a folder, or a socket.
fn load(id: &str, path: &Path, found: &mut Found) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_socket() {
        found.sockets.insert(id.to_owned(), path.to_owned());
    } else if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let name = format!("{id}_{name}");
            if fs::metadata(entry.path())?.is_file() && is_name(&name) {
                found.values.insert(name, read(&entry.path())?);
            }
        }
    } else {
        found.values.insert(id.to_owned(), read(path)?);
    }
    Ok(())
}

/// What matches in the stores; the first store wins, and what was asked for by name stays.
fn import(pattern: &str, stores: &[&Path], found: &mut Found) {
    // `PATTERN:NAME` gives what is found another beginning.
    let (pattern, renamed) = match pattern.split_once(':') {
        Some((pattern, prefix)) => (pattern, Some(prefix)),
        None => (pattern, None),
    };
    for path in stores.iter().flat_map(|store| wildcard::expand(&store.join(pattern))) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let fixed = pattern.trim_end_matches('*');
        let id = match renamed {
            Some(prefix) => format!("{prefix}{}", name.strip_prefix(fixed).unwrap_or("")),
            None => name.to_owned(),
        };
        let taken = found.values.contains_key(&id) || found.sockets.contains_key(&id);
        if is_name(&id)
            && !taken
            && let Ok(value) = read(&path)
        {
            found.values.insert(id, value);
        }
    }
}

/// The contents of a plain file of at most [`LARGEST`] bytes; nothing is waited for.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe without a writer is not waited for, and is refused below.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut file = fs::File::from(openat(CWD, path, flags, Mode::empty())?);
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file, folder or socket"));
    }
    if found.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut value = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(&mut file, LARGEST), &mut value)?;
    Ok(value)
}

fn is_name(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 255
        && id != "."
        && id != ".."
        && !id.chars().any(|c| c == '/' || c == ':' || c.is_control())
}

/// A file system of its own at a path, never swapped where the kernel can promise it; a plain folder where mounting is
/// not allowed.
fn attach(place: &Path) -> io::Result<OwnedFd> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(FOLDER)?;
    match fs::DirBuilder::new().mode(0o700).create(place) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Of a start that was cut off.
            let _not_mounted = unmount(place, UnmountFlags::DETACH);
        }
        outcome => outcome?,
    }
    let tree = make(true).or_else(|_| make(false));
    let _plain_folder = tree.and_then(|tree| {
        move_mount(&tree, "", CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
    });
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Ok(open(place, flags, Mode::empty())?)
}

fn make(noswap: bool) -> rustix::io::Result<OwnedFd> {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "mode", "0700")?;
    fsconfig_set_string(&context, "size", "4m")?;
    if noswap {
        rustix::mount::fsconfig_set_flag(&context, "noswap")?;
    }
    fsconfig_create(&context)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC
        | MountAttrFlags::MOUNT_ATTR_NOSYMFOLLOW;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

fn write(tree: &OwnedFd, id: &str, value: &[u8], (uid, gid): (u32, u32)) -> io::Result<()> {
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = openat(tree, id, flags, Mode::from_raw_mode(0o400))?;
    fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    fchmod(&file, Mode::from_raw_mode(0o400))?;
    io::Write::write_all(&mut fs::File::from(file), value)
}

/// Takes a unit's credentials away.
pub fn remove(unit: &str) -> Result<(), String> {
    let place = folder(unit);
    let _not_mounted = unmount(&place, UnmountFlags::DETACH);
    match fs::remove_dir_all(&place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("removing {}: {error}", place.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
