//! The plan: everything about an image that is known before anything is fetched or built.
//!
//! [`resolve`] is pure. It brings board, recipes and version together, finds contradictions
//! between recipes, lays out the disk and derives every identifier. What depends on the root hash
//! is left open and filled in by [`Plan::partitions`] and [`Plan::cmdline`].

mod layout;
mod os_release;
mod print;
mod resolve;
mod tree;

use std::collections::BTreeSet;

use keelson_format::cmdline::{Cmdline, Debug, OnCorruption};
use keelson_format::disk::Role;
use keelson_format::release::Partition;
use keelson_format::size::ByteSize;
use keelson_format::verity::{RootHash, Salt};
use keelson_format::version::Version;
use thiserror::Error;
use uuid::Uuid;

use crate::board::{Architecture, Enroll, Usr};
use crate::manifest::did_you_mean;
use crate::recipe::{CrateSource, FilesSource, KernelSource, Recipe, Source, WorkspaceSource};

pub use resolve::resolve;

/// A resolved plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Name of the board.
    pub board: String,
    /// The board's line for people.
    pub description: String,
    /// Version of the release.
    pub version: Version,
    /// Instruction set.
    pub architecture: Architecture,
    /// Text of `usr/lib/os-release`, also in the UKI.
    pub os_release: String,
    /// The EROFS image.
    pub usr: UsrPlan,
    /// The hash tree.
    pub verity: VerityPlan,
    /// Loader and UKI.
    pub boot: BootPlan,
    /// Disk image and partitions.
    pub disk: DiskPlan,
    /// The kernel, which is also among the components.
    pub kernel: KernelSource,
    /// The recipes, in the board's order. No two give the same path, patterns and folders aside.
    pub components: Vec<Recipe>,
}

/// The EROFS image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsrPlan {
    /// Its form.
    pub format: Usr,
    /// UUID of the file system.
    pub uuid: Uuid,
    /// Bytes it must not exceed: the board's budget, else the partition.
    pub limit: ByteSize,
}

/// The hash tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerityPlan {
    /// UUID of the verity set.
    pub uuid: Uuid,
    /// What is hashed before each block.
    pub salt: Salt,
    /// On a block that does not match.
    pub on_corruption: OnCorruption,
}

/// Loader and UKI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootPlan {
    /// Seconds for which the loader shows its menu.
    pub menu_timeout: u8,
    /// Whether the image obeys `keelson.debug`.
    pub debug: Debug,
    /// When the loader enrols the keys for Secure Boot.
    pub enroll: Enroll,
    /// The board's kernel options.
    pub command_line: Vec<String>,
    /// systemd-boot.
    pub loader: BuildFile,
    /// The EFI stub that UKIs begin with.
    pub stub: BuildFile,
    /// The EFI stub that add-ons begin with.
    pub addon_stub: BuildFile,
    /// GRUB's boot block, where the disk also boots on BIOS.
    pub bios: Option<BuildFile>,
    /// `/init` of the initramfs.
    pub init: BuildFile,
    /// Bytes a UKI must not exceed: the board's budget, at most a sixth of the ESP.
    pub uki_limit: ByteSize,
}

/// A file that the builder itself needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFile {
    /// Name of the recipe whose source has it.
    pub recipe: String,
    /// Path in the unpacked packages, or name of a binary.
    pub path: String,
}

/// Disk image and partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskPlan {
    /// Bytes of the disk image.
    pub size: ByteSize,
    /// GUID of the disk.
    pub guid: Uuid,
    /// Volume number of the ESP's FAT.
    pub esp_volume_id: u32,
    /// Every partition in the order of [`keelson_format::disk::TABLE`]; the one for BIOS may be missing.
    pub partitions: Vec<PlannedPartition>,
    /// Bytes that `disk.raw.zst` must not exceed.
    pub compressed_limit: Option<ByteSize>,
    /// Bytes that `keelson.iso` must not exceed.
    pub iso_limit: Option<ByteSize>,
}

/// A partition whose place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedPartition {
    /// What it is for.
    pub role: Role,
    /// First byte on the disk, a multiple of 1 MiB.
    pub start: ByteSize,
    /// Size, a multiple of 1 MiB.
    pub size: ByteSize,
    /// GUID, where it does not follow from the root hash.
    pub guid: Option<Uuid>,
}

