//! The configuration that the installer left on the partition OEM of the host's own disk.
//!
//! The file is read straight off the partition: no driver of its file system is needed, and it is never
//! mounted where anybody but root could read it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use keelson_disk::fat::{ReadError, Reader};
use keelson_format::disk::Role;
use keelson_output::eprintln;

use crate::source::Source;

/// The file's name. The installer writes it; changing it leaves installed hosts unprovisioned.
pub const NAME: &str = "config.ign";
/// More than this is no configuration; the installer writes at most 4 MiB.
const LARGEST: u64 = 16 << 20;

const HOW_TO_GO_ON: &str = "make it anew as FAT16 or FAT32 with sectors of 512 bytes and config.ign on it, or \
    wipe it (`wipefs -a`)";

/// Where the kernel and the initramfs say what there is.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// `/run/keelson/boot.json`.
    pub boot: &'a Path,
    /// `/sys/class/block`.
    pub block: &'a Path,
    /// `/dev`.
    pub dev: &'a Path,
}

impl Places<'static> {
    /// Those of a host.
    pub fn of_host() -> Self {
        Self {
            boot: Path::new(keelson_format::boot::PATH),
            block: Path::new("/sys/class/block"),
            dev: Path::new("/dev"),
        }
    }
}

/// Reads the configuration; `None` where the host has no such partition, nothing is on it, or another
/// file system than FAT. A FAT volume that cannot be read is an error: it may hold a configuration.
pub fn read(places: Places<'_>) -> io::Result<Option<Source>> {
    let Some(name) = partition(places) else { return Ok(None) };
    let node = places.dev.join(&name);
    let failed = |error: io::Error| {
        io::Error::new(error.kind(), format!("{} (OEM): {error}", node.display()))
    };
    let file = File::open(&node).map_err(failed)?;
    let mut first = [0; 512];
    file.read_exact_at(&mut first, 0).map_err(failed)?;
    if first.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let volume = match Reader::open(&file, 0) {
        Ok(volume) => volume,
        Err(error @ ReadError::NotFat { .. }) => {
            // It is the user's partition: another file system on it is no mistake.
            eprintln(format_args!("{} (OEM) is not looked at: {error}", node.display()));
            return Ok(None);
        }
        Err(error @ ReadError::Form { .. }) => {
            let text = format!("{error}; {HOW_TO_GO_ON}");
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
        Err(error) => return Err(failed(io::Error::other(error))),
    };
    let files = volume.root_files().map_err(io::Error::other).map_err(failed)?;
    let Some(found) =
        files.iter().find(|file| !file.is_directory && file.path.eq_ignore_ascii_case(NAME))
    else {
        return Ok(None);
    };
    if found.bytes > LARGEST {
        let text = format!("{NAME} has more than {LARGEST} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, text)));
    }
    let mut bytes = Vec::new();
    volume
        .reader(found)
        .map_err(io::Error::other)
        .and_then(|mut reader| reader.read_to_end(&mut bytes))
        .map_err(failed)?;
    Ok(Some(Source { name: Path::new("OEM").join(&found.path), bytes }))
}

/// The kernel name of the partition OEM of the disk that the host was started from.
fn partition(places: Places<'_>) -> Option<String> {
    let boot: serde_json::Value = serde_json::from_slice(&fs::read(places.boot).ok()?).ok()?;
    let disk = places.block.join(boot.get("disk")?.as_str()?);
    let mut names: Vec<String> = fs::read_dir(&disk)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names.into_iter().find(|name| {
        let uevent = fs::read_to_string(disk.join(name).join("uevent")).unwrap_or_default();
        uevent.lines().any(|line| line.strip_prefix("PARTNAME=") == Some(Role::Oem.label()))
    })
}

#[cfg(test)]
mod tests;
