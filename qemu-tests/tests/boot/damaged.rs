//! Disks that are cut off.

use keelson_format::disk::{Role, Slot};
use keelson_qemu_tests::{Ending, Machine};

use crate::{BOARD, BOOT, END, Outcome};

#[test]
fn a_disk_that_ends_within_usr_is_refused() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let usr = disk.image.extent(Role::UsrData(Slot::A).label())?;
    let used = BOARD.artifacts.release.usr.data_size;
    disk.image.resize(usr.start + used / 2)?;
    let mut machine = Machine::boot(&BOARD.tools, &disk.setup("cut-in-usr"))?;
    let (_, line) = machine.wait_for_any(&["cut off"], BOOT)?;
    machine.expect_end(&Ending::Reset, END)?;
    assert!(!line.is_empty());
    Ok(())
}

#[test]
fn a_disk_that_ends_within_root_is_refused_or_survived_with_words() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let root = disk.image.extent(Role::Root.label())?;
    disk.image.resize(root.start + root.length / 2)?;
    let mut machine = Machine::boot(&BOARD.tools, &disk.setup("cut-in-root"))?;
    let patterns = ["REFUSED", "boot complete in"];
    let (found, line) = machine.wait_for_any(&patterns, BOOT)?;
    if found == 0 {
        assert!(line.contains("cut off") || line.contains("ROOT"), "{line}");
        machine.expect_end(&Ending::Reset, END)?;
    } else {
        machine.power_off(END)?;
    }
    Ok(())
}
