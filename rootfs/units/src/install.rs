//! Enabling and its kin: plans of links to make and remove, and their execution (systemctl(1), "Unit File Commands").
//!
//! A plan reads the disk and changes nothing; [`apply`] carries it out. Paths of a plan are as the running system sees
//! them, without the root folder.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::facts::Facts;
use crate::loader::index::{Found, Index};
use crate::loader::{SEARCH_PATH, read};
use crate::model::{Install, UnitName};
use crate::settings::{self, Sources};
use crate::text;

mod links;
mod preset;
mod remove;
mod state;

pub use state::State;

/// The folder of what an administrator sets up.
pub const PERSISTENT: &str = "/etc/systemd/system";
/// The same until the next boot.
pub const RUNTIME: &str = "/run/systemd/system";

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A symbolic link at `path`, folders above it made as needed; a link that is there gives way.
    Link {
        /// Where.
        path: PathBuf,
        /// What it holds.
        target: PathBuf,
    },
    /// A file or link goes.
    Remove(PathBuf),
    /// A folder that is empty by then goes.
    RemoveFolder(PathBuf),
}

/// As systemctl prints it.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { path, target } => {
                write!(f, "Created symlink '{}' → '{}'.", path.display(), target.display())
            }
            Self::Remove(path) | Self::RemoveFolder(path) => {
                write!(f, "Removed '{}'.", path.display())
            }
        }
    }
}

/// Why there is no plan, or why it was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No file.
    #[error("Unit {0} does not exist.")]
    Missing(UnitName),
    /// Masked.
    #[error("Unit {0} is masked.")]
    Masked(UnitName),
    /// A file of the administrator's stands where a link should.
    #[error("File '{0}' already exists.")]
    Exists(PathBuf),
    /// A link to something else.
    #[error("File '{0}' already exists and is a symlink to '{1}'.")]
    OtherLink(PathBuf, PathBuf),
    /// The path of `link` is no unit file.
    #[error("'{0}' is no absolute path of a unit file.")]
    Path(PathBuf),
    /// The disk.
    #[error("Failed to change '{path}': {error}")]
    Disk {
        /// What was changed.
        path: PathBuf,
        /// Why it was not.
        error: io::Error,
    },
}

/// Makes plans for the system below a root folder.
#[derive(Debug)]
pub struct Installer {
    root: PathBuf,
    index: Index,
    /// `PERSISTENT` or `RUNTIME`.
    folder: &'static str,
    force: bool,
}

impl Installer {
    /// Reads the folders of unit files. `runtime` is `--runtime`.
    pub fn new(root: &Path, runtime: bool) -> Self {
        let folders: Vec<PathBuf> = SEARCH_PATH.iter().map(|folder| root.join(folder)).collect();
        Self {
            root: root.to_owned(),
            index: Index::read(root, &folders),
            folder: if runtime { RUNTIME } else { PERSISTENT },
            force: false,
        }
    }

    /// `--force`: links to something else are replaced.
    #[must_use]
    pub fn with_force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Where `systemctl edit` puts its drop-in, and with `full` its copy of the unit file.
    pub fn edit_path(&self, name: &UnitName, full: bool) -> PathBuf {
        let folder = Path::new(self.folder);
        if full {
            return folder.join(name.as_str());
        }
        folder.join(format!("{name}.d")).join("override.conf")
    }

    /// Whether the unit has anything to enable; else systemctl warns.
    pub fn has_install(&self, name: &UnitName) -> bool {
        matches!(self.find(name), Ok((name, path)) if !self.install(&name, &path).is_empty())
    }

    /// The name and file of a unit, aliases followed.
    fn find(&self, name: &UnitName) -> Result<(UnitName, PathBuf), InstallError> {
        match self.index.find(name) {
            Found::File { name, path, .. } => Ok((name, path)),
            Found::Masked(_) => Err(InstallError::Masked(name.clone())),
            Found::Nothing => Err(InstallError::Missing(name.clone())),
        }
    }

    /// The `[Install]` of a unit, drop-ins included.
    fn install(&self, name: &UnitName, path: &Path) -> Install {
        let mut remarks = Vec::new();
        let mut entries = Vec::new();
        let drop_ins = self.index.drop_ins(std::slice::from_ref(name));
        for file in
            std::iter::once(path.to_owned()).chain(drop_ins.into_iter().map(|(path, _)| path))
        {
            let text = read(&file).unwrap_or_default();
            let read = text::parse(&text, &file, &mut remarks);
            entries.extend(read.into_iter().filter(|entry| entry.section == "Install"));
        }
        let fragment = Some(path.to_owned());
        let sources = Sources { fragment, entries, remarks, ..Sources::of(name) };
        settings::build(sources, &Facts::read(&self.root)).install
    }

    /// A path of the disk as the running system sees it.
    fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), |p| Path::new("/").join(p))
    }

    /// A path of the running system on the disk.
    fn real(&self, path: &Path) -> PathBuf {
        below(&self.root, path)
    }
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Carries out a plan below `root`; stops at the first error.
pub fn apply(root: &Path, changes: &[Change]) -> Result<(), InstallError> {
    for change in changes {
        let (path, done) = match change {
            Change::Link { path, target } => (path, link(&below(root, path), target)),
            Change::Remove(path) => (path, std::fs::remove_file(below(root, path))),
            Change::RemoveFolder(path) => (path, std::fs::remove_dir(below(root, path))),
        };
        match done {
            // Somebody else was faster.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && !matches!(change, Change::Link { .. }) => {}
            Err(error) => return Err(InstallError::Disk { path: path.clone(), error }),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// A link takes the place of another in one step, so that a unit is never without.
fn link(path: &Path, target: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("link");
    let scratch = path.with_file_name(format!(".#{name}"));
    match std::fs::remove_file(&scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(target, &scratch)?;
    std::fs::rename(&scratch, path)
}

#[cfg(test)]
mod tests;
