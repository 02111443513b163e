//! Boot on BIOS, and what it shares with UEFI: tries, fall-back, blessing.

use keelson_format::bios::{self, Environment};
use keelson_format::uki::{self, Tries, UkiName};
use keelson_format::version::{TRIES, Version};
use keelson_qemu_tests::board::ScratchDisk;
use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::{Firmware, Machine, OnReset, Setup, oci};

use crate::{BOARD, BOOT, END, IMPATIENT, Outcome, esp};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Where the container's image is put.
const ARCHIVE: &str = "/var/lib/probe.tar";

fn version() -> &'static Version {
    &BOARD.artifacts.release.version
}

/// A version that every loader takes for newer than any we build.
fn newer() -> Version {
    let text = version().as_str();
    format!("9{}", &text[1..]).parse().expect("a digit for another")
}

fn uki_names(disk: &ScratchDisk) -> Result<Vec<String>> {
    let prefix = format!("{}/", uki::FOLDER);
    let files = esp::files(disk)?;
    let mut names: Vec<String> = files
        .iter()
        .filter_map(|(path, _)| path.strip_prefix(&prefix))
        .map(str::to_owned)
        .collect();
    names.sort();
    Ok(names)
}

fn environment(disk: &ScratchDisk) -> Result<Environment> {
    let files = esp::files(disk)?;
    let found = files.iter().find(|(path, _)| path == bios::ENVIRONMENT_PATH);
    Ok(Environment::parse(&found.ok_or("no environment")?.1)?)
}

/// Puts a newer UKI beside the one that is there, whose `/usr` is on no disk.
fn add_broken(disk: &ScratchDisk) -> Outcome {
    let (old, new) = (version().to_string(), newer());
    let hash = BOARD.artifacts.release.usr.root_hash.to_string();
    let digit = if hash.starts_with('0') { "1" } else { "0" };
    let other_hash = format!("{digit}{}", &hash[1..]);
    esp::rewrite(disk, |files| {
        let path = format!("{}/{}", uki::FOLDER, version().uki_name());
        let at = files.iter().position(|(found, _)| *found == path).expect("the built UKI");
        // Good, so that only the newer one is counted.
        let good = UkiName { version: version().clone(), tries: Tries::Good, done: 0 };
        files[at].0 = format!("{}/{good}", uki::FOLDER);
        let mut image = files[at].1.clone();
        let names = [".osrel", ".cmdline", ".linux", ".initrd"];
        let [osrel, cmdline, linux, initrd] = bios::sections(&image, names).expect("a UKI");
        for section in [osrel, cmdline] {
            let start = usize::try_from(section.offset).expect("small");
            let end = start + usize::try_from(section.bytes).expect("small");
            let text = String::from_utf8_lossy(&image[start..end]).into_owned();
            let changed = text.replace(&old, new.as_str()).replace(&hash, &other_hash);
            image[start..end].copy_from_slice(changed.as_bytes());
        }
        let cmdline = format!(
            "usrhash={other_hash} keelson.version={new} keelson.board=amd64-usr \
             keelson.verity=panic console=ttyS0,115200n8 {}",
            IMPATIENT.join(" ")
        );
        let entry = bios::entry(linux, initrd, &cmdline).expect("an entry");
        files.push((format!("{}/{}", uki::FOLDER, new.uki_name()), image));
        files.push((bios::entry_path(&new), entry.into_bytes()));
        let environment =
            Environment::new([(new, Tries::Left(TRIES)), (version().clone(), Tries::Good)]);
        let block = files.iter_mut().find(|(path, _)| path == bios::ENVIRONMENT_PATH);
        block.expect("the environment").1 = environment.to_bytes();
    })
}

