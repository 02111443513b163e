use std::cell::Cell;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

use uuid::Uuid;

use super::*;
use keelson_disk::fat::{self, Entry, Volume};

const MIB: u64 = 1 << 20;
const ESP: u64 = MIB;
const USR: u64 = 36 * MIB;
const ROOT: u64 = 38 * MIB;

/// An image with an ESP, a partition with the EROFS magic, and an empty one; its folder goes last.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new(files: &[Entry]) -> Self {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        let file = sparse::create(&disk.path(), 40 * MIB).unwrap();
        gpt::write(&file, &table()).unwrap();
        let volume =
            Volume { bytes: USR - ESP, id: 1, label: "ESP".parse().unwrap(), hidden_sectors: 2048 };
        fat::write(&file, ESP, &volume, files).unwrap();
        file.write_all_at(&0xe0f5_e1e2_u32.to_le_bytes(), USR + 1024).unwrap();
        disk
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("disk.raw")
    }

    fn with(self, at: u64, bytes: &[u8]) -> Self {
        File::options().write(true).open(self.path()).unwrap().write_all_at(bytes, at).unwrap();
        self
    }
}

fn table() -> Table {
    let partition = |number: u128, label: &str, start: u64, end: u64| Partition {
        label: label.to_owned(),
        type_guid: Uuid::from_u128(1000 + number),
        guid: Uuid::from_u128(number),
        first_lba: start / 512,
        last_lba: end / 512 - 1,
        attributes: 0,
    };
    let partitions = vec![
        partition(1, "ESP", ESP, USR),
        partition(2, "usr-A", USR, ROOT),
        partition(3, "ROOT", ROOT, ROOT + MIB),
    ];
    Table { disk_bytes: 40 * MIB, guid: Uuid::from_u128(9), partitions }
}

fn files() -> Vec<Entry> {
    vec![Entry::file("EFI/BOOT/A.EFI", vec![1; 5000]), Entry::file("loader/b", vec![2; 10])]
}

