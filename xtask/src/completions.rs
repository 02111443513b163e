//! `cargo xtask completions`.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::{Cli, output};

/// The name that a shell completes: it knows `cargo` as another command.
const NAME: &str = "xtask";

/// Print what a shell needs to complete this command line
///
/// Shells complete the first word, and that of `cargo xtask` is cargo. So this is for a function of the name xtask;
/// docs/run-and-debug.md has the lines for bash, zsh and fish.
#[derive(clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn main(args: &Args) -> Result<ExitCode> {
    output::outcome(std::io::stdout().write_all(&script(args.shell)))?;
    Ok(ExitCode::SUCCESS)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), NAME, &mut script);
    script
}

#[cfg(test)]
mod tests;
