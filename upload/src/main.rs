//! `keelson-upload`: what `cargo xtask upload` starts.

use std::process::ExitCode;

use clap::Parser as _;
use keelson_upload::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::main(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            eprintln!("error: {}", causes.join(": "));
            ExitCode::FAILURE
        }
    }
}
