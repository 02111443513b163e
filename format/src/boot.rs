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
    /// Slot it was found in.
    pub slot: Slot,
    /// Kernel name of the disk, as in `vda`.
    pub disk: String,
    /// GUID of the partition that the loader was started from, if the loader said so.
    pub loader_partition: Option<Uuid>,
    /// Fingerprint of the release key that signed the root hash.
    pub key_fingerprint: String,
    /// Whether this boot made the ROOT file system.
    pub first_boot: bool,
}
