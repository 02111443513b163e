use super::*;

const TEXT: &str = "\
22 1 254:9 / / rw,relatime shared:1 - ext4 /dev/vda9 rw
23 22 253:0 / /usr ro,nodev master:2 propagate_from:1 - erofs /dev/mapper/usr ro
24 22 0:5 / /mnt/with\\040space\\134x rw - tmpfs tmp\\011fs rw,size=1k
25 22 0:6 / /etc rw,relatime - overlay overlay rw,lowerdir=/a
26 22 8:1 / /mnt/ro rw - vfat /dev/sda1 ro,errors=remount-ro
bad line
27 22 0:7 / /short rw - ext4
";

#[test]
fn mountinfo_is_read_line_by_line() {
    let mounts = parse(TEXT.as_bytes());
    let rows: Vec<_> = mounts
        .iter()
        .map(|m| {
            (m.target.to_str().expect("text"), m.kind.as_str(), m.source.as_str(), m.read_only)
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("/", "ext4", "/dev/vda9", false),
            ("/usr", "erofs", "/dev/mapper/usr", true),
            ("/mnt/with space\\x", "tmpfs", "tmp\tfs", false),
            ("/etc", "overlay", "overlay", false),
            ("/mnt/ro", "vfat", "/dev/sda1", true),
        ]
    );
}

#[test]
fn the_mounts_of_this_machine_are_read() {
    let mounts = current().expect("/proc is mounted");
    assert!(mounts.iter().any(|mount| mount.target == Path::new("/proc")), "{mounts:?}");
}

#[test]
fn what_pid_1_runs_from_stays_and_containers_go() {
    for (path, expected) in [
        ("/", true),
        ("/usr", true),
        ("/proc", true),
        ("/sys/fs/cgroup", true),
        ("/dev/pts", true),
        ("/run", true),
        ("/run/containerd/io.containerd.runtime.v2.task/default/x/rootfs", false),
        ("/etc", false),
        ("/tmp", false),
        ("/devices", false),
        ("/usr/local", false),
    ] {
        assert_eq!(stays(Path::new(path)), expected, "{path}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        parse(&bytes);
        parse(&[b"1 2 0:1 / ", &bytes[..], b" - x y z"].concat());
    }
}
