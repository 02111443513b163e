//! Builds a board: the one module that does IO, step by step, each step a value of the one before.
//!
//! `board text -> Plan -> Tree -> SealedUsr -> UKI -> disk.raw -> other formats -> manifest`.
//! Artifacts are made in a folder of their own, which takes the place of the last good build in one
//! rename when everything is there; a build that fails or is interrupted changes nothing.

mod artifacts;
mod bill;
mod bios;
mod convert;
mod disk;
mod extend;
mod format;
mod formats;
mod fresh;
mod inputs;
mod installer;
mod iso;
mod load;
mod netboot;
mod platforms;
mod seal;
mod uki;
mod whole;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs_err as fs;
use keelson_format::release::Release;
use keelson_sdk::{Lock, Sdk};
use thiserror::Error;

use crate::keys::{KeyError, KeySet};

pub use format::{Format, NoFormat, Wanted};
pub use inputs::{BUILD_TOOLS, image_request};
pub use load::{LoadError, Manifests, load};

/// What to build.
#[derive(Debug)]
pub struct Request<'a> {
    /// Root of the workspace.
    pub workspace: &'a Path,
    /// Folder that gets `BOARD/VERSION/`.
    pub out: &'a Path,
    /// Plan and lock of the board.
    pub manifests: &'a Manifests,
    /// Keys that sign.
    pub keys: &'a KeySet,
    /// Formats to make; those of [`Format::DEFAULT`] are made whether they are named or not.
    pub formats: &'a BTreeSet<Wanted>,
    /// Build again even if nothing changed.
    pub force: bool,
}

