use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// A machine with two disks, a partition and a CD drive.
fn machine(folder: &Path) -> System {
    let class = folder.join("sys/class/block");
    let put = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    for (disk, number) in [("vda", "254:0"), ("sdb", "8:16"), ("sr0", "11:0")] {
        put(&format!("sys/devices/{disk}/size"), "2097152\n");
        put(&format!("sys/devices/{disk}/ro"), "0\n");
        put(&format!("sys/devices/{disk}/dev"), number);
        put(&format!("sys/devices/{disk}/queue/logical_block_size"), "512\n");
    }
    put("sys/devices/vda/serial", "s-1\n");
    put("sys/devices/vda/vda1/partition", "1\n");
    put("sys/devices/vda/vda1/dev", "254:1");
    put("sys/devices/vda/vda1/size", "2048");
    put("sys/devices/sdb/device/vendor", "ACME    \n");
    put("sys/devices/sdb/device/model", "Disk 9\n");
    put("proc/self/mountinfo", "22 1 0:5 / /proc rw - proc proc rw\n");
    put("proc/swaps", "Filename Type Size Used Priority\n");
    fs::create_dir_all(&class).expect("made");
    for (name, place) in [("vda", "vda"), ("vda1", "vda/vda1"), ("sdb", "sdb"), ("sr0", "sr0")] {
        symlink(folder.join("sys/devices").join(place), class.join(name)).expect("linked");
    }
    System { sys: folder.join("sys"), proc: folder.join("proc"), started_from: None }
}

fn refused(system: &System, name: &str) -> String {
    system.disk(name).refused.join("; ")
}

#[test]
fn disks_are_listed_with_what_the_kernel_knows() {
    let folder = TempDir::new().expect("a folder");
    let disks = machine(folder.path()).disks();
    let seen: Vec<(&str, u64, &str, &str)> = disks
        .iter()
        .map(|disk| {
            (
                disk.node.to_str().expect("text"),
                disk.bytes,
                disk.model.as_str(),
                disk.serial.as_str(),
            )
        })
        .collect();
    assert_eq!(seen, [("/dev/sdb", 1 << 30, "ACME Disk 9", ""), ("/dev/vda", 1 << 30, "", "s-1")]);
    let text = to_text(&disks);
    assert!(text.contains("1 GiB") && text.contains("ACME Disk 9"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&to_json(&disks)).expect("JSON");
    assert_eq!(json[0]["size"], 1 << 30);
}

#[test]
fn each_use_of_a_disk_is_a_reason() {
    let folder = TempDir::new().expect("a folder");
    let system = machine(folder.path());
    assert_eq!(refused(&system, "vda"), "");
    let started = System { started_from: Some("vda".to_owned()), ..system.clone() };
    assert_eq!(refused(&started, "vda"), "this system was started from it");
    for (path, text, expected) in [
        (
            "proc/self/mountinfo",
            "30 1 254:1 / /mnt\\040x rw - ext4 /dev/vda1 rw\n",
            "vda1 is mounted on /mnt\\040x",
        ),
        ("proc/swaps", "Filename Type\n/dev/vda1 partition 1 0 -2\n", "vda1 is swapped to"),
        ("sys/devices/vda/ro", "1\n", "it is read-only"),
        (
            "sys/devices/vda/queue/logical_block_size",
            "4096\n",
            "its sectors have 4096 bytes; images are for 512",
        ),
        ("sys/devices/vda/vda1/holders/dm-0/x", "", "vda1 is part of dm-0"),
    ] {
        let path = folder.path().join(path);
        let before = fs::read(&path).ok();
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        assert_eq!(refused(&system, "vda"), expected);
        match before {
            Some(before) => fs::write(&path, before).expect("written"),
            None => fs::remove_dir_all(path.parent().expect("a folder")).expect("removed"),
        }
    }
}

#[test]
fn an_interrupted_disk_goes_on_without_wipe_unless_something_would_be_lost() {
    let unfinished = Content::Unfinished(vec!["data".to_owned()]);
    assert!(may_install(&unfinished, &["data".to_owned()], false).is_ok());
    let error = may_install(&unfinished, &[], false).expect_err("refused");
    assert!(error.contains("keeps partition \"data\""), "{error}");
    assert!(may_install(&unfinished, &[], true).is_ok());
    assert!(may_install(&Content::Nothing, &[], false).is_ok());
    assert!(may_install(&Content::Something("x".to_owned()), &[], false).is_err());
}

#[test]
fn sizes_are_in_the_unit_people_say() {
    for (bytes, text) in [
        (0, "0 B"),
        (4 << 30, "4 GiB"),
        (1_500_000_000, "1.3 GiB"),
        (3 << 20, "3 MiB"),
        (5 << 40, "5 TiB"),
    ] {
        assert_eq!(size(bytes), text);
    }
}
