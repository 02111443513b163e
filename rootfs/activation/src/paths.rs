//! What a path unit watches (systemd.path(5)).

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use keelson_units::model::{PathCondition, PathUnit};

pub use watcher::Watcher;

pub mod glob;
mod watcher;

/// `MakeDirectory=`: makes the folders that are watched, but for `PathExists=` ones.
pub fn make_directories(unit: &PathUnit) -> io::Result<()> {
    if !unit.make_directory {
        return Ok(());
    }
    let exists = |condition| matches!(condition, PathCondition::Exists | PathCondition::ExistsGlob);
    for watch in unit.watches.iter().filter(|watch| !exists(watch.condition)) {
        if !watch.path.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(unit.directory_mode.unwrap_or(0o755))
                .create(&watch.path)?;
        }
    }
    Ok(())
}

/// Whether a condition about what exists holds now; those about changes never do.
pub(crate) fn holds(condition: PathCondition, path: &Path) -> bool {
    match condition {
        PathCondition::Exists => path.exists(),
        PathCondition::ExistsGlob => path.to_str().is_some_and(glob::exists),
        PathCondition::DirectoryNotEmpty => {
            let Ok(mut entries) = path.read_dir() else { return false };
            entries.any(|entry| {
                entry.is_ok_and(|entry| !is_hidden(&entry.file_name().to_string_lossy()))
            })
        }
        PathCondition::Changed | PathCondition::Modified => false,
    }
}

/// Endings of what package managers and editors leave behind.
const LEFT_BEHIND: [&str; 18] = [
    ".rpmnew",
    ".rpmsave",
    ".rpmorig",
    ".dpkg-old",
    ".dpkg-new",
    ".dpkg-tmp",
    ".dpkg-dist",
    ".dpkg-bak",
    ".dpkg-backup",
    ".dpkg-remove",
    ".ucf-new",
    ".ucf-old",
    ".ucf-dist",
    ".swp",
    ".bak",
    ".old",
    ".new",
    "~",
];

/// Files that do not count: hidden ones, backups, and those of the file system itself.
fn is_hidden(name: &str) -> bool {
    let own = ["lost+found", "aquota.user", "aquota.group"].contains(&name);
    own || name.starts_with('.') || LEFT_BEHIND.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests;
