//! `cargo xtask bench`: what docs/benchmarks.md records. Nothing here is a test.

mod boot;
mod build;
mod formats;
mod peer;
mod services;
mod verity;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::build_image::{self, BoardArgs};
use crate::output::println;
use crate::sdk::SdkArgs;
use crate::workspace;

/// Measure builds, sizes, the hash tree and the boot
///
/// Prints tables in Markdown. Times are wall-clock seconds unless a column says CPU. Ratios are to
/// a peer that ran in the same run.
#[derive(clap::Args)]
pub struct Args {
    /// Also build from a fresh clone: with an empty cache, then with packages cached (many minutes)
    #[arg(long)]
    cold: bool,
    /// Leave out the boots
    #[arg(long)]
    no_boot: bool,
    /// Compare only the formats of the disk
    #[arg(long)]
    formats: bool,
    /// How often to boot
    #[arg(long, default_value_t = 3, value_name = "N")]
    boots: u32,
    /// Compare only the boot, with that of this raw image, which prints `PEERMARK container-ran`
    #[arg(long, value_name = "IMAGE")]
    peer: Option<PathBuf>,
    /// With --peer: boot both with this QEMU instead of the SDK's
    #[arg(long, value_name = "PROGRAM", requires = "peer")]
    qemu: Option<PathBuf>,
    /// Compare only the start of a thousand services, with that of this raw image, which has systemd
    #[arg(long, value_name = "IMAGE", conflicts_with = "peer")]
    services: Option<PathBuf>,
    #[command(flatten)]
    sdk: SdkArgs,
}

pub fn main(args: &Args) -> Result<ExitCode> {
    let image = args.peer.as_ref().or(args.services.as_ref());
    if let Some(image) = image.filter(|image| !image.is_file()) {
        bail!("there is no image {}", image.display());
    }
    let root = workspace::root()?;
    let build = build_image::Args::of(BoardArgs::standard(), &args.sdk);
    let built = build_image::run(&build)?;
    println(format_args!("Keelson {} for {}\n", built.release.version, built.release.board))?;
    if let Some(image) = &args.services {
        services::thousand(image)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(image) = &args.peer {
        peer::boots(image, args.qemu.as_deref(), args.boots)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.formats {
        formats::against_copy(&built, &args.sdk)?;
        return Ok(ExitCode::SUCCESS);
    }
    build::sizes(&built)?;
    if args.cold {
        build::cold(&root)?;
    }
    build::warm(&root, &args.sdk)?;
    verity::against_veritysetup(&built, &args.sdk)?;
    formats::against_copy(&built, &args.sdk)?;
    if !args.no_boot {
        boot::phases(args.boots)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the head of a table.
fn head(title: &str, columns: &[&str]) -> Result<()> {
    println(format_args!("### {title}\n\n| {} |", columns.join(" | ")))?;
    println(format_args!("|{}", " --- |".repeat(columns.len())))
}
