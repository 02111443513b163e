//! Leaves the initramfs: moves the mounts, frees its memory, and runs PID 1 of `/usr`.

use std::convert::Infallible;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use keelson_format::cmdline::Cmdline;
use rustix::mount::{UnmountFlags, mount_move, unmount};
use rustix::process::{chdir, chroot};

use crate::console;
use crate::refuse::{Failure, doing};

const INIT: &str = "/usr/lib/keelson/init";

/// Makes `root` the root of the system and runs its PID 1. Returns only with an error.
pub(crate) fn to(root: &str, cmdline: &Cmdline) -> Result<Infallible, Failure> {
    let init = init(cmdline.value("init"));
    console::step("switching root");
    unmount("/usr", UnmountFlags::DETACH).map_err(doing("unmounting /usr of the initramfs"))?;
    for mount in ["/dev", "/proc", "/sys", "/run"] {
        let target = format!("{root}{mount}");
        mount_move(mount, &target).map_err(doing(format!("moving {mount} to {target}")))?;
    }
    chdir(root).map_err(doing(format!("entering {root}")))?;
    free_initramfs();
    mount_move(".", "/").map_err(doing(format!("moving {root} to /")))?;
    chroot(".").map_err(doing("changing the root"))?;
    chdir("/").map_err(doing("entering /"))?;
    standard_streams()?;
    let mut command = Command::new(&init);
    command.arg0("init").env_clear().env("PATH", "/usr/bin:/usr/sbin");
    Err(doing(format!("running {init}"))(command.exec()))
}

/// The program of `init=`, which must be of the verified `/usr`.
fn init(asked: Option<&str>) -> String {
    let Some(asked) = asked else { return INIT.to_owned() };
    let plain = !asked.split('/').any(|part| part == "..");
    if asked.starts_with("/usr/") && plain {
        return asked.to_owned();
    }
    console::warn(format_args!("init={asked} is not below /usr and is left out"));
    INIT.to_owned()
}

/// Deletes the files of the initramfs, which are in memory, and nothing of another file system.
/// A file that stays costs its memory and nothing else.
fn free_initramfs() {
    let Ok(device) = fs::symlink_metadata("/").map(|root| root.dev()) else { return };
    let mut found: Vec<PathBuf> = vec!["/".into()];
    let mut folders = Vec::new();
    while let Some(path) = found.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.dev() != device {
            continue;
        }
        if meta.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            found.extend(entries.map(|entry| entry.path()));
            folders.push(path);
        } else {
            let _stays = fs::remove_file(&path);
        }
    }
    // Inner ones were found later. `/` and what is mounted on stay.
    for folder in folders.iter().rev() {
        let _stays = fs::remove_dir(folder);
    }
}

/// Gives PID 1 the console of the new root as its standard streams.
fn standard_streams() -> Result<(), Failure> {
    let path = Path::new("/dev/console");
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(console) => {
            let what = "opening the standard streams";
            rustix::stdio::dup2_stdin(&console).map_err(doing(what))?;
            rustix::stdio::dup2_stdout(&console).map_err(doing(what))?;
            rustix::stdio::dup2_stderr(&console).map_err(doing(what))
        }
        Err(error) => {
            console::warn(format_args!("opening {}: {error}", path.display()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_below_usr_replaces_pid_1() {
        for (asked, runs) in [
            (None, INIT),
            (Some("/usr/bin/other"), "/usr/bin/other"),
            (Some("/bin/sh"), INIT),
            (Some("/usr/../tmp/x"), INIT),
        ] {
            assert_eq!(init(asked), runs);
        }
    }
}
