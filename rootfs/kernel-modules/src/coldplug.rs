//! Loads the modules of the hardware that is there: of every `modalias` of a device in `/sys`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::{LoadError, Modules, kernel};

impl Modules {
    /// Loads what matches the hardware found, and gives what failed.
    ///
    /// A device without a module and a module that does not find its hardware are no failures.
    /// Drivers make new devices appear: call it again, or follow the kernel's events with
    /// [`Modules::plug`].
    pub fn coldplug(&self) -> Vec<LoadError> {
        self.coldplug_until(|| false)
    }

    /// [`Modules::coldplug`] that ends early: `done` is asked after each device that got a module.
    ///
    /// The order is that of the aliases backwards, in which `virtio:` comes before `pci:`, and is
    /// the same at every boot.
    pub fn coldplug_until(&self, mut done: impl FnMut() -> bool) -> Vec<LoadError> {
        let mut present = match kernel::loaded() {
            Ok(present) => present,
            Err(error) => return vec![LoadError::List(error)],
        };
        let mut failures = Vec::new();
        for alias in modaliases(Path::new("/sys")).iter().rev() {
            let before = present.len();
            failures.extend(self.plug_into(&mut present, alias));
            if present.len() > before && done() {
                break;
            }
        }
        failures
    }

    /// Loads what matches the `MODALIAS` of one device, and gives what failed.
    pub fn plug(&self, modalias: &str) -> Vec<LoadError> {
        match kernel::loaded() {
            Ok(mut present) => self.plug_into(&mut present, modalias),
            Err(error) => vec![LoadError::List(error)],
        }
    }

    /// Each matching module by itself: one that fails does not keep the others out.
    fn plug_into(&self, present: &mut BTreeSet<String>, alias: &str) -> Vec<LoadError> {
        let mut failures = Vec::new();
        // Hardware that nothing drives is no failure.
        for module in self.matching(alias).unwrap_or_default() {
            if present.contains(&module.name) {
                continue;
            }
            match self.load_module(present, module, &self.config.params(alias, "")) {
                // A remark tells of the refused.
                Ok(_)
                | Err(
                    LoadError::Kernel { errno: Errno::NODEV | Errno::NXIO, .. }
                    | LoadError::Refused { .. },
                ) => {}
                Err(error) => failures.push(error),
            }
            // Tried once: the same alias of another device does not try it again.
            present.insert(module.name.clone());
        }
        failures
    }
}

/// Where a sysfs keeps devices with a `modalias`: those of every bus, of the two classes that have one, and what the
/// kernel tells of the processor. Walking all of `/sys/devices` finds the same in ten times the system calls.
const PLACES: [(&str, &str); 4] =
    [("bus", "devices"), ("class/input", ""), ("class/dmi", ""), ("devices/system", "")];

/// The aliases of the devices of a sysfs, sorted. What goes away or cannot be read meanwhile is left out, since a
/// device that went away needs no module.
pub(crate) fn modaliases(sys: &Path) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    for (place, below) in PLACES {
        for folder in entries(&sys.join(place)) {
            let devices =
                if below.is_empty() { vec![folder] } else { entries(&folder.join(below)) };
            for device in devices {
                let Ok(text) = fs::read_to_string(device.join("modalias")) else { continue };
                aliases.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned));
            }
        }
    }
    aliases
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}
