//! Tests of unpacking, with packages made here.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fs_err as fs;

use super::{DebError, EntryKind, unpack};

/// A member of a made package: type, path, link target or content, mode.
pub(crate) type Member<'a> = (tar::EntryType, &'a str, &'a str, u32);

pub(crate) const FILE: tar::EntryType = tar::EntryType::Regular;
const DIR: tar::EntryType = tar::EntryType::Directory;
const LINK: tar::EntryType = tar::EntryType::Symlink;
const HARD: tar::EntryType = tar::EntryType::Link;

fn tarball(members: &[Member<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, path, text, mode) in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_uid(0);
        header.set_gid(42);
        // Set the bytes directly: the crate's own setters refuse the paths these tests are about.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        let content = if *kind == FILE { text.as_bytes() } else { b"" };
        if matches!(*kind, LINK | HARD) {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).expect("appends");
    }
    builder.into_inner().expect("finishes")
}

fn compress(bytes: &[u8], extension: &str) -> Vec<u8> {
    match extension {
        "gz" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("writes");
            encoder.finish().expect("finishes")
        }
        "xz" => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            encoder.write_all(bytes).expect("writes");
            encoder.finish().expect("finishes")
        }
        _ => zstd::encode_all(bytes, 1).expect("encodes"),
    }
}

/// Writes a package of these members.
pub(crate) fn make_deb(
    path: &Path,
    name: &str,
    version: &str,
    extension: &str,
    members: &[Member<'_>],
) {
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nSource: {name}-src (1.0)\nMaintainer: A <a@example.org>\nDescription: made for a test\n longer\n"
    );
    let mut builder = ar::Builder::new(fs::File::create(path).expect("creates"));
    let mut add = |name: String, bytes: &[u8]| {
        let mut header = ar::Header::new(name.into_bytes(), bytes.len() as u64);
        header.set_mode(0o100_644);
        builder.append(&header, bytes).expect("appends");
    };
    add("debian-binary".to_owned(), b"2.0\n");
    add(
        "control.tar.gz".to_owned(),
        &compress(&tarball(&[(FILE, "./control", &control, 0o644)]), "gz"),
    );
    add(format!("data.tar.{extension}"), &compress(&tarball(members), extension));
}

fn try_unpack(members: &[Member<'_>]) -> Result<Vec<super::Entry>, DebError> {
    let folder = tempfile::tempdir().expect("tempdir");
    let deb = folder.path().join("a.deb");
    make_deb(&deb, "a", "1", "gz", members);
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).expect("mkdir");
    unpack(&deb, &tree).map(|(_, entries)| entries)
}

#[test]
fn files_links_and_modes_are_unpacked_and_recorded() {
    for extension in ["gz", "xz", "zst"] {
        let folder = tempfile::tempdir().expect("tempdir");
        let deb = folder.path().join("a.deb");
        make_deb(
            &deb,
            "hello",
            "1:2-3",
            extension,
            &[
                (DIR, "./", "", 0o755),
                (DIR, "./bin/", "", 0o755),
                (FILE, "./bin/su", "elf", 0o4755),
                (HARD, "./bin/su2", "./bin/su", 0o4755),
                (LINK, "./usr/lib/x.so", "/usr/lib/x.so.1", 0o777),
                (tar::EntryType::Char, "./dev/null", "", 0o666),
                (LINK, "./lib", "usr/lib", 0o777),
            ],
        );
        let tree = folder.path().join("tree");
        fs::create_dir(&tree).expect("mkdir");
        let (control, entries) = unpack(&deb, &tree).expect("unpacks");
        assert_eq!(control.package, "hello");
        assert_eq!(control.source, "hello-src");
        assert_eq!(control.description, "made for a test");
        let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "dev",
                "dev/null",
                "usr",
                "usr/bin",
                "usr/bin/su",
                "usr/bin/su2",
                "usr/lib",
                "usr/lib/x.so"
            ]
        );
        let su = &entries[4];
        assert_eq!((su.mode, su.uid, su.gid), (0o4755, 0, 42));
        let mode = fs::metadata(tree.join("usr/bin/su")).expect("there").permissions().mode();
        assert_eq!(mode & 0o7000, 0, "no setuid bit in the cache");
        assert_eq!(fs::read(tree.join("usr/bin/su2")).expect("there"), b"elf");
        assert_eq!(entries[1].kind, EntryKind::Node);
        assert!(!tree.join("dev/null").exists());
        assert_eq!(
            fs::read_link(tree.join("usr/lib/x.so")).expect("link"),
            Path::new("/usr/lib/x.so.1")
        );
    }
}

#[test]
fn paths_that_leave_the_tree_are_refused() {
    let table: [&[Member<'_>]; 4] = [
        &[(FILE, "../evil", "x", 0o644)],
        &[(FILE, "./usr/../../evil", "x", 0o644)],
        &[(FILE, "/etc/evil", "x", 0o644)],
        &[(HARD, "./a", "../../evil", 0o644)],
    ];
    for members in table {
        let error = try_unpack(members).expect_err("refused");
        assert!(matches!(error, DebError::Traversal(_)), "{error}");
    }
}

#[test]
fn writing_through_a_link_is_refused() {
    let error =
        try_unpack(&[(LINK, "./usr/share", "/tmp", 0o777), (FILE, "./usr/share/evil", "x", 0o644)])
            .expect_err("refused");
    assert!(matches!(error, DebError::Parent { .. }), "{error}");
}

#[test]
fn a_path_given_twice_is_refused() {
    let error = try_unpack(&[(FILE, "./lib/a", "x", 0o644), (FILE, "./usr/lib/a", "y", 0o644)])
        .expect_err("refused");
    assert!(matches!(error, DebError::Twice(_)), "{error}");
}

#[test]
fn a_hard_link_to_nothing_is_refused() {
    let error = try_unpack(&[(HARD, "./a", "./b", 0o644)]).expect_err("refused");
    assert!(matches!(error, DebError::Link { .. }), "{error}");
}

#[test]
fn what_is_no_package_is_refused() {
    let folder = tempfile::tempdir().expect("tempdir");
    let deb = folder.path().join("a.deb");
    for bytes in [&b""[..], b"!<arch>\n", b"garbage that is long enough to be read"] {
        fs::write(&deb, bytes).expect("write");
        unpack(&deb, folder.path()).expect_err("refused");
    }
}
