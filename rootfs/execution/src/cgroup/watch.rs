//! Descriptors that become ready (POLLPRI) when something happens to a group.

use std::fs::{File, read_to_string};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use super::{CgroupError, failed};

/// `cgroup.events` of a group.
#[derive(Debug)]
pub struct Events {
    file: File,
    path: PathBuf,
}

/// `memory.events` of a group.
#[derive(Debug)]
pub struct MemoryEvents {
    file: File,
    path: PathBuf,
}

impl Events {
    pub(super) fn open(group: &Path) -> Result<Self, CgroupError> {
        let path = group.join("cgroup.events");
        let file = failed("opening", &path, File::open(&path))?;
        Ok(Self { file, path })
    }

    /// Whether a process is left. Reading it makes the descriptor quiet again. A group that is gone has none.
    pub fn populated(&self) -> bool {
        let text = read(&self.file, &self.path);
        value(&text, "populated") == Some(1)
    }
}

impl MemoryEvents {
    /// Of the group of this folder.
    pub fn open(group: &Path) -> Result<Self, CgroupError> {
        let path = group.join("memory.events");
        let file = failed("opening", &path, File::open(&path))?;
        Ok(Self { file, path })
    }

    /// How many processes were killed for want of memory since the group was made.
    pub fn oom_kills(&self) -> u64 {
        oom_kills(&read(&self.file, &self.path))
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl AsFd for MemoryEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// The whole text; through the descriptor itself, so that it is quiet afterwards.
fn read(file: &File, path: &Path) -> String {
    use std::os::unix::fs::FileExt;
    let mut buffer = [0; 1024];
    match file.read_at(&mut buffer, 0) {
        Ok(count) => String::from_utf8_lossy(&buffer[..count]).into_owned(),
        Err(_) => read_to_string(path).unwrap_or_default(),
    }
}

/// The kills that `memory.events` counts.
pub(super) fn oom_kills(text: &str) -> u64 {
    value(text, "oom_kill").unwrap_or(0)
}

/// The number behind a key.
pub(super) fn value(text: &str, key: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(name, _)| *name == key).and_then(|(_, value)| value.trim().parse().ok())
}
