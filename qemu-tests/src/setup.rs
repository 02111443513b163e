//! What a machine is made of.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A machine to be booted. [`Setup::new`] gives the usual one; change its members as needed.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Name in messages.
    pub name: String,
    /// The disk that it boots from.
    pub disk: Disk,
    /// Further disks, raw files that are written to.
    pub more_disks: Vec<PathBuf>,
    /// The firmware.
    pub firmware: Firmware,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Number of processors.
    pub processors: u32,
    /// Files that the guest finds below `/sys/firmware/qemu_fw_cfg/by_name`.
    pub fw_cfg: Vec<FwCfg>,
    /// TCP ports of the guest that are reachable: see [`crate::Machine::port`].
    pub ports: Vec<u16>,
    /// Whether the guest reaches the world outside.
    pub network: Network,
    /// The TPM.
    pub tpm: Tpm,
    /// Where the serial ports lead.
    pub serial: Serial,
    /// What a restart of the guest does.
    pub on_reset: OnReset,
    /// What the guest's time follows.
    pub clock: Clock,
    /// The machine is killed when it has run this long.
    pub limit: Option<Duration>,
}

/// A disk.
#[derive(Debug, Clone)]
pub enum Disk {
    /// A raw image that is not changed: writes go to a file that is thrown away.
    Overlay {
        /// The image.
        base: PathBuf,
        /// Size of the disk in bytes; `None` is that of the image.
        size: Option<u64>,
    },
    /// A raw image that is changed.
    Raw(PathBuf),
}

/// OVMF, and where its variables are.
#[derive(Debug, Clone)]
pub enum Firmware {
    /// Without Secure Boot, with new variables.
    Plain,
    /// With Secure Boot and the variables in this file, which is written to. See
    /// [`crate::variables`].
    SecureBoot(PathBuf),
}

/// An entry of QEMU's firmware configuration device.
#[derive(Debug, Clone)]
pub struct FwCfg {
    /// Its name, as in `opt/com.coreos/config`.
    pub name: String,
    /// Its content. The kernel's reads are quadratic in its length: keep it below 100 kB.
    pub content: Vec<u8>,
}

/// What the guest's network card is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// DHCP and forwarded ports, and nothing outside.
    Isolated,
    /// What this user reaches.
    Outside,
}

/// The TPM 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tpm {
    /// None.
    Absent,
    /// A new one.
    New,
    /// The one whose state is in this folder.
    Kept(PathBuf),
}

/// Where the serial ports lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serial {
    /// The first, the console, into this file, whose folder is made, and to
    /// [`crate::Machine::wait_for`]. The second to [`crate::Machine::wait_for_result`].
    Log(PathBuf),
    /// The first to the terminal of this process; `Ctrl-A X` ends the machine. There is no second.
    Terminal,
}

/// What a restart of the guest does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnReset {
    /// It ends the machine.
    End,
    /// The guest boots again.
    Boot,
}

/// What the guest's time follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The host's clock.
    Host,
    /// The count of instructions (`-icount shift=1,sleep=off`): one processor of an old model,
    /// translated, and QEMU's CPU seconds repeat whatever else the host does.
    Instructions,
}

impl Setup {
    /// A machine with two processors and 2 GiB of memory that boots `image` without changing it
    /// and logs to `target/qemu-tests/NAME.log`.
    pub fn new(name: &str, image: &Path) -> Self {
        Self {
            name: name.to_owned(),
            disk: Disk::Overlay { base: image.to_owned(), size: None },
            more_disks: Vec::new(),
            firmware: Firmware::Plain,
            memory_mib: 2048,
            processors: 2,
            fw_cfg: Vec::new(),
            ports: Vec::new(),
            network: Network::Isolated,
            tpm: Tpm::Absent,
            serial: Serial::Log(log_folder().join(format!("{name}.log"))),
            on_reset: OnReset::End,
            clock: Clock::Host,
            limit: Some(Duration::from_mins(5)),
        }
    }

    /// Adds an Ignition configuration where Ignition's QEMU platform has it.
    #[must_use]
    pub fn ignition(mut self, config: &crate::ignition::Config) -> Self {
        let content = config.to_json().into_bytes();
        self.fw_cfg.push(FwCfg { name: "opt/com.coreos/config".to_owned(), content });
        self
    }
}

/// Where the logs of the boot tests are kept.
pub fn log_folder() -> PathBuf {
    crate::artifacts::workspace().join("target/qemu-tests")
}
