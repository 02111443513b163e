//! The build that is uploaded: its folder, what `release.json` says of it, and the names that follow from that.

use std::path::{Path, PathBuf};

use keelson_disk::platform::{Overlay, OverlayError};
use keelson_format::platform::Platform;
use keelson_format::release::Release;
use thiserror::Error;

/// Type GUIDs of `/usr` in the Discoverable Partitions Specification, with the architecture each is for.
const ARCHITECTURES: [(&str, Architecture); 2] = [
    ("8484680c-9521-48c6-9c11-b0720656f69e", Architecture::X86_64),
    ("b0e01050-ee5f-4390-949a-9101b17104e9", Architecture::Arm64),
];

/// What an image runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Arm64,
}

/// A build.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its folder.
    pub folder: PathBuf,
    /// Its manifest.
    pub release: Release,
    /// What it runs on.
    pub architecture: Architecture,
}

/// Why there is nothing to upload.
#[derive(Debug, Error)]
pub enum BuildError {
    /// No manifest.
    #[error("{}: {source}\n  build an image first: cargo xtask build-image; or name its folder with --build DIR", path.display())]
    Absent {
        /// The manifest.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a manifest.
    #[error("{}: {source}", path.display())]
    Form {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The build lacks a format.
    #[error("{} has no {name}\n  make it: cargo xtask build-image --format {format}", folder.display())]
    Format {
        /// The build.
        folder: PathBuf,
        /// The artifact.
        name: &'static str,
        /// The name of its format.
        format: &'static str,
    },
    /// No partition says what the image runs on.
    #[error("{}: no partition has a type of /usr that is known", .0.display())]
    Architecture(PathBuf),
    /// The platform's part of the disk.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
}

impl Build {
    /// Reads the manifest in `folder`.
    pub fn open(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join("release.json");
        let absent = |source| BuildError::Absent { path: path.clone(), source };
        // The link is followed once, so that a build which ends meanwhile does not mix two versions.
        let folder = std::fs::canonicalize(folder).map_err(absent)?;
        let text = std::fs::read(folder.join("release.json")).map_err(absent)?;
        let release: Release = serde_json::from_slice(&text)
            .map_err(|source| BuildError::Form { path: path.clone(), source })?;
        let of = |guid: &str| ARCHITECTURES.into_iter().find(|(known, _)| *known == guid);
        let types = release.disk.partitions.iter().map(|part| part.type_guid.to_string());
        let architecture = types.into_iter().find_map(|guid| of(&guid));
        let Some((_, architecture)) = architecture else {
            return Err(BuildError::Architecture(path));
        };
        Ok(Self { folder, release, architecture })
    }

    /// The path of an artifact, which must be there.
    pub fn artifact(
        &self,
        name: &'static str,
        format: &'static str,
    ) -> Result<PathBuf, BuildError> {
        let path = self.folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
        Err(BuildError::Format { folder: self.folder.clone(), name, format })
    }

    /// What makes `disk.raw` that of a platform.
    pub fn overlay(&self, platform: Platform) -> Result<Overlay, BuildError> {
        Ok(Overlay::read(&self.release.platform, platform, &self.folder)?)
    }

    /// `keelson-BOARD-VERSION`.
    pub fn name(&self) -> String {
        format!("keelson-{}-{}", self.release.board, self.release.version)
    }

    /// The name in small letters, digits and hyphens, at most 63 of them, as labels and names of Google's have it.
    pub fn label(text: &str) -> String {
        let dashed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let text: String = text.chars().map(dashed).take(63).collect();
        text.trim_matches('-').to_owned()
    }

    /// Tags that every image gets.
    pub fn tags(&self) -> Vec<(String, String)> {
        let root_hash = self.release.usr.root_hash.to_string();
        [
            ("keelson-version", self.release.version.to_string()),
            ("keelson-board", self.release.board.clone()),
            ("keelson-root-hash", root_hash),
            ("keelson-keys", self.release.signed_by.kind.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}
