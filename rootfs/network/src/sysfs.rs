//! What `/sys` knows of a link: its driver, where it is plugged in, what kind of device it is.

use std::fs;
use std::path::Path;

use crate::config::matching::Candidate;
use crate::netlink::object::Link;

/// What `[Match]` asks about a link.
pub fn candidate(root: &Path, link: &Link) -> Candidate {
    let mut names = vec![link.name.clone()];
    names.extend(link.alternative_names.iter().cloned());
    Candidate {
        names,
        mac: link.mac,
        permanent_mac: link.permanent_mac,
        device_type: device_type(root, link),
        kind: link.kind.clone().unwrap_or_default(),
        driver: driver(root, link),
        path: path(root, &link.name),
    }
}

/// The word of the TYPE column of networkctl(1).
pub fn device_type(root: &Path, link: &Link) -> String {
    let device = root.join("sys/class/net").join(&link.name).join("uevent");
    let event = fs::read_to_string(device).unwrap_or_default();
    if let Some(kind) = event.lines().find_map(|line| line.strip_prefix("DEVTYPE=")) {
        return kind.to_owned();
    }
    let word = match (link.hardware, link.kind.as_deref()) {
        (772, _) => "loopback",
        (1, Some(kind @ ("bond" | "bridge" | "vlan" | "vxlan"))) => kind,
        (1, _) => "ether",
        (32, _) => "infiniband",
        (65534, _) => "none",
        (768, _) => "tunnel",
        (776, _) => "sit",
        (778, _) => "gre",
        (280, _) => "can",
        _ => "n/a",
    };
    word.to_owned()
}

/// The name of the driver; of links made by software their kind.
pub fn driver(root: &Path, link: &Link) -> String {
    let device = root.join("sys/class/net").join(&link.name).join("device/driver");
    let driver = fs::read_link(device).ok();
    let name =
        driver.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.or_else(|| link.kind.clone()).unwrap_or_default()
}

/// `pci-0000:00:03.0` of the nearest PCI device above the link; empty where there is none.
pub fn path(root: &Path, name: &str) -> String {
    let Ok(target) = fs::canonicalize(root.join("sys/class/net").join(name)) else {
        return String::new();
    };
    let is_pci = |part: &str| {
        let bytes = part.as_bytes();
        bytes.len() == 12 && bytes[4] == b':' && bytes[7] == b':' && bytes[10] == b'.'
    };
    let parts: Vec<String> =
        target.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts
        .iter()
        .rev()
        .find(|part| is_pci(part))
        .map_or_else(String::new, |part| format!("pci-{part}"))
}
