//! The arguments of QEMU.

use std::path::{Path, PathBuf};

use crate::accelerator::Accelerator;
use crate::setup::{Clock, Disk, Firmware, Network, OnReset, Serial, Setup};

/// Files that are made for one run.
#[derive(Debug)]
pub(crate) struct Files {
    /// OVMF's code.
    pub(crate) code: PathBuf,
    /// OVMF's variables.
    pub(crate) variables: PathBuf,
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
    add("machine", format!("q35,smm={}", if secure_boot { "on" } else { "off" }));
    add("cpu", cpu.to_owned());
    add("smp", processors.to_string());
    add("m", format!("{}M", setup.memory_mib));
    if counted {
        add("icount", "shift=1,sleep=off".to_owned());
        add("rtc", "base=2026-01-01T00:00:00,clock=vm".to_owned());
    }
    add("display", "none".to_owned());
    let flash = "if=pflash,format=raw";
    add("drive", format!("{flash},unit=0,readonly=on,file={}", file(&files.code)));
    add("drive", format!("{flash},unit=1,file={}", file(&files.variables)));
    if secure_boot {
        add("global", "driver=cfi.pflash01,property=secure,value=on".to_owned());
        add("global", "ICH9-LPC.disable_s3=1".to_owned());
    }
    let (format, path) = match &setup.disk {
        Disk::Overlay { .. } => ("qcow2", &files.overlay),
        Disk::Raw(path) => ("raw", path),
    };
    for (i, (format, path)) in std::iter::once((format, path))
        .chain(setup.more_disks.iter().map(|path| ("raw", path)))
        .enumerate()
    {
        let drive = format!("if=none,id=disk{i},cache=unsafe,discard=unmap,detect-zeroes=unmap");
        add("drive", format!("{drive},format={format},file={}", file(path)));
        add("device", format!("virtio-blk-pci,drive=disk{i},bootindex={}", i + 1));
    }
    let restrict = match setup.network {
        Network::Isolated => "on",
        Network::Outside => "off",
    };
    let forwards = setup.ports.iter().map(|port| format!(",hostfwd=tcp:127.0.0.1:0-:{port}"));
    add("netdev", format!("user,id=net0,restrict={restrict}{}", forwards.collect::<String>()));
    add("device", "virtio-net-pci,netdev=net0,romfile=".to_owned());
    add("device", "virtio-rng-pci".to_owned());
    if let Some(socket) = &files.tpm {
        add("chardev", format!("socket,id=tpm0,path={}", file(socket)));
        add("tpmdev", "emulator,id=tpm0,chardev=tpm0".to_owned());
        add("device", "tpm-crb,tpmdev=tpm0".to_owned());
    }
    for (entry, path) in setup.fw_cfg.iter().zip(&files.fw_cfg) {
        add("fw_cfg", format!("name={},file={}", entry.name, file(path)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(setup: &Setup) -> String {
        let files = Files {
            code: "code".into(),
            variables: "vars".into(),
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
        setup.more_disks.push("second".into());
        let text = text(&setup);
        for part in [
            "-machine q35,smm=off ",
            "-cpu max ",
            "-smp 2 -m 2048M ",
            "format=qcow2,file=over,,lay ",
            "format=raw,file=second ",
            "virtio-blk-pci,drive=disk1,bootindex=2 ",
            "restrict=on,hostfwd=tcp:127.0.0.1:0-:22,hostfwd=tcp:127.0.0.1:0-:80 ",
            "-fw_cfg name=opt/a,file=blob ",
            "-serial stdio -serial unix:results ",
            "-no-reboot",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
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
