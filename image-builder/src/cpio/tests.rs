use super::*;

fn entry(path: &str, mode: u32, node: Node) -> Entry {
    Entry { path: path.to_owned(), mode, node }
}

fn bytes(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, entries).unwrap();
    bytes
}

fn initramfs() -> Vec<Entry> {
    vec![
        entry("dev", 0o755, Node::Directory),
        entry("dev/console", 0o600, Node::CharDevice { major: 5, minor: 1 }),
        entry("init", 0o755, Node::File(b"#!\n\n\n".to_vec().into())),
        entry("link", 0o777, Node::Link("init".to_owned())),
    ]
}

#[test]
fn an_archive_reads_as_the_format_says() {
    let archive = bytes(&initramfs());
    let text: String = archive
        .iter()
        .map(|byte| match byte {
            0 => '.',
            byte => char::from(*byte),
        })
        .collect();
    // magic, inode, mode, uid, gid, links, mtime, length, device, device of a special file, name, check
    let expected = [
        "07070100000001000041ed0000000000000000000000020000000000000000000000000000000000000000000000000000000400000000dev...",
        "07070100000002000021800000000000000000000000010000000000000000000000000000000000000005000000010000000c00000000dev/console...",
        "07070100000003000081ed0000000000000000000000010000000000000005000000000000000000000000000000000000000500000000init.",
        ".#!\n\n\n...",
        "070701000000040000a1ff0000000000000000000000010000000000000004000000000000000000000000000000000000000500000000link..init",
        "07070100000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000b00000000TRAILER!!!....",
    ];
    assert_eq!(text, expected.concat());
    assert!(archive.len().is_multiple_of(4));
}

#[test]
fn a_compressed_archive_is_one_frame_the_kernel_takes() {
    let entries = initramfs();
    let packed = compressed(&entries, 19).unwrap();
    assert!(packed.len().is_multiple_of(4));
    // RFC 8878, 3.1.1: magic number, then a descriptor whose bit 2 says that a checksum follows.
    assert_eq!(packed[..4], 0xfd2f_b528_u32.to_le_bytes());
    assert_ne!(packed[4] & 0x04, 0);
    // The window: exponent in the upper five bits, above 2^10.
    assert!(u32::from(packed[5] >> 3) + 10 <= WINDOW_LOG);
    let unpacked = zstd::Decoder::new(&packed[..]).unwrap().single_frame();
    assert_eq!(io::read_to_string(unpacked).unwrap().into_bytes(), bytes(&entries));
    assert_eq!(packed, compressed(&entries, 19).unwrap());
}

#[test]
fn files_of_the_host_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module.ko");
    let content = vec![9; 200_001];
    std::fs::write(&path, &content).unwrap();
    let from_host = bytes(&[entry("m.ko", 0o644, Node::File(path.into()))]);
    assert!(from_host == bytes(&[entry("m.ko", 0o644, Node::File(content.into()))]));
}

#[test]
fn bad_entries_are_refused() {
    let file = || Node::File(Vec::new().into());
    let cases: [(&[(&str, u32)], &str); 9] = [
        (&[("", 0)], r#""" is no path for an initramfs"#),
        (&[("/init", 0)], r#""/init" is no path for an initramfs"#),
        (&[("a/../b", 0)], r#""a/../b" is no path for an initramfs"#),
        (&[("a//b", 0)], r#""a//b" is no path for an initramfs"#),
        (&[("a\0", 0)], r#""a\0" is no path for an initramfs"#),
        (&[("TRAILER!!!", 0)], r#""TRAILER!!!" is no path for an initramfs"#),
        (&[("init", 0o10_000)], "init: 10000 is no mode"),
        (&[("init", 0), ("init", 0)], "init is listed twice"),
        (&[("bin/init", 0)], "bin/init is listed, and its folder is not listed before it"),
    ];
    for (entries, expected) in cases {
        let entries: Vec<Entry> =
            entries.iter().map(|(path, mode)| entry(path, *mode, file())).collect();
        assert_eq!(write(io::sink(), &entries).unwrap_err().to_string(), expected);
    }
}

#[test]
fn nothing_lies_below_a_file() {
    let entries =
        [entry("a", 0o644, Node::File(Vec::new().into())), entry("a/b", 0o755, Node::Directory)];
    assert!(
        matches!(write(io::sink(), &entries), Err(CpioError::Parent { path }) if path == "a/b")
    );
}
