//! With the release's own certificate in the firmware, the image boots under Secure Boot, and a
//! UKI that is changed or unsigned does not.

use keelson_format::disk::Role;
use keelson_qemu_tests::board::ScratchDisk;
use keelson_qemu_tests::pe::Pe;
use keelson_qemu_tests::{Firmware, Machine, Setup, Tpm, variables};

use crate::{BOARD, BOOT, END, Outcome};

/// The words of firmware and loader for a program that is not signed by an enrolled key.
pub const DENIED: [&str; 4] =
    ["Access denied", "Access Denied", "Security violation", "Security Violation"];

const ESP: &str = Role::Esp.label();

/// A machine on `disk` whose firmware trusts the signer of the UKI alone.
fn enrolled(disk: &ScratchDisk, setup: Setup) -> Result<Setup, Box<dyn std::error::Error>> {
    let uki = std::fs::read(BOARD.artifacts.path("keelson.efi"))?;
    let certificate = Pe::parse(&uki)?.signer_certificate()?;
    let empty = BOARD.tools.path("usr/share/OVMF/OVMF_VARS_4M.fd");
    let store = disk.folder.path().join("variables.fd");
    variables::enrol(&empty, &store, &certificate)?;
    Ok(Setup { firmware: Firmware::SecureBoot(store), ..setup })
}

/// Boots a UKI changed by `change`, which gets the UKI and gives place and bytes to be written.
fn denied(name: &str, change: impl FnOnce(&[u8]) -> (usize, Vec<u8>)) -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let uki = std::fs::read(BOARD.artifacts.path("keelson.efi"))?;
    let start = disk.image.find(ESP, &uki[..4096], "UKI")?;
    assert!(disk.image.read(ESP, start, uki.len())? == uki, "the UKI is in one piece");
    let (at, bytes) = change(&uki);
    disk.image.write(ESP, start + at as u64, &bytes)?;
    let setup = enrolled(&disk, disk.setup(name))?;
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for_any(&DENIED, BOOT)?;
    let text: String = machine.lines().into_iter().map(|line| line.text + "\n").collect();
    assert!(!text.contains("Linux version"), "the kernel was started:\n{text}");
    Ok(())
}

#[test]
fn the_image_boots_with_secure_boot() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let mut setup = enrolled(&disk, disk.setup("secure-boot"))?;
    setup.tpm = Tpm::New;
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for("Secure boot enabled", BOOT)?;
    machine.wait_for("signature of /usr is good", BOOT)?;
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    machine.check_console(&[])?;
    Ok(())
}

#[test]
fn a_changed_uki_is_not_started() -> Outcome {
    denied("uki-changed", |uki| {
        let cmdline = uki.windows(8).position(|window| window == b"usrhash=");
        let at = cmdline.expect("the command line is in the UKI") + 8;
        (at, vec![uki[at] ^ 1])
    })
}

#[test]
fn an_unsigned_uki_is_not_started() -> Outcome {
    denied("uki-unsigned", |uki| {
        let entry = Pe::parse(uki).expect("the UKI is a PE image").certificate_entry();
        (entry, vec![0; 8])
    })
}
