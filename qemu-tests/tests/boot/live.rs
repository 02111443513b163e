//! The live medium boots as a CD and as a USB stick, by UEFI and by BIOS; `/` is in memory.

use std::path::{Path, PathBuf};

use keelson_format::disk::{Role, Slot};
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::disk::DiskImage;
use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::{Bus, Disk, Ending, Firmware, Machine, Setup, oci};

use crate::{BOARD, BOOT, END, IMPATIENT, Outcome};

/// Memory in MiB that a live boot with a container gets by with.
const SMALL: u32 = 320;

fn iso() -> PathBuf {
    let path = BOARD.artifacts.path("keelson.iso");
    assert!(path.is_file(), "make it: cargo xtask build-image --format iso");
    path
}

/// A machine with the live medium.
pub fn setup(name: &str, firmware: Firmware, bus: Bus) -> Setup {
    Setup { firmware, bus, memory_mib: 1024, ..Setup::new(name, &iso()) }
}

/// Waits until `/usr` is verified from `disk` and PID 1 has begun.
pub fn comes_up(machine: &mut Machine, disk: &str) -> Outcome {
    machine.wait_for(&format!("disk {disk}, slot A"), BOOT)?;
    machine.wait_for("/usr is verified and mounted", BOOT)?;
    machine.wait_for("live: / is in memory", BOOT)?;
    machine.wait_for("PID 1 of Keelson", BOOT)?;
    Ok(machine.check_console(&[])?)
}

fn boots(name: &str, firmware: Firmware, bus: Bus, disk: &str) -> Outcome {
    comes_up(&mut Machine::boot(&BOARD.tools, &setup(name, firmware, bus))?, disk)
}

#[test]
fn uefi_boots_from_a_usb_stick() -> Outcome {
    boots("live-uefi-usb", Firmware::Plain, Bus::Usb, "sda")
}

#[test]
fn bios_boots_from_a_cd() -> Outcome {
    boots("live-bios-cd", Firmware::Bios, Bus::AhciCd, "sr0")
}

#[test]
fn bios_boots_from_a_usb_stick() -> Outcome {
    boots("live-bios-usb", Firmware::Bios, Bus::Usb, "sda")
}

#[test]
fn uefi_boots_from_a_cd_on_ahci_and_in_little_memory_it_is_provisioned_and_runs_a_container()
-> Outcome {
    let script = format!(
        "ctr images import /var/lib/probe.tar\n\
         ctr run --rm {image} hello {program} one two\n\
         echo \"container $?\"\n\
         echo \"root $(stat -f -c %T /)\"\n\
         grep -E 'MemTotal|MemAvailable|Shmem:' /proc/meminfo\n\
         cat /run/keelson/boot.json\n\
         ls /dev/mapper\n\
         echo DONE\n",
        image = oci::NAME,
        program = oci::PROGRAM
    );
    let config = Config::new().file("/var/lib/probe.tar", 0o644, &BOARD.container_image);
    let config = config.script("live-test", "containerd.service", &script);
    let setup = setup("live-container", Firmware::Plain, Bus::AhciCd).ignition(&config);
    let setup = Setup { memory_mib: SMALL, processors: 2, ..setup };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    comes_up(&mut machine, "sr0")?;
    let expected = ["\"disk\": \"sr0\"", "\"usr\": \"/dev/dm-", "sr0p2"];
    ran_live_and_ends(&mut machine, &expected)
}

/// Waits until a container has run in a live host and the script has said all of this, then ends the host, whose console
/// must be clean.
pub fn ran_live_and_ends(machine: &mut Machine, expected: &[&str]) -> Outcome {
    machine.wait_for_result("DONE", BOOT)?;
    let results: String = machine.results().into_iter().map(|line| line.text + "\n").collect();
    let always = ["hello=from the container", "container 0", "root tmpfs", "\"live\": true"];
    for expected in always.iter().chain(expected) {
        assert!(results.contains(expected), "`{expected}` is not in\n{results}");
    }
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    machine.check_console(&[])?;
    Ok(())
}

#[test]
fn uefi_boots_from_a_cd_on_virtio_scsi_and_passes_over_a_disk_with_the_same_usr() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let mut setup = setup("live-beside-disk", Firmware::Plain, Bus::VirtioScsiCd);
    setup.more_disks.push(disk.image.path().to_owned());
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    comes_up(&mut machine, "sr0")?;
    let passed_over = "vda has the same /usr and is passed over for sr0";
    let lines = machine.lines();
    assert!(lines.iter().any(|line| line.text.contains(passed_over)), "{}", machine.log());
    Ok(())
}

/// Boots a medium changed by `change`: `message` must appear, and the machine must restart without
/// having reached PID 1.
fn refused(name: &str, bus: Bus, message: &str, change: impl Fn(&DiskImage) -> Outcome) -> Outcome {
    let folder = scratch()?;
    let path = folder.path().join("medium.iso");
    let medium = DiskImage::copy(&iso(), &path)?;
    change(&medium)?;
    let setup = Setup::new(name, Path::new("")).words(&IMPATIENT);
    let setup = Setup { disk: Disk::Raw(path), bus, ..setup };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for(message, BOOT)?;
    machine.expect_end(&Ending::Reset, END)?;
    let text: String = machine.lines().into_iter().map(|line| line.text + "\n").collect();
    assert!(!text.contains("PID 1 of Keelson"), "it went on:\n{text}");
    Ok(())
}

#[test]
fn a_damaged_usr_on_a_cd_is_refused() -> Outcome {
    let label = Role::UsrData(Slot::A).label();
    refused("live-usr", Bus::AhciCd, "is corrupted", |medium| Ok(medium.flip(label, 1500)?))
}

#[test]
fn an_erased_signature_on_a_stick_is_refused() -> Outcome {
    let label = Role::UsrSignature(Slot::A).label();
    let message = "REFUSED: sda4: the signature partition is empty";
    refused("live-sig", Bus::Usb, message, |medium| Ok(medium.write(label, 0, &[0; 4096])?))
}
