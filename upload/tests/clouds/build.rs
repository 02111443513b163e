//! A build folder with a small disk in all the formats that are uploaded.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use keelson_disk::platform::Overlay;
use keelson_format::platform::Platform;
use keelson_format::release::Release;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Bytes of the disk.
pub const SIZE: u64 = 48 << 20;
/// Where the platform's bytes lie.
const ADDON: u64 = (1 << 20) + 4096;

/// A board's folder with one build in it, which goes away.
pub struct Build {
    board: tempfile::TempDir,
    path: PathBuf,
}

/// Bytes that do not compress and are the same each time.
pub fn noise(seed: &str, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 32);
    let mut block = Sha256::digest(seed);
    while out.len() < bytes {
        out.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    out.truncate(bytes);
    out
}

impl Build {
    /// A disk with data at its begin, its end and in a few places between.
    pub fn new() -> Self {
        let board = tempfile::tempdir().expect("a folder");
        let path = &board.path().join("1.2.3");
        fs::create_dir(path).expect("a folder");
        let disk = File::create(path.join("disk.raw")).expect("a file");
        disk.set_len(SIZE).expect("a sparse file");
        let places = [
            (0, 17_408),
            (1 << 20, 600_000),
            (5 << 20, 3 << 20),
            (20 << 20, 1),
            (33 << 20, 9 << 20),
        ];
        for (at, bytes) in places {
            disk.write_all_at(&noise(&at.to_string(), bytes), at).expect("room");
        }
        disk.write_all_at(&noise("end", 16_896), SIZE - 16_896).expect("room");
        fs::create_dir(path.join("platforms")).expect("a folder");
        for id in ["ec2", "gce", "azure", "openstack"] {
            let addon = noise(id, 1000);
            fs::write(path.join(format!("platforms/{id}.addon.efi")), addon).expect("room");
        }
        let zero = "0".repeat(64);
        let release = json!({
            "schema": 1, "version": "1.2.3", "board": "amd64-usr",
            "signedBy": { "kind": "dev", "keyFingerprint": zero },
            "usr": { "rootHash": zero, "salt": zero, "dataSize": 4096, "hashSize": 4096 },
            "kernel": "6.12.0",
            "disk": { "size": SIZE, "guid": "634d8343-82b8-8eb3-97ef-eaf4a4fb373b", "partitions": [{
                "label": "usr-A", "typeGuid": "8484680c-9521-48c6-9c11-b0720656f69e",
                "guid": "af067b7b-43eb-247e-8dfb-0083d4721b04", "start": 1_048_576, "size": 1_048_576,
            }] },
            "platform": [{
                "path": "loader/addons/platform.addon.efi", "start": ADDON, "size": 1000,
                "suffix": "addon.efi",
            }],
            "compatibleFrom": 1, "artifacts": {},
        });
        fs::write(path.join("release.json"), release.to_string()).expect("room");
        let path = path.clone();
        Self { board, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `disk.raw` with a platform's bytes in it.
    pub fn disk(&self, platform: Platform) -> Vec<u8> {
        let text = fs::read(self.path().join("release.json")).expect("a manifest");
        let release: Release = serde_json::from_slice(&text).expect("a manifest");
        let overlay = Overlay::read(&release.platform, platform, self.path()).expect("an overlay");
        let mut disk = fs::read(self.path().join("disk.raw")).expect("a disk");
        overlay.apply(0, &mut disk);
        disk
    }

    /// Writes an artifact.
    pub fn add(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).expect("room");
        path
    }

    /// The state files that are there.
    pub fn states(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.board.path()).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.to_string_lossy().contains(".upload.json")).collect()
    }
}
