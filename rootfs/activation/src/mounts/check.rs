//! The check before a mount that the sixth field of fstab(5) asks for, as systemd-fsck@.service(8) does it.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use keelson_output::eprintln;
use rustix::process::{Signal, set_parent_process_death_signal};

use super::MountError;
use crate::devices::probe::Content;

/// It checks ext2, ext3 and ext4; there is no program for others, and most need none.
const E2FSCK: &str = "/usr/sbin/e2fsck";
/// Bit of the exit status: errors are left.
const ERRORS_LEFT: i32 = 4;
/// So many lines are told; the parent reads no more than a pipe holds.
const LINES: usize = 20;

/// Whether file systems of this type can be checked.
pub fn is_known(fs_type: &str) -> bool {
    [Content::Ext2, Content::Ext3, Content::Ext4].iter().any(|kind| kind.fs_type() == fs_type)
}

/// Has what is not clean repaired as far as that is safe. One that cannot be checked, as for it is mounted elsewhere, is
/// told of and passes.
pub(super) fn check(device: &Path) -> Result<(), MountError> {
    check_by(Path::new(E2FSCK), device)
}

#[expect(unsafe_code, reason = "what is done in a new process is not checked by the compiler")]
pub(super) fn check_by(program: &Path, device: &Path) -> Result<(), MountError> {
    let mut command = Command::new(program);
    command.arg("-p").arg(device);
    // SAFETY: it is one system call, which takes no memory.
    unsafe {
        // Who gives the mount up kills the process that waits here, and the check is to end with it.
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?));
    }
    let ended = match command.output() {
        Ok(ended) => ended,
        Err(error) => {
            let (program, device) = (program.display(), device.display());
            eprintln(format_args!("{device} is not checked: {program}: {error}"));
            return Ok(());
        }
    };
    let code = ended.status.code();
    if code == Some(0) {
        return Ok(());
    }
    let text = [ended.stdout, ended.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        eprintln(line);
    }
    match code {
        Some(code) if code & ERRORS_LEFT == 0 => Ok(()),
        _ => Err(MountError::Damaged(device.to_owned(), ended.status)),
    }
}
