use proptest::prelude::*;

use super::*;

const SECTOR: usize = 512;

/// A disk of `mib` MiB with partitions of (number, first, last).
pub(crate) fn disk(mib: u64, partitions: &[(u32, u64, u64)]) -> Vec<u8> {
    let sectors = mib << 11;
    let mut entries = vec![0; 128 * ENTRY];
    for (number, first, last) in partitions {
        let at = (*number as usize - 1) * ENTRY;
        entries[at..at + 32].fill(u8::try_from(*number).expect("a small number"));
        entries[at + 32..at + 40].copy_from_slice(&first.to_le_bytes());
        entries[at + 40..at + 48].copy_from_slice(&last.to_le_bytes());
        entries[at + 56..at + 60].copy_from_slice(b"R\0O\0");
    }
    let mut header = [0; 92];
    header[..8].copy_from_slice(b"EFI PART");
    for (at, value) in [(12, 92), (80, 128), (84, 128), (88, crc32fast::hash(&entries))] {
        header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    for (at, value) in [(24, 1), (32, sectors - 1), (40, 34), (48, sectors - 34), (72, 2)] {
        header[at..at + 8].copy_from_slice(&u64::to_le_bytes(value));
    }
    let crc = crc32fast::hash(&header);
    header[16..20].copy_from_slice(&crc.to_le_bytes());
    let mut bytes = vec![0; usize::try_from(mib << 20).expect("a small disk")];
    bytes[SECTOR..SECTOR + 92].copy_from_slice(&header);
    bytes[2 * SECTOR..2 * SECTOR + entries.len()].copy_from_slice(&entries);
    bytes
}

fn read(disk: &[u8]) -> Result<Table, TableError> {
    let header = Header::parse(&disk[SECTOR..2 * SECTOR])?;
    let at = usize::try_from(header.entries_at()).expect("small") * SECTOR;
    let length = usize::try_from(header.entries_bytes()).expect("small");
    Table::parse(&disk[SECTOR..2 * SECTOR], disk[at..at + length].to_vec())
}

#[test]
fn a_table_is_read_with_gaps_in_its_numbers() {
    let table = read(&disk(8, &[(1, 2048, 4095), (9, 4096, 8191)])).expect("a table");
    let found: Vec<_> = table.entries.iter().map(|e| (e.number, e.first, e.last)).collect();
    assert_eq!(found, [(1, 2048, 4095), (9, 4096, 8191)]);
    assert_eq!(table.entries[0].label, "RO");
    assert_eq!(table.header().backup, (8 << 11) - 1);
}

#[test]
fn damage_is_told_apart() {
    for (at, error) in [
        (SECTOR, TableError::Absent),
        (SECTOR + 40, TableError::Checksum("header")),
        (2 * SECTOR, TableError::Checksum("entries")),
    ] {
        let mut bytes = disk(4, &[(1, 2048, 4095)]);
        bytes[at] ^= 1;
        assert_eq!(read(&bytes), Err(error));
    }
    assert_eq!(Header::parse(&[]), Err(TableError::Absent));
}

#[test]
fn the_last_partition_grows_to_the_end_of_a_larger_disk() {
    let mut bytes = disk(8, &[(1, 2048, 4095), (9, 4096, 8191)]);
    let table = read(&bytes).expect("a table");
    bytes.resize(16 << 20, 0);
    let (writes, last) = table.grown(9, 16 << 11, 512).expect("there is more");
    assert_eq!(last, (15 << 11) - 1);
    for write in &writes {
        let at = usize::try_from(write.at).expect("small");
        bytes[at..at + write.bytes.len()].copy_from_slice(&write.bytes);
    }
    let grown = read(&bytes).expect("a table");
    assert_eq!((grown.entries[0].last, grown.entries[1].last), (4095, last));
    assert_eq!(grown.header().backup, (16 << 11) - 1);
    let end = bytes.len() - SECTOR;
    let backup = Header::parse(&bytes[end..]).expect("a backup");
    assert_eq!((backup.backup, backup.entries_at()), (1, (16 << 11) - 33));
    assert_eq!(bytes[end - 32 * SECTOR..end], bytes[2 * SECTOR..34 * SECTOR]);
    assert_eq!(grown.grown(9, 16 << 11, 512), None);
}

#[test]
fn a_growth_interrupted_between_its_writes_leaves_a_table() {
    let old = disk(8, &[(1, 2048, 4095), (9, 4096, 8191)]);
    let table = read(&old).expect("a table");
    let (writes, last) = table.grown(9, 16 << 11, 512).expect("there is more");
    for (done, end) in [(0, 8191), (1, 8191), (2, last), (3, last)] {
        let mut bytes = old.clone();
        bytes.resize(16 << 20, 0);
        for write in &writes[..done] {
            let at = usize::try_from(write.at).expect("small");
            bytes[at..at + write.bytes.len()].copy_from_slice(&write.bytes);
        }
        let found = read(&bytes).expect("a table after every write");
        assert_eq!(found.entries[1].last, end, "after {done} writes");
        let again = found.grown(9, 16 << 11, 512).map(|(writes, _)| writes);
        assert_eq!(again.is_some(), done < 2, "after {done} writes");
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_reading(
        at in 0_usize..92,
        value: u8,
        entries in prop::collection::vec(any::<u8>(), 0..1024),
    ) {
        let mut sector = disk(1, &[])[SECTOR..2 * SECTOR].to_vec();
        sector[at] = value;
        sector[88..92].copy_from_slice(&crc32fast::hash(&entries).to_le_bytes());
        sector[16..20].fill(0);
        let crc = crc32fast::hash(&sector[..92]);
        sector[16..20].copy_from_slice(&crc.to_le_bytes());
        if let Ok(table) = Table::parse(&sector, entries) {
            for number in 0..10 {
                let _grown = table.grown(number, 1 << 20, 512);
            }
        }
    }
}

#[test]
fn a_partition_does_not_grow_over_another_nor_on_a_smaller_disk() {
    let table = read(&disk(8, &[(1, 2048, 4095), (9, 4096, 8191)])).expect("a table");
    assert_eq!(table.grown(1, 16 << 11, 512), None);
    assert_eq!(table.grown(9, 4 << 11, 512), None);
    assert_eq!(table.grown(9, 0, 512), None);
    assert_eq!(table.grown(3, 16 << 11, 512), None);
}
