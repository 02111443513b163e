//! `/run/keelson/boot.json`: what was booted, for every later program.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::disk::Slot;
use crate::verity::RootHash;
use crate::version::Version;

/// Where the initramfs writes [`BootInfo`].
pub const PATH: &str = "/run/keelson/boot.json";

/// When the initramfs began, in microseconds of the monotonic clock, as text.
pub const STARTED: &str = "/run/keelson/initramfs-started";

/// What was booted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BootInfo {
    /// Root hash of the mounted `/usr`.
    pub root_hash: RootHash,
    /// Version of the release.
    pub version: Version,
    /// Board it was built for.
    pub board: String,
    /// `keelson.platform` of the command line, as it stood there; none where it names no platform. It need not be one
    /// that this release knows.
    pub platform: Option<String>,
    /// Slot it was found in; none where it did not come from a disk.
    pub slot: Option<Slot>,
    /// Kernel name of the disk, as in `vda`; none where it did not come from one.
    pub disk: Option<String>,
    /// What it was read from.
    pub parts: Parts,
    /// Whether `/` is in memory and lost at the end of this boot.
    pub live: bool,
    /// GUID of the partition that the loader was started from, if the loader said so.
    pub loader_partition: Option<Uuid>,
    /// Fingerprint of the release key that signed the root hash.
    pub key_fingerprint: String,
    /// Whether this boot was provisioned: it made the ROOT file system, or is live.
    pub first_boot: bool,
}

impl BootInfo {
    /// Reads the file.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}

/// The block devices that hold what was booted, as in `/dev/vda2`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parts {
    /// The EFI system partition of the same disk, where it has one.
    pub esp: Option<String>,
    /// The EROFS image of `/usr`.
    pub usr: String,
    /// Its verity superblock and hash tree.
    pub verity: String,
    /// Its signed root hash.
    pub signature: String,
}
