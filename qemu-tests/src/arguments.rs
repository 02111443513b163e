//! The arguments of QEMU.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::accelerator::Accelerator;
use crate::setup::{
    Bus, Clock, Disk, Firmware, Network, NetworkBoot, NetworkClient, OnReset, Serial, Setup,
    Watchdog,
};

/// Files that are made for one run.
#[derive(Debug)]
pub(crate) struct Files {
    /// OVMF; none where SeaBIOS, which QEMU has, is the firmware.
    pub(crate) flash: Option<Flash>,
    /// The overlay, where the disk has one.
    pub(crate) overlay: PathBuf,
    /// The control socket.
    pub(crate) qmp: PathBuf,
    /// The socket of the second serial port.
    pub(crate) results: PathBuf,
    /// The TPM's control socket, where there is one.
    pub(crate) tpm: Option<PathBuf>,
    /// The file of each fw_cfg entry.
    pub(crate) fw_cfg: Vec<PathBuf>,
}

/// The two parts of OVMF.
#[derive(Debug)]
pub(crate) struct Flash {
    pub(crate) code: PathBuf,
    pub(crate) variables: PathBuf,
}

/// Keeps a translated guest's kernel from giving up its boot where a busy host lets timer interrupts be late. That of a
/// hypervisor that it knows does not look either.
const NO_TIMER_CHECK: &str = "no_timer_check";

/// A file name as a value in one of QEMU's lists, where a comma is written twice.
fn file(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

/// The arguments for `setup` with the files of this run.
pub(crate) fn arguments(setup: &Setup, files: &Files, accelerator: Accelerator) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |name: &str, value: String| all.extend([format!("-{name}"), value]);
    let secure_boot = matches!(setup.firmware, Firmware::SecureBoot(_));
    let counted = setup.clock == Clock::Instructions;
    let (accel, cpu) = match accelerator {
        // A processor that draws random numbers would end the count.
        _ if counted => ("tcg,thread=single", "Nehalem,-rdrand"),
        other => other.names(),
    };
    let processors = if counted { 1 } else { setup.processors };
    add("accel", accel.to_owned());
    add(
        "machine",
        match setup.firmware {
            Firmware::Bios => "pc".to_owned(),
            _ => format!("q35,smm={}", if secure_boot { "on" } else { "off" }),
        },
    );
    add("cpu", cpu.to_owned());
    add("smp", processors.to_string());
    add("m", format!("{}M", setup.memory_mib));
    if counted {
        add("icount", "shift=1,sleep=off".to_owned());
        add("rtc", "base=2026-01-01T00:00:00,clock=vm".to_owned());
    }
    add("display", "none".to_owned());
    if let Some(Flash { code, variables }) = &files.flash {
        let flash = "if=pflash,format=raw";
        add("drive", format!("{flash},unit=0,readonly=on,file={}", file(code)));
        add("drive", format!("{flash},unit=1,file={}", file(variables)));
    }
    if secure_boot {
        add("global", "driver=cfi.pflash01,property=secure,value=on".to_owned());
        add("global", "ICH9-LPC.disable_s3=1".to_owned());
    }
    let first = match &setup.disk {
        Disk::Overlay { .. } => Some(("qcow2", &files.overlay)),
        Disk::Raw(path) => Some(("raw", path)),
        Disk::Absent => None,
    };
    for (i, (format, path)) in
        first.into_iter().chain(setup.more_disks.iter().map(|path| ("raw", path))).enumerate()
    {
        let drive = format!("if=none,id=disk{i},cache=unsafe,discard=unmap,detect-zeroes=unmap");
        add("drive", format!("{drive},format={format},file={}", file(path)));
        let bus = if i == 0 { setup.bus } else { Bus::Virtio };
        for device in on_bus(bus, i) {
            add("device", device);
        }
    }
    add("netdev", network(setup));
    add("device", network_card(setup.network_boot.as_ref()));
    add("device", "virtio-rng-pci".to_owned());
    if let Some(socket) = &files.tpm {
        add("chardev", format!("socket,id=tpm0,path={}", file(socket)));
        add("tpmdev", "emulator,id=tpm0,chardev=tpm0".to_owned());
        add("device", "tpm-crb,tpmdev=tpm0".to_owned());
    }
    if setup.watchdog == Watchdog::Card {
        add("device", "i6300esb".to_owned());
    }
    for (entry, path) in setup.fw_cfg.iter().zip(&files.fw_cfg) {
        add("fw_cfg", format!("name={},file={}", entry.name, file(path)));
    }
    let mut words = setup.kernel_words.clone();
    if accelerator == Accelerator::Tcg && !counted {
        words.push(NO_TIMER_CHECK.to_owned());
    }
    if !words.is_empty() {
        let words = words.join(" ").replace(',', ",,");
        add("smbios", format!("type=11,value=io.systemd.stub.kernel-cmdline-extra={words}"));
    }
    for (name, content) in &setup.credentials {
        let content = BASE64.encode(content);
        add("smbios", format!("type=11,value=io.systemd.credential.binary:{name}={content}"));
    }
    add("qmp", format!("unix:{}", file(&files.qmp)));
    match setup.serial {
        Serial::Log(_) => {
            add("serial", "stdio".to_owned());
            add("serial", format!("unix:{}", file(&files.results)));
        }
        Serial::Terminal => add("serial", "mon:stdio".to_owned()),
    }
    all.extend(["-nodefaults".to_owned(), "-no-user-config".to_owned()]);
    if setup.on_reset == OnReset::End {
        all.push("-no-reboot".to_owned());
    }
    all
}

