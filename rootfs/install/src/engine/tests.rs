use std::fs::File;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::disks::may_install;
use crate::plan::plan;
use crate::probe::probe;
use crate::table::{HEAD, Partition, UNFINISHED, says_unfinished};
use crate::testing::{IMAGE, MIB, Recorder, disk_file, image, quiet};

fn opened(path: &Path) -> Image {
    let sum = hex::encode(keelson_disk::sparse::sha256(path).expect("summed"));
    Image::raw("disk.raw", File::open(path).expect("opened"), &sum, &mut quiet()).expect("an image")
}

/// An old disk full of something, with partitions.
fn old_disk(folder: &Path, bytes: u64) -> std::path::PathBuf {
    let path = folder.join("old");
    let file = disk_file(&path, bytes, &[("old", 1, 4), ("data", bytes / MIB - 4, 3)]);
    for at in (MIB..bytes - MIB).step_by(if bytes > IMAGE { 9 << 20 } else { 65536 }) {
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xa5; 5000], at).expect("written");
    }
    path
}

fn kept(disk: &Recorder, label: &str) -> Vec<Partition> {
    let mut all = Table::of_disk(disk).expect("a table").partitions();
    all.retain(|partition| partition.label == label);
    all
}

/// Installs on a disk like `old`; keeps the partitions with this label.
fn installed(folder: &Path, bytes: u64, keep: &str, can_zero: bool) -> (Recorder, Plan) {
    let image = opened(&image(folder));
    let mut disk = Recorder::of(&old_disk(folder, bytes), can_zero);
    let plan = plan(&image.table, bytes, &kept(&disk, keep)).expect("planned");
    install(&mut disk, image, &plan, &Extras::default(), &mut quiet()).expect("installed");
    (disk, plan)
}

#[test]
fn an_installed_disk_of_the_images_size_is_the_image() {
    let folder = TempDir::new().expect("a folder");
    let (disk, _) = installed(folder.path(), IMAGE, "", true);
    let image = Recorder::of(&folder.path().join("disk.raw"), true);
    assert!(disk.now() == image.now());
}

#[test]
fn where_the_disk_cannot_clear_only_what_matters_is_cleared() {
    let folder = TempDir::new().expect("a folder");
    let (disk, plan) = installed(folder.path(), 64 * MIB, "", false);
    let image = Recorder::of(&folder.path().join("disk.raw"), true);
    let mut bytes = vec![0; 4096];
    for at in (HEAD as u64..14 * MIB).step_by(4096) {
        disk.read_at(&mut bytes, at).expect("read");
        let mut wanted = vec![0; 4096];
        image.read_at(&mut wanted, at).expect("read");
        // The middle of ROOT is left as it was.
        assert!(bytes == wanted || (11 * MIB..14 * MIB).contains(&at), "byte {at}");
    }
    disk.read_at(&mut bytes, 30 * MIB + 4096).expect("read");
    assert_eq!(plan.bytes, 64 * MIB);
}

#[test]
fn the_disk_is_read_back_and_a_difference_leaves_it_unfinished() {
    let folder = TempDir::new().expect("a folder");
    for (sector, text) in [
        (2048, "what was written at byte"),
        (10_000, "was made zero and is not"),
        (3, "the disk is not to be trusted"),
    ] {
        let image = opened(&image(folder.path()));
        let mut disk = Recorder::of(&old_disk(folder.path(), IMAGE), true);
        let plan = plan(&image.table, IMAGE, &[]).expect("planned");
        disk.bad.replace(Some(sector));
        let error = install(&mut disk, image, &plan, &Extras::default(), &mut quiet())
            .expect_err("refused");
        assert!(format!("{error:#}").contains(text), "{sector}: {error:#}");
        disk.bad.replace(None);
        assert!(says_unfinished(&disk.now()[&0]));
    }
}

#[test]
fn an_image_that_is_not_the_signed_one_leaves_the_disk_unfinished() {
    let folder = TempDir::new().expect("a folder");
    let path = image(folder.path());
    let packed = zstd::encode_all(File::open(&path).expect("opened"), 1).expect("packed");
    let image =
        Image::packed("disk.raw.zst", Box::new(io::Cursor::new(packed)), None, &"0".repeat(64))
            .expect("a head");
    let mut disk = Recorder::of(&old_disk(folder.path(), IMAGE), true);
    let plan = plan(&image.table, IMAGE, &[]).expect("planned");
    let error =
        install(&mut disk, image, &plan, &Extras::default(), &mut quiet()).expect_err("refused");
    assert!(format!("{error:#}").contains("not the one that was signed"), "{error:#}");
    assert!(says_unfinished(&disk.now()[&0]));
}

