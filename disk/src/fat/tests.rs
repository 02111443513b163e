use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::geometry::Kind;
use super::*;

const BYTES: u64 = 34 << 20;
const AT: u64 = 1 << 20;

fn volume() -> Volume {
    Volume {
        bytes: BYTES,
        id: 0x1234_abcd,
        label: "KEELSON".parse().unwrap(),
        hidden_sectors: 2048,
    }
}

/// An image with the entries' volume at [`AT`].
fn image(entries: &[Entry]) -> Result<File, FatError> {
    let file = tempfile::tempfile().unwrap();
    file.set_len(AT + BYTES).unwrap();
    write(&file, AT, &volume(), entries)?;
    Ok(file)
}

fn all(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(AT + BYTES).unwrap()];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0).unwrap();
    bytes
}

fn esp() -> Vec<Entry> {
    vec![
        Entry::file("EFI/BOOT/BOOTX64.EFI", vec![1; 70_000]),
        Entry::directory("loader/keys"),
        Entry::file(
            "EFI/Linux/keelson_1.2.3+3.efi",
            (0..=255u8).cycle().take(300_001).collect::<Vec<u8>>(),
        ),
        Entry::file("EFI/Linux/keelson_1.2.4+3.efi", vec![0; 4096]),
        Entry::file("loader/loader.conf", b"timeout 0\n".to_vec()),
        Entry::file("loader/thirteen.text", Vec::new()),
        Entry::directory("loader"),
        Entry::file("Größe 日本語🚢.conf", b"x".to_vec()),
    ]
}

/// The listing of a volume: short name, long name, length.
fn listing(file: &File) -> String {
    let found = Reader::open(file, AT).unwrap().files().unwrap();
    let lines = found.iter().map(|found| {
        let length = if found.is_directory { "-".to_owned() } else { found.bytes.to_string() };
        format!("{:12} {length:>6} {}\n", found.short, found.path)
    });
    lines.collect()
}

#[test]
fn a_volume_is_read_as_it_was_written() {
    let file = image(&esp()).unwrap();
    let expected = "\
EFI               - EFI
BOOT              - EFI/BOOT
BOOTX64.EFI   70000 EFI/BOOT/BOOTX64.EFI
LINUX             - EFI/Linux
KEELSO~1.EFI 300001 EFI/Linux/keelson_1.2.3+3.efi
KEELSO~2.EFI   4096 EFI/Linux/keelson_1.2.4+3.efi
LOADER            - loader
KEYS              - loader/keys
LOADER~1.CON     10 loader/loader.conf
THIRTE~1.TEX      0 loader/thirteen.text
GR__E_~1.CON      1 Größe 日本語🚢.conf
";
    assert_eq!(listing(&file), expected);

    let reader = Reader::open(&file, AT).unwrap();
    assert_eq!((reader.label().as_str(), reader.id()), ("KEELSON", 0x1234_abcd));
    holds_the_files_in_one_run_each(&reader);
}

/// The volume holds what [`esp`] says.
fn holds_the_files_in_one_run_each(reader: &Reader) {
    let found = reader.files().unwrap();
    for entry in esp() {
        let Node::File(Content::Bytes(bytes)) = entry.node else { continue };
        let found = found.iter().find(|found| found.path == entry.path).unwrap();
        assert!(reader.read(found).unwrap() == bytes, "{}", entry.path);
        assert!(reader.pieces(found).unwrap().len() <= 1, "{}", entry.path);
    }
}

#[test]
fn a_volume_is_always_the_same_bytes() {
    let bytes = all(&image(&esp()).unwrap());
    // These bytes have been judged by `fsck.fat -n` and `mdir`.
    let digest = "ccab5b973b86b534781df63d9c689c5f2d15676cca90e524c247b6d8ce3442a4";
    assert_eq!(hex::encode(Sha256::digest(&bytes)), digest);
}

#[test]
fn nothing_is_written_beside_the_volume() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(AT + BYTES + 4096).unwrap();
    write(&file, AT, &volume(), &esp()).unwrap();
    assert_eq!(file.metadata().unwrap().len(), AT + BYTES + 4096);
    assert!(all(&file)[..usize::try_from(AT).unwrap()].iter().all(|byte| *byte == 0));
    let allocated = std::os::unix::fs::MetadataExt::blocks(&file.metadata().unwrap()) * 512;
    assert!(allocated < 1 << 20, "{allocated}");
}

