//! `cargo xtask keys`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use keelson_image_builder::keys::{KeyKind, KeySet};

use crate::build_image::dev_keys;
use crate::output::println;

/// Make release keys, or show the keys in use
///
/// A key set signs a release: an ed25519 release key for root hashes and sums, and Secure Boot keys
/// (PK, KEK, db) for the loader and UKIs. Without a subcommand the development keys are shown; they
/// are made on first use, one set for all checkouts of a user, and never belong in production.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a set of release keys in a new folder
    ///
    /// Keep the folder off line and give it to `build-image --keys DIR`.
    Generate {
        /// The folder; it must not exist yet, or be empty
        folder: PathBuf,
        /// Name of the keys' owner, for the certificates: 1 to 32 letters, digits, spaces, `.` or `-`
        #[arg(long)]
        name: String,
    },
    /// Show the public parts of a set of keys
    Show {
        /// The folder [default: the development keys]
        folder: Option<PathBuf>,
    },
}

pub fn main(args: &Args) -> Result<ExitCode> {
    let keys = match &args.command {
        Some(Action::Generate { folder, name }) => {
            KeySet::generate(folder, KeyKind::Release, name)?
        }
        Some(Action::Show { folder: Some(folder) }) => KeySet::open(folder)?,
        Some(Action::Show { folder: None }) | None => dev_keys()?,
    };
    println(format_args!("folder       {}", keys.folder().display()))?;
    println(format_args!(
        "kind         {}",
        if keys.is_dev() { "dev: not for production" } else { "release" }
    ))?;
    println(format_args!("name         {}", keys.name()))?;
    println(format_args!("release key  {}", keys.fingerprint()))?;
    println(format_args!("db           {}", keys.db().subject()))?;
    Ok(ExitCode::SUCCESS)
}
