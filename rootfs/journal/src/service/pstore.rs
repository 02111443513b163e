//! The crash trail: what the kernel saved of its ring when the last boot ended in a panic (/sys/fs/pstore).
//!
//! The kernel writes these files itself where the platform has a place for them (EFI variables, ACPI ERST, ramoops).
//! They are read into the log once, kept below `/var/lib/systemd/pstore` as systemd-pstore(8) does, and removed, which
//! makes room for the next.

use std::path::{Path, PathBuf};

use super::log::{Line, Log};
use crate::entry::field;

/// The most lines of one file.
const MAX_LINES: usize = 2000;

/// Reads the files of `root`'s pstore into the log.
pub fn import(root: &Path, log: &mut Log) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("sys/fs/pstore"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|item| item.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    for path in files {
        if let Err(error) = import_file(root, &path, log) {
            log.own(4, &format!("{}: {error}", path.display()));
        }
    }
}

fn import_file(root: &Path, path: &Path, log: &mut Log) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let content = std::fs::read(path)?;
    let lines: Vec<&[u8]> =
        content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let (count, stored) = (lines.len(), lines.len().min(MAX_LINES));
    log.own(
        2,
        &format!("The kernel left a crash record: {name}, {stored} of {count} lines follow"),
    );
    for line in lines.iter().take(MAX_LINES) {
        let (level, text) = super::syslog::prefix(line);
        let level = level.unwrap_or(4) & 7;
        log.accept(Line {
            transport: "kernel",
            fields: vec![
                field("MESSAGE", text),
                field("PRIORITY", level.to_string()),
                field("SYSLOG_IDENTIFIER", "pstore"),
                field("SYSLOG_FACILITY", "0"),
                field("PSTORE_FILE", name.as_str()),
            ],
            ..Line::default()
        });
    }
    log.keeper.sync();
    // A copy that cannot be kept is in the log all the same; a file that stays would be read again at each boot.
    if let Err(error) = archive(root, &name, &content) {
        log.own(4, &format!("{name} is not kept in /var/lib/systemd/pstore: {error}"));
    }
    std::fs::remove_file(path)
}

/// Keeps a copy as it was.
fn archive(root: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let folder = root.join("var/lib/systemd/pstore");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{}-{name}", crate::clock::realtime() / 1_000_000)), content)
}
