use sha2::{Digest, Sha256};

use super::*;

const DISK: u64 = 64 << 20;

/// A partition of these mebibytes.
fn partition(number: u128, label: &str, first: u64, end: u64) -> Partition {
    Partition {
        label: label.to_owned(),
        type_guid: Uuid::from_u128(0xc12a_7328_f81f_11d2_ba4b_00a0_c93e_c93b),
        guid: Uuid::from_u128(number),
        first_lba: first * 2048,
        last_lba: end * 2048 - 1,
        attributes: 1 << 60,
    }
}

fn table(partitions: Vec<Partition>) -> Table {
    Table { disk_bytes: DISK, guid: Uuid::from_u128(99), partitions }
}

fn disk() -> File {
    let disk = tempfile::tempfile().unwrap();
    disk.set_len(DISK).unwrap();
    disk
}

fn bytes(disk: &File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(DISK).unwrap()];
    disk.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn a_table_is_read_as_it_was_written() {
    for partitions in [vec![], vec![partition(1, "ESP", 1, 33), partition(2, "usr-A", 33, 63)]] {
        let (disk, table) = (disk(), table(partitions));
        write(&disk, &table).unwrap();
        assert_eq!(read(&disk).unwrap(), table);
    }
}

#[test]
fn a_table_is_always_the_same_bytes() {
    let disk = disk();
    write(&disk, &table(vec![partition(1, "ESP", 1, 33), partition(2, "usr-A", 33, 63)])).unwrap();
    // These bytes have been judged by `sgdisk -v` and `sfdisk --verify`.
    let digest = "4eeede6a5515f460f1276aa6493a9bd5700357f7972bb6ade1338fd3b3ef28a9";
    assert_eq!(hex::encode(Sha256::digest(bytes(&disk))), digest);
}

#[test]
fn only_the_ends_of_the_disk_are_written() {
    let disk = disk();
    write(&disk, &table(vec![partition(1, "ESP", 1, 63)])).unwrap();
    let bytes = bytes(&disk);
    assert!(bytes[34 * 512..bytes.len() - 33 * 512].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[510..512], [0x55, 0xaa]);
    assert_eq!(bytes[446 + 4], 0xee);
}

#[test]
fn a_damaged_table_is_not_read() {
    for at in [512 + 16, 1024, DISK - 512 + 16, DISK - 33 * 512] {
        let disk = disk();
        write(&disk, &table(vec![partition(1, "ESP", 1, 63)])).unwrap();
        let mut byte = [0];
        disk.read_exact_at(&mut byte, at).unwrap();
        disk.write_all_at(&[byte[0] ^ 1], at).unwrap();
        assert!(read(&disk).is_err(), "byte {at}");
    }
}

#[test]
fn bad_tables_are_refused_and_nothing_is_written() {
    let nil = Partition { guid: Uuid::nil(), ..partition(1, "a", 1, 2) };
    let unaligned = Partition { first_lba: 2049, ..partition(1, "a", 1, 2) };
    let disk_guid = partition(99, "a", 1, 2);
    let cases = [
        (
            vec![partition(1, "a", 1, 65)],
            r#"partition "a" has blocks 2048..=133119; the disk has 34..=131038"#,
        ),
        (
            vec![partition(1, "a", 0, 1)],
            r#"partition "a" has blocks 0..=2047; the disk has 34..=131038"#,
        ),
        (
            vec![partition(1, "a", 3, 3)],
            r#"partition "a" has blocks 6144..=6143; the disk has 34..=131038"#,
        ),
        (vec![unaligned], r#"partition "a" starts at block 2049, which is no multiple of 1 MiB"#),
        (vec![nil], r#"partition "a": a GUID of zeroes marks an unused entry"#),
        (
            vec![partition(1, "a", 5, 9), partition(2, "b", 1, 6)],
            r#"partitions "b" and "a" have blocks in common"#,
        ),
        (
            vec![partition(1, "a", 1, 2), partition(1, "b", 2, 3)],
            r#"partitions "a" and "b" have their GUID in common"#,
        ),
        (vec![disk_guid], r#"partitions "the disk" and "a" have their GUID in common"#),
        (
            vec![partition(1, &"ä".repeat(37), 1, 2)],
            r#"partition "äääääääääääääääääääääääääääääääääääää": a label has at most 36 UTF-16 units and no zero"#,
        ),
    ];
    for (partitions, expected) in cases {
        let disk = disk();
        assert_eq!(write(&disk, &table(partitions)).unwrap_err().to_string(), expected);
        assert!(bytes(&disk).iter().all(|byte| *byte == 0));
    }
}

#[test]
fn a_disk_of_another_length_is_refused() {
    let disk = disk();
    disk.set_len(DISK - 512).unwrap();
    let error = write(&disk, &table(vec![])).unwrap_err();
    assert_eq!(error.to_string(), "the disk has 67108352 bytes and its table is for 67108864");
}
