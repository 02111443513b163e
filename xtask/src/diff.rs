//! `cargo xtask diff`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use keelson_image_builder::{diff, erofs};

use crate::build_image::BoardArgs;
use crate::output::println;
use crate::sdk::SdkArgs;
use crate::workspace;

/// Name the first difference of two images
///
/// Compares two raw images: partition table, then each partition; in the ESP and in /usr the first
/// differing file is named. Exit status 3 if they differ.
#[derive(clap::Args)]
pub struct Args {
    /// One disk.raw, or a build folder that has one
    a: PathBuf,
    /// The other
    b: PathBuf,
    /// Print the difference as JSON, null if there is none
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sdk: SdkArgs,
}

/// Exit status when the images differ.
const DIFFERENT: u8 = 3;

pub fn main(args: &Args) -> Result<ExitCode> {
    let (a, b) = (raw(&args.a)?, raw(&args.b)?);
    let manifests = BoardArgs::standard().load(&workspace::root()?)?;
    let tools = args.sdk.open()?.tools(&manifests.lock, &["erofs-utils".to_owned()])?;
    let scratch = tempfile::tempdir()?;
    let extract =
        |image: &Path, to: &Path| erofs::extract(&tools, image, to).map_err(std::io::Error::other);
    let difference = diff::compare(&a, &b, scratch.path(), &extract)?;
    if args.json {
        println(serde_json::to_string_pretty(&difference)?)?;
    } else {
        match &difference {
            None => println("the images are the same")?,
            Some(difference) => println(difference)?,
        }
    }
    Ok(difference.map_or(ExitCode::SUCCESS, |_| ExitCode::from(DIFFERENT)))
}

fn raw(path: &Path) -> Result<PathBuf> {
    let file = if path.is_dir() { path.join("disk.raw") } else { path.to_path_buf() };
    if !file.is_file() {
        bail!("there is no image {}", file.display());
    }
    Ok(file)
}
