//! `cargo xtask build-image`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use keelson_format::platform::Platform;
use keelson_format::size::ByteSize;
use keelson_image_builder::build::{self, Built, Format, Request, Wanted};
use keelson_image_builder::keys::{self, KeySet};

use crate::output::println;
use crate::sdk::SdkArgs;
use crate::workspace;

/// Build the images of a board
///
/// Fetches and compiles what is missing, then writes build/BOARD/VERSION/ and the link
/// build/BOARD/latest. Earlier artifacts stay in place until everything is done.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    #[command(flatten)]
    pub board: BoardArgs,
    /// Folder of the release keys [default: development keys, made on first use]
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// Formats to make beside raw, raw.zst and qcow2, with commas between them
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = format_names())]
    pub format: Vec<Format>,
    /// Make every format
    #[arg(long, conflicts_with = "format")]
    pub all_formats: bool,
    /// Platform whose disk the formats hold [default: that which each format is usually for; with no format: raw]
    #[arg(long, value_name = "ID")]
    pub platform: Option<Platform>,
    /// Build again even if nothing changed
    #[arg(long)]
    pub force: bool,
    /// Folder that gets BOARD/VERSION/ [default: build in the workspace]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the manifest (release.json), the folder and the time of each step as JSON
    #[arg(long)]
    pub json: bool,
    /// Print how long each step took
    #[arg(long)]
    pub timings: bool,
    #[command(flatten)]
    pub sdk: SdkArgs,
}

/// What is built.
#[derive(clap::Args)]
pub struct BoardArgs {
    /// Name of a board in boards/, or the path of a board's .toml file
    #[arg(long, short, default_value = "amd64-usr")]
    pub board: String,
    /// Folder with more recipes, NAME.toml each; may be given again
    #[arg(long, value_name = "DIR")]
    pub recipes: Vec<PathBuf>,
    /// Version of the release [default: git describe, else the workspace's]
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
}

impl BoardArgs {
    /// The default board.
    pub fn standard() -> Self {
        Self { board: "amd64-usr".to_owned(), recipes: Vec::new(), version: None }
    }

    /// Reads board, recipes and lock.
    pub fn load(&self, root: &Path) -> Result<build::Manifests> {
        let version = workspace::version(root, self.version.as_deref())?;
        Ok(build::load(root, &self.board, &self.recipes, &version)?)
    }
}

impl Args {
    /// A plain build of a board with these package options.
    pub fn of(board: BoardArgs, sdk: &SdkArgs) -> Self {
        Self {
            board,
            keys: None,
            format: Vec::new(),
            all_formats: false,
            platform: None,
            force: false,
            out: None,
            json: false,
            timings: false,
            sdk: sdk.clone(),
        }
    }

    /// The formats that are asked for.
    fn formats(&self) -> BTreeSet<Wanted> {
        let formats: Vec<Format> = match self.format.as_slice() {
            _ if self.all_formats => Format::all().collect(),
            [] => vec![Format::Raw],
            named => named.to_vec(),
        };
        formats.into_iter().map(|format| Wanted::new(format, self.platform)).collect()
    }

    /// The release keys, or the user's development keys.
    fn open_keys(&self) -> Result<KeySet> {
        match &self.keys {
            Some(folder) => Ok(KeySet::open(folder)?),
            None => dev_keys(),
        }
    }
}

/// The user's development keys, made if they are not there.
pub fn dev_keys() -> Result<KeySet> {
    let variable = std::env::var_os;
    let folder =
        keys::dev_folder(variable("XDG_DATA_HOME").as_deref(), variable("HOME").as_deref())?;
    Ok(KeySet::dev(&folder)?)
}

pub fn main(args: &Args) -> Result<ExitCode> {
    let built = run(args)?;
    if args.json {
        let steps: serde_json::Map<_, _> = built
            .timings
            .iter()
            .map(|(step, took)| ((*step).to_owned(), took.as_secs_f64().into()))
            .collect();
        let value = serde_json::json!({
            "folder": built.folder, "unchanged": built.unchanged, "seconds": steps,
            "release": built.release,
        });
        println(format_args!("{value:#}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    print_summary(&built, args.timings)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds what the arguments say.
pub fn run(args: &Args) -> Result<Built> {
    let root = workspace::root()?;
    let manifests = args.board.load(&root)?;
    let keys = args.open_keys()?;
    let sdk = args.sdk.open()?;
    let out = args.out.clone().unwrap_or_else(|| workspace::out(&root));
    let out = std::path::absolute(out)?;
    let request = Request {
        workspace: &root,
        out: &out,
        manifests: &manifests,
        keys: &keys,
        formats: &args.formats(),
        force: args.force,
    };
    build::build(&sdk, &request).with_context(|| format!("building {}", manifests.plan.board))
}

/// Takes the name of a format; a wrong one is answered with the nearest.
fn format_names() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::all().map(Format::name))
        .map(|name| name.parse().expect("it is one of the names"))
}

fn print_summary(built: &Built, timings: bool) -> Result<()> {
    let release = &built.release;
    let state = if built.unchanged { "is up to date" } else { "is built" };
    println(format_args!(
        "Keelson {} for {} {state}: {}",
        release.version,
        release.board,
        built.folder.display()
    ))?;
    println(format_args!("  root hash  {}", release.usr.root_hash))?;
    println(format_args!("  kernel     {}", release.kernel))?;
    println(format_args!(
        "  signed by  {} key {}",
        release.signed_by.kind,
        &release.signed_by.key_fingerprint[..16]
    ))?;
    for name in ["usr.erofs", "keelson.efi", "disk.raw.zst", "disk.qcow2"] {
        if let Some(artifact) = release.artifacts.get(name) {
            println(format_args!("  {name:<13}{:>9.1} MB", megabytes(artifact.size)))?;
        }
    }
    println(format_args!(
        "  {:<13}{:>12}",
        "disk.raw",
        ByteSize::new(release.disk.size).to_string()
    ))?;
    if timings {
        for (step, took) in &built.timings {
            println(format_args!("  {step:<26}{:>8.2} s", took.as_secs_f64()))?;
        }
    }
    if release.signed_by.kind == "dev" {
        println(format_args!(
            "  The keys are development keys: not for production (see `cargo xtask keys --help`)."
        ))?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sizes for people; files are below 2^52 bytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
