//! Recipes: where a component comes from, and which of its files go where in `/usr`.
//!
//! A recipe is data, `NAME.toml`. This module turns its text into a [`Recipe`] in which every
//! value is checked. Whether two recipes want the same path is decided in [`crate::plan`]; whether
//! a file is there at all shows when the sources are unpacked.

mod check;
mod entries;
mod raw;
mod source;

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use crate::manifest::{ManifestError, Origin, Span};
use crate::plan::PlanError;

/// A checked recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Name: 1 to 63 of `a-z 0-9 -`, also that of the file.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Licence of what the recipe takes, as an SPDX expression.
    pub license: String,
    /// Where the files come from.
    pub source: Source,
    /// Files or binaries that the builder needs and that do not go to `/usr` by this.
    pub build_only: Vec<String>,
    /// Files to take.
    pub files: Vec<File>,
    /// Symbolic links to make.
    pub links: Vec<Link>,
    /// Directories to make, or to give a mode.
    pub directories: Vec<Directory>,
    /// Files made by concatenation.
    pub bundles: Vec<Bundle>,
    pub(crate) origin: Origin,
}

/// Where the files of a recipe come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A crate of this workspace.
    Workspace(WorkspaceSource),
    /// A published crate.
    Crate(CrateSource),
    /// Debian packages.
    Debian(DebianSource),
    /// Debian's kernel.
    Kernel(KernelSource),
    /// A folder of the tree.
    Files(FilesSource),
}

/// A crate of this workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceSource {
    /// Name of the package.
    pub package: String,
    /// Programs to build.
    pub binaries: Vec<String>,
}

/// A published crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateSource {
    /// Name of the crate.
    pub name: String,
    /// Its version, exact.
    pub version: String,
    /// Features to build with.
    pub features: Vec<String>,
    /// Whether the crate's default features are added.
    pub default_features: DefaultFeatures,
    /// Programs to build.
    pub binaries: Vec<String>,
}

/// Whether a crate's default features are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultFeatures {
    /// As cargo does without being told.
    On,
    /// `--no-default-features`.
    Off,
}

/// Debian packages. Shared libraries come by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebianSource {
    /// Names of the binary packages.
    pub packages: Vec<String>,
}

/// Debian's kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelSource {
    /// Name of the binary package.
    pub package: String,
    /// Modules of `/usr`: paths below `kernel/` without `.ko`, or folders ending in `/`. What they
    /// depend on comes by itself.
    pub modules: Vec<String>,
    /// Modules of the initramfs, written in the same way.
    pub initramfs_modules: Vec<String>,
}

/// A folder whose every file goes to the same path in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesSource {
    /// Path of the folder from the root of the workspace.
    pub folder: String,
}

/// A file, or the files that a pattern matches.
///
/// In a recipe of type `files` every file is taken already, and this gives one of them its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path in the unpacked packages, or name of a binary. `*` in the last component matches
    /// any characters.
    pub from: String,
    /// Path in the image; with a pattern, the folder without `/` at its end.
    pub to: String,
    /// Mode, where it is not the package's (0755 for binaries).
    pub mode: Option<Mode>,
    /// Whether a program keeps the names that it exports.
    pub exports: Exports,
    pub(crate) span: Span,
}

/// Whether a program keeps the names that it exports: see [`crate::elf::exports`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exports {
    /// The file is the package's, byte for byte.
    Keep,
    /// Plugins of the program find no name.
    Drop,
}

/// A symbolic link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Path in the image.
    pub path: String,
    /// Text of the link.
    pub to: String,
    pub(crate) span: Span,
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Path in the image.
    pub path: String,
    /// Mode.
    pub mode: Mode,
    pub(crate) span: Span,
}

/// A file made of others: those that a pattern matches, in byte order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Pattern, as in [`File::from`].
    pub from: String,
    /// Path of the one file in the image.
    pub to: String,
    /// Mode, where it is not 0644.
    pub mode: Option<Mode>,
    pub(crate) span: Span,
}

/// Permission bits, with set-user-ID, set-group-ID and sticky bit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mode(u32);

