//! Where the workspace is, and which version it builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use keelson_format::version::Version;

/// The folder with the workspace's `Cargo.toml`.
pub fn root() -> Result<PathBuf> {
    let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_dir().context("finding the current folder")?,
    };
    let is_root =
        |folder: &&Path| folder.join("boards").is_dir() && folder.join("Cargo.lock").is_file();
    match start.ancestors().find(is_root) {
        Some(root) => Ok(root.to_owned()),
        None => bail!("{} is not in a checkout of Keelson", start.display()),
    }
}

/// Folder of the artifacts.
pub fn out(root: &Path) -> PathBuf {
    root.join("build")
}

/// The version given, else the nearest tag as `git describe` tells it, else the workspace's own.
/// It never depends on the clock.
pub fn version(root: &Path, given: Option<&str>) -> Result<Version> {
    if let Some(text) = given {
        if text == "latest" {
            bail!("--version latest: build/BOARD/latest is the link to the newest build");
        }
        return text.parse().context("reading --version");
    }
    let described = Command::new("git")
        .args(["describe", "--tags", "--dirty", "--match", "v[0-9]*"])
        .current_dir(root)
        .output();
    // Without git, a repository or a tag there is nothing to describe.
    if let Ok(output) = described
        && output.status.success()
    {
        let text = String::from_utf8_lossy(&output.stdout);
        let text = text.trim().trim_start_matches('v');
        return text
            .parse()
            .with_context(|| format!("reading the tag that git describes as {text}"));
    }
    env!("CARGO_PKG_VERSION").parse().context("reading the version of the workspace")
}