/// Why board and recipes do not go together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// The board names a recipe that is not there.
    #[error("there is no recipe `{name}`")]
    UnknownRecipe {
        /// The name.
        name: String,
        /// Every recipe there is.
        known: Vec<String>,
    },
    /// Two files with recipes of one name.
    #[error("a second recipe is named `{name}`")]
    SameName {
        /// The name.
        name: String,
        /// File of the first.
        first: String,
    },
    /// No kernel.
    #[error("none of these recipes is of type `kernel`")]
    NoKernel,
    /// More than one kernel.
    #[error("`{second}` is a second recipe of type `kernel`, after `{first}`")]
    TwoKernels {
        /// Name of the first recipe.
        first: String,
        /// Name of the second.
        second: String,
    },
    /// No recipe gives a file that the builder needs.
    #[error("none of these recipes gives `{file}`, {purpose}")]
    NoFile {
        /// Name of the file.
        file: &'static str,
        /// What it is needed for.
        purpose: &'static str,
        /// The recipe that usually gives it.
        recipe: &'static str,
    },
    /// Two entries give the same path.
    #[error("recipe `{recipe}` gives `{path}` a second time")]
    Conflict {
        /// Name of the recipe with the second entry.
        recipe: String,
        /// The path.
        path: String,
        /// Name of the recipe with the first.
        first: String,
        /// `file:line` of the first.
        place: String,
    },
    /// An entry is below a path that is a file or link.
    #[error("recipe `{recipe}` gives `{path}`, but `{parent}` is not a directory")]
    BelowFile {
        /// Name of the recipe.
        recipe: String,
        /// The path.
        path: String,
        /// The file or link above it.
        parent: String,
        /// Name of the recipe that gives it.
        first: String,
        /// `file:line` of it.
        place: String,
    },
    /// The kernel would cut the command line off.
    #[error("the kernel command line has {length} bytes; the kernel takes {most}")]
    CommandLineTooLong {
        /// Its length with what the builder adds.
        length: usize,
        /// What fits.
        most: usize,
    },
}

impl PlanError {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownRecipe { name, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let list = || format!("there are: {}", known.join(", "));
                did_you_mean(name, known.iter().copied()).or_else(|| Some(list()))
            }
            Self::SameName { first, .. } => Some(format!("the first is {first}")),
            Self::NoFile { recipe, .. } => Some(format!("add the recipe `{recipe}`")),
            Self::Conflict { first, place, .. } => {
                Some(format!("first by recipe `{first}` at {place}"))
            }
            Self::BelowFile { parent, first, place, .. } => {
                Some(format!("`{parent}` is made by recipe `{first}` at {place}"))
            }
            Self::NoKernel | Self::TwoKernels { .. } | Self::CommandLineTooLong { .. } => None,
        }
    }
}

impl Plan {
    /// The partition table of a disk that boots `root_hash` from slot A.
    pub fn partitions(&self, root_hash: &RootHash) -> Vec<Partition> {
        layout::partitions(&self.disk, root_hash)
    }

    /// The kernel command line of the UKI that boots `root_hash`.
    pub fn cmdline(&self, root_hash: RootHash) -> Cmdline {
        Cmdline {
            root_hash,
            version: self.version.clone(),
            board: self.board.clone(),
            on_corruption: self.verity.on_corruption,
            extra: self.boot.command_line.clone(),
        }
    }

    /// The Debian packages that recipes name, the kernel's too; without their dependencies.
    pub fn debian_packages(&self) -> BTreeSet<&str> {
        let mut packages = BTreeSet::new();
        for recipe in &self.components {
            match &recipe.source {
                Source::Debian(source) => {
                    packages.extend(source.packages.iter().map(String::as_str));
                }
                Source::Kernel(source) => {
                    packages.insert(&source.package);
                }
                Source::Workspace(_) | Source::Crate(_) | Source::Files(_) => {}
            }
        }
        packages
    }

    /// The workspace programs to build.
    pub fn workspace_programs(&self) -> impl Iterator<Item = &WorkspaceSource> {
        self.components.iter().filter_map(|recipe| match &recipe.source {
            Source::Workspace(source) => Some(source),
            _ => None,
        })
    }

    /// The published crates to build.
    pub fn crates(&self) -> impl Iterator<Item = &CrateSource> {
        self.components.iter().filter_map(|recipe| match &recipe.source {
            Source::Crate(source) => Some(source),
            _ => None,
        })
    }

    /// The folders whose every file goes into the image.
    pub fn file_folders(&self) -> impl Iterator<Item = &FilesSource> {
        self.components.iter().filter_map(|recipe| match &recipe.source {
            Source::Files(source) => Some(source),
            _ => None,
        })
    }

    /// The text of `plan.toml`: the same plan gives the same text.
    pub fn to_toml(&self) -> String {
        print::toml(self)
    }
}

impl DiskPlan {
    /// The partition with this role.
    pub fn partition(&self, role: Role) -> &PlannedPartition {
        let found = self.partitions.iter().find(|partition| partition.role == role);
        found.expect("the layout has every role of the table")
    }
}

#[cfg(test)]
mod tests;
