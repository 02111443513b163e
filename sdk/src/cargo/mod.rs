//! Building Rust programs for the image: static, stripped, and the same bytes from any folder.
//!
//! The flags that cargo's fingerprints see are the same everywhere; the paths of this machine are mapped
//! away by a wrapper around the compiler, which the fingerprints do not see. Compiler settings of the
//! caller's environment do not reach the build; settings for the network do. cargo has a home for each
//! target folder, so that a build script finds no sources but its build's own.

mod environment;
mod home;
mod published;
mod run;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use self::published::CrateProgram;
use self::run::Cargo;
use crate::{Result, Sdk};

/// The target of all programs of the image.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A program of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkspaceProgram {
    /// The package.
    pub package: String,
    /// The program in it.
    pub binary: String,
}

/// Why a program could not be built.
#[derive(Debug, thiserror::Error)]
pub enum CargoError {
    /// cargo or rustc is not there.
    #[error("{0} was not found: install Rust with rustup (https://rustup.rs), then run this again")]
    Missing(&'static str),
    /// cargo failed; its own messages are shown whole.
    #[error("building {what} failed\n{output}")]
    Build {
        /// What was built.
        what: String,
        /// All that cargo printed.
        output: String,
    },
    /// A crate is not there and may not be fetched.
    #[error(
        "building {what} needs crates that are not on this machine, and --offline forbids to fetch them\n{output}"
    )]
    Offline {
        /// What was built.
        what: String,
        /// All that cargo printed.
        output: String,
    },
    /// cargo succeeded without making the program.
    #[error("{what} has no program {binary}: check the name in the recipe")]
    NoBinary {
        /// The package or crate.
        what: String,
        /// The program.
        binary: String,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Sdk {
    /// Builds programs of a workspace in one run of cargo; gives each program's path by its name.
    ///
    /// `target_dir` is cargo's; an unchanged workspace costs cargo's own look at it and no more.
    pub fn build_workspace(
        &self,
        workspace: &Path,
        programs: &[WorkspaceProgram],
        target_dir: &Path,
    ) -> Result<BTreeMap<String, PathBuf>> {
        let cargo = Cargo::new(&self.cache, self.options.offline)?;
        let mut command = cargo.command(workspace, target_dir)?;
        command.args(["build", "--release", "--message-format=json-render-diagnostics"]);
        for program in programs {
            command.args(["--package", &program.package, "--bin", &program.binary]);
        }
        let names: Vec<&str> = programs.iter().map(|program| program.binary.as_str()).collect();
        let what = names.join(", ");
        let step = self.options.progress.step(format!("compiling {what}"));
        let messages = cargo.run(command, &what, &step)?;
        let mut built = BTreeMap::new();
        for program in programs {
            let path =
                run::executable(&messages, &program.package, &program.binary).ok_or_else(|| {
                    CargoError::NoBinary {
                        what: program.package.clone(),
                        binary: program.binary.clone(),
                    }
                })?;
            built.insert(program.binary.clone(), path);
        }
        Ok(built)
    }
}

#[cfg(test)]
mod tests;
