//! Programs that mount what the kernel alone cannot: /sbin/mount.TYPE of mount(8).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Attachment, MountError};

/// Where helpers are.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/bin"];

/// The helper for a type; `fuse.sshfs` is also one for `fuse`.
pub(super) fn find(action: &str, fs_type: &str) -> Option<PathBuf> {
    if fs_type.is_empty() || fs_type.contains('/') {
        return None;
    }
    let base = fs_type.split_once('.').map_or(fs_type, |(base, _)| base);
    let names = [format!("{action}.{fs_type}"), format!("{action}.{base}")];
    let paths = names
        .iter()
        .flat_map(|name| FOLDERS.iter().map(move |folder| Path::new(folder).join(name)));
    paths.into_iter().find(|path| path.is_file())
}

/// `mount.TYPE SOURCE TARGET [-s] -o OPTIONS [-t TYPE.SUBTYPE]`
pub(super) fn mount(helper: &Path, attachment: &Attachment) -> Result<(), MountError> {
    let mut command = Command::new(helper);
    command.arg(&attachment.what).arg(&attachment.mount_point);
    if attachment.sloppy {
        command.arg("-s");
    }
    let options = if attachment.options.is_empty() { "rw" } else { &attachment.options };
    command.args(["-o", options]);
    if let Some(fs_type) = attachment.fs_type.as_deref().filter(|kind| kind.contains('.')) {
        command.args(["-t", fs_type]);
    }
    run(helper, command)
}

/// `umount.TYPE TARGET [-f] [-l]`
pub(super) fn unmount(
    helper: &Path,
    point: &Path,
    lazy: bool,
    force: bool,
) -> Result<(), MountError> {
    let mut command = Command::new(helper);
    command.arg(point);
    command.args(force.then_some("-f")).args(lazy.then_some("-l"));
    run(helper, command)
}

fn run(helper: &Path, mut command: Command) -> Result<(), MountError> {
    let status = command.status().map_err(|error| MountError::Helper(helper.to_owned(), error))?;
    if status.success() { Ok(()) } else { Err(MountError::HelperFailed(helper.to_owned(), status)) }
}
