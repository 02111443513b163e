//! The metadata region (section 2.6): a table of 64 KiB, and the items behind it.

use std::io;

use uuid::{Uuid, uuid};

use super::super::target::Target;
use super::{BLOCK, METADATA, SECTOR};

/// The known items (section 2.6.2).
const FILE_PARAMETERS: Uuid = uuid!("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
const DISK_SIZE: Uuid = uuid!("2fa54224-cd1b-4876-b211-5dbed83bf4b8");
const DISK_ID: Uuid = uuid!("beca12ab-b2e6-4523-93ef-c309e000c746");
const LOGICAL_SECTOR: Uuid = uuid!("8141bf1d-a96f-4709-ba47-f233a8faab5f");
const PHYSICAL_SECTOR: Uuid = uuid!("cda348c7-445d-4471-9cc9-e9885251c556");

/// Flags of an entry (section 2.6.1.2).
const IS_VIRTUAL_DISK: u32 = 1 << 1;
const IS_REQUIRED: u32 = 1 << 2;

/// Where items begin in the region.
const ITEMS: u32 = 64 << 10;
/// Bytes of a sector of a disk of today.
const PHYSICAL: u32 = 4096;

/// Writes the region for a disk of `bytes` bytes.
pub(super) fn write(target: &Target, bytes: u64, id: Uuid) -> io::Result<()> {
    let block = u32::try_from(BLOCK).expect("1 MiB").to_le_bytes();
    let sector = u32::try_from(SECTOR).expect("512").to_le_bytes();
    let parameters = [block, [0; 4]].concat(); // no flag: growable, without parent
    let items: [(Uuid, u32, Vec<u8>); 5] = [
        (FILE_PARAMETERS, IS_REQUIRED, parameters),
        (DISK_SIZE, IS_REQUIRED | IS_VIRTUAL_DISK, bytes.to_le_bytes().to_vec()),
        (DISK_ID, IS_REQUIRED | IS_VIRTUAL_DISK, id.to_bytes_le().to_vec()),
        (LOGICAL_SECTOR, IS_REQUIRED | IS_VIRTUAL_DISK, sector.to_vec()),
        (PHYSICAL_SECTOR, IS_REQUIRED | IS_VIRTUAL_DISK, PHYSICAL.to_le_bytes().to_vec()),
    ];
    let mut table = b"metadata\0\0".to_vec();
    table.extend(u16::try_from(items.len()).expect("five").to_le_bytes());
    table.resize(32, 0);
    let mut values = Vec::new();
    for (item, flags, value) in items {
        let length = u32::try_from(value.len()).expect("a few bytes");
        let at = ITEMS + u32::try_from(values.len()).expect("a few bytes");
        table.extend(item.to_bytes_le());
        table.extend([at, length, flags, 0].into_iter().flat_map(u32::to_le_bytes));
        values.extend(value);
    }
    target.put(METADATA, &table)?;
    target.put(METADATA + u64::from(ITEMS), &values)
}
