//! Downloads, caches and runs everything the build needs: Debian packages for images, the tools of the
//! SDK, and Rust programs built for the image. No other crate of the workspace fetches anything.
//!
//! ```text
//! Request + Lock --provide--> Lock really used, Packages (unpacked), Tools (ready to run)
//! ```
//!
//! All of it runs as an ordinary user and writes to the cache folder alone. Unchanged input costs no
//! process and no network.

mod apt;
mod cache;
pub mod cargo;
mod deb;
mod digest;
mod index;
pub mod lock;
mod progress;
mod provide;
mod resolve;
mod sources;
mod store;
mod tools;
mod version;

use std::io;
use std::path::PathBuf;

pub use self::apt::AptError;
pub use self::cargo::CargoError;
pub use self::deb::{Control, DebError, Entry, EntryKind};
pub use self::digest::{Digest, DigestError};
pub use self::lock::{Lock, LockError, Pin};
pub use self::progress::{Meter, Progress, Step};
pub use self::provide::{Provided, Request};
pub use self::resolve::ResolveError;
pub use self::store::{Package, StoreError};
pub use self::tools::{Tools, ToolsError};

/// The Debian suite of new locks.
pub const SUITE: &str = "trixie";

/// How the SDK is to work.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cache's folder; made if it is missing. [`Options::default_cache`] gives the usual one.
    pub cache: PathBuf,
    /// A Debian mirror (`http://`, `https://`, `file://`) instead of the host's own.
    pub mirror: Option<String>,
    /// Fetch nothing: what the cache lacks is an error.
    pub offline: bool,
    /// Never use a version other than the pinned one.
    pub locked: bool,
    /// Where progress and warnings go.
    pub progress: Progress,
}

impl Options {
    /// `$XDG_CACHE_HOME/keelson`, else `~/.cache/keelson`.
    pub fn default_cache() -> Result<PathBuf> {
        let set =
            |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        set("XDG_CACHE_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".cache")))
            .map(|folder| folder.join("keelson"))
            .ok_or(Error::NoCache)
    }
}

/// The SDK of one cache.
#[derive(Debug)]
pub struct Sdk {
    options: Options,
    cache: cache::Cache,
}

impl Sdk {
    /// Opens the cache, making it where it is missing.
    pub fn open(options: Options) -> Result<Self> {
        if options.cache.to_string_lossy().contains([':', '"', '\n']) {
            return Err(Error::CachePath(options.cache));
        }
        let cache = cache::Cache::open(&options.cache)?;
        Ok(Self { options, cache })
    }

    /// The options this was opened with.
    pub fn options(&self) -> &Options {
        &self.options
    }
}

/// A result of the SDK.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong. Each message says what to do where that is known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither `XDG_CACHE_HOME` nor `HOME` is an absolute path.
    #[error("there is no cache folder: set XDG_CACHE_HOME or HOME to an absolute path")]
    NoCache,
    /// The cache's path cannot be given to apt or to the dynamic loader.
    #[error("the cache folder {} cannot be used: its path must not contain ':', '\"' or a line end", .0.display())]
    CachePath(PathBuf),
    /// Something must be fetched, and may not be.
    #[error("not in the cache, and --offline forbids to fetch: {}\n  run once without --offline", .0.join(", "))]
    Offline(Vec<String>),
    /// The archive must be asked what it has, and may not be.
    #[error("pins can only be moved with the archive's lists, and --offline forbids to fetch them")]
    OfflineLists,
    /// The lock does not cover the request, or holds what is gone, and must not be departed from.
    #[error("--locked forbids to depart from the lock\n  {}\n  `cargo xtask update-lock` moves the pins", .0.join("\n  "))]
    Locked(Vec<String>),
    /// A pin has the digest of another package or version.
    #[error(
        "the lock pins {pinned} with the SHA-256 of {found}\n  correct the lock, or let `cargo xtask update-lock` write it"
    )]
    Mislabelled {
        /// Name and version of the pin.
        pinned: String,
        /// What the package says of itself.
        found: String,
    },
    /// The disk or the user's quota is full.
    #[error(
        "the disk is full: {0}\n  free some space, or set XDG_CACHE_HOME to a folder on a larger disk"
    )]
    DiskFull(io::Error),
    /// A mistake in a lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The host's apt or the archive.
    #[error(transparent)]
    Apt(AptError),
    /// No set of pins.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The packages of the cache.
    #[error(transparent)]
    Store(StoreError),
    /// The SDK's tools.
    #[error(transparent)]
    Tools(ToolsError),
    /// Building Rust programs.
    #[error(transparent)]
    Cargo(CargoError),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(error),
            _ => Self::Io(error),
        }
    }
}

/// An I/O error is the same error whichever module met it.
macro_rules! through_io {
    ($($error:ident => $variant:ident),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                match error {
                    $error::Io(error) => error.into(),
                    error => Self::$variant(error),
                }
            }
        }
    )*};
}

through_io!(AptError => Apt, ToolsError => Tools, CargoError => Cargo);

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Io(error) | StoreError::Unpack { source: DebError::Io(error), .. }
                if is_full(&error) =>
            {
                Self::DiskFull(error)
            }
            error => Self::Store(error),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
