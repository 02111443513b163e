//! `keelson-upload`: what `cargo xtask upload` starts.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use keelson_upload::cli::{self, Cli};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            for cause in error.chain().skip(1).map(ToString::to_string) {
                // Most messages say their cause themselves, before what to do.
                if !text.contains(&cause) {
                    text = format!("{text}: {cause}");
                }
            }
            // With nobody to read it the exit status alone says so.
            let _unseen = writeln!(std::io::stderr(), "error: {text}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Cli::try_parse() {
        Ok(cli) => cli::main(&cli),
        Err(error) if error.use_stderr() => error.exit(),
        // Help and version. A reader that went away has seen enough.
        Err(text) => match text.print() {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(error).context("writing the output")
            }
            _ => Ok(()),
        },
    }
}
