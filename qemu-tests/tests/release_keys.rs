//! An image signed with release keys, from `cargo xtask keys generate` to a boot under Secure Boot whose
//! firmware got the keys from the image itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use keelson_disk::fat::{Reader, SECTOR};
use keelson_format::disk::Role;
use keelson_format::release::Release;
use keelson_qemu_tests::artifacts::workspace;
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::disk::DiskImage;
use keelson_qemu_tests::setup::Disk;
use keelson_qemu_tests::{Firmware, Machine, OnReset, Setup, tools};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const BOOT: Duration = Duration::from_mins(4);
const END: Duration = Duration::from_mins(1);
const MANUAL: &[u8] = b"secure-boot-enroll manual\n";
/// As long as the other, so that the file keeps its place and length.
const FORCE: &[u8] = b"secure-boot-enroll force\n\n";

fn xtask(arguments: &[&str]) -> Outcome<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).arg("xtask").args(arguments).stdin(Stdio::null());
    let output = command.output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{words}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Makes keys and an image in `folder`; gives the image's folder and manifest.
fn build(folder: &Path) -> Outcome<(PathBuf, Release)> {
    let [keys, out] = ["keys", "out"].map(|name| folder.join(name).display().to_string());
    xtask(&["keys", "generate", &keys, "--name", "Example Ltd"])?;
    let build = ["build-image", "--board", "amd64-usr", "--json", "--keys", &keys, "--out", &out];
    let told: Value = serde_json::from_str(&xtask(&build)?)?;
    let built = told["folder"].as_str().ok_or("build-image tells no folder")?;
    Ok((built.into(), serde_json::from_value(told["release"].clone())?))
}

/// Lets the loader enrol the keys without being asked.
fn enrol_unasked(disk: &DiskImage) -> Outcome {
    let label = Role::Esp.label();
    let extent = disk.extent(label)?;
    let file = std::fs::File::open(disk.path())?;
    let volume = Reader::open(&file, extent.start)?;
    let files = volume.files()?;
    let config = files.iter().find(|file| file.path == "loader/loader.conf");
    let config = config.ok_or("there is no loader.conf")?;
    let text = volume.read(config)?;
    let at = text.windows(MANUAL.len()).position(|part| part == MANUAL);
    let start = volume.pieces(config)?.first().ok_or("loader.conf is empty")?.start - extent.start;
    assert_eq!(start % SECTOR, 0);
    disk.write(label, start + at.ok_or("loader.conf says nothing of keys")? as u64, FORCE)?;
    Ok(())
}

#[test]
fn an_image_with_release_keys_enrols_them_and_boots() -> Outcome {
    let folder = scratch()?;
    let (built, release) = build(folder.path())?;
    assert_eq!(release.signed_by.kind, "release");
    let sums = std::fs::read_to_string(built.join("SHA256SUMS"))?;
    assert!(!sums.contains("development keys"), "{sums}");

    let sdk = tools::sdk()?;
    let tools = tools::of_board(&sdk, "amd64-usr")?;
    let image = DiskImage::copy(&built.join("disk.raw"), &folder.path().join("disk.raw"))?;
    enrol_unasked(&image)?;
    let store = folder.path().join("variables.fd");
    std::fs::copy(tools.path("usr/share/OVMF/OVMF_VARS_4M.fd"), &store)?;
    let mut setup = Setup::new("release-keys", image.path());
    setup.disk = Disk::Raw(image.path().to_owned());
    setup.firmware = Firmware::SecureBoot(store);
    setup.on_reset = OnReset::Boot;
    // The firmware starts twice, and hashes slowly where it is translated.
    setup.limit = Some(BOOT * 3);
    let mut machine = Machine::boot(&tools, &setup)?;
    machine.wait_for("Secure boot enabled", BOOT)?;
    let key = &release.signed_by.key_fingerprint[..8];
    machine.wait_for(&format!("signature of /usr is good (key {key})"), BOOT)?;
    machine.wait_for("boot complete in", BOOT)?;
    assert_eq!(machine.resets(), 1, "once, after the keys were enrolled");
    machine.power_off(END)?;
    Ok(machine.check_console(&[])?)
}
