//! Finds a partition by its GUID in the partition tables of the disks (UEFI specification, "GUID Partition Table").

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Why there is no device.
#[derive(Debug, thiserror::Error)]
pub(super) enum PartitionError {
    /// No partition has the GUID.
    #[error("no disk has the partition the boot loader was started from")]
    NotFound,
    /// The block devices cannot be listed.
    #[error("reading /sys/class/block: {0}")]
    List(io::Error),
}

/// The bytes of a GUID as they stand on a disk.
pub(super) type Guid = [u8; 16];

/// Parses a GUID; its first three fields are little-endian on a disk.
pub(super) fn parse_guid(text: &str) -> Option<Guid> {
    let digits: String = text.trim_matches(['{', '}']).split('-').collect();
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, at) in bytes.iter_mut().zip((0..32).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    Some(bytes)
}

/// The device of the partition with that GUID.
pub(super) fn find(guid: Guid) -> Result<PathBuf, PartitionError> {
    let mut entries: Vec<PathBuf> = fs::read_dir("/sys/class/block")
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(PartitionError::List)?;
    entries.sort();
    for path in entries {
        let Ok(number) = fs::read_to_string(path.join("partition")) else { continue };
        let (Ok(number), Ok(device), Some(name)) =
            (number.trim().parse(), fs::canonicalize(&path), path.file_name())
        else {
            continue;
        };
        // A partition's folder stands in that of its disk.
        let Some(disk) = device.parent().and_then(Path::file_name) else { continue };
        let sector = fs::read_to_string(device.join("../queue/logical_block_size"));
        let sector = sector.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(512);
        if guid_of(&Path::new("/dev").join(disk), sector, number).is_ok_and(|found| found == guid) {
            return Ok(Path::new("/dev").join(name));
        }
    }
    Err(PartitionError::NotFound)
}

/// The GUID of partition `number`, from 1, in the primary table of a disk.
fn guid_of(disk: &Path, sector: u64, number: u64) -> io::Result<Guid> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let disk = File::open(disk)?;
    let mut header = [0; 92];
    disk.read_exact_at(&mut header, sector)?;
    let long = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
    let int = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
    let (first, count, size) = (long(72), u64::from(int(80)), u64::from(int(84)));
    if &header[..8] != b"EFI PART" || number == 0 || number > count || size < 128 {
        return Err(invalid());
    }
    let at = first
        .checked_mul(sector)
        .and_then(|at| at.checked_add((number - 1) * size))
        .ok_or_else(invalid)?;
    let mut guid = [0; 16];
    disk.read_exact_at(&mut guid, at.checked_add(16).ok_or_else(invalid)?)?;
    Ok(guid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_mixed_endian_on_disk() {
        let esp = parse_guid("C12A7328-F81F-11D2-BA4B-00A0C93EC93B").expect("a GUID");
        let on_disk =
            u128::from_str_radix("28732ac11ff8d211ba4b00a0c93ec93b", 16).expect("a number");
        assert_eq!(esp, on_disk.to_be_bytes());
        for text in
            ["", "C12A7328", "C12A7328-F81F-11D2-BA4B-00A0C93EC93Z", "ééééééééééééééé\u{e9}"]
        {
            assert_eq!(parse_guid(text), None, "{text}");
        }
    }

    #[test]
    fn a_table_gives_the_guid_of_a_partition() {
        let guid = parse_guid("01234567-89ab-cdef-0123-456789abcdef").expect("a GUID");
        for sector in [512_u64, 4096] {
            let at = |offset: u64| usize::try_from(offset).expect("small");
            let mut image = vec![0; at(sector * 8)];
            image[at(sector)..][..8].copy_from_slice(b"EFI PART");
            image[at(sector + 72)] = 2;
            image[at(sector + 80)] = 4;
            image[at(sector + 84)] = 128;
            image[at(sector * 2 + 128 + 16)..][..16].copy_from_slice(&guid);
            let file = tempfile::NamedTempFile::new().expect("a file");
            fs::write(file.path(), &image).expect("written");
            assert_eq!(guid_of(file.path(), sector, 2).expect("there"), guid);
            assert!(guid_of(file.path(), sector, 1).is_ok_and(|other| other != guid));
            for number in [0, 5] {
                assert!(guid_of(file.path(), sector, number).is_err(), "{number}");
            }
            image[at(sector)] = b'X';
            fs::write(file.path(), &image).expect("written");
            assert!(guid_of(file.path(), sector, 2).is_err());
        }
    }
}