/// Boots a disk with a broken newer UKI: it must be tried three times, then the other must come up, and
/// both loaders must know it.
fn falls_back(name: &str, firmware: Firmware) -> Result<ScratchDisk> {
    let disk = BOARD.scratch_disk()?;
    add_broken(&disk)?;
    // On BIOS these are in the entry.
    let setup = disk.setup(name).words(&IMPATIENT);
    // It boots four times.
    let limit = Some(BOOT * 3);
    let setup = Setup { firmware, on_reset: OnReset::Boot, limit, ..setup };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    for _ in 0..TRIES {
        machine.wait_for("REFUSED: no disk has the usr data partition GUID", BOOT)?;
    }
    machine.wait_for("boot complete in", BOOT)?;
    machine.wait_for_any(&["as another boot left it", "environment is up to date"], BOOT)?;
    machine.power_off(END)?;
    let good = UkiName { version: version().clone(), tries: Tries::Good, done: 0 };
    let bad = UkiName { version: newer(), tries: Tries::Left(0), done: TRIES };
    let mut names = [good.to_string(), bad.to_string()];
    names.sort();
    assert_eq!(uki_names(&disk)?, names);
    let expected = Environment::new([(newer(), Tries::Left(0)), (version().clone(), Tries::Good)]);
    assert_eq!(environment(&disk)?, expected);
    Ok(disk)
}

#[test]
fn a_disk_boots_by_bios_runs_a_container_and_is_blessed_for_both_firmwares() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let script = format!(
        "ctr images import {ARCHIVE}\n\
         ctr run --rm {} hello /probe one two\n\
         if [ -d /sys/firmware/efi ]; then echo firmware=UEFI; else echo firmware=BIOS; fi\n\
         echo DONE\n",
        oci::NAME
    );
    let config = Config::new().file(ARCHIVE, 0o644, &BOARD.container_image).script(
        "bios-test",
        "containerd.service",
        &script,
    );
    let setup = Setup { firmware: Firmware::Bios, ..disk.setup("bios") }.ignition(&config);
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for("Starting Keelson", BOOT)?;
    machine.wait_for_result("DONE", BOOT)?;
    let results: Vec<String> = machine.results().into_iter().map(|line| line.text).collect();
    for line in ["PROBE hello=from the container", "firmware=BIOS"] {
        assert!(results.iter().any(|found| found == line), "{line} is not in {results:#?}");
    }
    machine.wait_for("boot complete in", BOOT)?;
    machine.wait_for("blessed: keelson_", BOOT)?;
    machine.wait_for("environment is up to date", BOOT)?;
    machine.power_off(END)?;
    machine.check_console(&[])?;
    let good = UkiName { version: version().clone(), tries: Tries::Good, done: 0 };
    assert_eq!(uki_names(&disk)?, [good.to_string()]);
    assert_eq!(environment(&disk)?, Environment::new([(version().clone(), Tries::Good)]));

    // The same disk in a machine with UEFI, and nothing is left to write there.
    let setup = disk.setup("bios-then-uefi");
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for("boot complete in", BOOT)?;
    machine.wait_for("there is nothing to bless", BOOT)?;
    Ok(machine.power_off(END)?)
}

#[test]
fn what_does_not_come_up_on_bios_is_tried_three_times_and_not_on_uefi_again() -> Outcome {
    let disk = falls_back("bios-falls-back", Firmware::Bios)?;
    let mut machine = Machine::boot(&BOARD.tools, &disk.setup("bios-fell-back"))?;
    machine.wait_for("boot complete in", BOOT)?;
    Ok(machine.power_off(END)?)
}

#[test]
fn what_does_not_come_up_on_uefi_is_tried_three_times_and_not_on_bios_again() -> Outcome {
    let disk = falls_back("uefi-falls-back", Firmware::Plain)?;
    let setup = Setup { firmware: Firmware::Bios, ..disk.setup("uefi-fell-back") };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for(&format!("Starting Keelson {}", version()), BOOT)?;
    machine.wait_for("boot complete in", BOOT)?;
    Ok(machine.power_off(END)?)
}
