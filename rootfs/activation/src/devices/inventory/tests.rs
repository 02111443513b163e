//! Links come, go, and pass to another device.

use std::path::{Path, PathBuf};

use super::{place, points_to, relative, replace};

#[test]
fn links_are_relative_to_their_own_folder() {
    let rows = [
        ("/dev/disk/by-uuid/x", "/dev/sda1", "../../sda1"),
        ("/dev/mapper/root", "/dev/dm-0", "../dm-0"),
        ("/dev/disk/by-id/x", "/dev/block/y", "../../block/y"),
    ];
    for (link, node, target) in rows {
        assert_eq!(relative(Path::new(link), Path::new(node)), PathBuf::from(target));
    }
}

#[test]
fn the_first_device_keeps_a_link_that_two_have() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let link = folder.path().join("disk/by-label/data");
    std::fs::write(&one, "1").unwrap();
    std::fs::write(&two, "2").unwrap();
    place(&link, &one);
    place(&link, &two);
    assert!(points_to(&link, &one) && !points_to(&link, &two));
    assert_eq!(std::fs::read_to_string(&link).unwrap(), "1");
    replace(&link, &two);
    assert_eq!(std::fs::read_to_string(&link).unwrap(), "2");
    // A link that leads nowhere is free.
    std::fs::remove_file(&two).unwrap();
    place(&link, &one);
    assert!(points_to(&link, &one));
}
