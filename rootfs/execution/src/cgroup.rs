//! Control groups, version 2 (the kernel's Documentation/admin-guide/cgroup-v2.rst): one group for each unit, below the
//! groups of its slices, as systemd has them.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

pub use devices::implied;
pub(crate) use group::open_folder;
pub use group::{Group, Usage};
pub use hierarchy::{Hierarchy, group_path, unit_in};
pub use watch::{Events, MemoryEvents};

mod addresses;
mod devices;
mod group;
mod hierarchy;
mod program;
mod settings;
mod watch;

/// What went wrong with a group.
#[derive(Debug, thiserror::Error)]
#[error("control group: {step} {}: {source}", path.display())]
pub struct CgroupError {
    /// What was done.
    pub step: &'static str,
    /// To what.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

fn failed<T>(step: &'static str, path: &Path, outcome: io::Result<T>) -> Result<T, CgroupError> {
    outcome.map_err(|source| CgroupError { step, path: path.to_owned(), source })
}

/// Writes a file of a group: in one write, without making it.
fn write(path: &Path, text: &str) -> Result<(), CgroupError> {
    use std::io::Write;
    let outcome = std::fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    failed("writing", path, outcome)
}

/// The same by the folder of the group, whose path is not walked again.
fn write_in(folder: &OwnedFd, path: &Path, file: &str, text: &str) -> Result<(), CgroupError> {
    use rustix::fs::{Mode, OFlags, openat};
    let opened = openat(folder, file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty());
    let outcome = opened.and_then(|file| rustix::io::write(&file, text.as_bytes()));
    failed("writing", &path.join(file), outcome.map(drop).map_err(io::Error::from))
}

#[cfg(test)]
mod tests;