#[test]
fn patches_and_the_oem_partition_take_the_place_of_the_images_bytes() {
    let folder = TempDir::new().expect("a folder");
    let image = opened(&image(folder.path()));
    let mut disk = Recorder::of(&old_disk(folder.path(), IMAGE), true);
    let plan = plan(&image.table, IMAGE, &[]).expect("planned");
    let extras = Extras {
        patches: vec![(MIB + 100, vec![7; 5000])],
        oem: Some(vec![(8 * MIB, vec![8; 700])]),
    };
    install(&mut disk, image, &plan, &extras, &mut quiet()).expect("installed");
    let mut expected = std::fs::read(folder.path().join("disk.raw")).expect("read");
    let mut put = |at: u64, bytes: &[u8]| {
        let at = usize::try_from(at).expect("small");
        expected[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(MIB + 100, &[7; 5000]);
    put(8 * MIB, &[8; 700]);
    let mut found = vec![0; expected.len()];
    disk.read_at(&mut found, 0).expect("read");
    assert!(found == expected);
}

/// Every state that a loss of power may leave is the old disk, one that says it is unfinished and
/// still has what is to be kept, or the finished one.
fn judge(disk: &Recorder, plan: &Plan, arrived: &mut dyn FnMut() -> bool) {
    disk.cuts(arrived, &mut |at, sectors| {
        let first = sectors.get(&0).copied().unwrap_or([0; 512]);
        if first == disk.old[&0] {
            assert!(sectors == &disk.old, "step {at}: the old first sector on another disk");
        } else if says_unfinished(&first) {
            let state = disk.with(sectors.clone());
            let found = Table::of_disk(&state).map(|table| table.partitions()).unwrap_or_default();
            for kept in &plan.kept {
                assert!(found.iter().any(|found| found.guid == kept.guid), "step {at}: {found:?}");
            }
            // It goes on without --wipe, unless the old table is still there with what it would lose.
            let labels: Vec<String> = plan.kept.iter().map(|kept| kept.label.clone()).collect();
            let refused = may_install(&probe(&state), &labels, false).err();
            assert_eq!(
                refused.is_some(),
                found.iter().any(|found| found.label == "old"),
                "step {at}: {refused:?}"
            );
        } else {
            assert!(sectors == disk.now(), "step {at}: the new first sector on an unfinished disk");
        }
        for kept in &plan.kept {
            let range = kept.first..=kept.last;
            assert!(sectors.range(range.clone()).eq(disk.old.range(range)), "step {at}");
        }
    });
}

#[test]
fn a_loss_of_power_at_every_step_leaves_a_disk_that_is_one_of_three() {
    let folder = TempDir::new().expect("a folder");
    for (bytes, keep) in [(IMAGE, ""), (300 * MIB, "data")] {
        let (disk, plan) = installed(folder.path(), bytes, keep, true);
        judge(&disk, &plan, &mut || true);
        judge(&disk, &plan, &mut || false);
    }
}

#[test]
fn an_interrupted_disk_can_be_installed_again_and_keeps_the_same() {
    let folder = TempDir::new().expect("a folder");
    let (disk, plan) = installed(folder.path(), 300 * MIB, "data", true);
    let mut states = Vec::new();
    disk.cuts(&mut || true, &mut |at, sectors| {
        if at % 7 == 1 {
            states.push(sectors.clone());
        }
    });
    for state in states {
        let mut again = disk.with(state);
        let image = opened(&folder.path().join("disk.raw"));
        let same =
            crate::plan::plan(&image.table, again.bytes(), &kept(&again, "data")).expect("planned");
        assert_eq!((same.kept.len(), plan.kept.len()), (1, 1));
        install(&mut again, image, &same, &Extras::default(), &mut quiet()).expect("installed");
        let labels: Vec<String> = Table::of_disk(&again)
            .expect("a table")
            .partitions()
            .into_iter()
            .map(|p| p.label)
            .collect();
        assert!(
            labels.contains(&"data".to_owned()) && !labels.contains(&UNFINISHED.to_owned()),
            "{labels:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]
    #[test]
    fn a_loss_of_power_with_any_writes_since_the_barrier_leaves_a_disk_that_is_one_of_three(
        seed in any::<u64>(),
        can_zero in any::<bool>(),
    ) {
        let folder = TempDir::new().expect("a folder");
        let (disk, plan) = installed(folder.path(), 300 * MIB, "data", can_zero);
        let mut random = seed;
        let mut next = move || {
            // xorshift64
            random |= 1;
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % 2 == 0
        };
        judge(&disk, &plan, &mut next);
    }
}
