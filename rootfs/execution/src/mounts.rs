//! The mount namespace of a unit (systemd.exec(5), "SANDBOXING"): first what lies where, as a map of paths; then the
//! steps that make it so.
//!
//! Two rounds: new content (binds, temporary file systems, /proc, /dev, what is hidden) is attached from the top down;
//! then every path with its own rights is cloned as it is by then, given its rights, and attached over itself, from the
//! top down. So a writable folder in a read-only tree keeps the rights it had.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use action::{MountAction, New};
pub use entries::needed;

pub mod action;
mod entries;
pub mod steps;

/// What lies at a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Something else than what the host has there.
    pub content: Option<Content>,
    /// Whether it is read-only, with all below it; none is as what it lies in.
    pub read_only: Option<bool>,
    /// Whether programs in it can be executed.
    pub executable: Option<bool>,
    /// Whether it may be missing.
    pub may_miss: bool,
}

impl Entry {
    /// Whether there is something else than what the host has there.
    pub fn is_new(&self) -> bool {
        self.content.is_some()
    }
}

/// New content of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file or folder of the host.
    Bind {
        /// Where it is there.
        source: PathBuf,
        /// With what is mounted in it.
        recursive: bool,
    },
    /// A file system of its own.
    New(New),
    /// /dev with pseudo devices only.
    Devices,
    /// Nothing that can be opened.
    Hidden,
}

/// All paths, parents before what is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Below the root the process will have, from `/`.
    pub entries: BTreeMap<PathBuf, Entry>,
}

/// Rights as they are in force at a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Nothing can be written.
    pub read_only: bool,
    /// Nothing can be executed.
    pub no_execute: bool,
}

impl Layout {
    fn entry(&mut self, path: &Path, may_miss: bool) -> &mut Entry {
        let new = || Entry { may_miss: true, ..Entry::default() };
        let entry = self.entries.entry(path.to_owned()).or_insert_with(new);
        entry.may_miss &= may_miss;
        entry
    }

    /// Makes a path read-only; it wins over `writable`.
    pub fn read_only(&mut self, path: &Path, may_miss: bool) {
        self.entry(path, may_miss).read_only = Some(true);
    }

    /// Leaves a path as it is on the host, wherever it lies.
    pub fn writable(&mut self, path: &Path, may_miss: bool) {
        self.entry(path, may_miss).read_only.get_or_insert(false);
    }

    /// Programs in a path can (not) be executed.
    pub fn executable(&mut self, path: &Path, may_miss: bool, allowed: bool) {
        let entry = self.entry(path, may_miss);
        entry.executable = Some(allowed && entry.executable != Some(false));
    }

    /// Puts something new at a path. What is hidden stays hidden. What is to be read-only is so at the end, when all
    /// mount points in it are made.
    pub fn content(&mut self, path: &Path, may_miss: bool, mut content: Content) {
        let entry = self.entry(path, may_miss);
        if let Content::New(new) = &mut content
            && new.attributes & entries::READ_ONLY != 0
        {
            new.attributes &= !entries::READ_ONLY;
            entry.read_only = Some(true);
        }
        if entry.content != Some(Content::Hidden) {
            entry.content = Some(content);
        }
    }

    /// Drops what lies in something hidden.
    pub fn without_unreachable(mut self) -> Self {
        let hidden: Vec<PathBuf> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.content == Some(Content::Hidden))
            .map(|(path, _)| path.clone())
            .collect();
        self.entries.retain(|path, _| {
            !hidden.iter().any(|folder| path.starts_with(folder) && path != folder)
        });
        self
    }

    /// The rights in force at a path: those of the nearest entry that says something.
    pub fn rights(&self, path: &Path) -> Rights {
        let entries = || path.ancestors().filter_map(|path| self.entries.get(path));
        Rights {
            read_only: entries().find_map(|entry| entry.read_only).unwrap_or(false),
            no_execute: entries().find_map(|entry| entry.executable) == Some(false),
        }
    }

    /// The paths that need a mount of their own for their rights: those that differ from what they lie in, or are new
    /// content. The root is not among them.
    pub fn own_rights(&self) -> impl Iterator<Item = (&Path, &Entry, Rights)> {
        self.entries.iter().filter_map(|(path, entry)| {
            let parent = self.rights(path.parent()?);
            let own = self.rights(path);
            let differs = own != parent;
            (differs && entry.content != Some(Content::Hidden)).then_some((
                path.as_path(),
                entry,
                own,
            ))
        })
    }
}

#[cfg(test)]
mod tests;
