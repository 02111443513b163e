//! The kernel's own file systems, and mounting anything else.

use std::fs;
use std::path::Path;

use rustix::mount::{MountFlags, mount};

use crate::refuse::{Failure, doing};

/// Mounts a file system on a folder that is made where it is not there.
pub(crate) fn on(
    source: &str,
    target: &str,
    kind: &str,
    flags: MountFlags,
    data: &str,
) -> Result<(), Failure> {
    fs::create_dir_all(target).map_err(doing(format!("making {target}")))?;
    let data = std::ffi::CString::new(data)
        .map_err(|error| doing(format!("mounting {target}"))(std::io::Error::other(error)))?;
    mount(source, target, kind, flags, Some(data.as_c_str()))
        .map_err(doing(format!("mounting {source} ({kind}) on {target}")))
}

/// Mounts `/proc`, `/sys`, `/dev` and `/run`.
pub(crate) fn kernel_file_systems() -> Result<(), Failure> {
    let plain = MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::NODEV;
    for (kind, target, flags, data) in [
        ("proc", "/proc", plain, ""),
        ("sysfs", "/sys", plain, ""),
        ("devtmpfs", "/dev", MountFlags::NOSUID, "mode=755"),
        ("tmpfs", "/run", MountFlags::NOSUID | MountFlags::NODEV, "mode=755"),
    ] {
        on(kind, target, kind, flags, data)?;
    }
    Ok(())
}

/// Where the firmware's variables are mounted.
const FIRMWARE_VARIABLES: &str = "/sys/firmware/efi/efivars";

/// Whether the machine has any. `/sys` must be mounted.
pub(crate) fn has_firmware_variables() -> bool {
    Path::new(FIRMWARE_VARIABLES).exists()
}

/// Mounts the firmware's variables.
pub(crate) fn firmware_variables() -> Result<(), Failure> {
    let plain = MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::NODEV;
    on("efivarfs", FIRMWARE_VARIABLES, "efivarfs", plain, "")
}
