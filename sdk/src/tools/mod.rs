//! The SDK's tools: Debian programs run from the cache, on any host, with nothing installed.
//!
//! The packages of a set of tools are joined into one tree of hard links. Programs run through the tree's
//! own dynamic loader; folder `bin` beside it holds a wrapper for each, for programs that start others.

mod compose;
mod program;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use self::program::Kind;
use crate::cache::Cache;
use crate::digest::Digest;
use crate::lock::Pin;
use crate::progress::Progress;
use crate::store::Package;

/// Why a tool cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// No package of the set has such a program.
    #[error(
        "no program {0:?} is among the SDK's tools: add its package to the tools that are asked for"
    )]
    Unknown(String),
    /// The program's interpreter is not one that is known here.
    #[error(
        "the program {program} wants the interpreter {interpreter:?}, which the SDK does not run"
    )]
    Interpreter {
        /// The program's path.
        program: String,
        /// Its `#!` line.
        interpreter: String,
    },
    /// Two packages have different files of one path.
    #[error("the packages {first} and {second} both have the file {path}")]
    Conflict {
        /// The path.
        path: String,
        /// One package.
        first: String,
        /// The other.
        second: String,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A set of tools, ready to run.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Holds `root/`, `bin/` and the manifest.
    folder: PathBuf,
    /// Folders of shared libraries, relative to the root.
    libraries: Vec<String>,
    /// For caches that programs keep for themselves, such as compiled Python.
    scratch: PathBuf,
}

/// The caller's variables that programs would follow. `mkfs.erofs` takes `SOURCE_DATE_EPOCH` over its own `-T`.
const FOREIGN: [&str; 6] =
    ["LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD", "PERL5OPT", "PYTHONSTARTUP", "SOURCE_DATE_EPOCH"];

impl Tools {
    /// The composed set of these pins; none if it is not in the cache or looks damaged.
    pub(crate) fn open(cache: &Cache, pins: &BTreeMap<&str, &Pin>) -> Option<Self> {
        let key = key(pins.iter().map(|(name, pin)| (*name, pin.sha256)));
        let folder = cache.path("tools").join(key);
        let libraries = compose::check(&folder)?;
        Some(Self::new(cache, folder, libraries))
    }

    /// Joins packages into a set.
    pub(crate) fn compose(
        cache: &Cache,
        packages: &[Package],
        progress: &Progress,
    ) -> Result<Self, ToolsError> {
        let key = key(packages.iter().map(|package| (package.name.as_str(), package.sha256)));
        let folder = cache.path("tools").join(&key);
        let _held = cache.lock("tools", progress)?;
        if let Some(libraries) = compose::check(&folder) {
            return Ok(Self::new(cache, folder, libraries));
        }
        cache.remove(&folder)?;
        let _step = progress.step("arranging the tools");
        let scratch = cache.scratch()?;
        let made = scratch.path().join("tools");
        let libraries = compose::write(&made, packages)?;
        Cache::publish(&made, &folder)?;
        Ok(Self::new(cache, folder, libraries))
    }

    fn new(cache: &Cache, folder: PathBuf, libraries: Vec<String>) -> Self {
        Self { folder, libraries, scratch: cache.path("tmp") }
    }

