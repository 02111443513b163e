//! Disks that are cut off, as by a copy that was interrupted.

use keelson_format::disk::{Role, Slot};
use keelson_qemu_tests::{Ending, Machine};

use crate::{BOARD, BOOT, END, IMPATIENT, Outcome};

/// Boots a disk that ends in the middle of a partition.
fn refused(name: &str, role: Role) -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let partition = disk.image.extent(role.label())?;
    disk.image.resize(partition.start + partition.length / 2)?;
    let mut machine = Machine::boot(&BOARD.tools, &disk.setup(name).words(&IMPATIENT))?;
    let line = machine.wait_for("REFUSED: no disk has the usr data partition", BOOT)?;
    let whole = BOARD.artifacts.release.disk.size;
    assert!(line.contains("vda is cut off"), "{line}");
    assert!(line.contains(&format!("its partition table is for {whole} bytes")), "{line}");
    machine.expect_end(&Ending::Reset, END)?;
    Ok(())
}

#[test]
fn a_disk_that_ends_within_usr_is_refused() -> Outcome {
    refused("cut-in-usr", Role::UsrData(Slot::A))
}

#[test]
fn a_disk_that_ends_within_root_is_refused() -> Outcome {
    refused("cut-in-root", Role::Root)
}
