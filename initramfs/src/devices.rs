//! The disks that the kernel shows in `/sys/class/block`, and the partition tables on them.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::find::{Disk, Partition};
use crate::gpt_table::{Header, Table, TableError};

const FOLDER: &str = "/sys/class/block";
/// Block devices that are never the disk of a machine.
const NOT_DISKS: [&str; 6] = ["loop", "ram", "zram", "dm-", "md", "fd"];
/// The unit of every `size` in sysfs, whatever the disk's sectors are.
const SIZE_UNIT: u64 = 512;

/// The disks there are, in the order of their names. What goes away while it is read is left out.
pub(crate) fn disks() -> Vec<Disk> {
    let mut names = names(Path::new(FOLDER));
    names.retain(|name| !NOT_DISKS.iter().any(|kind| name.starts_with(kind)));
    names.iter().filter_map(|name| disk(name)).collect()
}

/// Node of a block device.
pub(crate) fn node(name: &str) -> String {
    // The kernel writes `!` for the `/` of names such as cciss/c0d0.
    format!("/dev/{}", name.replace('!', "/"))
}

fn disk(name: &str) -> Option<Disk> {
    let folder = Path::new(FOLDER).join(name);
    let bytes = number(&folder.join("size"))? * SIZE_UNIT;
    if bytes == 0 || folder.join("partition").exists() {
        return None;
    }
    let sector = number(&folder.join("queue/logical_block_size"));
    let sector = sector.filter(|bytes| (512..=65536).contains(bytes)).unwrap_or(SIZE_UNIT);
    let table = read_table(&node(name), sector, bytes);
    let place = fs::canonicalize(&folder).ok()?;
    let place = place.strip_prefix("/sys/devices").unwrap_or(&place).display().to_string();
    let partitions = table.as_ref().map(|table| partitions(&folder, table)).unwrap_or_default();
    Some(Disk { name: name.to_owned(), place, bytes, sector, table, partitions })
}

/// The partitions that both the kernel and the table have.
fn partitions(folder: &Path, table: &Table) -> Vec<Partition> {
    let partition = |name: String| {
        let folder = folder.join(&name);
        let number = u32::try_from(number(&folder.join("partition"))?).ok()?;
        let entry = table.entries.iter().find(|entry| entry.number == number)?;
        Some(Partition {
            number,
            device: fs::read_to_string(folder.join("dev")).ok()?.trim().to_owned(),
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

/// The primary table, or the backup at the disk's end where the primary is damaged.
fn read_table(node: &str, sector: u64, bytes: u64) -> Result<Table, TableError> {
    let disk = File::open(node).map_err(|_| TableError::Absent)?;
    let damage = match table_at(&disk, sector, sector) {
        Err(damage @ TableError::Checksum(_)) => damage,
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
