//! Devices of the kernel: events, names of units, what is on a disk, and the links in /dev/disk.

use std::path::{Path, PathBuf};

use keelson_units::escape;
use keelson_units::model::{UnitKind, UnitName};

pub use inventory::{Changed, Inventory};
pub use netlink::{Received, UeventSocket};
pub use uevent::{Action, Uevent, parse};

mod coldplug;
pub mod gpt;
mod inventory;
pub mod links;
mod netlink;
pub mod probe;
mod uevent;

pub use coldplug::{SUBSYSTEMS, coldplug};

/// A device that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Its path below /sys, from the root: `/devices/virtual/net/lo`.
    pub sys_path: String,
    /// `block`, `net`, `tty`...
    pub subsystem: String,
    /// Its node.
    pub node: Option<PathBuf>,
    /// Symlinks to the node.
    pub links: Vec<PathBuf>,
    /// What is on it, if it is a disk or partition.
    pub content: Option<probe::Superblock>,
}

impl Device {
    /// The units it is known by (systemd.device(5)): node, links, and path in /sys.
    pub fn unit_names(&self) -> Vec<UnitName> {
        let own = Path::new("/sys").join(self.sys_path.trim_start_matches('/'));
        let interface =
            self.interface().map(|name| Path::new("/sys/subsystem/net/devices").join(name));
        let paths = [Some(own), interface, self.node.clone()].into_iter().flatten();
        let paths = paths.chain(self.links.iter().cloned());
        paths.filter_map(|path| escape::path_unit(&path, UnitKind::Device)).collect()
    }

    /// The name of a network interface.
    pub fn interface(&self) -> Option<&str> {
        if self.subsystem == "net" { self.sys_path.rsplit('/').next() } else { None }
    }
}

/// Whether the device of a unit exists, by its path alone.
pub fn present(unit: &UnitName) -> bool {
    escape::unit_path(unit).is_some_and(|path| {
        match path.strip_prefix("/sys/subsystem/net/devices") {
            Ok(name) => Path::new("/sys/class/net").join(name).exists(),
            Err(_) => path.exists(),
        }
    })
}

/// The node of a device that ought to have this link in /dev/disk, looked for on all disks. Reads them, so it may
/// hang: only for a child process.
pub fn find_by_link(link: &Path) -> Option<PathBuf> {
    let mut devices = coldplug(Path::new("/"), &["block"]).into_iter();
    devices.find_map(|event| {
        let device = inventory::describe(Path::new("/"), &event);
        device.links.iter().any(|other| other == link).then_some(device.node)?
    })
}

#[cfg(test)]
mod tests;
