//! `disk.raw` and the formats made of it.

use std::path::Path;

use fs_err as fs;
use keelson_format::disk::{Role, Slot};
use keelson_format::release::{Disk, Partition};

use super::BuildError;
use super::seal::SealedUsr;
use super::uki::Boot;
use crate::keys::KeySet;
use crate::plan::Plan;
use crate::{esp, fat, gpt, qcow2, sparse};

/// zstd level of `disk.raw.zst`: nearly all of the image is compressed already.
const ZSTD_LEVEL: i32 = 9;
/// zstd level of the clusters of `disk.qcow2`.
const QCOW2_LEVEL: i32 = 3;

/// Writes `disk.raw` into a folder that has the sealed `/usr`; gives its partition table.
pub(super) fn write(
    plan: &Plan,
    sealed: &SealedUsr,
    boot: Boot,
    keys: &KeySet,
    folder: &Path,
) -> Result<Disk, BuildError> {
    let partitions = plan.partitions(&sealed.root_hash);
    let file = sparse::create(&folder.join("disk.raw"), plan.disk.size.bytes())?;
    let table = gpt::Table {
        disk_bytes: plan.disk.size.bytes(),
        guid: plan.disk.guid,
        partitions: partitions.iter().map(table_entry).collect(),
    };
    gpt::write(&file, &table)?;
    let start = |role| plan.disk.partition(role).start.bytes();
    let esp_start = start(Role::Esp);
    let volume = fat::Volume {
        bytes: plan.disk.partition(Role::Esp).size.bytes(),
        id: plan.disk.esp_volume_id,
        label: "ESP".parse().expect("a label of FAT"),
        hidden_sectors: u32::try_from(esp_start / gpt::SECTOR).expect("the ESP comes first"),
    };
    let files = esp::entries(&boot.loader, boot.uki, &plan.version, plan.boot.menu_timeout, keys);
    fat::write(&file, esp_start, &volume, &files)?;
    for (name, role) in [
        ("usr.erofs", Role::UsrData(Slot::A)),
        ("usr.verity", Role::UsrHash(Slot::A)),
        ("usr.sig.json", Role::UsrSignature(Slot::A)),
    ] {
        sparse::copy(&folder.join(name), &file, start(role))?;
    }
    Ok(Disk { size: table.disk_bytes, guid: table.guid, partitions })
}

/// Makes `disk.raw.zst` and `disk.qcow2` of `disk.raw`, side by side.
pub(super) fn convert(plan: &Plan, folder: &Path) -> Result<(), BuildError> {
    let raw = folder.join("disk.raw");
    let packed = folder.join("disk.raw.zst");
    let (zst, qcow2) = rayon::join(
        || sparse::zstd(&raw, &packed, ZSTD_LEVEL),
        || qcow2::write(&raw, &folder.join("disk.qcow2"), QCOW2_LEVEL),
    );
    zst?;
    qcow2?;
    let size = fs::metadata(&packed)?.len();
    match plan.disk.compressed_limit {
        Some(budget) if size > budget.bytes() => Err(BuildError::TooLarge {
            what: "disk.raw.zst",
            size,
            over: size - budget.bytes(),
            limit: format!("the board's budget of {budget}"),
            largest: Vec::new(),
        }),
        _ => Ok(()),
    }
}

fn table_entry(partition: &Partition) -> gpt::Partition {
    let first_lba = partition.start / gpt::SECTOR;
    gpt::Partition {
        label: partition.label.clone(),
        type_guid: partition.type_guid,
        guid: partition.guid,
        first_lba,
        last_lba: first_lba + partition.size / gpt::SECTOR - 1,
        attributes: 0,
    }
}
