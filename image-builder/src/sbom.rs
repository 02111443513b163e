//! The software bill of materials of an image, as an SPDX 2.3 document in JSON.
//!
//! Pure: an [`Inventory`] in, text out. The same inventory gives the same text, in whatever order it comes;
//! the date of creation is an argument, for no clock may reach an artifact.

mod cargo_lock;
mod spdx;
#[cfg(test)]
mod tests;

pub use cargo_lock::{CargoLock, CargoLockError};
pub use spdx::{SbomError, to_spdx};

/// What the document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Name of the image, such as `keelson-amd64-usr`.
    pub name: &'a str,
    /// Version of the image.
    pub version: &'a str,
    /// SHA-256 that tells this image from others of the version, in hexadecimal digits: the root hash.
    pub digest: &'a str,
    /// Seconds since 1970-01-01 that are given as the date of creation.
    pub created: u64,
}

/// Everything that went into an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The recipes the board picked.
    pub recipes: Vec<Recipe>,
    /// The crates that the shipped programs are compiled from.
    pub crates: Vec<CratePackage>,
    /// The Debian packages that files were taken from.
    pub debian: Vec<DebianPackage>,
}

/// A recipe: a component under the name people know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Its name, unique among the recipes.
    pub name: String,
    /// Version of what it brings.
    pub version: String,
    /// SPDX licence expression.
    pub license: String,
    /// What its files are from.
    pub sources: Vec<SourceRef>,
}

/// What the files of a recipe are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceRef {
    /// A Debian package of the inventory.
    Debian {
        /// Its name.
        name: String,
    },
    /// A crate of the inventory.
    Crate {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
}

/// A crate, as a lock file records it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CratePackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the `.crate` file in hexadecimal digits; `None` for crates of this workspace.
    pub checksum: Option<String>,
    /// Name and version of the crates it is compiled with.
    pub dependencies: Vec<(String, String)>,
}

/// A Debian package, as the lock pins it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DebianPackage {
    /// Its name.
    pub name: String,
    /// Its version, with epoch.
    pub version: String,
    /// `amd64` or `all`.
    pub architecture: String,
    /// SHA-256 of the `.deb` in hexadecimal digits.
    pub sha256: String,
}
