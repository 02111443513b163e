//! `cargo xtask`: the command line of the builder. Glue only; one file per subcommand.

mod bench;
mod build_image;
mod ci;
mod clean;
mod completions;
mod diff;
mod fuzz;
mod keys;
mod output;
mod plan;
mod run;
mod sdk;
mod test;
mod update_lock;
mod upload;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, boots and tests Keelson images. Needs no privilege.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
#[command(after_help = "Exit status:
  0  done
  1  failed: the message says what and what to do; artifacts of earlier builds are in place
  2  the command line is wrong
  3  `diff` found a difference")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    BuildImage(build_image::Args),
    Plan(plan::Args),
    Run(run::Args),
    Test(test::Args),
    Ci(ci::Args),
    Bench(bench::Args),
    UpdateLock(update_lock::Args),
    Upload(upload::Args),
    Keys(keys::Args),
    Diff(diff::Args),
    Fuzz(fuzz::Args),
    Clean(clean::Args),
    Completions(completions::Args),
}

fn main() -> ExitCode {
    command().unwrap_or_else(|error| {
        output::eprintln(format_args!("error: {}", message(&error)));
        ExitCode::FAILURE
    })
}

fn command() -> Result<ExitCode> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => error.exit(),
        // Help and version: what cannot be written of them is an error as of any output.
        Err(text) => {
            output::outcome(text.print())?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    match cli.command {
        Command::BuildImage(args) => build_image::main(&args),
        Command::Plan(args) => plan::main(&args),
        Command::Run(args) => run::main(&args),
        Command::Test(args) => test::main(&args),
        Command::Ci(args) => ci::main(&args),
        Command::Bench(args) => bench::main(&args),
        Command::UpdateLock(args) => update_lock::main(&args),
        Command::Upload(args) => upload::main(&args),
        Command::Keys(args) => keys::main(&args),
        Command::Diff(args) => diff::main(&args),
        Command::Fuzz(args) => fuzz::main(&args),
        Command::Clean(args) => clean::main(&args),
        Command::Completions(args) => completions::main(&args),
    }
}

/// An error with its causes, each said once, and what to do about a full disk.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.ends_with(cause.trim_end()) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(cause.trim_end());
    }
    let is_full = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::StorageFull);
    if is_full && !text.contains("the disk is full") {
        text.push_str("\n  the disk is full: free some space, or name another folder (a build: with --out DIR)");
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