/// A finished build.
#[derive(Debug)]
pub struct Built {
    /// Folder of the artifacts.
    pub folder: PathBuf,
    /// Its manifest.
    pub release: Release,
    /// Whether it was there already and nothing had changed.
    pub unchanged: bool,
    /// How long each step took, in order. Never part of an artifact.
    pub timings: Vec<(&'static str, Duration)>,
}

/// Why a build failed. Whatever was built before is still in place.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Downloads, tools or programs.
    #[error(transparent)]
    Sdk(#[from] keelson_sdk::Error),
    /// The tree.
    #[error(transparent)]
    Stage(#[from] crate::stage::StageError),
    /// The image of `/usr`.
    #[error(transparent)]
    Erofs(#[from] crate::erofs::ErofsError),
    /// The hash tree.
    #[error(transparent)]
    Verity(#[from] crate::verity::VerityError),
    /// The initramfs.
    #[error(transparent)]
    Cpio(#[from] crate::cpio::CpioError),
    /// The UKI.
    #[error(transparent)]
    Uki(#[from] crate::uki::UkiError),
    /// Boot on BIOS.
    #[error(transparent)]
    Bios(#[from] crate::bios::BiosError),
    /// Signing a UKI or the loader.
    #[error(transparent)]
    Authenticode(#[from] crate::authenticode::AuthenticodeError),
    /// The add-on of a platform.
    #[error(transparent)]
    Addon(#[from] crate::addon::AddonError),
    /// Finding what of the disk is the platform's.
    #[error(transparent)]
    Platform(#[from] keelson_disk::platform::FindError),
    /// Signing the root hash.
    #[error(transparent)]
    Pkcs7(#[from] crate::pkcs7::Pkcs7Error),
    /// The raw image.
    #[error(transparent)]
    Raw(#[from] keelson_disk::raw::RawError),
    /// The FAT of a live medium.
    #[error("the ESP of the live medium: {0}")]
    Fat(#[from] keelson_disk::fat::FatError),
    /// The FAT of a live medium, read again.
    #[error("the ESP of the live medium: {0}")]
    FatRead(#[from] keelson_disk::fat::ReadError),
    /// What the installer needs of a live medium.
    #[error(transparent)]
    Recipe(#[from] keelson_disk::recipe::RecipeError),
    /// The live medium.
    #[error("keelson.iso: {0}")]
    Iso(#[from] keelson_disk::iso::IsoError),
    /// A sparse file.
    #[error(transparent)]
    Sparse(#[from] keelson_disk::sparse::SparseError),
    /// A format of the disk.
    #[error(transparent)]
    Format(#[from] keelson_disk::formats::FormatError),
    /// The disk of a platform.
    #[error(transparent)]
    Overlay(#[from] keelson_disk::platform::OverlayError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A file of the builder's input.
    #[error(transparent)]
    Content(#[from] keelson_disk::content::ContentError),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// An image is larger than where it must go.
    #[error("{what} is {size} bytes, {over} more than {limit}{}", list(.largest))]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its bytes.
        size: u64,
        /// How many bytes it must lose.
        over: u64,
        /// Which limit it breaks.
        limit: String,
        /// The largest files in it, in bytes before compression.
        largest: Vec<(String, u64)>,
    },
    /// The workspace's `Cargo.lock`, for the bill of materials.
    #[error(transparent)]
    CargoLock(#[from] crate::sbom::CargoLockError),
    /// The bill of materials.
    #[error(transparent)]
    Sbom(#[from] crate::sbom::SbomError),
    /// A `Cargo.toml` of the workspace.
    #[error("{path}: {error}", path = .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: Box<toml::de::Error>,
    },
}

fn list(largest: &[(String, u64)]) -> String {
    let lines: String =
        largest.iter().map(|(path, size)| format!("\n  {size:>12} /{path}")).collect();
    if lines.is_empty() { lines } else { format!("; its largest files:{lines}") }
}

/// Measures the steps of a build.
#[derive(Default)]
struct Clock(Vec<(&'static str, Duration)>);

impl Clock {
    fn time<T>(&mut self, step: &'static str, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = run();
        self.0.push((step, start.elapsed()));
        value
    }
}

/// Builds everything the request asks for, or what of it is not there.
pub fn build(sdk: &Sdk, request: &Request<'_>) -> Result<Built, BuildError> {
    let Manifests { plan, lock, .. } = request.manifests;
    let mut clock = Clock::default();
    let board_folder = request.out.join(&plan.board);
    fs::create_dir_all(&board_folder)?;
    let _lock = inputs::lock_folder(&board_folder)?;
    let provided = clock.time("packages", || inputs::packages(sdk, plan, lock))?;
    let programs = clock.time("programs", || inputs::programs(sdk, plan, request.workspace))?;
    let digest = clock.time("digest of inputs", || {
        fresh::digest(plan, &provided.lock, &programs, request.workspace, request.keys)
    })?;
    let folder = board_folder.join(plan.version.as_str());
    let inputs = inputs::Inputs::new(provided.packages, programs, request.workspace);
    let work = Work {
        sdk,
        request,
        lock: &provided.lock,
        inputs: &inputs,
        board_folder: &board_folder,
        folder: &folder,
        digest: &digest,
    };
    let there = if request.force { None } else { fresh::unchanged(&folder, &digest) };
    let (release, unchanged) = match there {
        Some(release) => extend::add_missing(&work, release, &mut clock)?,
        None => (whole::build(&work, &mut clock)?, false),
    };
    artifacts::point_latest(&board_folder, &plan.version)?;
    Ok(Built { folder, release, unchanged, timings: clock.0 })
}

/// What a build works with.
struct Work<'a> {
    sdk: &'a Sdk,
    request: &'a Request<'a>,
    /// The Debian packages that are really used.
    lock: &'a Lock,
    inputs: &'a inputs::Inputs,
    /// The board's folder, locked.
    board_folder: &'a Path,
    /// Where the artifacts go in the end.
    folder: &'a Path,
    /// Digest of everything that decides the bytes.
    digest: &'a str,
}

impl Work<'_> {
    /// The formats that are wanted.
    fn wanted(&self) -> BTreeSet<Wanted> {
        let usual = Format::DEFAULT.map(|format| Wanted::new(format, None));
        usual.into_iter().chain(self.request.formats.iter().copied()).collect()
    }
}
