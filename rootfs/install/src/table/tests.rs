use std::fs::File;

use keelson_disk::gpt;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::testing::{IMAGE, MIB, PARTS, Recorder, disk_file, image};

fn table_of(path: &std::path::Path) -> Table {
    Table::of_disk(&Recorder::of(path, true)).expect("a table")
}

#[test]
fn a_table_on_a_disk_of_its_size_is_the_same_bytes() {
    let folder = TempDir::new().expect("a folder");
    let path = image(folder.path());
    let bytes = std::fs::read(&path).expect("read");
    let table = Table::of_image(&bytes).expect("a table");
    assert_eq!(table.disk_bytes(), IMAGE);
    assert!(table.primary(IMAGE) == bytes[512..HEAD]);
    assert!(table.backup(IMAGE) == bytes[bytes.len() - 33 * 512..]);
    let first: [u8; 512] = bytes[..512].try_into().expect("a sector");
    assert_eq!(sized(first, IMAGE), first);
}

#[test]
fn a_table_on_a_larger_disk_is_read_by_others() {
    let folder = TempDir::new().expect("a folder");
    let table = table_of(&image(folder.path()));
    let path = folder.path().join("larger");
    let file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(&path)
        .expect("made");
    let larger = 24 * MIB;
    file.set_len(larger).expect("grown");
    let first: [u8; 512] = std::fs::read(folder.path().join("disk.raw")).expect("read")[..512]
        .try_into()
        .expect("a sector");
    for (at, bytes) in [
        (0, sized(first, larger).to_vec()),
        (512, table.primary(larger)),
        (larger - 33 * 512, table.backup(larger)),
    ] {
        std::os::unix::fs::FileExt::write_all_at(&file, &bytes, at).expect("written");
    }
    let read = gpt::read(&file).expect("both tables are good");
    assert_eq!(read.partitions.len(), PARTS.len());
    assert_eq!(read.disk_bytes, larger);
}

#[test]
fn a_table_is_good_whatever_header_its_image_had() {
    let folder = TempDir::new().expect("a folder");
    let bytes = std::fs::read(image(folder.path())).expect("read");
    for (count, size) in [(64_u32, 128_u32), (128, 128), (64, 256), (16, 512)] {
        let mut header: [u8; 512] = bytes[512..1024].try_into().expect("a sector");
        let mut entries = vec![0; (count * size) as usize];
        for (to, from) in entries.chunks_exact_mut(size as usize).zip(bytes[1024..].chunks(128)) {
            to[..128].copy_from_slice(from);
        }
        header[40..48].copy_from_slice(&2048_u64.to_le_bytes());
        for (at, value) in [(80, count), (84, size), (88, crc32fast::hash(&entries)), (16, 0)] {
            header[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        let sum = crc32fast::hash(&header[..92]);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        let table = Table::parse(&header, &entries).expect("a table");
        assert_eq!(table.partitions().len(), PARTS.len());
        let primary = table.unfinished(&[]).primary(IMAGE);
        let again = Table::of_image(&[vec![0; 512], primary].concat()).expect("a good table");
        assert_eq!(again.partitions()[0].label, UNFINISHED, "{count} {size}");
        assert!(table.primary(IMAGE) == bytes[512..HEAD], "{count} {size}");
    }
}

#[test]
fn the_backup_serves_where_the_primary_is_damaged() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("disk");
    let file = disk_file(&path, 8 * MIB, &[("data", 2, 3)]);
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xff], 1024).expect("written");
    let labels: Vec<String> = table_of(&path).partitions().into_iter().map(|p| p.label).collect();
    assert_eq!(labels, ["data"]);
}

#[test]
fn an_unfinished_disk_says_so_in_both_places() {
    let folder = TempDir::new().expect("a folder");
    let table = table_of(&image(folder.path()));
    let path = folder.path().join("data");
    disk_file(&path, 32 * MIB, &[("other", 20, 1), ("data", 24, 3)]);
    let kept: Vec<Partition> =
        table_of(&path).partitions().into_iter().filter(|p| p.label == "data").collect();
    let unfinished = table.unfinished(&kept).partitions();
    let seen: Vec<(&str, usize, u64, u64)> =
        unfinished.iter().map(|p| (p.label.as_str(), p.number, p.first, p.last)).collect();
    assert_eq!(seen, [(UNFINISHED, 1, 2048, 24 * 2048 - 1), ("data", 2, 24 * 2048, 27 * 2048 - 1)]);
    for protective in [false, true] {
        let sector = unfinished_first_sector(protective, 32 * MIB);
        assert!(says_unfinished(&sector));
        assert_eq!(sector[450] == 0xee, protective);
        assert_eq!(sector[510..], [0x55, 0xaa]);
    }
    assert!(PRINTS.len() + TEXT.len() < PROTECTIVE);
    assert!(TEXT.starts_with(MARK));
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 1024..6000), good in any::<bool>()) {
        if good {
            bytes[..8].copy_from_slice(b"EFI PART");
            bytes[12..16].copy_from_slice(&92_u32.to_le_bytes());
            bytes[16..20].fill(0);
            let sum = crc32fast::hash(&bytes[..92]);
            bytes[16..20].copy_from_slice(&sum.to_le_bytes());
        }
        let (header, entries) = bytes.split_at(512);
        let _table = Table::parse(header, entries).map(|table| (table.partitions(), table.disk_bytes()));
    }
}
