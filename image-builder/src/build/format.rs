//! The formats of an image, by name.

use std::fmt;
use std::str::FromStr;

use keelson_format::platform::Platform;

use crate::manifest::did_you_mean;

/// A form in which an image is shipped. Each is one artifact, or a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// The raw disk, which all others but the network's are made of; always there.
    Raw,
    /// The raw disk in Zstandard frames.
    RawZst,
    /// Which blocks of the raw disk are to be copied, and their digests.
    RawBmap,
    /// QEMU's copy-on-write format.
    Qcow2,
    /// VMware's stream-optimized format, for import.
    Vmdk,
    /// VMware's growable format, for a disk in use.
    VmdkSparse,
    /// A virtual machine in one file, with its description and manifest.
    Ova,
    /// Microsoft's fixed format, as Azure takes it.
    Vhd,
    /// Microsoft's growable format, for Hyper-V.
    Vhdx,
    /// The archive that Google Compute Engine imports.
    Gce,
    /// The raw disk with EC2's platform.
    Ec2,
    /// The hybrid live medium.
    Iso,
    /// Kernel, initramfs and `/usr` for network loaders.
    Pxe,
    /// All of it in one signed UKI, for HTTP boot.
    Netboot,
    /// The installer as a program for any Linux.
    Installer,
}

/// Names and first artifact of each, in the order in which they are shown.
const TABLE: [(Format, &str, &str); 15] = [
    (Format::Raw, "raw", "disk.raw"),
    (Format::RawZst, "raw.zst", "disk.raw.zst"),
    (Format::RawBmap, "raw.bmap", "disk.raw.bmap"),
    (Format::Qcow2, "qcow2", "disk.qcow2"),
    (Format::Vmdk, "vmdk", "disk.vmdk"),
    (Format::VmdkSparse, "vmdk-sparse", "disk-sparse.vmdk"),
    (Format::Ova, "ova", "keelson.ova"),
    (Format::Vhd, "vhd", "disk.vhd"),
    (Format::Vhdx, "vhdx", "disk.vhdx"),
    (Format::Gce, "gce", "gce.tar.gz"),
    (Format::Ec2, "ec2", "disk-ec2.raw"),
    (Format::Iso, "iso", "keelson.iso"),
    (Format::Pxe, "pxe", "pxe/usr.img"),
    (Format::Netboot, "netboot", "keelson-netboot.efi"),
    (Format::Installer, "installer", "keelson-install"),
];

/// There is no such format.
#[derive(Debug, thiserror::Error)]
#[error("there is no format `{name}`: {hint}")]
pub struct NoFormat {
    name: String,
    hint: String,
}

impl Format {
    /// What every build makes, so that a first build is quick.
    pub const DEFAULT: [Self; 3] = [Self::Raw, Self::RawZst, Self::Qcow2];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The path in the build's folder of its artifact; where it has several, of the one written last.
    pub fn artifact(self) -> &'static str {
        self.row().2
    }

    /// Whether it holds the disk, which each platform has its own of.
    pub fn is_of_disk(self) -> bool {
        !matches!(self, Self::Iso | Self::Pxe | Self::Netboot | Self::Installer)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        TABLE.iter().find(|row| row.0 == self).expect("the table has every format")
    }
}

/// A format that is wanted, with the disk of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub(super) format: Format,
    /// Where it is not the platform that the format is usually for.
    pub(super) platform: Option<Platform>,
}

impl Wanted {
    /// A format for a platform; `None` is the one that it is usually for. What holds no disk serves all.
    pub fn new(format: Format, platform: Option<Platform>) -> Self {
        // Both are the raw disk: each platform's has one name.
        let format = match (format, platform) {
            (Format::Raw, Some(Platform::Ec2)) => Format::Ec2,
            (Format::Ec2, Some(other)) if other != Platform::Ec2 => Format::Raw,
            (format, _) => format,
        };
        let usual = Platform::of_artifact(format.artifact());
        let platform = platform.filter(|_| format.is_of_disk() && platform != usual);
        Self { format, platform }
    }

    /// The path in the build's folder: `disk-hetzner.raw` where `disk.raw` is another platform's.
    pub fn artifact(self) -> String {
        let usual = self.format.artifact();
        match (self.platform, usual.split_once('.')) {
            (Some(platform), Some((stem, rest))) => format!("{stem}-{platform}.{rest}"),
            _ => usual.to_owned(),
        }
    }

    /// The platform whose disk it holds.
    pub(super) fn disk_of(self) -> Option<Platform> {
        self.platform.or_else(|| Platform::of_artifact(self.format.artifact()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = NoFormat;

    fn from_str(text: &str) -> Result<Self, NoFormat> {
        let found = TABLE.iter().find(|row| row.1 == text);
        found.map(|row| row.0).ok_or_else(|| {
            let names: Vec<_> = TABLE.iter().map(|row| row.1).collect();
            let known = format!("the formats are {}", names.join(", "));
            let hint = did_you_mean(text, names).unwrap_or(known);
            NoFormat { name: text.to_owned(), hint }
        })
    }
}

#[cfg(test)]
mod tests;
