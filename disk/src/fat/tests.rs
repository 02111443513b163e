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
    let found = reader.files().unwrap();
    for entry in esp() {
        let Node::File(Content::Bytes(bytes)) = entry.node else { continue };
        let found = found.iter().find(|found| found.path == entry.path).unwrap();
        assert!(reader.read(found).unwrap() == bytes, "{}", entry.path);
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
    let found = reader.files().unwrap();
    for entry in esp() {
        let Node::File(Content::Bytes(bytes)) = entry.node else { continue };
        let found = found.iter().find(|found| found.path == entry.path).unwrap();
        assert!(reader.read(found).unwrap() == bytes, "{}", entry.path);
        // Files lie in one run.
        assert!(reader.pieces(found).unwrap().len() <= 1, "{}", entry.path);
    }
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
            matches!(Reader::open(&file, AT), Err(ReadError::NotFat { at: AT, .. })),
            "byte {at}"
        );
    }
}