/// Why the values of a recipe do not go together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RecipeError {
    /// A key that this type of source does not have.
    #[error("`{key}` says nothing for a source of type `{source_type}`")]
    ForeignKey {
        /// The key.
        key: &'static str,
        /// Type of the source.
        source_type: &'static str,
    },
    /// A key that this type of source needs.
    #[error("a source of type `{source_type}` needs the key `{key}`")]
    NeededKey {
        /// The key.
        key: &'static str,
        /// Type of the source.
        source_type: &'static str,
    },
    /// A crate's version is a requirement, not a version.
    #[error("`{0}` is not an exact version: write all three numbers, as in `0.4.0`")]
    CrateVersion(String),
    /// Not a path of a kernel module.
    #[error(
        "`{0}` is not a module: write its path below `kernel/` without `.ko`, or a folder ending in `/`"
    )]
    Module(String),
    /// `*` before the last component, or where a single file is meant.
    #[error("`{path}` has a `*` {place}")]
    Star {
        /// The path.
        path: String,
        /// Where the star is.
        place: &'static str,
    },
    /// A path outside `/usr`.
    #[error("`{0}` is not below `usr/`, and the image has nothing else")]
    OutsideUsr(String),
    /// No destination, and none that could be derived.
    #[error("`{0}` needs a `to`: its own path is not below `usr/`")]
    NeedsTo(String),
    /// A pattern's destination does not look like a folder, or a file's does.
    #[error("`{to}` must {rule}")]
    Destination {
        /// The destination.
        to: String,
        /// How it is to be written.
        rule: &'static str,
    },
    /// A binary that the source does not build.
    #[error("`{name}` is not one of this source's binaries: {}", .binaries.join(", "))]
    UnknownBinary {
        /// The name.
        name: String,
        /// What the source builds.
        binaries: Vec<String>,
    },
    /// A binary that is built for nothing.
    #[error("the binary `{0}` is built, but no [[file]] nor `build-only` takes it")]
    UnusedBinary(String),
    /// Nothing is taken from the source.
    #[error("nothing is taken from this source: add a [[file]], a [[bundle]] or `build-only`")]
    TakesNothing,
    /// A `[[file]]` of a `files` source moves the file or has no mode.
    #[error(
        "every file of a `files` source is taken where it is: a [[file]] gives one a `mode`, {0}"
    )]
    FilesEntry(&'static str),
}

impl Recipe {
    /// Reads a recipe. `file` is the name to show in errors; its last component without `.toml`
    /// must be the recipe's name.
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        check::recipe(&Origin::new(file, text))
    }

    /// Every path and pattern that must be found in the source: files, parts of bundles, and
    /// what the builder alone needs.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(|file| file.from.as_str());
        let bundles = self.bundles.iter().map(|bundle| bundle.from.as_str());
        files.chain(bundles).chain(self.build_only.iter().map(String::as_str))
    }
}

/// Puts recipes from several folders under their names. Two of one name are refused.
pub fn by_name(
    recipes: impl IntoIterator<Item = Recipe>,
) -> Result<BTreeMap<String, Recipe>, ManifestError> {
    let mut named: BTreeMap<String, Recipe> = BTreeMap::new();
    for recipe in recipes {
        if let Some(first) = named.get(&recipe.name) {
            let error = PlanError::SameName {
                name: recipe.name.clone(),
                first: first.origin.file().to_owned(),
            };
            return Err(ManifestError::one(&recipe.origin, &(0..0), error));
        }
        named.insert(recipe.name.clone(), recipe);
    }
    Ok(named)
}

/// Whether `path` is what `pattern` names: equal, or matched by the `*`s of its last component.
/// A `*` does not match `/`.
pub fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) if !rest[..at].contains('/') => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    rest.strip_suffix(last).is_some_and(|matched| !matched.contains('/'))
}

impl Source {
    /// The type as recipes write it.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Workspace(_) => "workspace",
            Self::Crate(_) => "crate",
            Self::Debian(_) => "debian",
            Self::Kernel(_) => "kernel",
            Self::Files(_) => "files",
        }
    }

    /// The programs that cargo builds for it.
    pub fn binaries(&self) -> &[String] {
        match self {
            Self::Workspace(source) => &source.binaries,
            Self::Crate(source) => &source.binaries,
            Self::Debian(_) | Self::Kernel(_) | Self::Files(_) => &[],
        }
    }
}

impl File {
    /// Whether `from` has a `*`.
    pub fn is_pattern(&self) -> bool {
        self.from.contains('*')
    }

    /// Path in the image of `matched`, one of the files that `from` names.
    pub fn destination(&self, matched: &str) -> String {
        if self.is_pattern() {
            let name = matched.rsplit('/').next().unwrap_or(matched);
            format!("{}/{name}", self.to)
        } else {
            self.to.clone()
        }
    }
}

impl Mode {
    /// The bits, at most `0o7777`.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Reads four octal digits.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let octal = text.len() == 4 && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
        octal.then(|| u32::from_str_radix(text, 8).map(Self).ok()).flatten()
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode({self})")
    }
}

#[cfg(test)]
mod tests;
