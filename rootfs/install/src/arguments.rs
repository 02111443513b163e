//! What the installer is asked to do: on its command line, or on the kernel's.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use keelson_format::platform::Platform;
use lexopt::prelude::*;

use crate::fetch;

/// The help, which is the manual of the command as well.
pub const HELP: &str = "\
keelson-install DEVICE [OPTIONS...]
keelson-install --target-file FILE [OPTIONS...]
keelson-install list [--json]

Installs Keelson on a disk, from the medium this system was started from or from an image.

     --image PATH|URL       disk.raw, disk.raw.zst, or the folder of a build; SHA256SUMS and
                            SHA256SUMS.sig lie beside it. Or keelson.iso, or a disk or drive that
                            holds it. Without it: the medium
     --key FILE             the public release key that signed it: release.ed25519.pub, or the form
                            of /usr/share/keelson/release-keys, which is the default
     --config FILE|URL      the Ignition configuration of the first boot, at most 4 MiB. It is stored
                            readable by root alone on the partition OEM
     --platform ID          where the disk will run: metal (the default), qemu, ec2, ...
     --save-partlabel GLOB  keep the partitions with this label; may be given more than once
     --wipe                 install although there is something on the disk
     --boot-entry           make the disk the first boot entry of this machine's firmware, which is the
                            default on Keelson itself
     --no-boot-entry        leave the boot entries as they are, which is the default elsewhere
     --target-file FILE     write to a regular file instead of a disk
     --size BYTES           its size, with K, M, G or T; without it that of the image
     --dry-run              check everything and write nothing
     --from-kernel          take what to do from keelson.install.* on the kernel command line,
                            and nothing from this one
  -q --quiet  -h --help  --version

A disk is refused while any part of it is in use, while it holds anything and --wipe is not given, when it
is read-only or too small, and when this system was started from it.

Pulling the plug leaves the old disk as it was, or one that says that it is unfinished: it does not start,
and the installer goes on with it without --wipe.

On the kernel command line, for an installation that nobody attends:
  keelson.install.device=/dev/disk/by-id/...  keelson.install.config=URL  keelson.install.wipe
  keelson.install.platform=ID  keelson.install.image=URL  keelson.install.save-partlabel=GLOB
  keelson.install.then=reboot|poweroff|stay

Exit status: 0 installed, 1 refused or failed (what was left behind is said), 2 used wrongly.
";

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Print this.
    Print(&'static str),
    /// Show the disks.
    List {
        /// As JSON.
        json: bool,
    },
    /// Install.
    Install(Box<Install>),
    /// Install as the kernel command line says.
    FromKernel,
}

/// Where to install to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A block device.
    Device(PathBuf),
    /// A regular file, and its size.
    File(PathBuf, Option<u64>),
}

/// An installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// Where to.
    pub target: Target,
    /// What; none is the medium.
    pub image: Option<String>,
    /// Who must have signed it; none is who signed this system.
    pub key: Option<PathBuf>,
    /// File or URL.
    pub config: Option<String>,
    /// Which the disk is made for; none is what the image is for.
    pub platform: Option<Platform>,
    /// Labels of partitions to keep.
    pub save: Vec<String>,
    /// Whether what is on the disk may go.
    pub wipe: bool,
    /// Whether the firmware gets a boot entry; none is where this is a Keelson system.
    pub boot_entry: Option<bool>,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether no progress is shown.
    pub quiet: bool,
}

/// What follows an installation that nobody attends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The machine stays up.
    Stay,
    /// It restarts.
    Reboot,
    /// It powers off.
    PowerOff,
}

impl Install {
    fn on(target: Target) -> Self {
        Self {
            target,
            image: None,
            key: None,
            config: None,
            platform: None,
            save: Vec::new(),
            wipe: false,
            boot_entry: None,
            dry_run: false,
            quiet: false,
        }
    }
}

