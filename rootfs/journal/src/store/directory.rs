//! The files of a store's folder and where the folders are.

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::entry::Id;

/// The segment that is written.
pub const ACTIVE: &str = "system.klog";
/// Below which the folders of machines stand, kept over a reboot.
pub const PERSISTENT: &str = "/var/log/journal";
/// Below which they stand in memory.
pub const VOLATILE: &str = "/run/log/journal";
/// The group that may read the log.
pub const GROUP: &str = "systemd-journal";

/// How the names of closed segments begin.
const CLOSED: &str = "system@";

/// The name a segment gets when it is closed; names sort as the segments follow.
pub fn archived_name(first_sequence: u64, created: u64) -> String {
    format!("{CLOSED}{first_sequence:016x}-{created:016x}.klog")
}

/// Whether a segment has the name of a closed one: nothing is written to it any more.
pub fn is_closed(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(CLOSED.as_bytes()))
}

/// The closed segments of a folder, oldest first, and after them the one that is written.
pub fn segments(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut closed = Vec::new();
    let mut active = None;
    for item in std::fs::read_dir(folder)? {
        let path = item?.path();
        if path.extension().is_none_or(|extension| extension != "klog") {
            continue;
        }
        if path.file_name().is_some_and(|name| name == ACTIVE) {
            active = Some(path);
        } else {
            closed.push(path);
        }
    }
    closed.sort();
    closed.extend(active);
    Ok(closed)
}

/// The number of the first record that is still in a folder.
pub fn first_sequence(folder: &Path) -> Option<u64> {
    let oldest = segments(folder).ok()?.into_iter().next()?;
    let file = std::fs::File::open(oldest).ok()?;
    let head = super::segment::read_at(&file, 0, super::frame::HEADER_LENGTH).ok()?;
    super::frame::Header::decode(&head).map(|header| header.first_sequence)
}

/// The folders of `machine` that exist below `root`, or all machines' with `None`.
pub fn folders(root: &Path, machine: Option<Id>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for base in [PERSISTENT, VOLATILE] {
        let base = root.join(base.trim_start_matches('/'));
        match machine {
            Some(machine) => found.push(base.join(machine.to_string())),
            None => found.extend(
                std::fs::read_dir(base).into_iter().flatten().flatten().map(|item| item.path()),
            ),
        }
    }
    found.retain(|folder| folder.is_dir());
    found
}

/// Makes a store's folder: its group may read what is in it, and new files get that group.
pub fn create(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let group = group_id(GROUP).or_else(|| group_id("adm"));
    // The parent is the log's own only where it has its name.
    let parent = folder.parent().filter(|parent| parent.ends_with("journal"));
    for path in parent.into_iter().chain([folder]) {
        // An ordinary user has neither the right nor the need: the folder is then their own.
        if rustix::process::geteuid().is_root() {
            chown(path, Some(0), group)?;
            // A sandbox may forbid the setgid bit; the log is then kept without it, readable to root alone.
            let mode = |mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
            mode(0o2755).or_else(|_| mode(0o755))?;
        }
    }
    Ok(())
}

/// The number of a group in `/etc/group`.
pub fn group_id(name: &str) -> Option<u32> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut parts = line.split(':');
        (parts.next() == Some(name)).then(|| parts.nth(1)?.parse().ok()).flatten()
    })
}

/// Writes a file whole or not at all, readable as segments are.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    std::fs::write(&draft, bytes)?;
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o640))?;
    std::fs::rename(&draft, path)
}
