//! `release.json`: the manifest of a build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::platform::Platform;
use crate::verity::{RootHash, Salt};
use crate::version::Version;

/// Version of the manifest's own form; a reader refuses a larger one.
pub const SCHEMA: u32 = 1;

/// The manifest of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// Form of this manifest: [`SCHEMA`].
    pub schema: u32,
    /// Version of the release.
    pub version: Version,
    /// Board it was built for.
    pub board: String,
    /// Kind of the keys that signed it.
    pub signed_by: SignedBy,
    /// What `/usr` is.
    pub usr: Usr,
    /// Kernel release, as `uname -r` prints it.
    pub kernel: String,
    /// The partition table of `disk.raw`.
    pub disk: Disk,
    /// The byte ranges of `disk.raw` that differ from platform to platform, in the order of the disk.
    /// `disk.raw` itself is for [`crate::platform::Platform::Metal`].
    #[serde(default)]
    pub platform: Vec<PlatformRange>,
    /// Oldest form of host that can take this release as an update.
    pub compatible_from: u32,
    /// Every other artifact by its path in the build folder.
    pub artifacts: BTreeMap<String, Artifact>,
}

/// Which keys signed a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedBy {
    /// `dev` or `release`. A `dev` release is not for production.
    pub kind: String,
    /// Fingerprint of the release key.
    pub key_fingerprint: String,
}

/// The sealed `/usr`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Usr {
    /// Root hash.
    pub root_hash: RootHash,
    /// Salt.
    pub salt: Salt,
    /// Bytes of the EROFS image.
    pub data_size: u64,
    /// Bytes of superblock and hash tree.
    pub hash_size: u64,
}

/// The partition table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disk {
    /// Bytes of the disk.
    pub size: u64,
    /// GUID of the disk.
    pub guid: Uuid,
    /// Partitions in the order of the table.
    pub partitions: Vec<Partition>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Partition {
    /// Label.
    pub label: String,
    /// Type GUID.
    pub type_guid: Uuid,
    /// GUID of this partition.
    pub guid: Uuid,
    /// First byte on the disk.
    pub start: u64,
    /// Bytes.
    pub size: u64,
}

/// A file of the ESP that each platform has its own of, all of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformRange {
    /// Its path on the ESP.
    pub path: String,
    /// Its first byte on the disk.
    pub start: u64,
    /// Its bytes, which lie in one piece.
    pub size: u64,
    /// The end of the names of the artifacts that hold it: see [`PlatformRange::artifact`].
    pub suffix: String,
}

impl PlatformRange {
    /// The artifact with this file for `platform`: `platforms/ec2.addon.efi`.
    pub fn artifact(&self, platform: Platform) -> String {
        format!("platforms/{platform}.{}", self.suffix)
    }
}

/// A file of the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Artifact {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}
