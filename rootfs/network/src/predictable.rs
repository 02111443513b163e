//! Names of links that stay the same from boot to boot (systemd.net-naming-scheme(7)): on the board, in a slot, on a
//! path, by hardware address.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::link::NamePolicy;
use crate::netlink::object::Link;

/// The name a policy gives a link; `None` where it has none to give. `root` holds `sys`.
pub fn name(root: &Path, link: &Link, policy: NamePolicy) -> Option<String> {
    let folder = root.join("sys/class/net").join(&link.name);
    // NET_NAME_PREDICTABLE, NET_NAME_USER and NET_NAME_RENAMED of the kernel.
    let assigned = number(&folder.join("name_assign_type"), 10).unwrap_or(0);
    match policy {
        NamePolicy::Keep => return matches!(assigned, 3 | 4).then(|| link.name.clone()),
        NamePolicy::Kernel => return (assigned == 2).then(|| link.name.clone()),
        NamePolicy::Database => return None,
        _ => {}
    }
    // Links made by software have the name their maker gave.
    if link.kind.is_some() || link.is_loopback() {
        return None;
    }
    let prefix = prefix(&folder, link)?;
    let device = pci_device(&folder);
    let port = port(&folder);
    let tail = match policy {
        NamePolicy::Onboard => {
            let device = device?;
            let index = number(&device.join("acpi_index"), 10)
                .or_else(|| number(&device.join("index"), 10))?;
            // Firmware that numbers nothing says zero or something absurd.
            (index > 0 && index < 16384).then(|| format!("o{index}{port}"))?
        }
        NamePolicy::Slot => {
            format!("s{}{}{port}", slot(root, &device?)?, function(&pci_device(&folder)?)?)
        }
        NamePolicy::Path => path(&device?, &port)?,
        _ => format!("x{}", link.permanent_mac.or(link.mac)?.to_string().replace(':', "")),
    };
    Some(format!("{prefix}{tail}")).filter(|name| name.len() <= 15)
}

fn number(path: &Path, radix: u32) -> Option<u32> {
    let text = fs::read_to_string(path).ok()?;
    u32::from_str_radix(text.trim().trim_start_matches("0x"), radix).ok()
}

fn prefix(folder: &Path, link: &Link) -> Option<&'static str> {
    let event = fs::read_to_string(folder.join("uevent")).unwrap_or_default();
    match event.lines().find_map(|line| line.strip_prefix("DEVTYPE=")) {
        Some("wlan") => Some("wl"),
        Some("wwan") => Some("ww"),
        _ if link.hardware == 1 => Some("en"),
        _ if link.hardware == 32 => Some("ib"),
        _ => None,
    }
}

/// The PCI device of a link: the link's device, or what a virtio device stands on.
fn pci_device(folder: &Path) -> Option<PathBuf> {
    let device = fs::canonicalize(folder.join("device")).ok()?;
    let is_pci = |path: &&Path| {
        fs::canonicalize(path.join("subsystem"))
            .is_ok_and(|subsystem| subsystem.ends_with("bus/pci"))
    };
    let above = if device.file_name()?.to_string_lossy().starts_with("virtio") {
        device.parent()?
    } else {
        &device
    };
    Some(above).filter(is_pci).map(Path::to_owned)
}

/// Several links of one device are told apart.
fn port(folder: &Path) -> String {
    if let Ok(name) = fs::read_to_string(folder.join("phys_port_name")) {
        return format!("n{}", name.trim());
    }
    match number(&folder.join("dev_port"), 10) {
        Some(port) if port > 0 => format!("d{port}"),
        _ => String::new(),
    }
}

/// Domain, bus, device and function of `0000:00:03.0`.
fn address(device: &Path) -> Option<(u32, u32, u32, u32)> {
    let name = device.file_name()?.to_str()?;
    let (rest, function) = name.rsplit_once('.')?;
    let mut parts = rest.split(':').map(|part| u32::from_str_radix(part, 16).ok());
    Some((parts.next()??, parts.next()??, parts.next()??, u32::from_str_radix(function, 16).ok()?))
}

/// `f1`, also for the first function of a device that has several.
fn function(device: &Path) -> Option<String> {
    let (.., function) = address(device)?;
    let header = fs::read(device.join("config"))
        .ok()
        .and_then(|bytes| bytes.get(0x0e).copied())
        .unwrap_or(0);
    Some(if function > 0 || header & 0x80 != 0 { format!("f{function}") } else { String::new() })
}

fn path(device: &Path, port: &str) -> Option<String> {
    let (domain, bus, slot, _) = address(device)?;
    let domain = if domain > 0 { format!("P{domain}") } else { String::new() };
    Some(format!("{domain}p{bus}s{slot}{}{port}", function(device)?))
}

/// The number of the hotplug slot a device is in, or its bridge is.
fn slot(root: &Path, device: &Path) -> Option<u32> {
    let slots: Vec<(u32, String)> = fs::read_dir(root.join("sys/bus/pci/slots"))
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, fs::read_to_string(entry.path().join("address")).ok()?.trim().to_owned()))
        })
        .collect();
    let mut place = Some(device);
    while let Some(path) = place {
        let name =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bare = name.split('.').next().unwrap_or_default();
        if let Some((number, _)) =
            slots.iter().find(|(_, address)| !bare.is_empty() && address == bare)
        {
            return Some(*number).filter(|number| *number > 0);
        }
        place = path.parent();
    }
    None
}