/// The differences of two disks whose `/usr` has the same files.
fn found(a: &Disk, b: &Disk) -> Vec<String> {
    let extract = |_: &Path, folder: &Path| std::fs::create_dir(folder);
    let scratch = tempfile::tempdir().unwrap();
    let found = differences(&a.path(), &b.path(), scratch.path(), &extract).unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn identical_images_have_no_difference() {
    let (a, b) = (Disk::new(&files()), Disk::new(&files()));
    assert!(found(&a, &b).is_empty());
    let never = |_: &Path, _: &Path| -> io::Result<()> { unreachable!("nothing differs") };
    assert_eq!(compare(&a.path(), &b.path(), Path::new("/nonexistent"), &never).unwrap(), None);
}

#[test]
fn differences_are_named_by_partition_file_and_byte() {
    let mut changed = files();
    changed[0] = Entry::file("EFI/BOOT/A.EFI", [vec![1; 4321], vec![3; 700]].concat());
    let mut renamed = files();
    renamed[1] = Entry::file("loader/c", vec![2; 10]);
    let cases: [(Disk, &[&str]); 7] = [
        (
            Disk::new(&changed),
            &[
                "partition ESP: EFI/BOOT/A.EFI: differs from byte 4321 on (5000 bytes in A, 5021 in B)",
            ],
        ),
        (Disk::new(&renamed), &["partition ESP: loader/b is in A only"]),
        (Disk::new(&files()[..1]), &["partition ESP: loader is in A only"]),
        (
            Disk::new(&files()).with(ESP + 100, &[7]),
            &["partition ESP: differs from byte 100 on, in no file"],
        ),
        (
            Disk::new(&files()).with(USR + 5000, &[7]).with(ROOT + 9, &[7]),
            &[
                "partition usr-A: differs from byte 5000 on, in no file",
                "partition ROOT: differs from byte 9 on, in no file",
            ],
        ),
        (
            Disk::new(&files()).with(100, &[7]),
            &["the disks differ from byte 100 on, in no partition"],
        ),
        (
            Disk::new(&files()).with(39 * MIB, &[7]),
            &["the disks differ from byte 40894464 on, in no partition"],
        ),
    ];
    for (b, expected) in cases {
        assert_eq!(found(&Disk::new(&files()), &b), expected);
    }
}

#[test]
fn tables_are_compared_by_label_and_guids_come_last() {
    let b = Disk::new(&files()).with(ROOT + 9, &[7]);
    let mut other = table();
    other.guid = Uuid::from_u128(10);
    other.partitions[1].attributes = 1 << 60;
    other.partitions[1].guid = Uuid::from_u128(11);
    gpt::write(&File::options().read(true).write(true).open(b.path()).unwrap(), &other).unwrap();
    let expected = [
        "partition usr-A: attributes is 0x0 in A and 0x1000000000000000 in B",
        "partition ROOT: differs from byte 9 on, in no file",
        "the disks have the GUIDs 00000000-0000-0000-0000-000000000009 and 00000000-0000-0000-0000-00000000000a",
        "partition usr-A: guid is 00000000-0000-0000-0000-000000000002 in A and 00000000-0000-0000-0000-00000000000b in B",
    ];
    assert_eq!(found(&Disk::new(&files()), &b), expected);
}

/// What is done to B's files.
type Change<'a> = &'a dyn Fn(&Path);

#[test]
fn files_of_usr_are_compared_as_extracted() {
    let cases: [(Change<'_>, &str); 5] = [
        (
            &|usr| std::fs::write(usr.join("bin/init"), "other").unwrap(),
            "/bin/init: differs from byte 0 on (4 bytes in A, 5 in B)",
        ),
        (&|usr| std::fs::write(usr.join("new"), "").unwrap(), "/new is in B only"),
        (
            &|usr| {
                std::fs::set_permissions(usr.join("bin"), PermissionsExt::from_mode(0o700))
                    .unwrap();
            },
            "/bin: mode is 0755 in A and 0700 in B",
        ),
        (
            &|usr| {
                std::fs::remove_file(usr.join("bin/sh")).unwrap();
                symlink("bash", usr.join("bin/sh")).unwrap();
            },
            "/bin/sh: target is init in A and bash in B",
        ),
        (
            &|usr| {
                std::fs::remove_file(usr.join("bin/sh")).unwrap();
                std::fs::write(usr.join("bin/sh"), "").unwrap();
            },
            "/bin/sh: type is link in A and file in B",
        ),
    ];
    for (change, expected) in cases {
        let calls = Cell::new(0);
        let extract = |image: &Path, folder: &Path| {
            assert_eq!(std::fs::metadata(image)?.len(), ROOT - USR);
            std::fs::create_dir_all(folder.join("bin"))?;
            std::fs::set_permissions(folder.join("bin"), PermissionsExt::from_mode(0o755))?;
            std::fs::write(folder.join("bin/init"), "init")?;
            symlink("init", folder.join("bin/sh"))?;
            calls.set(calls.get() + 1);
            if calls.get() == 2 {
                change(folder);
            }
            Ok(())
        };
        let (a, b) = (Disk::new(&files()), Disk::new(&files()).with(USR + 5000, &[7]));
        let scratch = tempfile::tempdir().unwrap();
        let difference = compare(&a.path(), &b.path(), scratch.path(), &extract).unwrap().unwrap();
        assert_eq!(difference.to_string(), format!("partition usr-A: {expected}"));
    }
}

#[test]
fn differences_are_json_for_scripts() {
    let difference =
        Difference::OnlyIn { partition: "ESP".to_owned(), path: "a".to_owned(), side: Side::A };
    let json = serde_json::to_string(&difference).unwrap();
    assert_eq!(json, r#"{"kind":"only-in","partition":"ESP","path":"a","side":"a"}"#);
}

#[test]
fn an_image_without_a_table_is_named() {
    let a = Disk::new(&files());
    let b = Disk::new(&files()).with(512, &[0; 8]);
    let extract = |_: &Path, _: &Path| Ok(());
    let error = compare(&a.path(), &b.path(), Path::new("/nonexistent"), &extract).unwrap_err();
    assert!(error.to_string().starts_with(&b.path().display().to_string()), "{error}");
}
