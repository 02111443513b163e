//! Loads the modules of the hardware that is there: of every `modalias` below `/sys/devices`.

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
        for alias in modaliases(Path::new("/sys/devices")).iter().rev() {
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

/// The aliases below a folder of sysfs, sorted. Links are not followed; what goes away or cannot be
/// read meanwhile is left out, since a device that went away needs no module.
pub(crate) fn modaliases(folder: &Path) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.file_name() == "modalias" {
                let Ok(text) = fs::read_to_string(entry.path()) else { continue };
                aliases.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned));
            }
        }
    }
    aliases
}
