//! Where the partitions are, and their GUIDs.

use keelson_format::disk::{Role, Slot, TABLE};
use keelson_format::guid;
use keelson_format::release::Partition;
use keelson_format::size::ByteSize;
use keelson_format::verity::RootHash;

use super::{DiskPlan, PlannedPartition};
use crate::board::{Board, Disk};

/// Lays out the disk image of a board: in the order of the table, without gaps, ROOT at the end.
/// The board's sizes are multiples of 1 MiB and fit, so every partition is aligned.
pub(super) fn disk(board: &Board, version: &str) -> DiskPlan {
    let derived = |name: &str| guid::derived(&[name, &board.name, version]);
    let mut start = Disk::FIRST.bytes();
    let is_there = |role: &Role| *role != Role::Bios || board.disk.bios.bytes() > 0;
    let mut places: Vec<Role> = TABLE.into_iter().filter(is_there).collect();
    // A sort by one role alone keeps the order of the others.
    places.sort_by_key(|role| *role == Role::Root);
    let place = |role| {
        let size = match role {
            Role::Root => board.disk.size.bytes() - Disk::LAST.bytes() - start,
            Role::Esp => board.disk.esp.bytes(),
            Role::UsrData(_) => board.disk.usr.bytes(),
            Role::UsrHash(_) => board.disk.usr_verity.bytes(),
            Role::UsrSignature(_) => board.disk.usr_signature.bytes(),
            Role::Oem => board.disk.oem.bytes(),
            Role::Bios => board.disk.bios.bytes(),
        };
        let guid = match role.slot() {
            Some(Slot::A) => None,
            Some(Slot::B) | None => {
                Some(guid::derived(&["partition", &board.name, version, role.label()]))
            }
        };
        let partition =
            PlannedPartition { role, start: ByteSize::new(start), size: ByteSize::new(size), guid };
        start += size;
        partition
    };
    let mut partitions: Vec<PlannedPartition> = places.into_iter().map(place).collect();
    partitions.sort_by_key(|partition| TABLE.iter().position(|role| *role == partition.role));
    let [a, b, c, d, ..] = guid::derived_hash(&["esp", &board.name, version]);
    DiskPlan {
        size: board.disk.size,
        guid: derived("disk"),
        esp_volume_id: u32::from_le_bytes([a, b, c, d]),
        partitions,
        compressed_limit: board.budgets.disk_compressed,
        iso_limit: board.budgets.iso,
    }
}

/// The table with the GUIDs that follow from a root hash.
pub(super) fn partitions(disk: &DiskPlan, root_hash: &RootHash) -> Vec<Partition> {
    let partition = |planned: &PlannedPartition| {
        let of_root_hash = || match planned.role {
            Role::UsrData(_) => root_hash.data_guid(),
            Role::UsrHash(_) => root_hash.hash_guid(),
            _ => root_hash.signature_guid(),
        };
        Partition {
            label: planned.role.label().to_owned(),
            type_guid: planned.role.type_guid(),
            guid: planned.guid.unwrap_or_else(of_root_hash),
            start: planned.start.bytes(),
            size: planned.size.bytes(),
        }
    };
    disk.partitions.iter().map(partition).collect()
}
