//! Options, sources, and what fails without rights.

use std::fs;
use std::path::Path;

use keelson_units::model::{Mount, Swap};
use proptest::prelude::*;

use super::options::{self, Kind, Options};
use super::source::{Source, find_source};
use super::{MountError, Task, check, is_network, swap};

#[test]
fn options_are_flags_words_for_others_and_the_file_systems_own() {
    let options = Options::parse(
        "defaults,ro,nosuid,noatime,suid,x-systemd.automount,nofail,_netdev,size=10%,mode=1777",
    );
    assert_eq!(options.flags, libc::MS_RDONLY | libc::MS_NOATIME);
    assert_eq!(options.data, "size=10%,mode=1777");
    assert_eq!(options.kind, Kind::New);
}

#[test]
fn each_kind_of_mount_is_known() {
    let rows = [
        ("bind", Kind::Bind),
        ("rbind,ro", Kind::RecursiveBind),
        ("move", Kind::Move),
        ("remount,bind", Kind::Bind),
    ];
    for (text, kind) in rows {
        assert_eq!(Options::parse(text).kind, kind);
    }
    assert!(Options::parse("remount,bind,ro").remount && !Options::parse("bind").remount);
    let spread = Options::parse("bind,rshared");
    assert_eq!(spread.propagation, [libc::MS_SHARED | libc::MS_REC]);
}

#[test]
fn commas_in_quotes_are_part_of_a_value() {
    let options = Options::parse("context=\"system_u:object_r:tmp_t:s0:c1,c2\",ro");
    assert_eq!(options.data, "context=\"system_u:object_r:tmp_t:s0:c1,c2\"");
    assert_eq!(options.flags, libc::MS_RDONLY);
}

#[test]
fn loop_devices_have_options_of_their_own() {
    let options = Options::parse("loop,offset=1M,sizelimit=4096");
    assert_eq!(
        (options.loop_device, options.offset, options.size_limit),
        (Some(None), 1 << 20, 4096)
    );
    assert_eq!(Options::parse("loop=/dev/loop7").loop_device, Some(Some("/dev/loop7".into())));
    assert_eq!(Options::parse("offset=x").data, "offset=x");
}

#[test]
fn an_option_is_found_as_a_whole_word() {
    assert!(options::has("ro,nofail", "nofail"));
    assert!(!options::has("ro,nofailx", "nofail"));
}

#[test]
fn sources_are_what_they_are() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(find_source(path).unwrap(), Source::File(path.into()));
    assert_eq!(find_source("tmpfs").unwrap(), Source::Text("tmpfs".into()));
    assert_eq!(find_source("host:/share").unwrap(), Source::Text("host:/share".into()));
    assert!(matches!(find_source("/dev/no-such-disk"), Err(MountError::NoSource(_))));
}

#[test]
fn swap_options_are_flags() {
    assert_eq!(swap::flags(None, ""), 0);
    assert_eq!(swap::flags(Some(5), "pri=7"), 0x8000 | 5);
    assert_eq!(swap::flags(None, "nofail,pri=7"), 0x8000 | 7);
    assert_eq!(swap::flags(Some(-1), "discard=once"), 0x3_0000);
    assert_eq!(swap::flags(None, "discard"), 0x7_0000);
}

#[test]
fn what_cannot_be_mounted_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mount = Mount {
        what: "none".into(),
        mount_point: folder.path().join("point"),
        fs_type: Some("no-such-fs".into()),
        ..Mount::default()
    };
    let error = Task::mount(&mount).run().unwrap_err();
    assert!(matches!(error, MountError::Mount { .. }), "{error}");
    assert_eq!(error.exit_code(), 32);
    assert!(mount.mount_point.is_dir(), "the mount point was made");
    assert!(matches!(Task::unmount(&mount).run(), Err(MountError::Unmount(..))));
    let swap = Swap { what: "/dev/no-such-disk".into(), ..Swap::default() };
    assert!(matches!(Task::swap_on(&swap).run(), Err(MountError::NoSource(_))));
}

#[test]
fn only_errors_that_are_left_keep_from_mounting() {
    // A shell takes `-p FILE`, too, and ends as the file says.
    let (shell, script) = (Path::new("/bin/sh"), tempfile::NamedTempFile::new().unwrap());
    for (status, passes) in [(0, true), (1, true), (4, false), (6, false), (8, true)] {
        fs::write(&script, format!("exit {status}\n")).unwrap();
        let checked = check::check_by(shell, script.path());
        assert_eq!(checked.is_ok(), passes, "{status}: {checked:?}");
    }
    assert!(check::check_by(Path::new("/no/e2fsck"), script.path()).is_ok());
    assert!(check::is_known("ext4") && !check::is_known("vfat"));
}

#[test]
fn types_that_need_the_network_are_known() {
    assert!(is_network("nfs4") && is_network("fuse.sshfs") && !is_network("ext4"));
}

proptest! {
    #[test]
    fn any_options_are_read(text in "[a-z=,\"0-9M. ]{0,60}") {
        let options = Options::parse(&text);
        prop_assert!(options.data.len() <= text.len());
    }
}
