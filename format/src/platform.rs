//! Platforms: where a host runs, said on its kernel command line, and the defaults that go with it.
//!
//! One image serves them all. What differs lies in two small files of the ESP, which every build makes
//! for each platform with equal sizes: a signed add-on for the UKI and a fragment for GRUB on BIOS.
//! The identifiers are on the command lines of installed hosts and in their units' conditions; changing
//! one breaks them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The option of the command line that names the platform.
pub const OPTION: &str = "keelson.platform";
/// The add-on on the ESP. systemd-stub takes every `*.addon.efi` of this folder.
pub const ADDON_PATH: &str = "loader/addons/platform.addon.efi";
/// The fragment for GRUB on the ESP: sets `keelson_platform`.
pub const CFG_PATH: &str = "loader/bios/platform.cfg";
/// Bytes of the fragment, whatever the platform.
pub const CFG_BYTES: usize = 512;
/// Bytes that the words of a platform may have, so that add-on and fragment have one size for all.
pub const WORDS_LIMIT: usize = 448;

/// Where a host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// QEMU and what is made of it, without a platform of its own.
    Qemu,
    /// A machine of one's own. What a disk image is unless something else is said.
    Metal,
    /// Amazon EC2.
    Ec2,
    /// Google Compute Engine.
    Gce,
    /// Microsoft Azure.
    Azure,
    /// OpenStack.
    Openstack,
    /// VMware vSphere, Workstation and Fusion.
    Vmware,
    /// Microsoft Hyper-V.
    Hyperv,
    /// DigitalOcean.
    DigitalOcean,
    /// Hetzner Cloud.
    Hetzner,
    /// Proxmox VE.
    Proxmox,
    /// KubeVirt.
    Kubevirt,
}

/// Which console people look at: `/dev/console`, where PID 1 and a login speak.
///
/// Kernel messages reach both. A serial port that is not there cannot be opened, so it must not be
/// `/dev/console` where virtual machines have none unless one is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// The first serial port, `ttyS0`.
    Serial,
    /// The screen, `tty0`.
    Screen,
}

impl Console {
    /// The options: the last is `/dev/console`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Serial => "console=tty0 console=ttyS0,115200n8",
            Self::Screen => "console=ttyS0,115200n8 console=tty0",
        }
    }
}

/// No platform has this identifier.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is no platform `{id}`{}; there are {}", nearest(.id), list())]
pub struct PlatformError {
    /// What was asked for.
    pub id: String,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 12] = [
        Self::Qemu,
        Self::Metal,
        Self::Ec2,
        Self::Gce,
        Self::Azure,
        Self::Openstack,
        Self::Vmware,
        Self::Hyperv,
        Self::DigitalOcean,
        Self::Hetzner,
        Self::Proxmox,
        Self::Kubevirt,
    ];

    /// Its identifier.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Metal => "metal",
            Self::Ec2 => "ec2",
            Self::Gce => "gce",
            Self::Azure => "azure",
            Self::Openstack => "openstack",
            Self::Vmware => "vmware",
            Self::Hyperv => "hyperv",
            Self::DigitalOcean => "digitalocean",
            Self::Hetzner => "hetzner",
            Self::Proxmox => "proxmox",
            Self::Kubevirt => "kubevirt",
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Qemu => "QEMU",
            Self::Metal => "bare metal",
            Self::Ec2 => "Amazon EC2",
            Self::Gce => "Google Compute Engine",
            Self::Azure => "Microsoft Azure",
            Self::Openstack => "OpenStack",
            Self::Vmware => "VMware",
            Self::Hyperv => "Microsoft Hyper-V",
            Self::DigitalOcean => "DigitalOcean",
            Self::Hetzner => "Hetzner Cloud",
            Self::Proxmox => "Proxmox VE",
            Self::Kubevirt => "KubeVirt",
        }
    }

    /// Its console: the serial port where the provider shows that one or a server has it in its
    /// management controller; the screen where the machine has one and a serial port must be added.
    pub const fn console(self) -> Console {
        match self {
            Self::Qemu | Self::Metal | Self::Ec2 | Self::Gce | Self::Azure => Console::Serial,
            Self::Openstack
            | Self::Vmware
            | Self::Hyperv
            | Self::DigitalOcean
            | Self::Hetzner
            | Self::Proxmox
            | Self::Kubevirt => Console::Screen,
        }
    }

    /// Its clock source where the kernel's own choice is not what the provider advises.
    ///
    /// The kernel takes kvm-clock or, where the TSC is invariant, the TSC on KVM, the reference page on
    /// Hyper-V and Azure, and the TSC on VMware. On EC2 it takes xen or kvm-clock though the TSC is
    /// good; Amazon advises that. The kernel leaves it for another when its watchdog finds it wrong.
    pub const fn clock_source(self) -> Option<&'static str> {
        match self {
            Self::Ec2 => Some("tsc"),
            _ => None,
        }
    }

    /// Other options.
    const fn other(self) -> Option<&'static str> {
        match self {
            // Amazon's advice: a volume of EBS may be away for longer than the driver's 30 seconds, and
            // the file system must not fail for it. 255 is not enough; this is the most there is.
            Self::Ec2 => Some("nvme_core.io_timeout=4294967295"),
            _ => None,
        }
    }

    /// The words for the end of the kernel command line.
    pub fn command_line(self) -> String {
        let mut words = format!("{OPTION}={} {}", self.id(), self.console().words());
        if let Some(source) = self.clock_source() {
            words.push_str(" clocksource=");
            words.push_str(source);
        }
        if let Some(other) = self.other() {
            words.push(' ');
            words.push_str(other);
        }
        words
    }

    /// The fragment for GRUB: [`CFG_BYTES`] bytes, the rest of them newlines.
    pub fn grub_cfg(self) -> Vec<u8> {
        grub_cfg(&self.command_line())
    }

    /// The platform of a disk image by its name among the artifacts; `None` for what is none or serves all.
    pub fn of_artifact(name: &str) -> Option<Self> {
        match name {
            "disk.raw" | "disk.raw.zst" | "disk.raw.bmap" => Some(Self::Metal),
            "disk.qcow2" => Some(Self::Qemu),
            "disk.vmdk" | "disk-sparse.vmdk" | "keelson.ova" => Some(Self::Vmware),
            "disk.vhd" => Some(Self::Azure),
            "disk.vhdx" => Some(Self::Hyperv),
            "gce.tar.gz" => Some(Self::Gce),
            "disk-ec2.raw" => Some(Self::Ec2),
            _ => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(id: &str) -> Result<Self, PlatformError> {
        let found = Self::ALL.into_iter().find(|platform| platform.id() == id);
        found.ok_or_else(|| PlatformError { id: id.to_owned() })
    }
}

/// The fragment for GRUB that sets these words, of which there are at most [`WORDS_LIMIT`] bytes without
/// quotes, backslashes or `$`.
pub fn grub_cfg(words: &str) -> Vec<u8> {
    let mut text = format!("set keelson_platform=\"{words}\"").into_bytes();
    text.resize(CFG_BYTES, b'\n');
    text
}

fn list() -> String {
    Platform::ALL.map(Platform::id).join(", ")
}

fn nearest(id: &str) -> String {
    const SIMILAR: f64 = 0.7;
    let like = |platform: Platform| {
        (strsim::normalized_damerau_levenshtein(&id.to_lowercase(), platform.id()), platform)
    };
    let best = Platform::ALL.map(like).into_iter().max_by(|(a, _), (b, _)| a.total_cmp(b));
    match best {
        Some((similarity, platform)) if similarity >= SIMILAR => {
            format!(", did you mean `{platform}`?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
