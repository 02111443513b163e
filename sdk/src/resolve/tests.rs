//! Tests of choosing packages and of moving pins.

use std::collections::BTreeSet;

use super::{ResolveError, image, in_archive, merge, tools};
use crate::digest::Digest;
use crate::index::Index;
use crate::index::tests::stanza;

fn index(packages: &[(&str, &str, &str, &str)]) -> Index {
    let mut index = Index::default();
    for (name, version, section, depends) in packages {
        index.add(&stanza(name, version, section, depends));
    }
    index
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_image_takes_libraries_and_the_kernel_but_no_other_dependency() {
    let index = index(&[
        ("sshd", "1", "net", "debconf | debconf-2.0, libc6 (>= 2), init | libfallback"),
        ("debconf", "1", "admin", "perl"),
        ("init", "1", "admin", ""),
        ("libfallback", "1", "libs", ""),
        ("libc6", "2", "libs", "libgcc-s1, tzdata"),
        ("libgcc-s1", "1", "oldlibs", "libc6"),
        ("tzdata", "1", "localization", ""),
        ("linux-image-amd64", "6", "kernel", "linux-image-6-amd64 (= 6)"),
        ("linux-image-6-amd64", "6", "kernel", "kmod, linux-base"),
        ("linux-base", "1", "kernel", ""),
    ]);
    let pins = image(&index, &names(&["sshd", "linux-image-amd64"])).expect("resolves");
    assert_eq!(
        pins.keys().collect::<Vec<_>>(),
        ["libc6", "libfallback", "libgcc-s1", "linux-image-6-amd64", "linux-image-amd64", "sshd"]
    );
    assert_eq!(pins["sshd"].depends, ["libc6", "libfallback"]);
    assert!(matches!(
        image(&index, &names(&["nonesuch"])),
        Err(ResolveError::Unknown(name)) if name == "nonesuch"
    ));
}

#[test]
fn the_edges_between_tools_follow_the_solution() {
    let mut index = index(&[("a", "1", "x", "b | c, virtual"), ("c", "1", "x", "")]);
    index.add("Package: d\nVersion: 2\nArchitecture: all\nProvides: virtual (= 3)\nSize: 1\nSHA256: 0000000000000000000000000000000000000000000000000000000000000000\n\n");
    let solution = [("a", "1"), ("c", "1"), ("d", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let pins = tools(&index, &solution).expect("resolves");
    assert_eq!(pins["a"].depends, ["c", "d"]);
    let wrong = [("a".to_owned(), "9".to_owned())];
    assert!(matches!(tools(&index, &wrong), Err(ResolveError::Unlisted { .. })));
}

#[test]
fn a_pin_that_left_the_archive_moves_and_says_so_and_the_others_stay() {
    let before = image(
        &index(&[("a", "1", "x", "liba"), ("liba", "1", "libs", ""), ("b", "1", "x", "")]),
        &names(&["a", "b"]),
    )
    .expect("resolves");
    let now = index(&[("a", "2", "x", "liba"), ("liba", "2", "libs", ""), ("b", "2", "x", "")]);
    let present = image(&now, &names(&["a", "b"])).expect("resolves");
    let obtainable: BTreeSet<String> = ["a".to_owned(), "b".to_owned()].into();
    let (merged, moved) = merge(&before, present, &obtainable);
    assert_eq!(merged["a"].version, "1");
    assert_eq!(merged["b"].version, "1");
    assert_eq!(merged["liba"].version, "2");
    assert_eq!(moved, ["liba 1 is pinned but no longer to be had; using 2"]);
}

#[test]
fn a_pin_whose_needs_cannot_be_met_moves_too() {
    let before = image(
        &index(&[
            ("linux-image-amd64", "6.1", "kernel", "linux-image-6.1"),
            ("linux-image-6.1", "6.1", "kernel", ""),
        ]),
        &names(&["linux-image-amd64"]),
    )
    .expect("resolves");
    let now = index(&[
        ("linux-image-amd64", "6.2", "kernel", "linux-image-6.2"),
        ("linux-image-6.2", "6.2", "kernel", ""),
    ]);
    let present = image(&now, &names(&["linux-image-amd64"])).expect("resolves");
    let (merged, moved) = merge(&before, present, &["linux-image-amd64".to_owned()].into());
    assert_eq!(merged.keys().collect::<Vec<_>>(), ["linux-image-6.2", "linux-image-amd64"]);
    assert_eq!(merged["linux-image-amd64"].version, "6.2");
    assert_eq!(moved.len(), 2);
}

#[test]
fn a_version_whose_bytes_changed_is_an_error_and_not_a_move() {
    let index = index(&[("a", "1", "x", "")]);
    let mut pin = image(&index, &names(&["a"])).expect("resolves").remove("a").expect("there");
    assert!(in_archive(&index, "a", &pin).expect("same"));
    pin.sha256 = Digest::of("other");
    assert!(matches!(in_archive(&index, "a", &pin), Err(ResolveError::Changed { .. })));
    pin.version = "0".to_owned();
    assert!(!in_archive(&index, "a", &pin).expect("gone"));
}
