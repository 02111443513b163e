//! `keelson-install`: installs Keelson on a disk.
//!
//! arguments -> [`open`] (whose signature is checked) -> [`plan`] -> [`engine`] -> boot entry. Everything up to the
//! plan is checked before the first byte is written; what happens after it is in [`engine`].

mod arguments;
mod block;
mod boot_entry;
mod config;
mod device;
mod disks;
mod engine;
mod fetch;
mod image;
mod kernel;
mod keys;
mod open;
mod plan;
mod probe;
mod progress;
mod table;
mod target;
#[cfg(test)]
mod testing;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use keelson_format::disk::Role;
use keelson_output::{eprintln, print};

use arguments::{Install, Target, Wish};
use device::Disk;
use disks::System;
use engine::{Done, Extras};
use open::Opened;
use plan::Plan;
use progress::Progress;

/// Runs the command with its arguments.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let wish = match arguments::parse(arguments) {
        Ok(wish) => wish,
        Err(error) => {
            eprintln(format_args!(
                "keelson-install: {error:#}\n`keelson-install --help` shows how it is used"
            ));
            return ExitCode::from(2);
        }
    };
    let outcome = match wish {
        Wish::Print(text) => {
            print(text);
            Ok(())
        }
        Wish::List { json } => {
            list(json);
            Ok(())
        }
        Wish::Install(wish) => install(&wish),
        Wish::FromKernel => return kernel::run(install),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("keelson-install: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn list(json: bool) {
    let disks = System::of_this_machine().disks();
    print(&if json { disks::to_json(&disks) } else { disks::to_text(&disks) });
}

fn install(install: &Install) -> Result<()> {
    let mut progress = Progress::new(install.quiet);
    let system = System::of_this_machine();
    // Cheap refusals first: a wrong disk is said before an image is fetched.
    target::check(install, &system)?;
    target::is_free(install)?;
    let config = install.config.as_deref().map(config::read).transpose()?;
    let Opened { image, source, patches, version, fingerprint } =
        open::open(install, &system, &mut progress)?;
    source.map_or(Ok(()), |source| target::is_not_the_source(install, &source))?;
    let what = version.unwrap_or_else(|| image.name.clone());
    eprintln(format_args!("installing Keelson {what} (signed by {})", &fingerprint[..8]));
    let disks: Vec<PathBuf> = system.disks().into_iter().map(|disk| disk.node).collect();
    let twins = target::twins(install, &disks, &image.table);
    for twin in &twins {
        eprintln(format_args!(
            "WARNING: {} has partitions with the same GUIDs: remove or wipe that disk before the machine is started \
             from the new one, or the old one may start instead",
            twin.display()
        ));
    }
    let bytes = target::bytes(install, &image.table)?;
    let kept = target::kept(install)?;
    let plan = plan::plan(&image.table, bytes, &kept).context("nothing was written")?;
    for partition in &kept {
        eprintln(format_args!("keeps partition {} {:?}", partition.number, partition.label));
    }
    if !install.save.is_empty() && kept.is_empty() {
        eprintln("keeps no partition: the disk holds none");
    }
    for (old, new) in &plan.renumbered {
        eprintln(format_args!("partition {old} keeps its GUID and gets the number {new}"));
    }
    let extras = Extras { patches, oem: config.map(|config| oem(&config, &plan)).transpose()? };
    if install.dry_run {
        eprintln("everything is in order; nothing was written");
        return Ok(());
    }
    let mut disk = target::open(install, bytes)?;
    target::check_again(install, &system, &disk, bytes, &kept)?;
    let done = engine::install(&mut disk, image, &plan, &extras, &mut progress).with_context(|| {
        "the installation was not finished, and the disk says so: it does not start, partitions to be kept are \
         untouched, and this command can be given again as it was"
    })?;
    finish(install, &disk, &plan, done, &twins);
    Ok(())
}

fn oem(config: &[u8], plan: &Plan) -> Result<Vec<(u64, Vec<u8>)>> {
    let partitions = plan.table.partitions();
    let oem = partitions.iter().find(|partition| partition.label == Role::Oem.label());
    let Some(oem) = oem else { bail!("the image has no partition OEM for a configuration") };
    config::volume(config, oem)
}

/// What is done when the disk is finished. Its failure leaves an installed disk.
fn finish(install: &Install, disk: &Disk, plan: &Plan, done: Done, twins: &[PathBuf]) {
    if let Err(error) = disk.reread_table() {
        eprintln(format_args!(
            "the kernel reads the new partition table at the next start: {error}"
        ));
    }
    let mib = |bytes: u64| bytes >> 20;
    eprintln(format_args!(
        "installed: {} MiB written, read back and right; {} MiB cleared",
        mib(done.written),
        mib(done.zeroed)
    ));
    let (efi, booted) = (Path::new(boot_entry::FOLDER), Path::new(keelson_format::boot::PATH));
    if matches!(install.target, Target::Device(_))
        && boot_entry::is_wanted(install.boot_entry, booted)
    {
        set_boot_entry(efi, plan, install.boot_entry.is_some(), twins);
    }
}

/// Makes the boot entry; that the firmware knows none is said only where one was `asked` for.
fn set_boot_entry(efi: &Path, plan: &Plan, asked: bool, twins: &[PathBuf]) {
    if !efi.exists() {
        if asked {
            eprintln("no boot entry was made: this system was not started by UEFI");
        }
        return;
    }
    let partitions = plan.table.partitions();
    let Some(esp) = partitions.iter().find(|partition| partition.label == Role::Esp.label()) else {
        return;
    };
    match boot_entry::set(efi, esp) {
        Ok(entry) => match twins.first() {
            None => eprintln(format_args!("the firmware starts it first ({entry})")),
            Some(twin) => eprintln(format_args!(
                "the firmware starts it first ({entry}), but only without {}",
                twin.display()
            )),
        },
        // Firmware without an entry starts EFI/BOOT/BOOTX64.EFI of a disk it is told to.
        Err(error) => {
            eprintln(format_args!(
                "no boot entry was made: {error}; choose the disk in the firmware's menu"
            ));
        }
    }
}
