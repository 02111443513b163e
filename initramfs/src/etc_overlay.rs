//! `/etc`: an overlay of the image's defaults in `/usr` and the machine's changes on ROOT.

use std::fs;

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{MountFlags, UnmountFlags, unmount};

use crate::console;
use crate::mounts;
use crate::refuse::{Failure, doing};

const DEFAULTS: &str = "usr/share/factory/etc";
/// Where on ROOT the changes are. Changing it loses the changes of installed systems.
const CHANGES: &str = "var/lib/keelson/etc";
/// Where the changes of one boot are where ROOT takes none.
const VOLATILE: &str = "/run/keelson/etc";

/// Mounts `/etc` of `root`. Where ROOT takes no changes, being full, the changes that are there
/// still show and new ones are kept in memory.
pub(crate) fn mount(root: &str) -> Result<(), Failure> {
    let defaults = format!("{root}/{DEFAULTS}");
    let changes = format!("{root}/{CHANGES}");
    let target = format!("{root}/etc");
    match writable(&defaults, &changes, &target) {
        Ok(()) => return Ok(()),
        Err(error) => console::warn(format_args!(
            "{error}: changes to /etc are kept in memory and lost at the next boot"
        )),
    }
    let upper = format!("{changes}/upper");
    let lower = if fs::metadata(&upper).is_ok_and(|folder| folder.is_dir()) {
        format!("{upper}:{defaults}")
    } else {
        defaults
    };
    overlay(&lower, VOLATILE, &target)
}

/// An overlay whose changes are kept; an error if the kernel mounts it read-only, which it does
/// where it cannot make its work folder.
fn writable(lower: &str, changes: &str, target: &str) -> Result<(), Failure> {
    overlay(lower, changes, target)?;
    let what = || format!("mounting {target} for writing");
    let mounted = statvfs(target).map_err(doing(what()))?;
    if !mounted.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Ok(());
    }
    unmount(target, UnmountFlags::empty()).map_err(doing(what()))?;
    Err(doing(what())(rustix::io::Errno::NOSPC))
}

fn overlay(lower: &str, changes: &str, target: &str) -> Result<(), Failure> {
    let (upper, work) = (format!("{changes}/upper"), format!("{changes}/work"));
    for folder in [&upper, &work] {
        fs::create_dir_all(folder).map_err(doing(format!("making {folder}")))?;
    }
    let data =
        format!("lowerdir={lower},upperdir={upper},workdir={work},index=off,metacopy=off,xino=off");
    let flags = MountFlags::NODEV | MountFlags::NOSUID;
    mounts::on("overlay", target, "overlay", flags, &data)
}
