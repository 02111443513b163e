//! The program itself, run on files as an ordinary user: installed, refused, killed and begun again.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ed25519_dalek::{Signer, SigningKey};
use keelson_disk::{gpt, sparse};
use keelson_format::guid::derived;
use keelson_format::signature::trusted_keys_to_text;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const MIB: u64 = 1 << 20;
const IMAGE: u64 = 96 * MIB;
const UNFINISHED: &[u8] = b"keelson-install: unfinished";

/// A build's folder with a small image, and the key that signed it.
struct Build {
    folder: TempDir,
}

impl Build {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("disk.raw");
        let file = sparse::create(&path, IMAGE).expect("made");
        let partition = |(label, start, length): (&str, u64, u64)| gpt::Partition {
            label: label.to_owned(),
            type_guid: derived(&["type", label]),
            guid: derived(&["guid", label]),
            first_lba: start * 2048,
            last_lba: (start + length) * 2048 - 1,
            attributes: 0,
        };
        let parts = [("ESP", 1, 4), ("usr-A", 5, 16), ("OEM", 21, 64), ("ROOT", 85, 10)];
        let partitions = parts.into_iter().map(partition).collect();
        let table = gpt::Table { disk_bytes: IMAGE, guid: derived(&["disk"]), partitions };
        gpt::write(&file, &table).expect("a table");
        let data: Vec<u8> =
            (0..4 * MIB).map(|i| u8::try_from(i * 31 % 253).expect("a byte")).collect();
        for at in [MIB, 5 * MIB, 10 * MIB, 16 * MIB] {
            file.write_all_at(&data, at).expect("written");
        }
        let build = Self { folder };
        build.sign(1);
        build
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Packs, sums and signs; the key that is given out is the first.
    fn sign(&self, seed: u8) {
        let packed = zstd::encode_all(File::open(self.path("disk.raw")).expect("opened"), 1)
            .expect("packed");
        fs::write(self.path("disk.raw.zst"), packed).expect("written");
        let mut sums = "# Keelson 1.0 test\n".to_owned();
        for name in ["disk.raw", "disk.raw.zst"] {
            let sum = Sha256::digest(fs::read(self.path(name)).expect("read"));
            sums.extend([hex::encode(sum), "  ".to_owned(), name.to_owned(), "\n".to_owned()]);
        }
        let key = |seed| SigningKey::from_bytes(&[seed; 32]);
        fs::write(self.path("SHA256SUMS.sig"), key(seed).sign(sums.as_bytes()).to_bytes())
            .expect("written");
        fs::write(self.path("SHA256SUMS"), sums).expect("written");
        let keys = trusted_keys_to_text([(&key(1).verifying_key(), "test")]);
        fs::write(self.path("key"), keys).expect("written");
    }

    fn install(&self, target: &Path, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-install"));
        command.arg("--target-file").arg(target).arg("--image").arg(self.folder.path());
        command.arg("--key").arg(self.path("key")).args(more);
        command
    }
}

fn run(mut command: Command) -> (bool, String) {
    let Output { status, stderr, .. } = command.output().expect("run");
    (status.success(), String::from_utf8_lossy(&stderr).into_owned())
}

fn same(a: &Path, b: &Path) -> bool {
    fs::read(a).expect("read") == fs::read(b).expect("read")
}

#[test]
fn a_file_becomes_the_image_from_either_form() {
    let build = Build::new();
    for name in ["disk.raw.zst", "disk.raw", ""] {
        let target = build.path("target");
        let (good, words) =
            run(build.install(&target, &["--image", &build.path(name).display().to_string()]));
        assert!(good, "{words}");
        assert!(same(&target, &build.path("disk.raw")), "{name}");
        fs::remove_file(target).expect("removed");
    }
}

#[test]
fn a_reader_that_goes_away_does_not_break_off_the_installation() {
    let build = Build::new();
    let target = build.path("target");
    let mut child = build.install(&target, &[]).stderr(Stdio::piped()).spawn().expect("started");
    drop(child.stderr.take());
    assert!(child.wait().expect("ended").success());
    assert!(same(&target, &build.path("disk.raw")));
}

#[test]
fn refusals_say_why_and_write_nothing() {
    let build = Build::new();
    let target = build.path("target");
    let config = build.path("key").display().to_string();
    for (more, text) in [
        (vec!["--config", &config], "is no Ignition configuration"),
        (vec!["--size", "64M"], "the disk has 67108864 bytes and the image takes 100663296"),
        (vec!["--platform", "ec2"], "release.json"),
        (vec!["--image", "/nowhere/disk.raw"], "opening /nowhere/SHA256SUMS"),
    ] {
        let (good, words) = run(build.install(&target, &more));
        assert!(!good && words.contains(text), "{words}");
        assert!(!target.exists());
    }
    build.sign(2);
    let (good, words) = run(build.install(&target, &[]));
    assert!(!good && words.contains("the signature does not match"), "{words}");
    build.sign(1);
    fs::write(build.path("disk.raw.zst"), b"something else").expect("written");
    let (good, words) = run(build.install(&target, &[]));
    assert!(!good && words.contains("damaged or not the one that was signed"), "{words}");
    assert!(!target.exists());
}

#[test]
fn the_image_is_not_written_over_by_whatever_name() {
    let build = Build::new();
    let (image, link) = (build.path("disk.raw"), build.path("link"));
    fs::hard_link(&image, &link).expect("linked");
    let before = fs::read(&image).expect("read");
    for target in [&image, &link] {
        let more = ["--wipe", "--image", &image.display().to_string()];
        let (good, words) = run(build.install(target, &more));
        assert!(!good && words.contains("is refused: the image is read from it"), "{words}");
    }
    assert!(fs::read(&image).expect("read") == before);
}

#[test]
fn killed_at_any_point_it_leaves_the_old_disk_or_one_that_says_so_and_can_go_on() {
    let build = Build::new();
    let target = build.path("target");
    let old = build.path("old");
    let mut seen = [0; 3];
    for lines in [0, 1, 4, 9, 14, 16, 18, 22, 26, 30, 60] {
        let file = sparse::create(&old, IMAGE).expect("made");
        file.write_all_at(&vec![0xa5; 100_000], MIB).expect("written");
        fs::copy(&old, &target).expect("copied");
        let mut child =
            build.install(&target, &["--wipe"]).stderr(Stdio::piped()).spawn().expect("started");
        let words = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        assert!(words.take(lines).all(|line| line.is_ok()));
        // The program may have ended: then it cannot be killed any more.
        let _ended = child.kill();
        let finished = child.wait().expect("ended").success();
        let bytes = fs::read(&target).expect("read");
        let state =
            match (finished, bytes.windows(UNFINISHED.len()).position(|part| part == UNFINISHED)) {
                (true, None) => 2,
                (false, Some(at)) if at < 512 => 1,
                (false, None) if bytes == fs::read(&old).expect("read") => 0,
                // Killed between the last write and its end.
                (false, None) if same(&target, &build.path("disk.raw")) => 2,
                other => panic!("after {lines} lines: {other:?}"),
            };
        seen[state] += 1;
        if state == 1 {
            let (good, words) = run(build.install(&target, &[]));
            assert!(good, "{words}");
            assert!(same(&target, &build.path("disk.raw")));
        }
        if state == 2 {
            break;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0 && seen[2] > 0, "old, unfinished, finished: {seen:?}");
}
