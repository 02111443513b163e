//! Boards: what an image is made of and how large its parts are.
//!
//! A board is data, `boards/NAME.toml`. This module turns its text into a [`Board`] in which every
//! value is checked by itself and against the others of the same file. What depends on recipes or
//! on the version is decided in [`crate::plan`].

mod check;
mod kernel;
mod raw;
mod sizes;

use keelson_format::cmdline::{Debug, OnCorruption};
use keelson_format::size::ByteSize;
use thiserror::Error;
use toml::Spanned;

use crate::manifest::{ManifestError, Origin, Span};

pub(crate) use sizes::uki_share;

/// A checked board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Name: 1 to 63 of `a-z 0-9 -`, also that of the file.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Instruction set of host and firmware.
    pub architecture: Architecture,
    /// Names of the recipes, in order. Whether they exist is the plan's question.
    pub recipes: Vec<Spanned<String>>,
    /// The kernel's part.
    pub kernel: Kernel,
    /// Form of the `/usr` image.
    pub usr: Usr,
    /// What verity does.
    pub verity: Verity,
    /// What the loader does.
    pub boot: Boot,
    /// The disk image and its partitions.
    pub disk: Disk,
    /// Sizes that artifacts must stay below.
    pub budgets: Budgets,
    pub(crate) origin: Origin,
    /// Place of the list of recipes.
    pub(crate) recipes_span: Span,
    /// Place of the list of kernel options.
    pub(crate) command_line_span: Span,
}

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `x86-64`.
    X86_64,
}

/// The kernel's part of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// Options added to those that the builder sets itself, in order.
    pub command_line: Vec<String>,
}

/// Form of the EROFS image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usr {
    /// How data is compressed.
    pub compression: Compression,
    /// Largest physical cluster: the unit of compression, a multiple of 4 KiB.
    pub cluster_size: ByteSize,
    /// Extensions of the format to use, without repetition.
    pub features: Vec<Feature>,
}

/// How the data of `/usr` is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// LZ4 HC: fast to read.
    Lz4hc {
        /// 1 to 12.
        level: u8,
    },
    /// Zstandard: small.
    Zstd {
        /// 1 to 22.
        level: u8,
    },
}

/// An extension of EROFS, by the name that `mkfs.erofs -E` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `fragments`: ends of files share clusters.
    Fragments,
    /// `all-fragments`: small files are fragments as a whole.
    AllFragments,
    /// `dedupe`: equal data is stored once.
    Dedupe,
    /// `ztailpacking`: ends of files stand beside their inodes.
    Ztailpacking,
}

/// What verity does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verity {
    /// On a block that does not match.
    pub on_corruption: OnCorruption,
}

/// What the loader does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    /// Seconds for which the loader shows its menu; 0 hides it until a key is pressed.
    pub menu_timeout: u8,
    /// Whether the image obeys `keelson.debug`.
    pub debug: Debug,
    /// When the loader enrols the keys for Secure Boot.
    pub enroll: Enroll,
    /// Which firmware the disk boots on.
    pub firmware: Firmware,
}

/// Which firmware a disk boots on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// UEFI alone.
    Uefi,
    /// UEFI, and BIOS by GRUB, whose core image has a partition.
    UefiAndBios,
}

/// When systemd-boot enrols the keys of the ESP in a firmware that is in setup mode: its
/// `secure-boot-enroll`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enroll {
    /// Never, and its menu does not offer it.
    Off,
    /// When it is chosen in the menu.
    Manual,
    /// By itself in virtual machines, else when it is chosen.
    IfSafe,
    /// By itself on every machine.
    Force,
}

/// The disk image and its partitions: all multiples of 1 MiB. ROOT has what the others leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// The whole disk image.
    pub size: ByteSize,
    /// EFI system partition.
    pub esp: ByteSize,
    /// EROFS partition of one slot.
    pub usr: ByteSize,
    /// Hash tree partition of one slot.
    pub usr_verity: ByteSize,
    /// Signature partition of one slot.
    pub usr_signature: ByteSize,
    /// Files of the platform.
    pub oem: ByteSize,
    /// GRUB's core image; zero on a disk that does not boot on BIOS. Boards do not set it.
    pub bios: ByteSize,
    /// What must be left for ROOT in the disk image; it grows on the host.
    pub root_minimum: ByteSize,
}

/// Sizes that artifacts must stay below. What is not given is bounded by its partition alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgets {
    /// The EROFS image.
    pub usr: Option<ByteSize>,
    /// The unified kernel image. Never more than a sixth of the ESP.
    pub uki: Option<ByteSize>,
    /// `disk.raw.zst`.
    pub disk_compressed: Option<ByteSize>,
    /// `keelson.iso`.
    pub iso: Option<ByteSize>,
}

