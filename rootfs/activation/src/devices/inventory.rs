//! The devices that exist, with their links in /dev kept true.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::uevent::{Action, Uevent};
use super::{Device, gpt, links, probe};

/// The devices that exist, by path in /sys.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    devices: BTreeMap<String, Device>,
}

/// What a message changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// As it was.
    pub before: Option<Device>,
    /// As it is.
    pub after: Option<Device>,
}

impl Inventory {
    /// Takes a message in and makes or removes links. Reads what is on a disk: that takes as long as the disk does.
    /// None where nothing changed.
    pub fn apply(&mut self, event: &Uevent) -> Option<Changed> {
        let before = match event.action {
            Action::Move => event.variable("DEVPATH_OLD").and_then(|old| self.devices.remove(old)),
            _ => self.devices.remove(&event.sys_path),
        };
        let gone = matches!(event.action, Action::Remove | Action::Offline);
        let after = (!gone).then(|| describe(Path::new("/"), event));
        if let Some(after) = &after {
            self.devices.insert(event.sys_path.clone(), after.clone());
        }
        self.links(before.as_ref(), after.as_ref());
        (before != after).then_some(Changed { before, after })
    }

    /// All devices.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    /// Makes the new links; old ones go to another device that has them, or away.
    fn links(&self, before: Option<&Device>, after: Option<&Device>) {
        let new: &[PathBuf] = after.map_or(&[], |device| &device.links);
        if let Some(node) = after.and_then(|device| device.node.as_ref()) {
            for link in new {
                place(link, node);
            }
        }
        let Some((before, node)) = before.and_then(|device| Some((device, device.node.as_ref()?)))
        else {
            return;
        };
        for link in before.links.iter().filter(|link| !new.contains(link)) {
            let heir = self.devices.values().find(|device| device.links.contains(link));
            match heir.and_then(|heir| heir.node.as_ref()) {
                Some(heir) => replace(link, heir),
                None if points_to(link, node) => drop(fs::remove_file(link)),
                None => {}
            }
        }
    }
}

/// The device of a message, with what is on it.
pub(super) fn describe(root: &Path, event: &Uevent) -> Device {
    let node = event.node();
    let mut device = Device {
        sys_path: event.sys_path.clone(),
        subsystem: event.subsystem.clone(),
        node: node.clone(),
        links: Vec::new(),
        content: None,
    };
    if let Some(node) = node.filter(|_| event.subsystem == "block") {
        let sys = root.join("sys").join(event.sys_path.trim_start_matches('/'));
        if has_medium(&sys) {
            let file = File::open(root.join(node.strip_prefix("/").unwrap_or(&node))).ok();
            device.content = file.as_ref().and_then(probe::probe);
        }
        let partition = gpt::partition(root, &sys, event);
        device.links = links::of(event, &sys, device.content.as_ref(), partition.as_ref());
    }
    device
}

/// Drives without a medium, and loop devices without a file, have no size; to open one takes long.
fn has_medium(sys: &Path) -> bool {
    fs::read_to_string(sys.join("size")).is_ok_and(|size| size.trim() != "0")
}

/// Makes a link unless another device has it: the first keeps it.
fn place(link: &Path, node: &Path) {
    if fs::metadata(link).is_err() {
        replace(link, node);
    }
}

/// A link that cannot be made is missed by those who look for it; there is nobody to tell.
fn replace(link: &Path, node: &Path) {
    let Some(parent) = link.parent() else { return };
    if fs::create_dir_all(parent).is_err() {
        return;
    }
    if fs::symlink_metadata(link).is_ok_and(|found| found.is_symlink()) {
        drop(fs::remove_file(link));
    }
    drop(symlink(relative(link, node), link));
}

/// `../../sda1`, as udev has them, so that they are right in another root too.
fn relative(link: &Path, node: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (link.components().collect(), node.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.len().saturating_sub(shared + 1);
    let mut path: PathBuf = std::iter::repeat_n("..", up).collect();
    path.extend(&to[shared..]);
    path
}

fn points_to(link: &Path, node: &Path) -> bool {
    fs::read_link(link).is_ok_and(|target| target == relative(link, node) || target == node)
}

#[cfg(test)]
mod tests;
