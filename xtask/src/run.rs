//! `cargo xtask run`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use keelson_disk::sparse;
use keelson_format::size::ByteSize;
use keelson_qemu_tests::{
    Artifacts, Disk, FwCfg, Machine, Network, OnReset, Serial, Setup, ignition, tools,
};

use crate::build_image::{self, BoardArgs};
use crate::output::eprintln;
use crate::sdk::SdkArgs;

/// Boot the image in QEMU, with its console on this terminal
///
/// Builds what is missing, then boots the production image of amd64-usr, unmodified. Without
/// --ignition, a configuration is passed that opens a root shell on the console; the image itself
/// has none. `poweroff` in the guest or Ctrl-A X ends the machine, Ctrl-A C opens QEMU's monitor.
/// KVM is used where it works.
#[derive(clap::Args)]
pub struct Args {
    /// Ignition configuration (JSON, specification 3) instead of the one with the shell
    #[arg(long, value_name = "FILE")]
    ignition: Option<PathBuf>,
    /// Pass no configuration at all
    #[arg(long, conflicts_with = "ignition")]
    no_ignition: bool,
    /// Keep the disk in this file, made on first use, instead of throwing all changes away
    #[arg(long, value_name = "FILE")]
    disk: Option<PathBuf>,
    /// Size of the disk, not less than the image's; one that --disk finds keeps its own
    #[arg(long, default_value = "8 GiB", value_name = "SIZE")]
    disk_size: ByteSize,
    /// Memory in MiB
    #[arg(long, default_value_t = 2048, value_name = "MIB")]
    memory: u32,
    /// Processors
    #[arg(long, default_value_t = 2, value_name = "N")]
    cpus: u32,
    /// TCP port of the guest that a free port of 127.0.0.1 is forwarded to; may be given again
    #[arg(long, value_name = "PORT")]
    port: Vec<u16>,
    #[command(flatten)]
    sdk: SdkArgs,
}

/// What runs the shell on the console. Only `cargo xtask run` passes it.
const CONSOLE_SHELL: &str = "[Unit]
Description=Root shell on the console
After=containerd.service

[Service]
ExecStart=/usr/bin/bash --login
Restart=always
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
Environment=HOME=/root TERM=vt220
WorkingDirectory=/root

[Install]
WantedBy=multi-user.target
";

pub fn main(args: &Args) -> Result<ExitCode> {
    // A wrong name is said before minutes of building.
    let config = config(args)?;
    let board = BoardArgs::standard();
    let name = board.board.clone();
    build_image::run(&build_image::Args::of(board, &args.sdk))?;
    let image = Artifacts::latest(&name)?.path("disk.raw");
    let least = ByteSize::new(fs::metadata(&image)?.len());
    if args.disk_size.bytes() < least.bytes() {
        bail!("--disk-size {} is too small: the image has {least}", args.disk_size);
    }
    let mut setup = Setup::new("run", &image);
    setup.disk = match &args.disk {
        None => Disk::Overlay { base: image, size: Some(args.disk_size.bytes()) },
        Some(file) => {
            if !file.exists() {
                make_disk(&image, file, args.disk_size)?;
            }
            Disk::Raw(file.clone())
        }
    };
    setup.serial = Serial::Terminal;
    setup.limit = None;
    setup.on_reset = OnReset::Boot;
    setup.network = Network::Outside;
    setup.memory_mib = args.memory;
    setup.processors = args.cpus;
    setup.ports.clone_from(&args.port);
    if let Some(config) = config {
        let name = "opt/com.coreos/config".to_owned();
        setup.fw_cfg.push(FwCfg { name, content: config.into_bytes() });
    }
    let tools = tools::of_board(&args.sdk.open()?, &name)?;
    let mut machine = Machine::boot(&tools, &setup)?;
    for &guest in &args.port {
        eprintln(format_args!("port {guest} of the guest is 127.0.0.1:{}", machine.port(guest)?));
    }
    match machine.wait_for_end(Duration::MAX)? {
        keelson_qemu_tests::Ending::PowerOff => Ok(ExitCode::SUCCESS),
        other => bail!("the machine ended: {other:?}"),
    }
}

/// The configuration of the first boot, if there is to be one.
fn config(args: &Args) -> Result<Option<String>> {
    Ok(match &args.ignition {
        Some(file) => Some(fs::read_to_string(file)?),
        None if args.no_ignition => None,
        None => {
            Some(ignition::Config::new().unit("console-shell.service", CONSOLE_SHELL).to_json())
        }
    })
}

/// Copies the image to a disk of `size`, whole or not at all: a file that is there is taken for the disk of an earlier
/// run.
fn make_disk(image: &Path, file: &Path, size: ByteSize) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let making = || format!("making the disk {}", file.display());
    let new = tempfile::Builder::new()
        .prefix(".keelson-disk-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .with_context(making)?;
    let disk = sparse::create(new.path(), size.bytes()).with_context(making)?;
    sparse::copy(image, &disk, 0).with_context(making)?;
    new.persist(file).with_context(making)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_the_image_and_the_room_that_was_asked_for_or_is_not_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let (image, disk) = (folder.path().join("image"), folder.path().join("my disk"));
        let size = ByteSize::new(1 << 20);
        assert!(make_disk(&image, &disk, size).is_err(), "there is no image");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 0);

        fs::write(&image, [7; 5000]).expect("written");
        make_disk(&image, &disk, size).expect("made");
        let bytes = fs::read(&disk).expect("read");
        assert_eq!(bytes.len(), 1 << 20);
        assert!(bytes[..5000] == [7; 5000] && bytes[5000..].iter().all(|byte| *byte == 0));
    }
}
