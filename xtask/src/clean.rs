//! `cargo xtask clean`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use fs_err as fs;
use keelson_sdk::Options;

use crate::output::println;
use crate::workspace;

/// Remove artifacts, and on request the cache
///
/// Removes build/ of the workspace. Keys are never removed.
#[derive(clap::Args)]
pub struct Args {
    /// Also remove the user's cache of downloads, tools and compiled crates, shared by all checkouts
    #[arg(long)]
    cache: bool,
}

pub fn main(args: &Args) -> Result<ExitCode> {
    remove(&workspace::out(&workspace::root()?))?;
    if args.cache {
        remove(&Options::default_cache()?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).context("cleaning")?;
    println(format_args!("removed {}", folder.display()))
}
