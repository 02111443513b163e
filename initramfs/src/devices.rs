//! The disks that the kernel shows in `/sys/class/block`, and the partition tables on them.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::find::{Disk, Mode, Partition};
use crate::gpt_table::{Entry, Header, Table, TableError};

const FOLDER: &str = "/sys/class/block";
/// Block devices that are never the disk of a machine.
const NOT_DISKS: [&str; 6] = ["loop", "ram", "zram", "dm-", "md", "fd"];
/// The unit of every `size` in sysfs, whatever the disk's sectors are.
const SIZE_UNIT: u64 = 512;

/// CD drives. Reading one closes its tray and waits for the disc: only a live boot does.
const CD: &str = "sr";

/// The disks there are, in the order of their names. What goes away while it is read is left out.
pub(crate) fn disks(mode: Mode) -> Vec<Disk> {
    let mut names = names(Path::new(FOLDER));
    names.retain(|name| !NOT_DISKS.iter().any(|kind| name.starts_with(kind)));
    names.retain(|name| mode == Mode::Live || !name.starts_with(CD));
    names.iter().filter_map(|name| disk(name, mode)).collect()
}

/// Node of a block device.
pub(crate) fn node(name: &str) -> String {
    // The kernel writes `!` for the `/` of names such as cciss/c0d0.
    format!("/dev/{}", name.replace('!', "/"))
}

fn disk(name: &str, mode: Mode) -> Option<Disk> {
    let folder = Path::new(FOLDER).join(name);
    if name.starts_with(CD) {
        // The kernel learns the size of a disc when the drive is opened.
        drop(File::open(node(name)).ok()?);
    }
    let bytes = number(&folder.join("size"))? * SIZE_UNIT;
    if bytes == 0 || folder.join("partition").exists() {
        return None;
    }
    let own = number(&folder.join("queue/logical_block_size"));
    let own = own.filter(|bytes| (512..=65536).contains(bytes)).unwrap_or(SIZE_UNIT);
    let (sector, table) = find_table(&node(name), own, bytes, mode);
    let partitions = match &table {
        Ok(table) if sector == own => partitions(&folder, table, sector),
        Ok(table) => unmapped(name, table),
        Err(_) => Vec::new(),
    };
    let place = fs::canonicalize(&folder).ok()?;
    let place = place.strip_prefix("/sys/devices").unwrap_or(&place).display().to_string();
    Some(Disk { name: name.to_owned(), place, bytes, sector, table, partitions })
}

/// The partitions that both the kernel and the table have.
fn partitions(folder: &Path, table: &Table, sector: u64) -> Vec<Partition> {
    let partition = |name: String| {
        let folder = folder.join(&name);
        let number = u32::try_from(number(&folder.join("partition"))?).ok()?;
        let entry = table.entries.iter().find(|entry| entry.number == number)?;
        Some(Partition {
            number,
            device: Some(fs::read_to_string(folder.join("dev")).ok()?.trim().to_owned()),
            start: entry.first.saturating_mul(sector),
            guid: entry.guid,
            type_guid: entry.type_guid,
            label: entry.label.clone(),
            bytes: self::number(&folder.join("size"))? * SIZE_UNIT,
            name,
        })
    };
    let mut found: Vec<_> = names(folder).into_iter().filter_map(partition).collect();
    found.sort_by_key(|partition| partition.number);
    found
}

/// The partitions of a table that the kernel, which looks for one of the disk's own sectors, does not
/// see.
fn unmapped(disk: &str, table: &Table) -> Vec<Partition> {
    let partition = |entry: &Entry| Partition {
        name: format!("{disk}p{}", entry.number),
        number: entry.number,
        device: None,
        start: entry.first.saturating_mul(SIZE_UNIT),
        guid: entry.guid,
        type_guid: entry.type_guid,
        label: entry.label.clone(),
        bytes: (entry.last.saturating_add(1)).saturating_sub(entry.first).saturating_mul(SIZE_UNIT),
    };
    table.entries.iter().map(partition).collect()
}

/// The table of a disk of `own` bytes a sector, and the bytes of the sectors it counts in.
///
/// A live medium has a table of sectors of 512 bytes whatever it was written to. The kernel makes no
/// partitions of such a table: on a disk that is installed it is a mistake, and is none here either.
fn find_table(node: &str, own: u64, bytes: u64, mode: Mode) -> (u64, Result<Table, TableError>) {
    let may_be_smaller = own != SIZE_UNIT && mode == Mode::Live;
    // First what is at the start: of some discs the last sectors are read in vain, which takes long.
    if may_be_smaller
        && read_primary(node, own) == Err(TableError::Absent)
        && let Ok(table) = read_primary(node, SIZE_UNIT)
    {
        return (SIZE_UNIT, Ok(table));
    }
    match read_table(node, own, bytes) {
        Err(TableError::Absent) if may_be_smaller => {
            let table = read_table(node, SIZE_UNIT, bytes);
            (if table.is_ok() { SIZE_UNIT } else { own }, table)
        }
        table => (own, table),
    }
}

