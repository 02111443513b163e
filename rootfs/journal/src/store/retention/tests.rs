use super::*;

const MIB: u64 = 1 << 20;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5 {
        std::fs::write(folder.path().join(format!("system@{number:016x}-0.klog")), [0; 1000])
            .unwrap();
        std::fs::write(folder.path().join(format!("system@{number:016x}-0.index")), [0; 24])
            .unwrap();
    }
    std::fs::write(folder.path().join(ACTIVE), [0; 1000]).unwrap();
    folder
}

#[test]
fn defaults_are_shares_of_the_disk_up_to_a_ceiling() {
    let cases = [(64 * MIB, 6_710_886), (100_000 * MIB, 64 * MIB), (0, 512 << 10)];
    for (size, max_use) in cases {
        let limits = Limits::resolve(Wanted::default(), 64 * MIB, Space { size, free: size });
        assert_eq!(limits.max_use, max_use);
        assert!(limits.max_file <= limits.max_use);
    }
    let wanted = Wanted { max_use: Some(MIB), max_file: Some(MIB / 2), ..Wanted::default() };
    let limits = Limits::resolve(wanted, 64 * MIB, Space { size: 1, free: 1 });
    assert_eq!((limits.max_use, limits.max_file), (MIB, MIB / 2));
}

#[test]
fn the_oldest_go_first_and_the_open_one_stays() {
    let cases = [
        (Vacuum { size: Some(3_200), ..Vacuum::default() }, 3),
        (Vacuum { files: Some(2), ..Vacuum::default() }, 4),
        (Vacuum { release: 1, ..Vacuum::default() }, 1),
        (Vacuum { release: u64::MAX, ..Vacuum::default() }, 5),
        (Vacuum { release: u64::MAX, keep: 4_000, ..Vacuum::default() }, 2),
        (Vacuum { size: Some(1), ..Vacuum::default() }, 5),
        (Vacuum { size: Some(0), files: Some(0), ..Vacuum::default() }, 0),
        (Vacuum { age: Some(Duration::from_hours(1)), ..Vacuum::default() }, 0),
    ];
    for (want, count) in cases {
        let folder = folder();
        let removed = vacuum(folder.path(), want, SystemTime::now()).unwrap();
        assert_eq!(removed.len(), count, "{want:?}");
        assert_eq!(segments(folder.path()).unwrap().len(), 6 - count);
        assert!(folder.path().join(ACTIVE).exists());
        assert!(count == 0 || removed[0].path.ends_with("system@0000000000000000-0.klog"));
    }
}

#[test]
fn old_segments_go_by_their_age() {
    let folder = folder();
    let later = SystemTime::now() + Duration::from_hours(2);
    let want = Vacuum { age: Some(Duration::from_hours(1)), ..Vacuum::default() };
    assert_eq!(vacuum(folder.path(), want, later).unwrap().len(), 5);
}
