//! The firmware takes the release's keys from the ESP, and from then on starts what they signed and
//! nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::setup::log_folder;
use keelson_qemu_tests::{Bus, Firmware, Machine, OnReset, Serial, Setup};

use crate::{BOARD, BOOT, END, Outcome, esp, live};

/// The last entry of systemd-boot's menu where the firmware is in setup mode.
const ENTRY: &str = "Enroll Secure Boot keys: auto";
/// How often a key is pressed until the menu is there; the loader listens for a moment only.
const PRESS: Duration = Duration::from_millis(100);
/// The key Down, as a terminal sends it.
const DOWN: &str = "\x1b[B";
/// What the loader says before it restarts the machine.
const ENROLLED: &str = "Custom Secure Boot keys successfully enrolled";

/// The machine with a firmware in setup mode: it can do Secure Boot and has no keys. It keeps its variables in `folder`.
fn in_setup_mode(setup: Setup, folder: &Path) -> Result<Setup, Box<dyn std::error::Error>> {
    let store = folder.join("variables.fd");
    std::fs::copy(BOARD.tools.path("usr/share/OVMF/OVMF_VARS_4M.fd"), &store)?;
    let (firmware, on_reset) = (Firmware::SecureBoot(store), OnReset::Boot);
    // The firmware starts twice, and hashes slowly where it is translated.
    let limit = Some(BOOT * 3);
    Ok(Setup { firmware, on_reset, limit, ..setup })
}

/// The same machine with another log.
fn again(setup: Setup, name: &str) -> Setup {
    let serial = Serial::Log(log_folder().join(format!("{name}.log")));
    Setup { name: name.to_owned(), serial, ..setup }
}

/// Presses a key until the loader shows its menu.
fn open_menu(machine: &mut Machine) -> Outcome {
    let deadline = Instant::now() + BOOT;
    while machine.wait_for(ENTRY, PRESS).is_err() {
        machine.type_text(" ")?;
        if Instant::now() > deadline {
            machine.wait_for(ENTRY, PRESS)?;
        }
    }
    Ok(())
}

/// Enrols the keys by the loader's menu and boots on.
fn enrol_by_menu(machine: &mut Machine) -> Outcome {
    open_menu(machine)?;
    // Above it are the image and the firmware's own menu.
    machine.type_text(&DOWN.repeat(2))?;
    machine.type_text("\r")?;
    machine.wait_for(ENROLLED, BOOT)?;
    machine.wait_for("Secure boot enabled", BOOT)?;
    assert_eq!(machine.resets(), 1, "the loader restarts the machine once the keys are in");
    Ok(())
}

/// A key and a certificate of somebody else.
fn stranger(folder: &Path) -> Result<[PathBuf; 2], Box<dyn std::error::Error>> {
    let [key, certificate] = ["stranger.key", "stranger.crt"].map(|name| folder.join(name));
    let mut command = BOARD.tools.command("openssl")?;
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=stranger"]);
    quiet(command.arg("-keyout").arg(&key).arg("-out").arg(&certificate))?;
    Ok([key, certificate])
}

/// Signs an image as the stranger, in the place of the signature it has.
fn signed_by(
    stranger: &[PathBuf; 2],
    image: &[u8],
    folder: &Path,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let [key, certificate] = stranger;
    let [bare, signed] = ["bare.efi", "signed.efi"].map(|name| folder.join(name));
    std::fs::write(&bare, image)?;
    quiet(BOARD.tools.command("sbattach")?.arg("--remove").arg(&bare))?;
    let mut command = BOARD.tools.command("sbsign")?;
    command.arg("--key").arg(key).arg("--cert").arg(certificate);
    quiet(command.arg("--output").arg(&signed).arg(&bare))?;
    Ok(std::fs::read(&signed)?)
}

fn quiet(command: &mut Command) -> Outcome {
    let output = command.stdin(Stdio::null()).output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{words}", output.status);
    Ok(())
}

/// One machine through its whole life: keys enrolled by the menu, a signed boot, then a UKI and an
/// add-on that somebody else signed.
#[test]
fn keys_enrolled_from_the_esp_admit_their_own_images_alone() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    let says = "echo \"PLATFORM $(grep -o 'keelson.platform=[a-z]*' /proc/cmdline || echo none)\"";
    let says = Config::new().script("platform", "basic.target", says);
    let setup = in_setup_mode(disk.setup("enrolment"), disk.folder.path())?.ignition(&says);
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    enrol_by_menu(&mut machine)?;
    machine.wait_for_result("PLATFORM keelson.platform=metal", BOOT)?;
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    machine.check_console(&[])?;

    let folder = disk.folder.path();
    let stranger = stranger(folder)?;
    let sign = |bytes: Vec<u8>| signed_by(&stranger, &bytes, folder).expect("sbsign signs");

    // An add-on of a stranger is left out; the boot goes on without a platform.
    esp::replace(&disk, "loader/addons/", sign)?;
    let setup = again(setup, "enrolment-addon");
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for("platform.addon.efi", BOOT)?;
    machine.wait_for_result("PLATFORM none", BOOT)?;
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    machine.check_console(&[])?;

    // A UKI of a stranger is not started.
    esp::replace(&disk, "EFI/Linux/", sign)?;
    let setup = again(setup, "enrolment-uki");
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for_any(&crate::secure_boot::DENIED, BOOT)?;
    let text: String = machine.lines().into_iter().map(|line| line.text + "\n").collect();
    assert!(!text.contains("Linux version"), "the kernel was started:\n{text}");
    Ok(())
}

/// The same by `secure-boot-enroll force`: without a key pressed.
#[test]
fn keys_are_enrolled_unasked_where_loader_conf_says_so() -> Outcome {
    let disk = BOARD.scratch_disk()?;
    esp::replace(&disk, "loader/loader.conf", |text| {
        let text = String::from_utf8(text).expect("text");
        text.replace("secure-boot-enroll manual", "secure-boot-enroll force").into_bytes()
    })?;
    let setup = in_setup_mode(disk.setup("enrolment-force"), disk.folder.path())?;
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for("Secure boot enabled", BOOT)?;
    assert_eq!(machine.resets(), 1);
    Ok(())
}

/// The live medium carries the same keys, and is itself what they admit.
#[test]
fn keys_enrolled_from_the_live_medium_admit_it() -> Outcome {
    let folder = scratch()?;
    let setup = live::setup("enrolment-live", Firmware::Plain, Bus::AhciCd);
    let mut machine = Machine::boot(&BOARD.tools, &in_setup_mode(setup, folder.path())?)?;
    enrol_by_menu(&mut machine)?;
    live::comes_up(&mut machine, "sr0")?;
    machine.wait_for("boot complete in", BOOT)?;
    machine.power_off(END)?;
    Ok(machine.check_console(&[])?)
}
