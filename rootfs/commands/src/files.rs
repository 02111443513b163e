//! Small files of `/etc`, written whole; and folders that stand for `/`.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The root that `--root=` names: an empty one is the host's own, as with systemd's commands.
pub fn root(value: OsString) -> PathBuf {
    if value.is_empty() { PathBuf::from("/") } else { PathBuf::from(value) }
}

/// Refuses what `--root=` names and is no folder: it would look like a system that has nothing.
pub fn check_root(root: &Path) -> Result<()> {
    let found = fs::metadata(root).with_context(|| format!("--root={}", root.display()))?;
    ensure!(found.is_dir(), "--root={} is no folder", root.display());
    Ok(())
}

/// A name beside a file, for what is to take its place.
pub fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Writes a file beside the old one and moves it over, so that nobody ever reads half of it.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let fresh = beside(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// The same with a link.
pub fn relink(path: &Path, target: &str) -> io::Result<()> {
    let fresh = beside(path);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(target, &fresh)?;
    fs::rename(&fresh, path)
}

/// Removes a file that may be missing.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
