//! `cargo xtask plan`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;

use crate::build_image::BoardArgs;
use crate::{output, workspace};

/// Print the resolved plan of a board
///
/// The plan is everything a build is decided by, as TOML: partitions with their offsets, recipes
/// with their files, programs, modules and the command line. It is pure: nothing is fetched or built.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    board: BoardArgs,
}

pub fn main(args: &Args) -> Result<ExitCode> {
    let text = args.board.load(&workspace::root()?)?.plan.to_toml();
    output::outcome(io::stdout().write_all(text.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}
