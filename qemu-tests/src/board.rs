//! What the boot tests of one board share: its latest build, the tools, scratch folders.

use keelson_sdk::Tools;
use thiserror::Error;

use crate::artifacts::{Artifacts, ArtifactsError};
use crate::disk::{DiskError, DiskImage};
use crate::setup::{Disk, Setup, log_folder};
use crate::{oci, tools};

/// A board under test.
#[derive(Debug)]
pub struct Board {
    /// The latest build.
    pub artifacts: Artifacts,
    /// QEMU and the judges.
    pub tools: Tools,
    /// The program of the container test's image and of the tests' services.
    pub container_program: Vec<u8>,
    /// The container test's image: an OCI archive.
    pub container_image: Vec<u8>,
}

/// Why a board cannot be tested.
#[derive(Debug, Error)]
pub enum BoardError {
    /// There is no build.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// There are no tools.
    #[error(transparent)]
    Tools(#[from] tools::ToolsError),
    /// The SDK's cache cannot be used.
    #[error(transparent)]
    Sdk(#[from] keelson_sdk::Error),
}

/// A disk of one test; its folder goes away with it.
#[derive(Debug)]
pub struct ScratchDisk {
    /// The disk.
    pub image: DiskImage,
    /// The folder.
    pub folder: tempfile::TempDir,
}

impl Board {
    /// The board called `name`.
    pub fn open(name: &str) -> Result<Self, BoardError> {
        let artifacts = Artifacts::latest(name)?;
        let sdk = tools::sdk()?;
        let tools = tools::of_board(&sdk, name)?;
        let container_program = tools::container_program(&sdk)?;
        let container_image = oci::image(&container_program);
        Ok(Self { artifacts, tools, container_program, container_image })
    }

    /// The usual machine on a throw-away overlay of the board's disk.
    pub fn setup(&self, name: &str) -> Setup {
        Setup::new(name, &self.artifacts.path("disk.raw"))
    }

    /// A copy of the board's disk that a test may change.
    pub fn scratch_disk(&self) -> Result<ScratchDisk, DiskError> {
        let folder = scratch()?;
        let path = folder.path().join("disk.raw");
        let image = DiskImage::copy(&self.artifacts.path("disk.raw"), &path)?;
        Ok(ScratchDisk { image, folder })
    }
}

impl ScratchDisk {
    /// The usual machine on this disk, which keeps what the guest writes.
    pub fn setup(&self, name: &str) -> Setup {
        let path = self.image.path().to_owned();
        Setup { disk: Disk::Raw(path.clone()), ..Setup::new(name, &path) }
    }
}

/// A folder beside the logs, where there is room for disks.
pub fn scratch() -> std::io::Result<tempfile::TempDir> {
    let parent = log_folder();
    fs_err::create_dir_all(&parent)?;
    tempfile::Builder::new().prefix("scratch-").tempdir_in(parent)
}
