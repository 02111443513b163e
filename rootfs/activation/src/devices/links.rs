//! The links of /dev/disk that a device has.

use std::fs;
use std::path::{Path, PathBuf};

use keelson_units::fstab::encode;

use super::gpt::Partition;
use super::probe::Superblock;
use super::uevent::Uevent;

/// A serial number or model as part of a name: spaces become one underscore, and what is not plain too.
fn identifier(value: &str) -> String {
    let words: Vec<&str> = value.split_whitespace().collect();
    let joined = words.join("_");
    joined
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "#+-.:=@_".contains(c) { c } else { '_' })
        .collect()
}

/// The links of a disk or partition; `sys` is its folder in /sys.
pub(super) fn of(
    event: &Uevent,
    sys: &Path,
    content: Option<&Superblock>,
    partition: Option<&Partition>,
) -> Vec<PathBuf> {
    let mut links = Vec::new();
    let mut add = |folder: &str, name: Option<String>| {
        let name = name.filter(|name| !name.is_empty() && name != "." && name != "..");
        links.extend(name.map(|name| Path::new("/dev/disk").join(folder).join(name)));
    };
    add("by-uuid", content.and_then(|content| content.uuid.as_deref()).map(encode));
    add("by-label", content.and_then(|content| content.label.as_deref()).map(encode));
    add("by-partuuid", partition.map(|partition| encode(&partition.uuid)));
    add("by-partlabel", partition.and_then(|partition| partition.label.as_deref()).map(encode));
    let number = event.variable("PARTN").map(|number| format!("-part{number}")).unwrap_or_default();
    let disk = if number.is_empty() { Some(sys) } else { sys.parent() };
    for name in disk.map(identities).unwrap_or_default() {
        add("by-id", Some(format!("{name}{number}")));
    }
    if let Some(sequence) = event.variable("DISKSEQ") {
        add("by-diskseq", Some(format!("{sequence}{number}")));
    }
    if let Some(name) = read(sys, "dm/name") {
        add("by-id", Some(format!("dm-name-{}", encode(&name))));
        links.push(Path::new("/dev/mapper").join(encode(&name)));
    }
    links
}

/// The names of a disk that come with the drive: of virtio, NVMe and device-mapper disks.
fn identities(disk: &Path) -> Vec<String> {
    let name = disk.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut names = Vec::new();
    if name.starts_with("vd") {
        names.extend(read(disk, "serial").map(|serial| format!("virtio-{}", identifier(&serial))));
    }
    if name.starts_with("nvme") {
        names.extend(read(disk, "wwid").map(|id| format!("nvme-{}", identifier(&id))));
        let serial = read(disk, "device/model").zip(read(disk, "device/serial"));
        names.extend(
            serial.map(|(model, serial)| {
                format!("nvme-{}_{}", identifier(&model), identifier(&serial))
            }),
        );
    } else {
        names.extend(
            read(disk, "device/wwid")
                .and_then(|id| Some(format!("wwn-0x{}", id.strip_prefix("naa.")?))),
        );
    }
    names.extend(read(disk, "dm/uuid").map(|uuid| format!("dm-uuid-{}", identifier(&uuid))));
    names
}

/// The first line of a file in /sys; none if it is empty.
fn read(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
