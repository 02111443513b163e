//! Reading and comparing tables.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Change, Entry, Mounts, Table, diff, parse};

const TABLE: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
25 22 0:23 / /proc rw,nosuid - proc proc rw
30 22 0:40 /sub /mnt/a\\040b ro,nosuid shared:5 master:2 - fuse.sshfs me@host:/x\\134y rw,user_id=0
31 30 0:41 / /mnt/a\\040b rw - tmpfs none rw
nonsense
";

#[test]
fn a_table_is_read_with_its_escapes() {
    let entries = parse(TABLE);
    assert_eq!(entries.len(), 4);
    let expected = Entry {
        id: 30,
        parent: 22,
        device: "0:40".into(),
        root: "/sub".into(),
        mount_point: "/mnt/a b".into(),
        options: "ro,nosuid".into(),
        fs_type: "fuse.sshfs".into(),
        source: "me@host:/x\\y".into(),
        fs_options: "rw,user_id=0".into(),
    };
    assert_eq!(entries[2], expected);
}

#[test]
fn changes_are_told_the_deepest_removal_first() {
    let mounts = |text: &str| -> Mounts {
        parse(text).into_iter().map(|entry| (entry.mount_point.clone(), entry)).collect()
    };
    let old = mounts(
        "1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /a rw - tmpfs a rw\n3 2 0:3 / /a/b rw - tmpfs a rw\n",
    );
    let new = mounts("1 0 0:1 / / ro - ext4 a rw\n4 1 0:4 / /c rw - tmpfs a rw\n");
    let changes = diff(&old, &new);
    let [
        Change::Removed(first),
        Change::Removed(second),
        Change::Changed(root),
        Change::Added(added),
    ] = &changes[..]
    else {
        panic!("{changes:?}")
    };
    assert_eq!((first.as_path(), second.as_path()), (Path::new("/a/b"), Path::new("/a")));
    assert_eq!((root.options.as_str(), added.mount_point.as_path()), ("ro", Path::new("/c")));
    assert_eq!(diff(&new, &new), []);
}

#[test]
fn automount_points_are_no_mounts_and_their_end_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let write = |text: &str| std::fs::write(file.path(), text).expect("it is written");
    let (point, mount) =
        ("2 1 0:2 / /a rw - autofs keelson rw\n", "3 2 0:3 / /a rw - tmpfs none rw\n");
    write(point);
    let mut table = Table::open_at(file.path()).expect("it is read");
    assert!(table.mounts().is_empty());
    write(&[point, mount].concat());
    let changes = table.update().expect("it is read");
    assert!(matches!(&changes[..], [Change::Added(entry)] if entry.fs_type == "tmpfs"));
    write(point);
    let changes = table.update().expect("it is read");
    assert_eq!(changes, [Change::Removed("/a".into())]);
    write("");
    assert_eq!(table.update().expect("it is read"), [Change::Unserved("/a".into())]);
    assert_eq!(table.update().expect("it is read"), []);
}

#[test]
fn the_table_of_this_machine_has_a_root_and_stays_the_same() {
    let mut table = Table::open().unwrap();
    assert!(table.mounts().contains_key(&PathBuf::from("/")));
    assert!(table.mounts().contains_key(&PathBuf::from("/proc")));
    table.update().unwrap();
}

proptest! {
    #[test]
    fn any_text_is_read(text in "[ -~\\n]{0,200}") {
        parse(&text);
    }
}
