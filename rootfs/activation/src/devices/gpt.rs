//! Partition tables, as far as the names of partitions: GPT (UEFI 2.10, 5.3) and the MBR's disk signature.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::probe::uuid_of_guid;
use super::uevent::Uevent;

/// The names of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// `PARTUUID`: of GPT a UUID, of an MBR `SIGNATURE-NUMBER`.
    pub uuid: String,
    /// `PARTLABEL`; an MBR has none.
    pub label: Option<String>,
}

/// More entries than any table has.
const MOST_ENTRIES: u32 = 1024;

/// The names of the partition of a message: the kernel tells them, or they are read from the disk.
pub(super) fn partition(root: &Path, sys: &Path, event: &Uevent) -> Option<Partition> {
    let number: u32 = event.variable("PARTN")?.parse().ok()?;
    if let Some(uuid) = event.variable("PARTUUID").filter(|uuid| !uuid.is_empty()) {
        let label = event.variable("PARTNAME").filter(|label| !label.is_empty()).map(str::to_owned);
        return Some(Partition { uuid: uuid.to_ascii_lowercase(), label });
    }
    let disk = sys.parent()?.file_name()?.to_str()?.replace('!', "/");
    let file = File::open(root.join("dev").join(disk)).ok()?;
    read(&|at, buffer| file.read_exact_at(buffer, at), number)
}

/// The names of one partition of a disk; `read` fills a buffer from a place in bytes.
pub fn read(read: &dyn Fn(u64, &mut [u8]) -> io::Result<()>, number: u32) -> Option<Partition> {
    [512, 4096]
        .into_iter()
        .find_map(|sector| gpt(read, sector, number))
        .or_else(|| mbr(read, number))
}

fn gpt(
    read: &dyn Fn(u64, &mut [u8]) -> io::Result<()>,
    sector: u64,
    number: u32,
) -> Option<Partition> {
    let mut header = [0; 92];
    read(sector, &mut header).ok()?;
    if &header[..8] != b"EFI PART" {
        return None;
    }
    let table = u64::from_le_bytes(header[72..80].try_into().ok()?);
    let entries = u32::from_le_bytes(header[80..84].try_into().ok()?);
    let size = u64::from(u32::from_le_bytes(header[84..88].try_into().ok()?));
    if number == 0 || number > entries.min(MOST_ENTRIES) || size < 128 {
        return None;
    }
    let mut entry = [0; 128];
    let at = table.checked_mul(sector)?.checked_add(u64::from(number - 1).checked_mul(size)?)?;
    read(at, &mut entry).ok()?;
    if entry[..16] == [0; 16] {
        return None;
    }
    let units = entry[56..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let label: String = char::decode_utf16(units.take_while(|&unit| unit != 0))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    let uuid = uuid_of_guid(entry[16..32].try_into().ok()?);
    Some(Partition { uuid, label: Some(label).filter(|label| !label.is_empty()) })
}

fn mbr(read: &dyn Fn(u64, &mut [u8]) -> io::Result<()>, number: u32) -> Option<Partition> {
    let mut sector = [0; 512];
    read(0, &mut sector).ok()?;
    let signature = u32::from_le_bytes(sector[440..444].try_into().ok()?);
    if sector[510..] != [0x55, 0xaa] || signature == 0 {
        return None;
    }
    Some(Partition { uuid: format!("{signature:08x}-{number:02x}"), label: None })
}
