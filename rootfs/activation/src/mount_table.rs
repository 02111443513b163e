//! What is mounted: /proc/self/mountinfo (proc_pid_mountinfo(5)), read, watched and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use crate::octal::octal;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: u32,
    /// The number of the mount it stands on.
    pub parent: u32,
    /// `MAJOR:MINOR` of the file system.
    pub device: String,
    /// What of the file system is mounted; not `/` for a bind mount of a part.
    pub root: PathBuf,
    /// Where.
    pub mount_point: PathBuf,
    /// Options of the mount, comma-separated.
    pub options: String,
    /// The type: `ext4`, `tmpfs`, `fuse.sshfs`.
    pub fs_type: String,
    /// The device, or any text.
    pub source: String,
    /// Options of the file system, comma-separated.
    pub fs_options: String,
}

/// Something that changed at a mount point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something is mounted where nothing was.
    Added(Entry),
    /// What is on top is another mount, or has other options.
    Changed(Entry),
    /// Nothing is mounted there any more.
    Removed(PathBuf),
    /// The automount point there is gone.
    Unserved(PathBuf),
}

/// The mounts by mount point; of several on one point, the one on top.
pub type Mounts = BTreeMap<PathBuf, Entry>;

/// The kernel's table, open. It can be polled: it reports POLLERR and POLLPRI after a change, until read again.
#[derive(Debug)]
pub struct Table {
    file: File,
    mounts: Mounts,
    /// Automount points, which are no mounts: they wait for one.
    points: BTreeSet<PathBuf>,
}

impl AsFd for Table {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Table {
    /// Opens and reads it.
    pub fn open() -> io::Result<Self> {
        Self::open_at(Path::new("/proc/self/mountinfo"))
    }

    /// Opens another file of the same form.
    pub fn open_at(path: &Path) -> io::Result<Self> {
        let mut table =
            Self { file: File::open(path)?, mounts: Mounts::new(), points: BTreeSet::new() };
        table.update()?;
        Ok(table)
    }

    /// What was mounted when it was read last.
    pub fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    /// Reads it again, and gives what changed since.
    pub fn update(&mut self) -> io::Result<Vec<Change>> {
        let (points, mounts): (Vec<Entry>, Vec<Entry>) =
            self.read()?.into_iter().partition(|entry| entry.fs_type == "autofs");
        let mounts = mounts.into_iter().map(|entry| (entry.mount_point.clone(), entry)).collect();
        let points = points.into_iter().map(|entry| entry.mount_point).collect();
        let old = std::mem::replace(&mut self.mounts, mounts);
        let old_points = std::mem::replace(&mut self.points, points);
        let mut changes = diff(&old, &self.mounts);
        changes.extend(old_points.difference(&self.points).cloned().map(Change::Unserved));
        Ok(changes)
    }

    fn read(&mut self) -> io::Result<Vec<Entry>> {
        let mut text = Vec::new();
        self.file.rewind()?;
        self.file.read_to_end(&mut text)?;
        Ok(parse(&String::from_utf8_lossy(&text)))
    }
}

/// The entries of a table, in its order: a later one at the same point is on top. Lines of another form are passed
/// over.
pub fn parse(text: &str) -> Vec<Entry> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Entry> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut words = mount.split(' ');
    let (id, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let device = words.next()?.to_owned();
    let (root, mount_point) = (octal(words.next()?), octal(words.next()?));
    let options = words.next()?.to_owned();
    let mut words = file_system.split(' ');
    let fs_type = octal(words.next()?).to_string_lossy().into_owned();
    let source = octal(words.next()?).to_string_lossy().into_owned();
    let fs_options = words.next().unwrap_or_default().to_owned();
    Some(Entry { id, parent, device, root, mount_point, options, fs_type, source, fs_options })
}

/// What leads from one state to the other. Removed ones come first, the deepest before those they stand on.
pub fn diff(old: &Mounts, new: &Mounts) -> Vec<Change> {
    let removed =
        old.keys().rev().filter(|point| !new.contains_key(*point)).cloned().map(Change::Removed);
    let others = new.iter().filter_map(|(point, entry)| match old.get(point) {
        None => Some(Change::Added(entry.clone())),
        Some(before) if before != entry => Some(Change::Changed(entry.clone())),
        Some(_) => None,
    });
    removed.chain(others).collect()
}

#[cfg(test)]
mod tests;
