//! Lets ROOT take what the disk has: its partition first, then its file system.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;

use crate::block;
use crate::console;
use crate::devices::node;
use crate::find::{Disk, Partition};
use crate::programs;
use crate::refuse::{Failure, doing};
use crate::superblock::Ext4;

/// Moves the end of the partition to the end of the disk where the disk has grown, and gives the
/// partition's size in bytes. A failure is said, and the boot goes on with the size there is.
pub(crate) fn partition(disk: &Disk, partition: &Partition) -> u64 {
    let Ok(table) = &disk.table else { return partition.bytes };
    let sectors = disk.bytes / disk.sector;
    let Some((writes, last)) = table.grown(partition.number, sectors, disk.sector) else {
        return partition.bytes;
    };
    let entry = table.entries.iter().find(|entry| entry.number == partition.number);
    let first = entry.map_or(0, |entry| entry.first);
    let bytes = (last + 1).saturating_sub(first) * disk.sector;
    let write = || -> Result<(), Failure> {
        let node = node(&disk.name);
        let file = OpenOptions::new().read(true).write(true).open(&node);
        let file = file.map_err(doing(format!("opening {node}")))?;
        for write in &writes {
            let what = || format!("writing the partition table of {node}");
            file.write_all_at(&write.bytes, write.at).map_err(doing(what()))?;
            file.sync_all().map_err(doing(what()))?;
        }
        block::resize_partition(&file, partition.number, first * disk.sector, bytes)
            .map_err(doing(format!("telling the kernel the new size of {}", partition.name)))
    };
    match write() {
        Ok(()) => {
            let Partition { name, label, bytes: old, .. } = partition;
            console::step(format_args!("{name} ({label}) grown from {old} to {bytes} bytes"));
            bytes
        }
        Err(error) => {
            console::warn(format_args!("{} stays as it is: {error}", partition.name));
            partition.bytes
        }
    }
}

/// Grows the ext4 mounted on `target` to a partition of `bytes`. A failure is said, and the boot
/// goes on with the size there is.
pub(crate) fn file_system(ext4: &Ext4, partition: &Partition, bytes: u64, target: &str) {
    let blocks = bytes / ext4.block_size;
    // A rest smaller than a block group is left by mke2fs and the kernel alike.
    if blocks <= ext4.blocks || (blocks - ext4.blocks) * ext4.block_size < 1 << 20 {
        return;
    }
    let name = &partition.name;
    let online = File::open(target).map_err(doing(format!("opening {target}"))).and_then(|root| {
        block::resize_ext4(&root, blocks).map_err(doing(format!("growing the ext4 of {name}")))
    });
    let grown = online.or_else(|error| {
        console::warn(format_args!("{error}; trying resize2fs"));
        programs::run("/usr/sbin/resize2fs", &[&node(name)], &[]).and_then(|ended| ended.success())
    });
    match grown {
        Ok(()) => console::step(format_args!("ext4 of {name} grown to {blocks} blocks")),
        Err(error) => console::warn(format_args!("the ext4 of {name} stays as it is: {error}")),
    }
}
