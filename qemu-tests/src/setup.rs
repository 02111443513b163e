//! What a machine is made of.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A machine to be booted. [`Setup::new`] gives the usual one; change its members as needed.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Name in messages.
    pub name: String,
    /// QEMU's program; `None` is that of the SDK.
    pub program: Option<PathBuf>,
    /// The disk that it boots from.
    pub disk: Disk,
    /// What that disk is attached to.
    pub bus: Bus,
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
    /// Credentials of the firmware, by name (systemd.system-credentials(7), SMBIOS type 11).
    pub credentials: Vec<(String, Vec<u8>)>,
    /// Words that the machine's SMBIOS adds to the kernel's command line, as a hypervisor's operator does
    /// (systemd-stub(7), `io.systemd.stub.kernel-cmdline-extra`). UEFI without Secure Boot alone.
    pub kernel_words: Vec<String>,
    /// TCP ports of the guest that are reachable: see [`crate::Machine::port`].
    pub ports: Vec<u16>,
    /// Whether the guest reaches the world outside.
    pub network: Network,
    /// What the network offers to boot from, where the firmware is to ask it first.
    pub network_boot: Option<NetworkBoot>,
    /// The TPM.
    pub tpm: Tpm,
    /// The watchdog.
    pub watchdog: Watchdog,
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
    /// An image that is not changed: writes go to a file that is thrown away. It is raw, unless its name
    /// ends in `.qcow2`, `.vmdk`, `.vhd` or `.vhdx`.
    Overlay {
        /// The image.
        base: PathBuf,
        /// Size of the disk in bytes; `None` is that of the image.
        size: Option<u64>,
    },
    /// A raw image that is changed.
    Raw(PathBuf),
    /// None.
    Absent,
}

/// What a disk is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    /// `virtio-blk`.
    Virtio,
    /// A controller of its own, `nvme`.
    Nvme,
    /// SATA: `ahci`.
    Ahci,
    /// `virtio-scsi`.
    VirtioScsi,
    /// A CD drive on `ahci`.
    AhciCd,
    /// A CD drive on `virtio-scsi`.
    VirtioScsiCd,
    /// A stick on `qemu-xhci`.
    Usb,
}

/// The firmware, and where OVMF's variables are.
#[derive(Debug, Clone)]
pub enum Firmware {
    /// SeaBIOS, on a machine of its time.
    Bios,
    /// Without Secure Boot, with new variables.
    Plain,
    /// Without Secure Boot, with the variables in this file, which is written to.
    Kept(PathBuf),
    /// With Secure Boot and the variables in this file, which is written to. See
    /// [`crate::variables`].
    SecureBoot(PathBuf),
}

/// What DHCP and TFTP of the machine's network offer to a firmware that boots from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkBoot {
    /// The folder that TFTP gives out.
    pub tftp: PathBuf,
    /// The boot file that DHCP names: a path below the folder, or what iPXE takes too, a URL.
    pub file: String,
    /// Who fetches it.
    pub client: NetworkClient,
}

impl NetworkBoot {
    /// Where the network card is on the PCI bus.
    pub const SLOT: u8 = 0x1e;
    /// Its hardware address, the one that QEMU gives the first card.
    pub const ADDRESS: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
}

/// The program that fetches a boot file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkClient {
    /// iPXE in the ROM of the network card.
    Ipxe,
    /// The firmware's own.
    Firmware,
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

/// The hardware watchdog, which resets the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watchdog {
    /// What the chipset has: the TCO timer of UEFI's machine, none of SeaBIOS's.
    Chipset,
    /// A card besides, `i6300esb`.
    Card,
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
    /// A machine with one processor and 2 GiB of memory that boots `image` without changing it and logs to
    /// `target/qemu-tests/NAME.log`. A second processor makes a boot a third dearer where QEMU translates.
    pub fn new(name: &str, image: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: None,
            disk: Disk::Overlay { base: image.to_owned(), size: None },
            bus: Bus::Virtio,
            more_disks: Vec::new(),
            firmware: Firmware::Plain,
            memory_mib: 2048,
            processors: 1,
            fw_cfg: Vec::new(),
            credentials: Vec::new(),
            kernel_words: Vec::new(),
            ports: Vec::new(),
            network: Network::Isolated,
            network_boot: None,
            tpm: Tpm::Absent,
            watchdog: Watchdog::Chipset,
            serial: Serial::Log(log_folder().join(format!("{name}.log"))),
            on_reset: OnReset::End,
            clock: Clock::Host,
            limit: Some(Duration::from_mins(5)),
        }
    }

    /// Adds words to the kernel's command line: see [`Setup::kernel_words`].
    #[must_use]
    pub fn words(mut self, words: &[&str]) -> Self {
        self.kernel_words.extend(words.iter().map(|&word| word.to_owned()));
        self
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
