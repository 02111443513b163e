//! `cargo xtask test`.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use keelson_qemu_tests::tools::{JUDGE_PACKAGES, MACHINE_PACKAGES, SERVICE_PACKAGES};

use crate::build_image::{self, BoardArgs};
use crate::sdk::SdkArgs;
use crate::{upload, workspace};

/// Build the image, then run all tests, boot tests included
///
/// Everything the tests need is fetched and built first. The boot tests boot the production image
/// of amd64-usr, signed with the development keys, in QEMU; their serial logs are kept in
/// target/qemu-tests/.
#[derive(clap::Args, Default)]
pub struct Args {
    /// Run only the tests whose names contain this
    filter: Option<String>,
    /// Leave out the tests that boot machines
    #[arg(long, conflicts_with = "boot")]
    unit: bool,
    /// Run only the tests that boot machines
    #[arg(long)]
    boot: bool,
    #[command(flatten)]
    sdk: SdkArgs,
}

/// The package whose tests boot machines.
const BOOT_TESTS: &str = "keelson-qemu-tests";

pub fn main(args: &Args) -> Result<ExitCode> {
    let root = workspace::root()?;
    let board = BoardArgs::standard();
    if !args.unit {
        let mut build = build_image::Args::of(board, &args.sdk);
        build.all_formats = true;
        build_image::run(&build)?;
        let manifests = build.board.load(&root)?;
        let sdk = args.sdk.open()?;
        sdk.tools(&manifests.lock, &judges())?;
        sdk.tools(&manifests.lock, &SERVICE_PACKAGES.map(str::to_owned))?;
    }
    let mut runs = Vec::new();
    if !args.boot {
        runs.push(vec!["--exclude", BOOT_TESTS, "--exclude", upload::PACKAGE]);
        runs.push(vec!["--package", upload::PACKAGE, "--profile", upload::PROFILE]);
    }
    if !args.unit {
        runs.push(vec!["--package", BOOT_TESTS]);
    }
    for run in runs {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["test", "--locked"]).current_dir(&root);
        if run[0] == "--exclude" {
            // The core utilities are two hundred crates, and the probe and the fuzz targets have no test harness.
            cargo.args(["--workspace", "--exclude", "keelson-coreutils"]);
            cargo.args(["--exclude", "keelson-container-probe", "--exclude", "keelson-fuzz"]);
        }
        cargo.args(run).args(&args.filter);
        let status = cargo.status().context("running cargo test")?;
        if !status.success() {
            bail!("tests failed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Names of the Debian packages of every program that the tests run.
fn judges() -> Vec<String> {
    MACHINE_PACKAGES.iter().chain(&JUDGE_PACKAGES).map(|&name| name.to_owned()).collect()
}

/// Names of all Debian packages that the tests need.
pub fn tools() -> Vec<String> {
    let services = SERVICE_PACKAGES.map(str::to_owned);
    judges().into_iter().chain(services).collect()
}
