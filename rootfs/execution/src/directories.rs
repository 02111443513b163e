//! `RuntimeDirectory=` and its sisters: made before the first process, removed when the manager says so
//! (systemd.exec(5), "SANDBOXING").

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use keelson_units::model::{DirectoryKind, ExecSettings, ServiceDirectory};

use crate::runtime::Released;
use crate::stage::Stage;

pub mod tree;

/// Why a folder could not be made.
#[derive(Debug, thiserror::Error)]
#[error("making {}: {source}", path.display())]
pub struct DirectoryError {
    /// The folder.
    pub path: PathBuf,
    /// Its kind.
    pub kind: DirectoryKind,
    /// Why.
    pub source: io::Error,
}

/// The folder that paths of a kind are relative to.
pub fn base(kind: DirectoryKind) -> &'static Path {
    Path::new(match kind {
        DirectoryKind::Runtime => "/run",
        DirectoryKind::State => "/var/lib",
        DirectoryKind::Cache => "/var/cache",
        DirectoryKind::Logs => "/var/log",
        DirectoryKind::Configuration => "/etc",
    })
}

/// The stage at which a folder of a kind fails.
pub fn stage(kind: DirectoryKind) -> Stage {
    match kind {
        DirectoryKind::Runtime => Stage::RuntimeDirectory,
        DirectoryKind::State => Stage::StateDirectory,
        DirectoryKind::Cache => Stage::CacheDirectory,
        DirectoryKind::Logs => Stage::LogsDirectory,
        DirectoryKind::Configuration => Stage::ConfigurationDirectory,
    }
}

/// Whether a folder of a kind is kept in `private` below its base, with a link to it: no other user may ever come
/// upon the files of a user that is given out anew.
pub fn is_private(exec: &ExecSettings, kind: DirectoryKind) -> bool {
    exec.dynamic_user
        && match kind {
            DirectoryKind::Runtime => !(exec.runtime_preserve || exec.runtime_preserve_on_restart),
            DirectoryKind::State | DirectoryKind::Cache | DirectoryKind::Logs => true,
            DirectoryKind::Configuration => false,
        }
        && kind != DirectoryKind::Runtime
}

/// Where a folder really is, below `root`.
pub fn place(exec: &ExecSettings, kind: DirectoryKind, folder: &Path) -> PathBuf {
    let base = base(kind);
    if is_private(exec, kind) { base.join("private").join(folder) } else { base.join(folder) }
}

/// All folders with their kinds.
pub fn all(exec: &ExecSettings) -> impl Iterator<Item = (DirectoryKind, &ServiceDirectory)> {
    exec.directories.iter().flat_map(|(kind, folders)| folders.iter().map(|folder| (*kind, folder)))
}

/// Makes all folders, with modes, owners and links. `owner` is user and group; none leaves them to root.
pub fn make(
    root: &Path,
    exec: &ExecSettings,
    owner: Option<(u32, u32)>,
) -> Result<(), DirectoryError> {
    for (kind, folder) in all(exec) {
        let path = place(exec, kind, &folder.path);
        make_one(root, exec, kind, folder, owner).map_err(|source| DirectoryError {
            path,
            kind,
            source,
        })?;
    }
    Ok(())
}

fn make_one(
    root: &Path,
    exec: &ExecSettings,
    kind: DirectoryKind,
    folder: &ServiceDirectory,
    owner: Option<(u32, u32)>,
) -> io::Result<()> {
    let below = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let public = below(&base(kind).join(&folder.path));
    let path = below(&place(exec, kind, &folder.path));
    let mode = exec.directory_modes.get(&kind).copied().unwrap_or(0o755);
    if is_private(exec, kind) {
        let private = below(&base(kind).join("private"));
        make_folder(&private, 0o700)?;
        fs::set_permissions(&private, fs::Permissions::from_mode(0o700))?;
        // A folder from a time without DynamicUser= moves along.
        if public.symlink_metadata().is_ok_and(|found| found.is_dir()) && !path.exists() {
            make_parent(&path)?;
            fs::rename(&public, &path)?;
        }
    } else {
        move_out(&below(&base(kind).join("private").join(&folder.path)), &public)?;
    }
    let base = below(base(kind));
    let opened = tree::open_folder(&base, path.strip_prefix(&base).unwrap_or(&path), mode)?;
    // Configuration belongs to the administrator.
    let owner = owner.filter(|_| kind != DirectoryKind::Configuration);
    if let Some(owner) = owner {
        tree::own(opened.try_clone()?, owner)?;
    }
    rustix::fs::fchmod(&opened, rustix::fs::Mode::from_raw_mode(mode))?;
    if path != public {
        make_parent(&public)?;
        link(&path, &public)?;
    }
    folder.links.iter().try_for_each(|name| {
        let name = base.join(name);
        make_parent(&name)?;
        link(&path, &name)
    })
}

/// A folder from a time with `DynamicUser=` moves to where its link is: the way to it is closed to all others. One that
/// cannot be moved, such as a mount point, keeps its link, so that no start goes on without it.
fn move_out(private: &Path, public: &Path) -> io::Result<()> {
    let target = relative(private, public);
    if !fs::read_link(public).is_ok_and(|present| present == target) {
        return Ok(());
    }
    fs::remove_file(public)?;
    let moved = fs::rename(private, public);
    if moved.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
        symlink(&target, public)?;
        return moved;
    }
    Ok(())
}

fn make_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.exists() => {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(parent)
        }
        _ => Ok(()),
    }
}

fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    match fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

/// A relative link, which is right in a root folder too. What is there already stays.
fn link(target: &Path, name: &Path) -> io::Result<()> {
    let target = relative(target, name);
    match fs::read_link(name) {
        Ok(present) if present == target => return Ok(()),
        Ok(_) => fs::remove_file(name)?,
        Err(_) => {}
    }
    match symlink(target, name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

/// `target` as seen from the folder of `name`.
fn relative(target: &Path, name: &Path) -> PathBuf {
    let from = name.parent().unwrap_or(name);
    let same = from.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(same).map(|_| "..");
    up.map(PathBuf::from)
        .chain(target.components().skip(same).map(|c| c.as_os_str().into()))
        .collect()
}

/// Moves all folders of a kind out of the way, to be removed by whoever has the time.
pub fn remove(exec: &ExecSettings, kind: DirectoryKind, released: &mut Released) {
    for folder in exec.directories.get(&kind).into_iter().flatten() {
        let links = folder.links.iter().map(|name| base(kind).join(name));
        let path = place(exec, kind, &folder.path);
        let links = links.chain([base(kind).join(&folder.path)]).filter(|name| *name != path);
        for name in links.filter(|name| name.is_symlink()) {
            released.problems.extend(told(&name, fs::remove_file(&name)));
        }
        let relative = path.strip_prefix(base(kind)).unwrap_or(&path);
        match tree::set_aside(base(kind), relative) {
            Ok(aside) => released.rubbish.extend(aside),
            // Something is mounted there. A disk of its own is what a clean is to empty; what somebody has bound into
            // /run is not ours to remove.
            Err(error)
                if error.kind() == io::ErrorKind::ResourceBusy
                    && kind != DirectoryKind::Runtime =>
            {
                released.rubbish.push(path);
            }
            Err(error) => released.problems.extend(told(&path, Err(error))),
        }
    }
}

fn told(path: &Path, outcome: io::Result<()>) -> Option<String> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Some(format!("removing {}: {error}", path.display()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
