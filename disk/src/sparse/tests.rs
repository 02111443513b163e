use super::*;

/// A file with these bytes at these offsets, and its folder.
fn file(bytes: u64, data: &[(u64, &[u8])]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let file = create(&path, bytes).unwrap();
    for (at, data) in data {
        file.write_all_at(data, *at).unwrap();
    }
    (folder, path)
}

/// A row of the table below: length, bytes that are set, block, start and end of each range.
type MapCase<'a> = (u64, &'a [u64], u64, &'a [(u64, u64)]);

#[test]
fn the_map_names_the_blocks_that_are_not_zero() {
    const MIB: u64 = 1 << 20;
    let cases: [MapCase<'_>; 6] = [
        (0, &[], GRAIN, &[]),
        (10 * MIB, &[], GRAIN, &[]),
        (10 * MIB, &[0], GRAIN, &[(0, 4096)]),
        (10 * MIB, &[4095, 4096, 5 * MIB], GRAIN, &[(0, 8192), (5 * MIB, 5 * MIB + 4096)]),
        (10 * MIB, &[MIB - 1, MIB], 65536, &[(MIB - 65536, MIB + 65536)]),
        (10 * MIB + 5, &[10 * MIB + 4], GRAIN, &[(10 * MIB, 10 * MIB + 5)]),
    ];
    for (bytes, set, block, expected) in cases {
        let data: Vec<(u64, &[u8])> = set.iter().map(|at| (*at, &[1u8][..])).collect();
        let (_folder, path) = file(bytes, &data);
        assert_eq!(ends(&data_map(&path, block).unwrap()), expected, "{bytes} {set:?}");
    }
}

fn ends(map: &[Range<u64>]) -> Vec<(u64, u64)> {
    map.iter().map(|range| (range.start, range.end)).collect()
}

#[test]
fn zeroes_that_were_written_are_a_hole_in_the_map() {
    let (_folder, path) = file(1 << 20, &[(0, &vec![0; 65536]), (65536, &[1])]);
    assert_eq!(ends(&data_map(&path, GRAIN).unwrap()), [(65536, 65536 + 4096)]);
}

#[test]
fn copies_have_the_bytes_and_leave_holes() {
    let (folder, path) =
        file((8 << 20) + 3, &[(0, &[0; 4096]), (5 << 20, b"data"), ((8 << 20) + 2, b"e")]);
    let target = folder.path().join("target");
    let disk = create(&target, 16 << 20).unwrap();
    assert_eq!(copy(&path, &disk, 1 << 20).unwrap(), (8 << 20) + 3);

    let mut expected = vec![0; 1 << 20];
    expected.extend(std::fs::read(&path).unwrap());
    expected.resize(16 << 20, 0);
    assert!(std::fs::read(&target).unwrap() == expected);
    let allocated = std::os::unix::fs::MetadataExt::blocks(&disk.metadata().unwrap()) * 512;
    assert!(allocated <= 1 << 20, "{allocated}");
}

#[test]
fn the_first_difference_is_found_wherever_it_is() {
    let cases: [(&[u64], &[u64], Option<u64>); 6] = [
        (&[], &[], None),
        (&[7], &[7], None),
        (&[7, 3 << 20], &[7], Some((3 << 20) - 4)),
        (&[7], &[7, 3 << 20], Some((3 << 20) - 4)),
        (&[], &[(5 << 20) - 1], Some((5 << 20) - 5)),
        (&[0], &[3], None), // before the range
    ];
    for (a, b, expected) in cases {
        let open = |set: &[u64]| {
            let data: Vec<(u64, &[u8])> = set.iter().map(|at| (*at, &[1u8][..])).collect();
            let (folder, path) = file(5 << 20, &data);
            (folder, File::open(path).unwrap())
        };
        let ((_a, left), (_b, right)) = (open(a), open(b));
        assert_eq!(
            first_difference(&left, 4..5 << 20, &right, 4).unwrap(),
            expected,
            "{a:?} {b:?}"
        );
    }
}

#[test]
fn digests_are_those_of_sha256sum() {
    let (_folder, path) = file(3, &[(0, b"abc")]);
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex::encode(sha256(&path).unwrap()), digest);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = sha256(Path::new("/nonexistent/disk.raw")).unwrap_err();
    assert!(error.to_string().starts_with("hashing /nonexistent/disk.raw: "), "{error}");
}