#[test]
fn files_of_the_host_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("uki");
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n / 5000).to_le_bytes()[0]).collect();
    std::fs::write(&path, &content).unwrap();
    let from_host = image(&[Entry::file("a.efi", path)]).unwrap();
    assert!(all(&from_host) == all(&image(&[Entry::file("a.efi", content)]).unwrap()));
}

#[test]
fn a_full_volume_is_filled_to_the_last_cluster() {
    let clusters = Geometry::of(BYTES).unwrap().clusters;
    // One cluster is the root's.
    let most = (u64::from(clusters) - 1) * SECTOR;
    let file = |bytes: u64| [Entry::file("A", vec![7; usize::try_from(bytes).unwrap()])];
    assert_eq!(listing(&image(&file(most)).unwrap()), format!("A            {most} A\n"));

    let error = image(&file(most + 1)).unwrap_err();
    let available = most + SECTOR;
    let expected = format!(
        "the files need {} bytes and the volume has {available}: 512 too many; the largest: A ({})",
        available + SECTOR,
        most + 1
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn large_folders_span_clusters() {
    let entries: Vec<Entry> =
        (0..1000).map(|n| Entry::file(format!("many/file number {n}"), vec![1])).collect();
    let file = image(&entries).unwrap();
    let listing = listing(&file);
    assert_eq!(listing.lines().count(), 1001);
    assert!(listing.contains("FILENU~1          1 many/file number 0\n"), "{listing}");
    assert!(listing.contains("FILE~999          1 many/file number 998\n"));
    assert!(listing.contains("FIL~1000          1 many/file number 999\n"));

    let entries: Vec<Entry> =
        (0..30_000).map(|n| Entry::file(format!("many/file number {n}"), Vec::new())).collect();
    let error = image(&entries).unwrap_err();
    assert_eq!(error.to_string(), r#"folder "many" needs 89992 records; FAT ends at 65536"#);
}

#[test]
fn short_names_are_unique_and_never_another_file_s_name() {
    let cases: [(&[&str], &[&str]); 6] = [
        (&["A", "b.c", "EIGHT888.TXT"], &["A", "B.C", "EIGHT888.TXT"]),
        (
            &["longname.txt", "longname2.txt", "longname~2.x"],
            &["LONGNAME.TXT", "LONGNA~1.TXT", "LONGNA~1.X"],
        ),
        (
            &["foobarbaz.txt", "FOOBAR~1.TXT", "foobar~2.txt"],
            &["FOOBAR~3.TXT", "FOOBAR~1.TXT", "FOOBAR~2.TXT"],
        ),
        (&[".profile", "a.b.c", "with space"], &["PROFIL~1", "AB~1.C", "WITHSP~1"]),
        (&["+", "é", "ü.ö"], &["_~1", "_~2", "_~1._"]),
        (&["x.json", "X.js"], &["X~1.JSO", "X.JS"]),
    ];
    for (long, expected) in cases {
        let shorts: Vec<String> = names::shorts(long).iter().map(names::display).collect();
        assert_eq!(shorts, expected, "{long:?}");
    }
}

#[test]
fn bad_entries_are_refused() {
    let long = "n".repeat(256);
    let cases: [(&[&str], &str); 10] = [
        (&[""], r#""": "" is no file name on FAT: it is empty"#),
        (&["/EFI"], r#""/EFI": "" is no file name on FAT: it is empty"#),
        (
            &["EFI/../x"],
            r#""EFI/../x": ".." is no file name on FAT: it names a folder already there"#,
        ),
        (
            &["a?"],
            r#""a?": "a?" is no file name on FAT: it has a control character or one of "*/:<>?\|"#,
        ),
        (
            &["a\n"],
            r#""a\n": "a\n" is no file name on FAT: it has a control character or one of "*/:<>?\|"#,
        ),
        (
            &["a."],
            r#""a.": "a." is no file name on FAT: it ends in a dot or a space, which is dropped on reading"#,
        ),
        (&[&long], "is longer than 255 UTF-16 units"),
        (
            &["EFI/a.efi", "efi/A.EFI"],
            r#""efi/A.EFI" is there already, as "EFI/a.efi": case does not tell names apart on FAT"#,
        ),
        (&["Ä", "ä"], r#""ä" is there already, as "Ä": case does not tell names apart on FAT"#),
        (&["a", "A/b"], r#""A/b" lies below "a", which is a file"#),
    ];
    for (paths, expected) in cases {
        let entries: Vec<Entry> = paths.iter().map(|path| Entry::file(*path, Vec::new())).collect();
        let error = image(&entries).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_listed_folder_may_be_implied_before_but_not_listed_before() {
    image(&[Entry::file("a/b", Vec::new()), Entry::directory("A")]).unwrap();
    assert!(matches!(
        image(&[Entry::directory("a"), Entry::directory("A")]),
        Err(FatError::Duplicate { path, other }) if path == "A" && other == "a"
    ));
}

#[test]
fn labels_are_checked() {
    for label in ["A", "KEELSON ESP", "ABCDEFGHIJK", "A_B-C 9"] {
        assert_eq!(label.parse::<Label>().unwrap().to_string(), label);
    }
    for label in ["", " A", "A ", "keelson", "ABCDEFGHIJKL", "A.B", "Ä"] {
        assert!(label.parse::<Label>().is_err(), "{label}");
    }
}

#[test]
fn volumes_have_enough_clusters_of_up_to_4_kib() {
    let cases = [
        // bytes, sectors of a cluster
        (3 << 20, 1),
        (16 << 20, 4),
        (20 << 20, 8),
        (32 << 20, 8),
        (34 << 20, 1),
        (64 << 20, 1),
        (68 << 20, 2),
        (256 << 20, 4),
        (300 << 20, 8),
        (1 << 30, 8),
        (900 << 30, 8),
    ];
    for (bytes, sectors) in cases {
        let geometry = Geometry::of(bytes).unwrap();
        assert_eq!(geometry.sectors_per_cluster, sectors, "{bytes}");
        let kind = if bytes < 34 << 20 { Kind::Fat16 } else { Kind::Fat32 };
        assert_eq!(geometry.kind, kind, "{bytes}");
        assert!(kind.clusters().contains(&u64::from(geometry.clusters)));
        let entries = u64::from(geometry.table_sectors) * SECTOR / kind.entry_bytes();
        assert!(u64::from(geometry.clusters) + 2 <= entries);
        let end = geometry.cluster_offset(geometry.clusters + 2);
        assert!((bytes - u64::from(sectors) * SECTOR..=bytes).contains(&end), "{bytes} {end}");
        assert!(geometry.cluster_offset(2).is_multiple_of(4096));
    }
}

#[test]
fn volumes_too_small_or_too_large_are_refused() {
    // The least FAT32, and a sector less.
    let fat32 = 34_089_472;
    assert_eq!(Geometry::of(fat32).unwrap().clusters, 65_525);
    assert_eq!(Geometry::of(fat32 - 512).unwrap().kind, Kind::Fat16);
    let least = 2_140_672;
    assert_eq!(Geometry::of(least).unwrap().clusters, 4085);
    for bytes in [0, 512, 1 << 20, least - 512, least + 1, 2 << 40] {
        let error = Geometry::of(bytes).unwrap_err();
        assert!(
            matches!(error, FatError::Size { bytes: b, least: l } if b == bytes && l == least),
            "{error}"
        );
    }
}

#[test]
fn a_small_volume_is_fat16_and_read_as_it_was_written() {
    let volume = Volume { bytes: 20 << 20, ..volume() };
    let file = tempfile::tempfile().unwrap();
    file.set_len(AT + volume.bytes).unwrap();
    write(&file, AT, &volume, &esp()).unwrap();
    let large = image(&esp()).unwrap();
    assert_eq!(listing(&file), listing(&large));
    let reader = Reader::open(&file, AT).unwrap();
    assert_eq!((reader.label().as_str(), reader.id()), ("KEELSON", 0x1234_abcd));
    holds_the_files_in_one_run_each(&reader);
    // These bytes have been judged by `fsck.fat -n` and `mdir`.
    let mut bytes = vec![0; 20 << 20];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, AT).unwrap();
    assert_eq!(
        hex::encode(Sha256::digest(&bytes)),
        "b9ac39c95cb6d39680066abcae652b9781307a233e4b6a233b30cf4991812c42"
    );
    // A root with more than 512 records does not fit.
    let many: Vec<Entry> = (0..600).map(|n| Entry::file(format!("{n}"), Vec::new())).collect();
    let refused = write(&file, AT, &volume, &many);
    assert!(matches!(refused, Err(FatError::DirectorySize { records: 601, limit: 512, .. })));
}

#[test]
fn damaged_volumes_are_errors_and_not_endless() {
    let write_at = |file: &File, at: u64, bytes: &[u8]| {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, AT + at).unwrap();
    };
    // Both tables start at sector 32 and 552; the chain of the first file is made to loop.
    let file = image(&[Entry::file("A", vec![1; 5000])]).unwrap();
    write_at(&file, 32 * SECTOR + 4 * 4, &3u32.to_le_bytes());
    let reader = Reader::open(&file, AT).unwrap();
    let found = reader.files().unwrap();
    assert!(matches!(reader.read(&found[0]), Err(ReadError::Chain { first: 3, .. })));

    // A chain that ends early.
    write_at(&file, 32 * SECTOR + 4 * 4, &u32::MAX.to_le_bytes());
    assert!(matches!(reader.read(&found[0]), Err(ReadError::Chain { first: 3, cluster: 4 })));

    for (at, bytes) in [(510, [0, 0]), (11, [0, 8]), (13, [3, 32]), (36, [0, 0]), (32, [0, 0])] {
        let file = image(&[]).unwrap();
        write_at(&file, at, &bytes);
        if at == 32 {
            write_at(&file, 34, &[0, 0]);
        }
        assert!(
            matches!(Reader::open(&file, AT), Err(ReadError::Form { at: AT, .. })),
            "byte {at}"
        );
    }
}

/// What `image` holds as another tool would lay it out: other numbers of reserved sectors, tables and
/// root records; `None` for the root records of FAT32.
fn reshaped(image: &File, bytes: u64, reserved: u64, tables: u64, root: Option<u64>) -> File {
    let at = |from: u64, length: u64| {
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        std::os::unix::fs::FileExt::read_exact_at(image, &mut bytes, AT + from).unwrap();
        bytes
    };
    let old = Geometry::of(bytes).unwrap();
    let new = Geometry {
        reserved_sectors: reserved,
        tables,
        root_records: root.unwrap_or_default(),
        ..old.clone()
    };
    let (from, to) = (old.cluster_offset(2), new.cluster_offset(2));
    // Clusters stay what they are, so the volume is as much longer as the rest.
    let sectors = u32::try_from((bytes + to - from) / SECTOR).unwrap();
    let mut boot = at(0, SECTOR);
    boot[14..16].copy_from_slice(&u16::try_from(reserved).unwrap().to_le_bytes());
    boot[16] = u8::try_from(tables).unwrap();
    boot[17..19].copy_from_slice(&u16::try_from(new.root_records).unwrap().to_le_bytes());
    boot[19..21].fill(0);
    boot[32..36].copy_from_slice(&sectors.to_le_bytes());

    let file = tempfile::tempfile().unwrap();
    file.set_len(AT + bytes + to).unwrap();
    let put = |bytes: &[u8], to: u64| {
        std::os::unix::fs::FileExt::write_all_at(&file, bytes, AT + to).unwrap();
    };
    put(&boot, 0);
    // The reader takes the first table; the others are left empty.
    put(&at(old.table_offset(0), u64::from(old.table_sectors) * SECTOR), new.table_offset(0));
    let root_bytes = old.root_records.min(new.root_records) * 32;
    put(&at(old.root_offset(), root_bytes), new.root_offset());
    put(&at(from, bytes - from), to);
    file
}

#[test]
fn volumes_of_other_tools_are_read() {
    let cases = [
        // bytes, reserved sectors, tables, root records
        (20 << 20, 4, 2, Some(512)),
        (20 << 20, 1, 1, Some(16)),
        (20 << 20, 8, 2, Some(17)),
        (20 << 20, 65_535, 4, Some(65_535)),
        (BYTES, 1, 1, None),
        (BYTES, 6270, 2, None),
    ];
    for (bytes, reserved, tables, root) in cases {
        let volume = Volume { bytes, ..volume() };
        let image = tempfile::tempfile().unwrap();
        image.set_len(AT + bytes).unwrap();
        write(&image, AT, &volume, &esp()).unwrap();
        let file = reshaped(&image, bytes, reserved, tables, root);
        assert_eq!(listing(&file), listing(&image), "{reserved} {tables} {root:?}");
        let reader = Reader::open(&file, AT).unwrap();
        let found = reader.files().unwrap();
        let found = found.iter().find(|found| found.path.ends_with("1.2.3+3.efi")).unwrap();
        assert_eq!(reader.read(found).unwrap().len(), 300_001);
    }
}

#[test]
fn the_root_folder_is_read_without_those_below() {
    let file = image(&esp()).unwrap();
    // The folder EFI is damaged: its first cluster, 3, is its own next one.
    let looped = 3u32.to_le_bytes();
    std::os::unix::fs::FileExt::write_all_at(&file, &looped, AT + 32 * SECTOR + 3 * 4).unwrap();
    let reader = Reader::open(&file, AT).unwrap();
    let found = reader.root_files().unwrap();
    let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
    assert_eq!(paths, ["EFI", "loader", "Größe 日本語🚢.conf"]);
    assert!(matches!(reader.files(), Err(ReadError::Chain { first: 3, .. })));
}

#[test]
fn folders_within_themselves_or_in_many_others_are_errors_and_not_endless() {
    let geometry = Geometry::of(BYTES).unwrap();
    let folder = |name: &[u8; 11], first: u16| {
        let mut record = [0; 32];
        record[..11].copy_from_slice(name);
        record[11] = directory::DIRECTORY;
        record[26..28].copy_from_slice(&first.to_le_bytes());
        record
    };
    let with = |cluster: u32, records: &[[u8; 32]], file: &File| {
        let at = AT + geometry.cluster_offset(cluster);
        std::os::unix::fs::FileExt::write_all_at(file, &records.concat(), at).unwrap();
        let end = u32::MAX.to_le_bytes();
        let entry = AT + geometry.table_offset(0) + u64::from(cluster) * 4;
        std::os::unix::fs::FileExt::write_all_at(file, &end, entry).unwrap();
    };
    let file = image(&[]).unwrap();
    with(2, &[folder(b"A          ", 2), folder(b"B          ", 2)], &file);
    let reader = Reader::open(&file, AT).unwrap();
    assert!(matches!(reader.files(), Err(ReadError::Depth { .. })));

    // Twenty-eight folders, each with the next one in it sixteen times.
    let file = image(&[]).unwrap();
    for cluster in 2..30u16 {
        let records: Vec<_> =
            (b'A'..=b'P').map(|name| folder(&[name; 11], cluster + 1)).take(16).collect();
        with(u32::from(cluster), &records, &file);
    }
    with(30, &[], &file);
    let reader = Reader::open(&file, AT).unwrap();
    assert!(matches!(reader.files(), Err(ReadError::Records { .. })));
}

#[test]
fn what_is_no_fat_and_what_cannot_be_read_are_told_apart() {
    let open = |bytes: &[u8]| {
        let file = tempfile::tempfile().unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, bytes, 0).unwrap();
        Reader::open(&file, 0).unwrap_err().to_string()
    };
    let mut sector = [0; 512];
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    assert!(open(&sector).starts_with("no FAT volume at byte 0: "), "{}", open(&sector));
    // A table of one sector, and 1000 clusters of one sector.
    for (at, value) in [(11, 512_u16), (13, 1), (14, 1), (17, 512), (19, 1035), (22, 1)] {
        sector[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    sector[16] = 2;
    sector[54..62].copy_from_slice(b"FAT12   ");
    assert_eq!(
        open(&sector),
        "the FAT volume at byte 0 cannot be read: it is FAT12, which is not read"
    );
    sector[22] = 200;
    sector[23] = 200;
    assert!(open(&sector).ends_with("its tables are larger than the volume"), "{}", open(&sector));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn foreign_bytes_never_panic(
        fields in proptest::collection::vec(any::<u8>(), 51),
        records in proptest::collection::vec(any::<u8>(), 0..4096),
        changed in proptest::collection::vec((11_usize..62, any::<u8>()), 0..3),
    ) {
        // All fields at random, and fields of a volume but for a few, with records at random.
        let file = image(&esp()).unwrap();
        let root = AT + Geometry::of(BYTES).unwrap().cluster_offset(2);
        let write_at = |bytes: &[u8], at: u64| {
            std::os::unix::fs::FileExt::write_all_at(&file, bytes, at).unwrap();
        };
        write_at(&records, root);
        for (at, byte) in changed {
            write_at(&[byte], AT + at as u64);
        }
        let all = || {
            let Ok(reader) = Reader::open(&file, AT) else { return };
            let _found = reader.files().is_ok();
            for found in reader.root_files().unwrap_or_default() {
                let _read = reader.pieces(&found).is_ok();
            }
        };
        all();
        write_at(&fields, AT + 11);
        all();
    }
}