/// Reads the arguments of the program.
pub fn parse(arguments: Vec<OsString>) -> Result<Wish> {
    let mut install = Install::on(Target::Device(PathBuf::new()));
    let (mut words, mut file, mut size, mut json, mut kernel) =
        (Vec::new(), None, None, false, false);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Long("image") => install.image = Some(place("--image", parser.value()?.string()?)?),
            Long("key") => install.key = Some(parser.value()?.into()),
            Long("config") => install.config = Some(place("--config", parser.value()?.string()?)?),
            Long("platform") => install.platform = Some(platform(&parser.value()?.string()?)?),
            Long("save-partlabel") => install.save.push(parser.value()?.string()?),
            Long("wipe") => install.wipe = true,
            Long("boot-entry") => install.boot_entry = Some(true),
            Long("no-boot-entry") => install.boot_entry = Some(false),
            Long("target-file") => file = Some(PathBuf::from(parser.value()?)),
            Long("size") => size = Some(bytes(&parser.value()?.string()?)?),
            Long("dry-run") => install.dry_run = true,
            Long("from-kernel") => kernel = true,
            Long("json") => json = true,
            Short('q') | Long("quiet") => install.quiet = true,
            Short('h') | Long("help") => return Ok(Wish::Print(HELP)),
            Long("version") => {
                return Ok(Wish::Print(concat!(
                    "keelson-install ",
                    env!("CARGO_PKG_VERSION"),
                    "\n"
                )));
            }
            Value(word) => words.push(word),
            other => bail!(other.unexpected()),
        }
    }
    if kernel {
        // What is left unsaid there is not taken from here: a `--dry-run` beside it would not hold.
        let alone = install == Install::on(Target::Device(PathBuf::new()));
        if !alone || json || size.is_some() || file.is_some() || !words.is_empty() {
            bail!("--from-kernel takes everything from the kernel command line");
        }
        return Ok(Wish::FromKernel);
    }
    match (&words[..], file) {
        ([word], None) if word == "list" => return Ok(Wish::List { json }),
        ([device], None) => install.target = Target::Device(device.into()),
        ([], Some(file)) => install.target = Target::File(file, size),
        ([], None) => bail!("which disk? `keelson-install list` shows them"),
        _ => bail!("one disk at a time"),
    }
    if size.is_some() && matches!(install.target, Target::Device(_)) {
        bail!("--size is for --target-file: a disk has the size it has");
    }
    if install.boot_entry == Some(true) && matches!(install.target, Target::File(..)) {
        bail!("--boot-entry is for a disk: the firmware starts no files");
    }
    Ok(Wish::Install(Box::new(install)))
}

/// Reads `keelson.install.*` of a kernel command line.
pub fn of_kernel(cmdline: &str) -> Result<(Install, Then)> {
    let mut install = Install::on(Target::Device(PathBuf::new()));
    let (mut device, mut then) = (None, Then::Stay);
    for word in keelson_format::cmdline::words(cmdline) {
        let word = word.replace('"', "");
        let Some(word) = word.strip_prefix("keelson.install.") else { continue };
        let (name, value) =
            word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let text = || {
            value
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .with_context(|| format!("keelson.install.{name}= has no value"))
        };
        match name {
            "device" => device = Some(text()?),
            "config" => install.config = Some(place("keelson.install.config", text()?)?),
            "image" => install.image = Some(place("keelson.install.image", text()?)?),
            "platform" => install.platform = Some(platform(&text()?)?),
            "save-partlabel" => install.save.push(text()?),
            // Without `=` it is said; with `=` and nothing, whoever filled in the line forgot the value.
            "wipe" => install.wipe = value.is_none() || switch(name, &text()?)?,
            "then" => {
                then = match text()?.as_str() {
                    "stay" => Then::Stay,
                    "reboot" => Then::Reboot,
                    "poweroff" => Then::PowerOff,
                    other => {
                        bail!("keelson.install.then={other}: reboot, poweroff or stay was expected")
                    }
                }
            }
            _ => bail!("keelson.install.{name} on the kernel command line is not understood"),
        }
    }
    let device = device.context("the kernel command line has no keelson.install.device=")?;
    if !device.starts_with("/dev/") {
        bail!("keelson.install.device={device} is no path in /dev");
    }
    install.target = Target::Device(device.into());
    Ok((install, then))
}

/// A value that says yes or no.
fn switch(name: &str, value: &str) -> Result<bool> {
    match value {
        "1" | "yes" | "true" | "on" => Ok(true),
        "0" | "no" | "false" | "off" => Ok(false),
        _ => bail!("keelson.install.{name}={value}: yes or no was expected"),
    }
}

fn platform(id: &str) -> Result<Platform> {
    Ok(id.parse::<Platform>()?)
}

/// The place of a file, as the option `name` says it.
fn place(name: &str, text: String) -> Result<String> {
    if fetch::is_foreign_url(&text) {
        bail!("{name} {text}: a path, or a URL with http:// or https:// was expected");
    }
    Ok(text)
}

/// A number of bytes, with a binary suffix; a multiple of 512.
fn bytes(text: &str) -> Result<u64> {
    let wrong = || format!("--size {text}: a number of bytes with K, M, G or T was expected");
    let (digits, shift) = match text.bytes().last() {
        Some(b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        Some(b'T') => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().with_context(wrong)?;
    let bytes = number.checked_mul(1 << shift).filter(|bytes| bytes % 512 == 0);
    bytes.with_context(|| format!("--size {text} is no number of whole sectors"))
}

#[cfg(test)]
mod tests;
