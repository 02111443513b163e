//! The disk boots by UEFI and by BIOS whatever it is attached to.

use keelson_qemu_tests::{Bus, Firmware, Machine, Setup};

use crate::{BOARD, BOOT, Outcome};

/// Boots until PID 1 has begun, with `/usr` verified from a disk of this name.
fn boots(name: &str, firmware: Firmware, bus: Bus, disk: &str) -> Outcome {
    let setup = Setup { firmware, bus, ..BOARD.setup(name) };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for(&format!("disk {disk}, slot A"), BOOT)?;
    machine.wait_for("/usr is verified and mounted", BOOT)?;
    machine.wait_for("PID 1 of Keelson", BOOT)?;
    machine.check_console(&[])?;
    Ok(())
}

#[test]
fn uefi_boots_from_nvme() -> Outcome {
    boots("uefi-nvme", Firmware::Plain, Bus::Nvme, "nvme0n1")
}

#[test]
fn uefi_boots_from_ahci() -> Outcome {
    boots("uefi-ahci", Firmware::Plain, Bus::Ahci, "sda")
}

#[test]
fn uefi_boots_from_virtio_scsi() -> Outcome {
    boots("uefi-virtio-scsi", Firmware::Plain, Bus::VirtioScsi, "sda")
}

#[test]
fn bios_boots_from_nvme() -> Outcome {
    boots("bios-nvme", Firmware::Bios, Bus::Nvme, "nvme0n1")
}

#[test]
fn bios_boots_from_ahci() -> Outcome {
    boots("bios-ahci", Firmware::Bios, Bus::Ahci, "sda")
}

#[test]
fn bios_boots_from_virtio_scsi() -> Outcome {
    boots("bios-virtio-scsi", Firmware::Bios, Bus::VirtioScsi, "sda")
}
