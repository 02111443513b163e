//! Boot on BIOS: GRUB's images, made by its own program, and the files on the ESP that it reads.

use std::io::Write as _;
use std::process::Stdio;

use keelson_disk::bios::{BiosError as CodeError, DiskCode, IsoCode};
use keelson_disk::fat::Entry;
use keelson_format::bios::{self, EntryError, Environment, MOST_ENTRIES, SectionsError};
use keelson_format::platform::CFG_PATH;
use keelson_format::uki::{self, Tries, UkiName};
use keelson_format::version::{TRIES, Version};
use keelson_sdk::Tools;
use thiserror::Error;

/// Where the ESP image lies on an ISO image; its core image opens it.
pub const ISO_ESP: &str = "boot/esp.img";

/// GRUB's images in the SDK.
const IMAGES: &str = "usr/lib/grub/i386-pc";
/// What the core image can do, and nothing that the script does not use.
const MODULES: [&str; 16] = [
    "biosdisk",
    "part_gpt",
    "fat",
    "normal",
    "configfile",
    "test",
    "eval",
    "echo",
    "loadenv",
    "loopback",
    "linux",
    "serial",
    "terminal",
    "keystatus",
    "sleep",
    "reboot",
];
const SCRIPT: &str = include_str!("bios/grub.cfg");

/// Why there is no boot on BIOS.
#[derive(Debug, Error)]
pub enum BiosError {
    /// The SDK does not have the program.
    #[error(transparent)]
    Tool(#[from] keelson_sdk::ToolsError),
    /// The program could not be run.
    #[error("running {TOOL}: {0}")]
    Run(std::io::Error),
    /// The program failed.
    #[error("{TOOL} failed ({status}): {output}")]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        output: String,
    },
    /// An image of GRUB's could not be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The images are not what they should be.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The UKI has no kernel or initramfs.
    #[error("the UKI: {0}")]
    Sections(#[from] SectionsError),
    /// GRUB cannot start the UKI.
    #[error("the UKI cannot be started on BIOS: {0}; set `bios = false` in [boot] to do without")]
    Entry(#[from] EntryError),
}

const TOOL: &str = "grub-mkimage";

/// The boot code of a disk: it reads the ESP, which is the first partition.
pub fn disk_code(tools: &Tools) -> Result<DiskCode, BiosError> {
    let core = core(tools, "i386-pc", &format!("(,gpt1)/{}", bios::FOLDER), &[], None)?;
    Ok(DiskCode::new(image(tools, "boot.img")?, core)?)
}

/// The boot code of an ISO image: it reads [`ISO_ESP`], on a CD and on a USB stick.
pub fn iso_code(tools: &Tools) -> Result<IsoCode, BiosError> {
    let script = format!(
        "loopback esp ($root)/{ISO_ESP}\nset root=esp\nset prefix=(esp)/{}\n",
        bios::FOLDER
    );
    let core = core(tools, "i386-pc-eltorito", "()/", &["iso9660"], Some(&script))?;
    Ok(IsoCode::new(image(tools, "boot_hybrid.img")?, &core)?)
}

/// What GRUB reads from an ESP that has one UKI, but for the platform's words.
pub fn esp_files(
    version: &Version,
    tries: Tries,
    uki: &[u8],
    menu_timeout: u8,
) -> Result<Vec<Entry>, BiosError> {
    let [linux, initrd] = bios::sections(uki, [".linux", ".initrd"])?;
    let cmdline = crate::uki::section(uki, ".cmdline").ok().flatten().unwrap_or_default();
    let entry = bios::entry(linux, initrd, &String::from_utf8_lossy(cmdline))?;
    let environment = Environment::new([(version.clone(), tries)]);
    Ok(vec![
        Entry::file(bios::SCRIPT_PATH, script(menu_timeout).into_bytes()),
        Entry::file(bios::ENVIRONMENT_PATH, environment.to_bytes()),
        Entry::file(bios::entry_path(version), entry.into_bytes()),
    ])
}

/// GRUB's script.
fn script(menu_timeout: u8) -> String {
    let numbers = || 1..=MOST_ENTRIES;
    let name = |number| format!("version_{number} tries_{number}");
    // The names that the loader on UEFI gives a UKI while it counts.
    let counters = (0..=TRIES).rev().map(|left| {
        let version: Version = "0".parse().expect("a version");
        let name = UkiName { version, tries: Tries::Left(left), done: TRIES - left }.to_string();
        name["keelson_0".len()..name.len() - ".efi".len()].to_owned()
    });
    let list = |words: Vec<String>| words.iter().map(|word| format!(" {word}")).collect::<String>();
    [
        ("@ENVIRONMENT@", bios::ENVIRONMENT_PATH),
        ("@PLATFORM@", CFG_PATH),
        ("@FOLDER@", bios::FOLDER),
        ("@UKIS@", uki::FOLDER),
        ("@LOOP@", bios::LOOP_DEVICE),
        ("@LOADED@", bios::LOADED),
        ("@VARIABLES@", &list(numbers().map(name).collect())),
        ("@COUNTERS@", &list(counters.collect())),
        ("@NUMBERS@", &list(numbers().map(|number| number.to_string()).collect())),
        ("@TIMEOUT@", &menu_timeout.to_string()),
    ]
    .into_iter()
    .fold(SCRIPT.to_owned(), |text, (mark, value)| text.replace(mark, value))
}

/// A core image. `script` runs before GRUB reads its script from `prefix`.
fn core(
    tools: &Tools,
    format: &str,
    prefix: &str,
    more: &[&str],
    script: Option<&str>,
) -> Result<Vec<u8>, BiosError> {
    let mut command = tools.command(TOOL)?;
    command.arg("-d").arg(tools.path(IMAGES)).args(["-O", format, "-p", prefix]);
    let mut file = tempfile::NamedTempFile::new()?;
    if let Some(script) = script {
        file.write_all(script.as_bytes())?;
        command.arg("-c").arg(file.path());
    }
    // Some builds of the program say more than they ought to on standard output: a file is safe.
    let out = tempfile::NamedTempFile::new()?;
    command.arg("-o").arg(out.path()).args(MODULES).args(more).stdin(Stdio::null());
    let output = command.output().map_err(BiosError::Run)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(BiosError::Failed { status: output.status, output: said });
    }
    Ok(fs_err::read(out.path())?)
}

fn image(tools: &Tools, name: &str) -> Result<Vec<u8>, BiosError> {
    Ok(fs_err::read(tools.path(format!("{IMAGES}/{name}")))?)
}

#[cfg(test)]
mod tests;
