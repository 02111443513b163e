//! `[Mount]`, `[Automount]` and `[Swap]` (systemd.mount(5), systemd.automount(5), systemd.swap(5)).

use std::path::PathBuf;
use std::time::Duration;

use super::{ExecSettings, KillSettings, ResourceSettings};

/// The `[Mount]` section.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct Mount {
    /// `What=`: a device, `UUID=...`, or any text for a virtual file system.
    pub what: String,
    /// `Where=`: the absolute path the unit is named after.
    pub mount_point: PathBuf,
    /// `Type=`; none lets the kernel's list of file systems be tried.
    pub fs_type: Option<String>,
    /// `Options=`, comma-separated.
    pub options: String,
    /// `SloppyOptions=`
    pub sloppy: bool,
    /// `LazyUnmount=`
    pub lazy_unmount: bool,
    /// `ForceUnmount=`
    pub force_unmount: bool,
    /// `ReadWriteOnly=`
    pub read_write_only: bool,
    /// `DirectoryMode=`, none is 0755.
    pub directory_mode: Option<u32>,
    /// `TimeoutSec=`; none is 90 s, or for ever where it is checked before.
    pub timeout: Option<Duration>,
    /// Whether it came from `/etc/fstab`.
    pub from_fstab: bool,
    /// Whether `/etc/fstab` wants it checked before it is mounted.
    pub check: bool,
    /// systemd.exec(5)
    pub exec: ExecSettings,
    /// systemd.kill(5)
    pub kill: KillSettings,
    /// systemd.resource-control(5)
    pub resources: ResourceSettings,
}

/// The `[Automount]` section.
#[derive(Clone, Debug, Default)]
pub struct Automount {
    /// `Where=`
    pub mount_point: PathBuf,
    /// `ExtraOptions=`
    pub extra_options: String,
    /// `DirectoryMode=`, none is 0755.
    pub directory_mode: Option<u32>,
    /// `TimeoutIdleSec=`
    pub idle_timeout: Option<Duration>,
}

/// The `[Swap]` section.
#[derive(Clone, Debug, Default)]
pub struct Swap {
    /// `What=`
    pub what: String,
    /// `Priority=`
    pub priority: Option<i32>,
    /// `Options=`
    pub options: String,
    /// `TimeoutSec=`; none is 90 s.
    pub timeout: Option<Duration>,
    /// systemd.exec(5)
    pub exec: ExecSettings,
    /// systemd.kill(5)
    pub kill: KillSettings,
    /// systemd.resource-control(5)
    pub resources: ResourceSettings,
}