/// Why the values of a board do not go together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BoardError {
    /// A level without a compression.
    #[error("`level` says nothing where `compression` is `none`")]
    LevelOfNothing,
    /// Features of compressed data in an image without compression.
    #[error("`{0}` needs compressed data, but `compression` is `none`")]
    FeatureOfNothing(&'static str),
    /// Not one word of a kernel command line.
    #[error("`{word}` is not one kernel option: {reason}")]
    Word {
        /// The text.
        word: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A kernel option that is not the board's to set.
    #[error("the kernel option `{option}` is not the board's to set: {reason}")]
    Reserved {
        /// The option.
        option: String,
        /// Who sets it.
        reason: &'static str,
    },
    /// The two slots alone are larger than the disk.
    #[error("two /usr slots of {usr} do not fit on a disk of {disk}")]
    Slots {
        /// Size of one slot's EROFS partition.
        usr: ByteSize,
        /// Size of the disk.
        disk: ByteSize,
    },
    /// The partitions are larger than the disk.
    #[error(
        "a disk of {disk} is too small: the partitions take {fixed} and ROOT at least {root_minimum}"
    )]
    DiskTooSmall {
        /// Size of the disk.
        disk: ByteSize,
        /// What the partition table and all partitions but ROOT take.
        fixed: ByteSize,
        /// What ROOT needs.
        root_minimum: ByteSize,
    },
    /// The hash partition cannot hold the tree of a full slot.
    #[error(
        "a hash tree of {tree} for a /usr of {usr} does not fit in `usr-verity` of {partition}"
    )]
    HashTree {
        /// Bytes of superblock and tree, in whole MiB.
        tree: ByteSize,
        /// Size of the EROFS partition.
        usr: ByteSize,
        /// Size of the hash partition.
        partition: ByteSize,
    },
    /// A budget that its partition does not allow.
    #[error("a budget of {budget} is more than {limit}, {what}")]
    Budget {
        /// The budget.
        budget: ByteSize,
        /// What there is room for.
        limit: ByteSize,
        /// What bounds it.
        what: &'static str,
    },
}

impl BoardError {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::DiskTooSmall { fixed, root_minimum, .. } => {
                let needed = ByteSize::new(fixed.bytes().saturating_add(root_minimum.bytes()));
                Some(format!("`size` must be at least {needed}"))
            }
            Self::HashTree { tree, .. } => Some(format!("`usr-verity` must be at least {tree}")),
            _ => None,
        }
    }
}

impl Board {
    /// Reads a board. `file` is the name to show in errors; its last component without `.toml`
    /// must be the board's name.
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        check::board(&Origin::new(file, text))
    }
}

impl Architecture {
    /// As boards write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86-64",
        }
    }
}

impl Enroll {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Off, Self::Manual, Self::IfSafe, Self::Force];

    /// As boards and `loader.conf` write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Manual => "manual",
            Self::IfSafe => "if-safe",
            Self::Force => "force",
        }
    }
}

impl Compression {
    /// The value of `-z` of `mkfs.erofs`, where there is one.
    pub fn mkfs_option(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Lz4hc { level } => Some(format!("lz4hc,level={level}")),
            Self::Zstd { level } => Some(format!("zstd,level={level}")),
        }
    }
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 4] =
        [Self::Fragments, Self::AllFragments, Self::Dedupe, Self::Ztailpacking];

    /// As boards and `mkfs.erofs -E` write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fragments => "fragments",
            Self::AllFragments => "all-fragments",
            Self::Dedupe => "dedupe",
            Self::Ztailpacking => "ztailpacking",
        }
    }
}

impl Disk {
    /// Where the first partition begins: behind the primary table, on the alignment of all.
    pub const FIRST: ByteSize = ByteSize::mib(1);

    /// What is kept behind the last partition for the backup table.
    pub const LAST: ByteSize = ByteSize::mib(1);

    /// What the partition tables and all partitions but ROOT take.
    pub fn fixed(&self) -> ByteSize {
        let slot = [self.usr, self.usr_verity, self.usr_signature];
        let once = [Self::FIRST, self.esp, self.oem, self.bios, Self::LAST];
        let parts = slot.iter().chain(&slot).chain(&once).map(|size| size.bytes());
        ByteSize::new(parts.fold(0, u64::saturating_add))
    }
}

#[cfg(test)]
mod tests;