fn read_primary(node: &str, sector: u64) -> Result<Table, TableError> {
    table_at(&File::open(node).map_err(|_| TableError::Absent)?, sector, sector)
}

/// The primary table, or the backup at the disk's end where there is no good one.
fn read_table(node: &str, sector: u64, bytes: u64) -> Result<Table, TableError> {
    let disk = File::open(node).map_err(|_| TableError::Absent)?;
    let damage = match table_at(&disk, sector, sector) {
        Err(damage) => damage,
        primary => return primary,
    };
    match table_at(&disk, sector, bytes.saturating_sub(sector)) {
        Ok(mut backup) => {
            backup.instead_of = Some(damage);
            Ok(backup)
        }
        Err(_) => Err(damage),
    }
}

/// The table whose header is at an offset.
fn table_at(disk: &File, sector: u64, at: u64) -> Result<Table, TableError> {
    let read = |at: u64, bytes: u64| {
        let mut buffer = vec![0; usize::try_from(bytes).map_err(|_| TableError::Form)?];
        disk.read_exact_at(&mut buffer, at).map_err(|_| TableError::Absent)?;
        Ok(buffer)
    };
    let head = read(at, sector)?;
    let header = Header::parse(&head)?;
    let entries_at = header.entries_at().checked_mul(sector).ok_or(TableError::Form)?;
    Table::parse(&head, read(entries_at, header.entries_bytes())?)
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpt_table;

    #[test]
    fn a_table_of_smaller_sectors_than_the_disks_is_read_in_a_live_boot_alone() {
        let path = std::env::temp_dir().join(format!("keelson-devices-{}", std::process::id()));
        let disk = gpt_table::tests::disk(4, &[(1, 2048, 4095)]);
        fs::write(&path, &disk).expect("it is written");
        let node = path.to_str().expect("a temporary folder in UTF-8");
        for (own, mode, sector) in [
            (512, Mode::Installed, Some(512)),
            (512, Mode::Live, Some(512)),
            (2048, Mode::Live, Some(512)),
            (4096, Mode::Live, Some(512)),
            (2048, Mode::Installed, None),
            (4096, Mode::Installed, None),
        ] {
            let (counted, table) = find_table(node, own, disk.len() as u64, mode);
            assert_eq!(table.is_ok(), sector.is_some(), "{own} {mode:?}");
            assert_eq!(counted, sector.unwrap_or(own), "{own} {mode:?}");
        }
        fs::remove_file(&path).expect("it is there");
    }

    #[test]
    fn the_backup_serves_whatever_is_wrong_with_the_primary() {
        let path = std::env::temp_dir().join(format!("keelson-backup-{}", std::process::id()));
        let node = path.to_str().expect("a temporary folder in UTF-8");
        let small = gpt_table::tests::disk(4, &[(1, 2048, 4095)]);
        fs::write(&path, &small).expect("it is written");
        let table = read_table(node, 512, small.len() as u64).expect("a table");
        let mut disk = small;
        disk.resize(8 << 20, 0);
        // Growing writes both tables.
        let (writes, _) = table.grown(1, 8 << 11, 512).expect("there is more");
        for write in &writes {
            let at = usize::try_from(write.at).expect("small");
            disk[at..at + write.bytes.len()].copy_from_slice(&write.bytes);
        }
        for (at, bytes, damage) in [
            (512, &[0; 512][..], TableError::Absent),
            (512 + 12, &[1], TableError::Form),
            (512 + 40, &[1], TableError::Checksum("header")),
            (1024, &[7], TableError::Checksum("entries")),
        ] {
            let mut disk = disk.clone();
            disk[at..at + bytes.len()].copy_from_slice(bytes);
            fs::write(&path, &disk).expect("it is written");
            let table = read_table(node, 512, disk.len() as u64).expect("the backup");
            assert_eq!((table.instead_of, table.entries.len()), (Some(damage.clone()), 1));
            let end = disk.len() - 512;
            disk[end..].fill(0);
            fs::write(&path, &disk).expect("it is written");
            assert_eq!(read_table(node, 512, disk.len() as u64), Err(damage));
        }
        fs::remove_file(&path).expect("it is there");
    }
}
