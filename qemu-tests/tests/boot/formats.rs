//! QEMU boots from every format of the disk that it reads itself, each attached to something else. Each is the base of
//! an overlay, so that QEMU's own driver of the format reads it.

use keelson_qemu_tests::{Bus, Firmware, Machine, Setup};

use crate::{BOARD, BOOT, END, Outcome};

/// Boots an artifact until PID 1 has begun, with `/usr` verified from a disk of this name, on the platform that the
/// artifact is for.
fn boots(
    (artifact, platform): (&str, &str),
    firmware: Firmware,
    (bus, disk): (Bus, &str),
) -> Result<Machine, Box<dyn std::error::Error>> {
    let setup = Setup::new(&format!("format-{artifact}"), &BOARD.artifacts.path(artifact));
    let mut machine = Machine::boot(&BOARD.tools, &Setup { firmware, bus, ..setup })?;
    machine.wait_for(&format!("keelson.platform={platform} "), BOOT)?;
    machine.wait_for(&format!("disk {disk}, slot A"), BOOT)?;
    machine.wait_for("/usr is verified and mounted", BOOT)?;
    Ok(machine)
}

/// Waits until PID 1 has begun.
fn comes_up(mut machine: Machine) -> Outcome {
    machine.wait_for("PID 1 of Keelson", BOOT)?;
    Ok(machine.check_console(&[])?)
}

/// Waits until the boot is complete, and ends it.
fn completes(mut machine: Machine) -> Outcome {
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    Ok(machine.check_console(&[])?)
}

#[test]
fn uefi_boots_from_qcow2_on_virtio_to_the_end() -> Outcome {
    completes(boots(("disk.qcow2", "qemu"), Firmware::Plain, (Bus::Virtio, "vda"))?)
}

/// Where the screen is `/dev/console`, the serial port still shows that the boot is complete; and a host that got no
/// configuration says what was not looked at.
#[test]
fn uefi_boots_from_vmdk_on_ahci_and_speaks_on_the_serial_port_beside_the_screen() -> Outcome {
    let mut machine = boots(("disk.vmdk", "vmware"), Firmware::Plain, (Bus::Ahci, "sda"))?;
    machine.wait_for("platform vmware: this release does not read the guestinfo", BOOT)?;
    completes(machine)
}

#[test]
fn uefi_boots_from_sparse_vmdk_on_virtio_scsi() -> Outcome {
    let artifact = ("disk-sparse.vmdk", "vmware");
    comes_up(boots(artifact, Firmware::Plain, (Bus::VirtioScsi, "sda"))?)
}

#[test]
fn uefi_boots_from_vhdx_on_nvme() -> Outcome {
    comes_up(boots(("disk.vhdx", "hyperv"), Firmware::Plain, (Bus::Nvme, "nvme0n1"))?)
}

#[test]
fn bios_boots_from_vhd_on_ahci() -> Outcome {
    comes_up(boots(("disk.vhd", "azure"), Firmware::Bios, (Bus::Ahci, "sda"))?)
}
