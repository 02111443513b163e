//! The disk boots by BIOS whatever it is attached to. By UEFI, and from AHCI, the [formats](crate::formats) do.

use keelson_qemu_tests::{Bus, Firmware, Machine, Setup};

use crate::{BOARD, BOOT, Outcome};

/// Boots until PID 1 has begun, with `/usr` verified from a disk of this name.
fn bios_boots(name: &str, bus: Bus, disk: &str) -> Outcome {
    let setup = Setup { firmware: Firmware::Bios, bus, ..BOARD.setup(name) };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for(&format!("disk {disk}, slot A"), BOOT)?;
    machine.wait_for("/usr is verified and mounted", BOOT)?;
    machine.wait_for("PID 1 of Keelson", BOOT)?;
    machine.check_console(&[])?;
    Ok(())
}

#[test]
fn bios_boots_from_nvme() -> Outcome {
    bios_boots("bios-nvme", Bus::Nvme, "nvme0n1")
}

#[test]
fn bios_boots_from_virtio_scsi() -> Outcome {
    bios_boots("bios-virtio-scsi", Bus::VirtioScsi, "sda")
}