/// The devices of disk `i`: its controller, where it needs one, and the disk.
fn on_bus(bus: Bus, i: usize) -> Vec<String> {
    let disk = format!("drive=disk{i},bootindex={}", i + 1);
    match bus {
        Bus::Virtio => vec![format!("virtio-blk-pci,{disk}")],
        Bus::Nvme => vec![format!("nvme,serial=disk{i},{disk}")],
        Bus::Ahci => vec!["ahci,id=bus0".to_owned(), format!("ide-hd,bus=bus0.0,{disk}")],
        Bus::VirtioScsi => {
            vec!["virtio-scsi-pci,id=bus0".to_owned(), format!("scsi-hd,bus=bus0.0,{disk}")]
        }
        Bus::AhciCd => vec!["ahci,id=bus0".to_owned(), format!("ide-cd,bus=bus0.0,{disk}")],
        Bus::VirtioScsiCd => {
            vec!["virtio-scsi-pci,id=bus0".to_owned(), format!("scsi-cd,bus=bus0.0,{disk}")]
        }
        Bus::Usb => vec!["qemu-xhci,id=bus0".to_owned(), format!("usb-storage,bus=bus0.0,{disk}")],
    }
}

/// QEMU's user network, with its DHCP, TFTP and forwarded ports.
fn network(setup: &Setup) -> String {
    let restrict = match setup.network {
        Network::Isolated => "on",
        Network::Outside => "off",
    };
    let mut network = format!("user,id=net0,restrict={restrict}");
    network.extend(setup.ports.iter().map(|port| format!(",hostfwd=tcp:127.0.0.1:0-:{port}")));
    if let Some(boot) = &setup.network_boot {
        network.extend([",tftp=", &file(&boot.tftp), ",bootfile=", &boot.file.replace(',', ",,")]);
    }
    network
}

