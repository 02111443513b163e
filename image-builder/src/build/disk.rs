//! `disk.raw`, which the other formats of the disk are made of.

use std::path::Path;

use keelson_disk::{platform, raw, sparse};
use keelson_format::release::{Disk, PlatformRange};

use super::bios::Bios;
use super::seal::SealedUsr;
use super::uki::Boot;
use super::{BuildError, platforms};
use crate::esp;
use crate::keys::KeySet;
use crate::plan::Plan;

/// Writes `disk.raw` into a folder that has the sealed `/usr`, and the files of the platforms; gives its
/// partition table and the ranges that differ between platforms.
pub(super) fn write(
    plan: &Plan,
    sealed: &SealedUsr,
    boot: Boot,
    bios: Option<Bios>,
    keys: &KeySet,
    folder: &Path,
) -> Result<(Disk, Vec<PlatformRange>), BuildError> {
    let disk = Disk {
        size: plan.disk.size.bytes(),
        guid: plan.disk.guid,
        partitions: plan.partitions(&sealed.root_hash),
    };
    let file = sparse::create(&folder.join("disk.raw"), disk.size)?;
    let (code, files) = bios.map_or((None, Vec::new()), |bios| (Some(bios.code), bios.files));
    let platforms::Files { addon, cfg } = platforms::write(&boot.addon_stub, keys, folder)?;
    let esp_parts = esp::Parts {
        loader: &boot.loader,
        uki: boot.uki.into(),
        uki_name: plan.version.uki_name(),
        menu_timeout: plan.boot.menu_timeout,
        enroll: plan.boot.enroll,
        addon,
        cfg,
        bios: files,
    };
    let files = esp::entries(esp_parts, keys);
    let parts = raw::Parts {
        esp_volume_id: plan.disk.esp_volume_id,
        esp: &files,
        usr: &folder.join("usr.erofs"),
        verity: &folder.join("usr.verity"),
        signature: &folder.join("usr.sig.json"),
        bios: code.as_ref(),
    };
    raw::write(&file, &disk, &parts)?;
    let ranges = platform::find(&file, &disk)?;
    Ok((disk, ranges))
}
