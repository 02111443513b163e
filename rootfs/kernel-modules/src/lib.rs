//! Loads kernel modules with their dependencies: by name, by alias, and for all hardware found.
//!
//! The index of a kernel release (`modules.dep`, `modules.alias`, `modules.softdep`) is read through
//! `keelson_format::modules`. A module whose name does not end in `.ko` is compressed, and the kernel unpacks it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use keelson_format::modules::{IndexError, MissingModule, Module, ModuleIndex, module_name};
use rustix::io::Errno;
use thiserror::Error;

mod coldplug;
mod config;
mod kernel;
mod order;

pub use config::Config;

/// Folder of the modules of every kernel release.
pub const FOLDER: &str = "/usr/lib/modules";

/// The modules of one kernel release.
#[derive(Debug, Clone)]
pub struct Modules {
    folder: PathBuf,
    index: ModuleIndex,
    builtin: BTreeSet<String>,
    config: Config,
}

/// A module that [`Modules::load`] put into the kernel; those already there are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its name, with `_` for every `-`.
    pub name: String,
    /// The file it came from.
    pub path: PathBuf,
}

/// Why the modules of a release could not be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A file of the index could not be read.
    #[error("reading {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A file of the index is damaged.
    #[error("{folder}: {source}")]
    Index {
        /// Folder of the release.
        folder: PathBuf,
        /// Which line of which file.
        source: IndexError,
    },
}

/// Why a module was not loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// Neither a module nor built in.
    #[error("there is no module {name} in {folder}")]
    NotFound {
        /// Name or alias that was asked for.
        name: String,
        /// Folder of the release.
        folder: PathBuf,
    },
    /// The index names a dependency that it does not hold.
    #[error(transparent)]
    Missing(#[from] MissingModule),
    /// `modprobe.d` has a command in its place.
    #[error("{place}: {name} is not loaded: commands in the place of modules are not run")]
    Refused {
        /// Name of the module.
        name: String,
        /// File and line.
        place: String,
    },
    /// The file could not be opened.
    #[error("opening {path}: {errno}")]
    Open {
        /// File of the module.
        path: PathBuf,
        /// What the kernel said.
        errno: Errno,
    },
    /// The list of loaded modules could not be read.
    #[error("reading /proc/modules: {0}")]
    List(io::Error),
    /// The kernel refused the module.
    #[error("loading {path}: {errno} ({})", kernel::meaning(*.errno))]
    Kernel {
        /// File of the module.
        path: PathBuf,
        /// What the kernel said.
        errno: Errno,
    },
}

