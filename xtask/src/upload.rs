//! `cargo xtask upload`.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::workspace;

/// The package of the upload.
pub const PACKAGE: &str = "keelson-upload";
/// How it is compiled.
pub const PROFILE: &str = "upload";

/// Put an image into EC2, Compute Engine, Azure or OpenStack
///
/// `cargo xtask upload PROVIDER --help` says what each takes. The program is a package of its own, compiled on its first
/// use: nobody else waits for what it depends on.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// The provider and its options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

pub fn main(args: &Args) -> Result<ExitCode> {
    let root = workspace::root()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["run", "--quiet", "--locked", "--profile", PROFILE, "--package", PACKAGE])
        .arg("--manifest-path");
    cargo.arg(root.join("Cargo.toml")).arg("--").args(&args.arguments);
    let status = cargo.status().context("running cargo run")?;
    // 2 is a wrong command line, as everywhere.
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
