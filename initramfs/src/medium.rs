//! Block devices for the partitions of a live medium that the kernel makes none of: a CD has sectors
//! of 2048 bytes and a table of sectors of 512, and the kernel looks for no table on one at all.

use std::io;
use std::os::unix::fs::symlink;

use keelson_format::disk::Role;

use crate::devices;
use crate::dm::{self, Target};
use crate::find::{Choice, Disk, Partition};
use crate::refuse::{Failure, doing};
use crate::usr::{Device, Parts};

/// Bytes of the sectors of a device-mapper table.
const SECTOR: u64 = 512;

/// The parts of a choice as block devices.
pub(crate) fn parts(choice: &Choice, disk: &Disk) -> Result<Parts, Failure> {
    Ok(Parts {
        data: device(disk, &choice.data)?,
        hash: device(disk, &choice.hash)?,
        signature: device(disk, &choice.signature)?,
    })
}

/// The EFI system partition of a disk, where it has one.
pub(crate) fn esp(disk: &Disk) -> Result<Option<Device>, Failure> {
    let esp = disk.partitions.iter().find(|p| p.type_guid == Role::Esp.type_guid());
    esp.map(|partition| device(disk, partition)).transpose()
}

/// The kernel's device of a partition, or a linear mapping of the disk's bytes.
fn device(disk: &Disk, partition: &Partition) -> Result<Device, Failure> {
    let Partition { name, label, bytes, .. } = partition.clone();
    if let Some(number) = partition.device.clone() {
        return Ok(Device { name, number, label, bytes });
    }
    let parameters = linear(disk, partition);
    let target = Target { sectors: bytes / SECTOR, kind: "linear", parameters: &parameters };
    let mapped = dm::create(&name, &format!("KEELSON-{}", partition.guid.simple()), target)?;
    let link = format!("/dev/mapper/{name}");
    match symlink(format!("../dm-{}", mapped.minor), &link) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(doing::<io::Error>(format!("making {link}"))(error));
        }
        _ => {}
    }
    let name = format!("dm-{}", mapped.minor);
    let number = std::fs::read_to_string(format!("/sys/class/block/{name}/dev"));
    let number = number.map_err(doing(format!("reading the number of {name}")))?;
    Ok(Device { name, number: number.trim().to_owned(), label, bytes })
}

/// The parameters of the linear target (kernel documentation
/// `admin-guide/device-mapper/linear`): the device, and the sector on it where the mapping starts.
fn linear(disk: &Disk, partition: &Partition) -> String {
    format!("{} {}", devices::node(&disk.name), partition.start / SECTOR)
}

#[cfg(test)]
mod tests {
    use keelson_format::guid;

    use super::*;
    use crate::gpt_table::TableError;

    #[test]
    fn a_partition_without_a_device_is_a_range_of_the_disk() {
        let partition = Partition {
            name: "sr0p2".to_owned(),
            number: 2,
            device: None,
            start: 20 << 20,
            guid: guid::derived(&["usr"]),
            type_guid: Role::Root.type_guid(),
            label: "usr-A".to_owned(),
            bytes: 1 << 20,
        };
        let disk = Disk {
            name: "sr0".to_owned(),
            place: "pci/sr0".to_owned(),
            bytes: 1 << 30,
            sector: SECTOR,
            table: Err(TableError::Absent),
            partitions: Vec::new(),
        };
        assert_eq!(linear(&disk, &partition), "/dev/sr0 40960");
    }
}