    /// The tree of all packages of the set.
    pub fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// A folder with one wrapper per program, to put into the `PATH` of a shell.
    pub fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// The place of a file of the set, such as `usr/share/OVMF/OVMF_CODE_4M.fd`. Whether it is there is not checked.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root().join(relative)
    }

    /// A command that runs a program of the set by its name (`mkfs.erofs`) or its path in the tree
    /// (`usr/lib/systemd/systemd-measure`). Arguments, environment and streams may be added.
    pub fn command(&self, program: &str) -> Result<Command, ToolsError> {
        let path = self.find(program)?;
        let name = program.rsplit('/').next().unwrap_or(program);
        let mut command = match Kind::of(&path)? {
            Kind::Dynamic => {
                let mut command = self.loader(name);
                command.arg(&path);
                command
            }
            Kind::Static => Command::new(&path),
            Kind::Script { interpreter } => self.script(&interpreter, &path)?,
        };
        self.environment(&mut command);
        if name.starts_with("qemu-system-") {
            for data in ["qemu", "seabios"] {
                command.arg("-L").arg(self.path("usr/share").join(data));
            }
            command.arg("-L").arg(self.path("usr/lib/ipxe/qemu"));
        }
        Ok(command)
    }

    fn find(&self, program: &str) -> Result<PathBuf, ToolsError> {
        let root = self.root();
        let candidates = if program.contains('/') {
            vec![root.join(program)]
        } else {
            compose::PROGRAMS.map(|folder| root.join(folder).join(program)).into()
        };
        let found = candidates
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| ToolsError::Unknown(program.to_owned()))?;
        Ok(fs::canonicalize(found)?)
    }

    /// The dynamic loader with the set's libraries, still without a program.
    fn loader(&self, name: &str) -> Command {
        let root = self.root();
        let mut libraries = OsString::new();
        for folder in &self.libraries {
            if !libraries.is_empty() {
                libraries.push(":");
            }
            libraries.push(root.join(folder));
        }
        let mut command = Command::new(root.join(compose::LOADER));
        command.arg("--argv0").arg(name).arg("--library-path").arg(libraries);
        command
    }

    fn script(&self, interpreter: &str, path: &Path) -> Result<Command, ToolsError> {
        let mut command = match interpreter {
            "sh" | "bash" | "dash" => Command::new("/bin/sh"),
            other if other.starts_with("python3") || other == "perl" => {
                let mut command = self.loader(other);
                command.arg(self.find(other)?);
                command
            }
            other => {
                return Err(ToolsError::Interpreter {
                    program: path.display().to_string(),
                    interpreter: other.to_owned(),
                });
            }
        };
        command.arg(path);
        Ok(command)
    }

    /// Points programs at the data of the set, and keeps the host's settings from them.
    fn environment(&self, command: &mut Command) {
        let mut path = self.bin().into_os_string();
        path.push(":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        command.env("PATH", path).env("LC_ALL", "C").env("TZ", "UTC0");
        for name in FOREIGN {
            command.env_remove(name);
        }
        let root = self.root();
        let library = "usr/lib/x86_64-linux-gnu";
        for (name, place) in [
            ("PYTHONHOME", "usr".to_owned()),
            ("PYTHONPATH", "usr/lib/python3/dist-packages".to_owned()),
            ("GCONV_PATH", format!("{library}/gconv")),
            ("OPENSSL_CONF", "etc/ssl/openssl.cnf".to_owned()),
            ("OPENSSL_MODULES", format!("{library}/ossl-modules")),
            ("MKE2FS_CONFIG", "etc/mke2fs.conf".to_owned()),
            ("QEMU_MODULE_DIR", format!("{library}/qemu")),
            ("MAGIC", "usr/lib/file/magic.mgc".to_owned()),
        ] {
            command.env(name, root.join(place));
        }
        command
            .env("PYTHONNOUSERSITE", "1")
            .env("PYTHONPYCACHEPREFIX", self.scratch.join("pycache"));
        let perl = [
            "usr/share/perl5".to_owned(),
            "usr/share/perl-base".to_owned(),
            format!("{library}/perl-base"),
        ];
        let folders: Vec<String> =
            perl.iter().map(|folder| root.join(folder).display().to_string()).collect();
        command.env("PERL5LIB", folders.join(":"));
    }
}

/// The name of a set in the cache: its packages and the form this program gives sets.
fn key<'a>(packages: impl Iterator<Item = (&'a str, Digest)>) -> String {
    let mut lines: Vec<String> =
        packages.map(|(name, sha256)| format!("{name} {sha256}\n")).collect();
    lines.sort();
    Digest::of(format!("{}\n{}", compose::SCHEMA, lines.concat())).to_string()
}

#[cfg(test)]
mod tests;
