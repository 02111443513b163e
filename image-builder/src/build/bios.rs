//! What makes a disk boot on BIOS, where the board wants it.

use keelson_disk::bios::DiskCode;
use keelson_disk::fat::Entry;
use keelson_format::uki::Tries;
use keelson_format::version::TRIES;
use keelson_sdk::Tools;

use super::BuildError;
use crate::bios;
use crate::plan::Plan;

/// Boot code and files of a disk.
pub(super) struct Bios {
    /// For the first block and the partition.
    pub(super) code: DiskCode,
    /// For the ESP.
    pub(super) files: Vec<Entry>,
}

/// The boot code and the files beside a new UKI.
pub(super) fn of_disk(plan: &Plan, tools: &Tools, uki: &[u8]) -> Result<Option<Bios>, BuildError> {
    if plan.boot.bios.is_none() {
        return Ok(None);
    }
    let code = bios::disk_code(tools)?;
    let files = bios::esp_files(&plan.version, Tries::Left(TRIES), uki, plan.boot.menu_timeout)?;
    Ok(Some(Bios { code, files }))
}