/// The network card: first in the order of boot devices where the machine boots from it.
fn network_card(boot: Option<&NetworkBoot>) -> String {
    let card = "virtio-net-pci,netdev=net0";
    let at = format!("addr={:#x},bootindex=0", NetworkBoot::SLOT);
    match boot.map(|boot| boot.client) {
        None => format!("{card},romfile="),
        Some(NetworkClient::Firmware) => format!("{card},{at},romfile="),
        Some(NetworkClient::Ipxe) => format!("{card},{at}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(setup: &Setup) -> String {
        let files = Files {
            flash: Some(Flash { code: "code".into(), variables: "vars".into() }),
            overlay: "over,lay".into(),
            qmp: "qmp".into(),
            results: "results".into(),
            tpm: None,
            fw_cfg: vec!["blob".into()],
        };
        arguments(setup, &files, Accelerator::Tcg).join(" ")
    }

    #[test]
    fn every_member_of_a_setup_reaches_qemu() {
        let mut setup = Setup::new("x", Path::new("image"));
        setup.ports = vec![22, 80];
        setup.fw_cfg.push(crate::FwCfg { name: "opt/a".into(), content: Vec::new() });
        setup.credentials.push(("c".to_owned(), b"word".to_vec()));
        setup.more_disks.push("second".into());
        setup.kernel_words = vec!["a=b,c".into(), "d".into()];
        setup.watchdog = Watchdog::Card;
        setup.processors = 3;
        let text = text(&setup);
        for part in [
            "-machine q35,smm=off ",
            "-cpu max ",
            "-smp 3 -m 2048M ",
            "format=qcow2,file=over,,lay ",
            "format=raw,file=second ",
            "virtio-blk-pci,drive=disk1,bootindex=2 ",
            "restrict=on,hostfwd=tcp:127.0.0.1:0-:22,hostfwd=tcp:127.0.0.1:0-:80 ",
            "-device i6300esb ",
            "-fw_cfg name=opt/a,file=blob ",
            "-smbios type=11,value=io.systemd.stub.kernel-cmdline-extra=a=b,,c d no_timer_check ",
            "-smbios type=11,value=io.systemd.credential.binary:c=d29yZA== ",
            "-serial stdio -serial unix:results ",
            "-no-reboot",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn the_first_disk_may_be_on_another_bus() {
        let mut setup = Setup::new("x", Path::new("image"));
        setup.more_disks.push("second".into());
        for (bus, device) in [
            (Bus::Nvme, "-device nvme,serial=disk0,drive=disk0,bootindex=1 "),
            (Bus::Ahci, "-device ahci,id=bus0 -device ide-hd,bus=bus0.0,drive=disk0,bootindex=1 "),
            (Bus::VirtioScsi, "-device scsi-hd,bus=bus0.0,drive=disk0,bootindex=1 "),
            (Bus::AhciCd, "-device ide-cd,bus=bus0.0,drive=disk0,bootindex=1 "),
            (Bus::VirtioScsiCd, "-device scsi-cd,bus=bus0.0,drive=disk0,bootindex=1 "),
            (Bus::Usb, "-device usb-storage,bus=bus0.0,drive=disk0,bootindex=1 "),
        ] {
            setup.bus = bus;
            let text = text(&setup);
            assert!(text.contains(device), "{device} is not in {text}");
            assert!(text.contains("virtio-blk-pci,drive=disk1,bootindex=2 "), "{text}");
        }
    }

    #[test]
    fn a_machine_that_boots_from_the_network_asks_it_first() {
        let mut setup = Setup::new("x", Path::new("image"));
        setup.disk = Disk::Absent;
        let tftp = "tftp".into();
        let (file, client) = ("http://x/y".to_owned(), NetworkClient::Ipxe);
        setup.network_boot = Some(NetworkBoot { tftp, file, client });
        let with_ipxe = text(&setup);
        for part in [
            "restrict=on,tftp=tftp,bootfile=http://x/y ",
            "-device virtio-net-pci,netdev=net0,addr=0x1e,bootindex=0 ",
        ] {
            assert!(with_ipxe.contains(part), "{part} is not in {with_ipxe}");
        }
        assert!(!with_ipxe.contains("disk0"), "{with_ipxe}");
    }

    #[test]
    fn a_counted_machine_has_one_translated_processor() {
        let mut setup = Setup::new("x", Path::new("image"));
        setup.clock = Clock::Instructions;
        let text = text(&setup);
        for part in ["-accel tcg,thread=single ", "-smp 1 ", "-icount shift=1,sleep=off "] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn secure_boot_protects_the_variables_from_the_guest() {
        let mut setup = Setup::new("x", Path::new("image"));
        setup.firmware = Firmware::SecureBoot("vars".into());
        setup.on_reset = OnReset::Boot;
        let text = text(&setup);
        assert!(text.contains("smm=on") && text.contains("property=secure,value=on"), "{text}");
        assert!(!text.contains("-no-reboot"), "{text}");
    }
}
