//! `keelson-upload`: what `cargo xtask upload` starts.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use keelson_upload::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::main(&Cli::parse()) {
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
