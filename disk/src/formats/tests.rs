//! What all writers share: disks to write, and what holds for every format.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;

use keelson_format::platform::Platform;
use keelson_format::release::PlatformRange;

use super::window::WINDOW;
use super::*;

/// Bytes that do not compress.
pub(super) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// A disk that has something of everything: text, noise, holes of all lengths, an end that is not a block's.
pub(super) fn mixed(bytes: u64) -> Vec<(u64, Vec<u8>)> {
    let text: Vec<u8> = (0..400_000u32).flat_map(|n| [(n / 700).to_le_bytes()[0], 1]).collect();
    let mut pieces = vec![
        (0, b"start".to_vec()),
        (70_000, text),
        ((3 << 20) - 100, noise(3 << 20)),
        ((16 << 20) - 5, noise(10)),
        (33 << 20, noise(70_000)),
        (bytes - 1, vec![0xff]),
    ];
    pieces.retain(|(at, piece)| at + piece.len() as u64 <= bytes);
    pieces
}

/// A sparse file of these pieces.
pub(super) fn disk(folder: &Path, bytes: u64, pieces: &[(u64, Vec<u8>)]) -> PathBuf {
    let path = folder.join("disk.raw");
    let file = crate::sparse::create(&path, bytes).unwrap();
    for (at, piece) in pieces {
        file.write_all_at(piece, *at).unwrap();
    }
    path
}

/// Writes one format of a disk; gives what was written.
pub(super) fn written(form: Form, bytes: u64, pieces: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let raw = disk(folder.path(), bytes, pieces);
    let to = folder.path().join("out");
    write(&raw, &[job(form, &to)]).unwrap();
    std::fs::read(to).unwrap()
}

pub(super) fn job(form: Form, to: &Path) -> Job {
    let identity = keelson_format::guid::derived(&["a disk"]);
    Job { form, to: to.to_owned(), overlay: Overlay::nothing(), identity }
}

pub(super) fn machine() -> Machine {
    Machine { name: "Keelson".to_owned(), version: "1.2.3".to_owned() }
}

fn forms() -> Vec<Form> {
    vec![
        Form::Raw,
        Form::Zst { level: 3 },
        Form::Bmap,
        Form::Qcow2 { level: 3 },
        Form::VmdkSparse,
        Form::VmdkStream,
        Form::Ova(machine()),
        Form::Vhd,
        Form::Vhdx,
        Form::Gce,
    ]
}

/// A job for each format.
fn jobs(folder: &Path) -> Vec<Job> {
    let numbered = forms().into_iter().enumerate();
    numbered.map(|(number, form)| job(form, &folder.join(format!("{number}")))).collect()
}

/// An overlay with this at a place of the disk.
fn overlay(start: u64, bytes: &[u8]) -> Overlay {
    let (path, suffix) = ("x".to_owned(), "cfg".to_owned());
    let range = PlatformRange { path, start, size: bytes.len() as u64, suffix };
    Overlay::with(&[range], Platform::Ec2, |_| Ok(bytes.to_vec())).unwrap()
}

/// The digests of all formats of `raw`, written in one pass on this many threads.
fn all(raw: &Path, folder: &Path, threads: usize) -> Vec<[u8; 32]> {
    let jobs = jobs(folder);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| write(raw, &jobs)).unwrap();
    digests(&jobs)
}

fn digests(jobs: &[Job]) -> Vec<[u8; 32]> {
    jobs.iter().map(|job| crate::sparse::sha256(&job.to).unwrap()).collect()
}

#[test]
fn every_format_is_the_same_bytes_alone_and_among_others_on_any_number_of_cores() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = 1 << 30;
    let raw = disk(folder.path(), bytes, &mixed(bytes));
    let together = all(&raw, folder.path(), 1);
    assert_eq!(together, all(&raw, folder.path(), 3));
    for (number, (form, digest)) in forms().into_iter().zip(together).enumerate() {
        let to = folder.path().join(number.to_string());
        write(&raw, &[job(form, &to)]).unwrap();
        assert_eq!(crate::sparse::sha256(&to).unwrap(), digest, "{number}");
    }
}

#[test]
fn what_is_all_zero_is_a_hole_whether_or_not_it_is_allocated_or_on_another_disk_written_along() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, hole) = (1 << 30, 5 * WINDOW as u64);
    let raw = disk(folder.path(), bytes, &mixed(bytes));
    let sparse = all(&raw, folder.path(), 2);

    let mut along = jobs(folder.path());
    along.insert(0, job(Form::Bmap, &folder.path().join("other")));
    along[0].overlay = overlay(hole + 5000, b"another platform's");
    write(&raw, &along).unwrap();
    assert_eq!(digests(&along[1..]), sparse);

    let file = File::options().write(true).open(&raw).unwrap();
    file.write_all_at(&vec![0; WINDOW], hole).unwrap();
    assert_eq!(all(&raw, folder.path(), 2), sparse);
}

