//! `disk.raw` and the formats made of it.

use std::path::Path;

use fs_err as fs;
use keelson_disk::{qcow2, raw, sparse};
use keelson_format::release::Disk;

use super::BuildError;
use super::seal::SealedUsr;
use super::uki::Boot;
use crate::esp;
use crate::keys::KeySet;
use crate::plan::Plan;

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
    let disk = Disk {
        size: plan.disk.size.bytes(),
        guid: plan.disk.guid,
        partitions: plan.partitions(&sealed.root_hash),
    };
    let file = sparse::create(&folder.join("disk.raw"), disk.size)?;
    let files = esp::entries(&boot.loader, boot.uki, &plan.version, plan.boot.menu_timeout, keys);
    let parts = raw::Parts {
        esp_volume_id: plan.disk.esp_volume_id,
        esp: &files,
        usr: &folder.join("usr.erofs"),
        verity: &folder.join("usr.verity"),
        signature: &folder.join("usr.sig.json"),
    };
    raw::write(&file, &disk, &parts)?;
    Ok(disk)
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