impl Modules {
    /// Reads the index of a release, `folder` being `/usr/lib/modules/RELEASE`, what `modprobe.d` says
    /// (modprobe.d(5)), and the module options of the running kernel's command line
    /// (`modprobe.blacklist=`, `MODULE.OPTION=VALUE`).
    ///
    /// `modules.builtin` may be absent; the three other files must be there.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| OpenError::Read { path, source })
        };
        let (dep, alias, softdep) =
            (read("modules.dep")?, read("modules.alias")?, read("modules.softdep")?);
        let index = ModuleIndex::parse(&dep, &alias, &softdep)
            .map_err(|source| OpenError::Index { folder: folder.to_owned(), source })?;
        let builtin = match read("modules.builtin") {
            Ok(text) => text.lines().map(module_name).collect(),
            Err(OpenError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                BTreeSet::new()
            }
            Err(error) => return Err(error),
        };
        // Without /proc there are no options; the caller that needs them mounts it first.
        let mut config = Config::read(Path::new("/"));
        config.take_command_line(&fs::read_to_string("/proc/cmdline").unwrap_or_default());
        Ok(Self { folder: folder.to_owned(), index, builtin, config })
    }

    /// [`Modules::open`] for the kernel that runs.
    pub fn open_running() -> Result<Self, OpenError> {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        Self::open(&Path::new(FOLDER).join(release))
    }

    /// What in `modprobe.d` was not understood or is not done, each with file and line.
    pub fn remarks(&self) -> &[String] {
        &self.config.remarks
    }

    /// Loads every module that matches a name or an alias, each after what it needs.
    ///
    /// `params` are given to the modules that match, after those of `modprobe.d` and of the command
    /// line. What is loaded already or built in is no error. A blacklisted module is loaded by its
    /// name but not by an alias, as `modprobe` does it.
    pub fn load(&self, name_or_alias: &str, params: &str) -> Result<Vec<Loaded>, LoadError> {
        let mut present = kernel::loaded().map_err(LoadError::List)?;
        self.load_into(&mut present, name_or_alias, params)
    }

    /// Whether a name or an alias matches a module of the index.
    pub fn knows(&self, name_or_alias: &str) -> bool {
        !self.index.matching(name_or_alias).is_empty()
    }

    /// Loads what matches and is not `present`, and adds it there.
    fn load_into(
        &self,
        present: &mut BTreeSet<String>,
        name_or_alias: &str,
        params: &str,
    ) -> Result<Vec<Loaded>, LoadError> {
        let name = name_or_alias.replace('-', "_");
        let mut news = Vec::new();
        for wanted in self.matching(name_or_alias)? {
            let of_alias = (wanted.name != name).then(|| self.config.params(&name, params));
            let given = of_alias.as_deref().unwrap_or(params);
            news.extend(self.load_module(present, wanted, given)?);
        }
        Ok(news)
    }

    /// The modules that a name or an alias stands for: by an alias of the host, or by its name, or by
    /// an alias of its own, without those that no alias loads. None where it is built in.
    fn matching(&self, name_or_alias: &str) -> Result<Vec<&Module>, LoadError> {
        let not_blacklisted = |module: &&Module| !self.config.blacklisted(&module.name);
        let is_built_in = |name: &str| self.builtin.contains(&module_name(name));
        let (matching, built_in) = match self.config.aliased(name_or_alias) {
            Some(names) => {
                let found = names.iter().filter_map(|name| self.index.get(name));
                (found.collect(), names.iter().any(|name| is_built_in(name)))
            }
            None => (self.index.matching(name_or_alias), is_built_in(name_or_alias)),
        };
        match &matching[..] {
            [] if !built_in => {
                let (name, folder) = (name_or_alias.to_owned(), self.folder.clone());
                Err(LoadError::NotFound { name, folder })
            }
            [one] if one.name == name_or_alias.replace('-', "_") => Ok(matching),
            _ => Ok(matching.into_iter().filter(not_blacklisted).collect()),
        }
    }

    /// Loads a module with all that goes with it. What may be missing may fail, too.
    fn load_module(
        &self,
        present: &mut BTreeSet<String>,
        wanted: &Module,
        params: &str,
    ) -> Result<Vec<Loaded>, LoadError> {
        let mut news = Vec::new();
        for (module, needed) in self.order(wanted)? {
            if present.contains(&module.name) {
                continue;
            }
            let given = if module.name == wanted.name { params } else { "" };
            match self.insert(module, given) {
                Err(error) if needed => return Err(error),
                outcome => news.extend(outcome.into_iter().flatten()),
            }
            present.insert(module.name.clone());
        }
        Ok(news)
    }

    fn insert(&self, module: &Module, given: &str) -> Result<Option<Loaded>, LoadError> {
        if let Some(place) = self.config.refused(&module.name) {
            let (name, place) = (module.name.clone(), place.to_owned());
            return Err(LoadError::Refused { name, place });
        }
        let path = self.folder.join(&module.path);
        let params = self.config.params(&module.name, given);
        let fresh = kernel::insert(&path, &params)?;
        Ok(fresh.then(|| Loaded { name: module.name.clone(), path }))
    }
}

#[cfg(test)]
mod tests;
