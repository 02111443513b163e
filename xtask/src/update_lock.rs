//! `cargo xtask update-lock`.

use std::process::ExitCode;

use anyhow::Result;
use keelson_image_builder::build;
use keelson_sdk::Request;

use crate::build_image::BoardArgs;
use crate::output::println;
use crate::sdk::SdkArgs;
use crate::{test, workspace};

/// Pin the Debian packages that the archive has today
///
/// Writes boards/BOARD.lock with the version and SHA-256 of every package of the image and of the
/// SDK's tools.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    board: BoardArgs,
    #[command(flatten)]
    sdk: SdkArgs,
}

pub fn main(args: &Args) -> Result<ExitCode> {
    let root = workspace::root()?;
    let manifests = args.board.load(&root)?;
    let image = build::image_request(&manifests.plan).image;
    let mut tools = test::tools();
    tools.extend(build::BUILD_TOOLS.map(str::to_owned));
    let lock = args.sdk.open()?.resolve(&Request { image, tools })?;
    let mut moved = 0;
    for (name, pin) in lock.image.iter().chain(&lock.tools) {
        let before = manifests.lock.image.get(name).or_else(|| manifests.lock.tools.get(name));
        match before {
            Some(before) if before.version == pin.version => continue,
            Some(before) => println(format_args!("{name} {} -> {}", before.version, pin.version))?,
            None => println(format_args!("{name} {}", pin.version))?,
        }
        moved += 1;
    }
    workspace::replace(&manifests.lock_path, &lock.to_toml())?;
    println(format_args!(
        "{moved} pins moved, {} in all: {}",
        lock.image.len() + lock.tools.len(),
        manifests.lock_path.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
