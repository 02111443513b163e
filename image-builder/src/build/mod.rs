//! Builds a board: the one module that does IO, step by step, each step a value of the one before.
//!
//! `board text -> Plan -> Tree -> SealedUsr -> UKI -> disk.raw -> other formats -> manifest`.
//! Artifacts are made in a folder of their own, which takes the place of the last good build in one
//! rename when everything is there; a build that fails or is interrupted changes nothing.

mod artifacts;
mod bill;
mod disk;
mod fresh;
mod inputs;
mod load;
mod seal;
mod uki;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs_err as fs;
use keelson_format::release::Release;
use keelson_sdk::Sdk;
use thiserror::Error;

use crate::keys::{KeyError, KeySet};

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
    /// Signing a UKI or the loader.
    #[error(transparent)]
    Authenticode(#[from] crate::authenticode::AuthenticodeError),
    /// Signing the root hash.
    #[error(transparent)]
    Pkcs7(#[from] crate::pkcs7::Pkcs7Error),
    /// The raw image.
    #[error(transparent)]
    Raw(#[from] keelson_disk::raw::RawError),
    /// A sparse file.
    #[error(transparent)]
    Sparse(#[from] keelson_disk::sparse::SparseError),
    /// The qcow2 image.
    #[error(transparent)]
    Qcow2(#[from] keelson_disk::qcow2::Qcow2Error),
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

/// Builds everything the request asks for, or finds that it is there.
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
    if !request.force
        && let Some(release) = fresh::unchanged(&folder, &digest)
    {
        artifacts::point_latest(&board_folder, &plan.version)?;
        return Ok(Built { folder, release, unchanged: true, timings: clock.0 });
    }

    let progress = &sdk.options().progress;
    let tools =
        clock.time("tools", || sdk.tools(&provided.lock, &BUILD_TOOLS.map(str::to_owned)))?;
    let partial = artifacts::Partial::begin(&board_folder, &plan.version)?;
    let at = |name: &str| partial.path().join(name);
    let staged = clock.time("stage", || {
        let _step = progress.step("collecting /usr");
        crate::stage::stage(
            plan,
            &inputs::Inputs::new(provided.packages, programs, request.workspace),
        )
    })?;
    // The initramfs does not depend on the root hash: both are compressed at once.
    let (image, initramfs) = clock.time("erofs, initramfs", || {
        let _step = progress.step("compressing /usr");
        rayon::join(
            || {
                crate::erofs::write(
                    &tools,
                    &staged.tree,
                    &plan.usr.format,
                    plan.usr.uuid,
                    &at("usr.erofs"),
                )
            },
            || uki::initramfs(plan, &staged, request.keys),
        )
    });
    image?;
    let sealed =
        clock.time("verity", || seal::seal(plan, &staged.tree, partial.path(), request.keys))?;
    let boot =
        clock.time("uki", || uki::assemble(plan, &staged, &sealed, &initramfs?, request.keys))?;
    fs::write(at("keelson.efi"), &boot.uki)?;
    let table = clock
        .time("disk.raw", || disk::write(plan, &sealed, boot, request.keys, partial.path()))?;
    clock.time("disk.raw.zst, disk.qcow2", || {
        let _step = progress.step("compressing the disk images");
        disk::convert(plan, partial.path())
    })?;
    let release = clock.time("manifest", || {
        let _step = progress.step("writing the manifest");
        artifacts::describe(plan, &provided.lock, &staged, &sealed, table, request, partial.path())
    })?;
    clock.time("sync", || -> Result<(), BuildError> {
        fresh::record(partial.path(), &digest)?;
        partial.finish(&folder)
    })?;
    artifacts::point_latest(&board_folder, &plan.version)?;
    Ok(Built { folder, release, unchanged: false, timings: clock.0 })
}
