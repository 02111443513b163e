//! Where the workspace is, and which version it builds.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
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

/// Replaces a file of the workspace as a whole: whatever happens meanwhile, the old text is there or the new.
pub fn replace(file: &Path, text: &str) -> Result<()> {
    let writing = || format!("writing {}, which is as it was", file.display());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut new = tempfile::Builder::new()
        .prefix(".keelson-")
        // The umask takes away what it does of any file.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .with_context(writing)?;
    new.write_all(text.as_bytes()).with_context(writing)?;
    new.as_file().sync_all().with_context(writing)?;
    new.persist(file).with_context(writing)?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_with_the_mode_of_any_other_or_stays() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let (file, other) = (scratch.path().join("a.lock"), scratch.path().join("other"));
        fs::write(&other, "").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("found").permissions().mode();
        for text in ["schema = 1\n", "schema = 2\n"] {
            replace(&file, text).expect("replaced");
            assert_eq!(fs::read_to_string(&file).expect("read"), text);
            assert_eq!(mode(&file), mode(&other));
        }
        let folder = scratch.path().join("folder.lock");
        fs::create_dir_all(folder.join("full")).expect("made");
        let error = replace(&folder, "").expect_err("a folder is no file").to_string();
        assert!(error.contains("folder.lock, which is as it was"), "{error}");
        assert_eq!(fs::read_dir(scratch.path()).expect("read").count(), 3, "nothing is left");
    }
}
