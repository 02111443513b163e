//! `cargo xtask bench`.

use std::process::ExitCode;

use anyhow::Result;

/// Not yet
#[derive(clap::Args)]
pub struct Args {}

pub fn main(_args: &Args) -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
