//! A copy of the working tree as git would check it out: the umask decides all modes but the owner's `x`.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

/// Folders at the top of a checkout that are not of its tree.
const NOT_SOURCE: [&str; 3] = [".git", "build", "target"];

/// Makes `to` a copy of the tree at `from`. What is right already is not written, so that cargo sees only
/// what changed.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let files = tracked(from).map_or_else(|| walk(from), Ok)?;
    for gone in walk(to)?.difference(&files) {
        fs::remove_file(to.join(gone))?;
    }
    for file in &files {
        let (source, made) = (from.join(file), to.join(file));
        if is_same(&source, &made) {
            continue;
        }
        if fs::symlink_metadata(&made).is_ok() {
            fs::remove_file(&made)?;
        }
        fs::create_dir_all(made.parent().unwrap_or(to))?;
        if source.is_symlink() {
            fs_err::os::unix::fs::symlink(fs::read_link(&source)?, &made)?;
            continue;
        }
        let mode = if is_executable(&source)? { 0o777 } else { 0o666 };
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(mode).open(&made)?;
        io::copy(&mut fs::File::open(&source)?, &mut file)?;
    }
    Ok(())
}

/// The files of the working tree by git: those it follows and the new ones that it does not ignore.
/// `None` if there is no repository or no git.
fn tracked(root: &Path) -> Option<BTreeSet<PathBuf>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let files: BTreeSet<_> = names
        .map(|name| PathBuf::from(std::ffi::OsStr::from_bytes(name)))
        .filter(|path| fs::symlink_metadata(root.join(path)).is_ok())
        .collect();
    (output.status.success() && !files.is_empty()).then_some(files)
}

/// The files below a checkout, relative to it.
fn walk(root: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            let inside = path.strip_prefix(root).expect("found below it").to_owned();
            if NOT_SOURCE.iter().any(|name| inside == Path::new(name)) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.insert(inside);
            }
        }
    }
    Ok(files)
}

/// Whether both are links with one text, or files with one content and one `x`.
fn is_same(one: &Path, other: &Path) -> bool {
    if one.is_symlink() || other.is_symlink() {
        return matches!((fs::read_link(one), fs::read_link(other)), (Ok(a), Ok(b)) if a == b);
    }
    let executable = (is_executable(one), is_executable(other));
    matches!(executable, (Ok(a), Ok(b)) if a == b)
        && matches!((fs::read(one), fs::read(other)), (Ok(a), Ok(b)) if a == b)
}

fn is_executable(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o100 != 0)
}
