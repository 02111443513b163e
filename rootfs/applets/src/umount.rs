//! `umount [-l] [-f] TARGET...`.

use rustix::mount::{UnmountFlags, unmount};

/// Unmounts all that is named, up to the first that fails.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut flags = UnmountFlags::empty();
    let mut targets = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "-l" | "--lazy" => flags |= UnmountFlags::DETACH,
            "-f" | "--force" => flags |= UnmountFlags::FORCE,
            option if option.starts_with('-') => return Err(format!("unknown option '{option}'")),
            target => targets.push(target),
        }
    }
    if targets.is_empty() {
        return Err("usage: umount [-l] [-f] TARGET...".to_owned());
    }
    for target in targets {
        unmount(target, flags).map_err(|error| format!("{target}: {error}"))?;
    }
    Ok(())
}
