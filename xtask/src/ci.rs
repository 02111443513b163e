//! `cargo xtask ci`.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::{test, workspace};

/// Run everything that must be green: format, lints, all tests
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    #[command(flatten)]
    test: test::Args,
}

pub fn main(args: &Args) -> Result<ExitCode> {
    let root = workspace::root()?;
    cargo(&root, &["fmt", "--all", "--check"])?;
    cargo(
        &root,
        &["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"],
    )?;
    test::main(&args.test)
}

fn cargo(root: &Path, args: &[&str]) -> Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status =
        Command::new(program).args(args).current_dir(root).status().context("running cargo")?;
    if !status.success() {
        bail!("cargo {} failed", args[0]);
    }
    Ok(())
}
