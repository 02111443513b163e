//! The words of `-o`: those the kernel takes as flags, and the rest, which is the file system's.

use rustix::mount::MountFlags;

/// What a list of mount options asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) flags: MountFlags,
    pub(crate) bind: bool,
    pub(crate) recursive: bool,
    pub(crate) remount: bool,
    data: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            flags: MountFlags::empty(),
            bind: false,
            recursive: false,
            remount: false,
            data: Vec::new(),
        }
    }
}

impl Options {
    /// Adds a comma-separated list; a later word wins over an earlier one.
    pub(crate) fn add(&mut self, list: &str) {
        for word in list.split(',').filter(|word| !word.is_empty()) {
            match word {
                "defaults" => {}
                "bind" => self.bind = true,
                "rbind" => (self.bind, self.recursive) = (true, true),
                "remount" => self.remount = true,
                _ => match flag(word) {
                    Some((flag, set)) => self.flags.set(flag, set),
                    None => self.data.push(word.to_owned()),
                },
            }
        }
    }

    /// What is left for the file system.
    pub(crate) fn data(&self) -> String {
        self.data.join(",")
    }
}

/// The flag of a word, and whether the word sets or clears it.
fn flag(word: &str) -> Option<(MountFlags, bool)> {
    Some(match word {
        "ro" => (MountFlags::RDONLY, true),
        "rw" => (MountFlags::RDONLY, false),
        "nosuid" => (MountFlags::NOSUID, true),
        "suid" => (MountFlags::NOSUID, false),
        "nodev" => (MountFlags::NODEV, true),
        "dev" => (MountFlags::NODEV, false),
        "noexec" => (MountFlags::NOEXEC, true),
        "exec" => (MountFlags::NOEXEC, false),
        "noatime" => (MountFlags::NOATIME, true),
        "relatime" => (MountFlags::RELATIME, true),
        "nodiratime" => (MountFlags::NODIRATIME, true),
        "sync" => (MountFlags::SYNCHRONOUS, true),
        "async" => (MountFlags::SYNCHRONOUS, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
