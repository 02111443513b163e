//! The artifacts of the latest build, where `cargo xtask build-image` leaves them.

use std::path::{Path, PathBuf};

use keelson_format::release::Release;
use thiserror::Error;

/// The build of a board.
#[derive(Debug, Clone)]
pub struct Artifacts {
    folder: PathBuf,
    /// The manifest.
    pub release: Release,
}

/// Why there are no artifacts.
#[derive(Debug, Error)]
pub enum ArtifactsError {
    /// No build is there.
    #[error(
        "{}: {source}\nthe boot tests need an image: run `cargo xtask build-image --board {board}`",
        path.display()
    )]
    Absent {
        /// The manifest's path.
        path: PathBuf,
        /// Name of the board.
        board: String,
        /// Why it could not be read.
        source: std::io::Error,
    },
    /// The manifest is not one.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The manifest's path.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Artifacts {
    /// The latest build of `board` in this workspace: `build/BOARD/latest`. The link is followed
    /// once, so that a build which ends in between does not mix two versions.
    pub fn latest(board: &str) -> Result<Self, ArtifactsError> {
        let link = workspace().join("build").join(board).join("latest");
        let path = link.join("release.json");
        let absent =
            |source| ArtifactsError::Absent { path: path.clone(), board: board.to_owned(), source };
        let folder = std::fs::canonicalize(&link).map_err(absent)?;
        let text = std::fs::read_to_string(folder.join("release.json")).map_err(absent)?;
        let release = serde_json::from_str(&text)
            .map_err(|source| ArtifactsError::Manifest { path: path.clone(), source })?;
        Ok(Self { folder, release })
    }

    /// The path of an artifact by its name, as in `disk.raw`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the package is a folder of the workspace").to_owned()
}