#[test]
fn the_extent_of_an_archive_is_the_one_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let raw = disk(folder.path(), 64 << 20, &mixed(64 << 20));
    let at = |name: &str| folder.path().join(name);
    write(&raw, &[job(Form::VmdkStream, &at("disk.vmdk")), job(Form::Ova(machine()), &at("ova"))])
        .unwrap();
    let beside = std::fs::read(at("disk.vmdk")).unwrap();
    std::fs::remove_file(at("disk.vmdk")).unwrap();
    write(&raw, &[job(Form::VmdkStream, &at("disk.vmdk"))]).unwrap();
    assert!(beside == std::fs::read(at("disk.vmdk")).unwrap());

    let mut archive = ::tar::Archive::new(File::open(at("ova")).unwrap());
    let mut inside = Vec::new();
    for member in archive.entries().unwrap() {
        let mut member = member.unwrap();
        if member.path().unwrap() == Path::new("disk.vmdk") {
            member.read_to_end(&mut inside).unwrap();
        }
    }
    assert!(beside == inside);
}

#[test]
fn disks_of_a_wrong_length_are_refused_before_anything_is_written() {
    for (form, bytes, part) in [
        (Form::Qcow2 { level: 3 }, 513, "a multiple of 512 bytes"),
        (Form::VmdkStream, 513, "a multiple of 512 bytes"),
        (Form::Vhd, (1 << 20) + 512, "a multiple of 1 MiB"),
        (Form::Gce, 3 << 29, "a multiple of 1 GiB"),
        (Form::VmdkSparse, (1 << 41) + 512, "at most 2199023255552"),
        (Form::Vhdx, (64 << 40) + 512, "at most 70368744177664"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let raw = disk(folder.path(), 0, &[]);
        if File::options().write(true).open(&raw).unwrap().set_len(bytes).is_err() {
            // The host's file system has no files of that length.
            continue;
        }
        let to = folder.path().join("out");
        let other = folder.path().join("other");
        let jobs = [job(Form::Zst { level: 1 }, &other), job(form, &to)];
        let error = write(&raw, &jobs).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("out"), "{error}");
        assert!(!to.exists() && !other.exists());
    }
}

#[test]
fn older_files_stay_where_the_disk_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let raw = disk(folder.path(), 1 << 20, &mixed(1 << 20));
    let at = |name: &str| folder.path().join(name);
    let mut over_the_end = job(Form::Raw, &at("b"));
    over_the_end.overlay = overlay((1 << 20) - 1, b"ab");
    for (raw, second, part) in [
        (&raw, job(Form::Gce, &at("b")), "a multiple of 1 GiB"),
        (&raw, over_the_end, "the overlay ends at byte 1048577"),
        (&at("missing"), job(Form::Raw, &at("b")), "missing"),
    ] {
        for name in ["a", "b"] {
            std::fs::write(at(name), "older").unwrap();
        }
        let error = write(raw, &[job(Form::Zst { level: 1 }, &at("a")), second]).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        for name in ["a", "b"] {
            assert_eq!(std::fs::read(at(name)).unwrap(), b"older", "{error}");
        }
    }
}

#[test]
fn no_file_of_any_job_is_left_when_one_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let raw = disk(folder.path(), 1 << 20, &mixed(1 << 20));
    let good = folder.path().join("good");
    for bad in ["/dev/full", "missing/out"] {
        let bad = folder.path().join(bad);
        let jobs = [job(Form::Bmap, &good), job(Form::VmdkStream, &link(&bad, folder.path()))];
        let error = write(&raw, &jobs).unwrap_err();
        assert!(error.to_string().starts_with("writing "), "{error}");
        assert!(std::error::Error::source(&error).is_some(), "{error}");
        assert!(!good.exists());
    }
}

/// A link in `folder`: what is removed must not be the device itself.
fn link(to: &Path, folder: &Path) -> PathBuf {
    let link = folder.join("link");
    std::os::unix::fs::symlink(to, &link).unwrap();
    link
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(6))]
    #[test]
    fn a_compressed_disk_is_the_disk(
        pieces in proptest::collection::vec((0u64..20_000_000, 1usize..200_000, 0u8..3), 0..6),
    ) {
        let bytes = 21 << 20;
        let pieces: Vec<(u64, Vec<u8>)> = pieces
            .into_iter()
            .map(|(at, length, kind)| (at, if kind == 0 { noise(length) } else { vec![kind; length] }))
            .collect();
        let raw = written(Form::Raw, bytes, &pieces);
        let zst = written(Form::Zst { level: 1 }, bytes, &pieces);
        proptest::prop_assert!(zstd::decode_all(zst.as_slice()).unwrap() == raw);
        let qcow2 = written(Form::Qcow2 { level: 1 }, bytes, &pieces);
        proptest::prop_assert!(qcow2::tests::disk(&qcow2) == raw);
        let vmdk = written(Form::VmdkStream, bytes, &pieces);
        proptest::prop_assert!(vmdk::tests::stream(&vmdk) == raw);
        let vmdk = written(Form::VmdkSparse, bytes, &pieces);
        proptest::prop_assert!(vmdk::tests::sparse(&vmdk) == raw);
        let vhdx = written(Form::Vhdx, bytes, &pieces);
        proptest::prop_assert!(vhdx::tests::disk(&vhdx) == raw);
    }
}
