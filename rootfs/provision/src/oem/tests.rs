use std::path::PathBuf;

use keelson_disk::fat::{self, Entry, Volume};
use tempfile::TempDir;

use super::*;

/// A host whose disk has a partition OEM with these files, or with these bytes at its start.
fn host(folder: &Path, files: &[Entry], bytes: &[u8]) -> [PathBuf; 3] {
    let places = [folder.join("boot.json"), folder.join("block"), folder.join("dev")];
    fs::write(&places[0], "{ \"disk\": \"vda\" }").expect("written");
    for (name, label) in [("vda7", "usr-B-sig"), ("vda8", "OEM"), ("vda9", "ROOT")] {
        let folder = places[1].join("vda").join(name);
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("uevent"), format!("DEVNAME={name}\nPARTNAME={label}\n"))
            .expect("written");
    }
    fs::create_dir_all(&places[2]).expect("made");
    let file = File::create(places[2].join("vda8")).expect("made");
    file.set_len(64 << 20).expect("sized");
    if files.is_empty() {
        file.write_all_at(bytes, 0).expect("written");
    } else {
        let volume = Volume {
            bytes: 64 << 20,
            id: 1,
            label: "OEM".parse().expect("a label"),
            hidden_sectors: 0,
        };
        fat::write(&file, 0, &volume, files).expect("a volume");
    }
    places
}

fn found(files: &[Entry], bytes: &[u8]) -> io::Result<Option<Source>> {
    let folder = TempDir::new().expect("a folder");
    let [boot, block, dev] = host(folder.path(), files, bytes);
    read(Places { boot: &boot, block: &block, dev: &dev })
}

#[test]
fn the_file_on_the_partition_is_read_without_mounting_it() {
    let files = [Entry::file("other", b"x".to_vec()), Entry::file("config.ign", b"{}".to_vec())];
    let source = found(&files, &[]).expect("read").expect("there");
    assert_eq!((source.name.to_str(), &source.bytes[..]), (Some("OEM/config.ign"), &b"{}"[..]));
}

#[test]
fn a_partition_that_is_empty_or_the_users_own_gives_nothing() {
    assert_eq!(found(&[], &[]).expect("read"), None);
    assert_eq!(found(&[], b"another file system").expect("read"), None);
    assert_eq!(found(&[Entry::file("other", b"x".to_vec())], &[]).expect("read"), None);
}

#[test]
fn a_fat_volume_that_cannot_be_read_is_an_error_with_its_reason() {
    let mut sector = [0; 512];
    sector[11..13].copy_from_slice(&4096_u16.to_le_bytes());
    sector[54..62].copy_from_slice(b"FAT16   ");
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    let error = found(&[], &sector).expect_err("it may hold a configuration").to_string();
    for part in ["vda8 (OEM): ", "its sectors are not of 512 bytes", "wipefs"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn folders_and_what_is_in_them_are_not_looked_at() {
    let files = [Entry::file("a/config.ign", b"{}".to_vec()), Entry::directory("config.ign")];
    assert_eq!(found(&files, &[]).expect("read"), None);
}

#[test]
fn a_host_without_disk_has_none() {
    let folder = TempDir::new().expect("a folder");
    let [boot, block, dev] = host(folder.path(), &[], &[]);
    for text in ["{ \"disk\": null }", "{}", "", "{ \"disk\": \"sr0\" }"] {
        fs::write(&boot, text).expect("written");
        assert_eq!(read(Places { boot: &boot, block: &block, dev: &dev }).expect("read"), None);
    }
}
