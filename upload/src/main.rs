//! `keelson-upload`: what `cargo xtask upload` starts.

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
            eprintln!("error: {text}");
            ExitCode::FAILURE
        }
    }
}
