//! QEMU boots from every format of the disk that it reads itself. Each is the base of an overlay, so that QEMU's own
//! driver of the format reads it.

use keelson_qemu_tests::{Machine, Setup};

use crate::{BOARD, BOOT, END, Outcome};

/// Boots an artifact until the initramfs has verified `/usr` and found the platform that it is for.
fn boots(
    name: &str,
    artifact: &str,
    platform: &str,
) -> Result<Machine, Box<dyn std::error::Error>> {
    let setup = Setup::new(name, &BOARD.artifacts.path(artifact));
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for(&format!("keelson.platform={platform} "), BOOT)?;
    machine.wait_for("/usr is verified and mounted", BOOT)?;
    Ok(machine)
}

#[test]
fn qcow2_boots_to_the_end() -> Outcome {
    let mut machine = boots("qcow2", "disk.qcow2", "qemu")?;
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    machine.check_console(&[])?;
    Ok(())
}

#[test]
fn vmdk_boots() -> Outcome {
    boots("vmdk", "disk.vmdk", "vmware")?;
    Ok(())
}

#[test]
fn sparse_vmdk_boots() -> Outcome {
    boots("vmdk-sparse", "disk-sparse.vmdk", "vmware")?;
    Ok(())
}

#[test]
fn vhd_boots() -> Outcome {
    boots("vhd", "disk.vhd", "azure")?;
    Ok(())
}

#[test]
fn vhdx_boots() -> Outcome {
    boots("vhdx", "disk.vhdx", "hyperv")?;
    Ok(())
}
