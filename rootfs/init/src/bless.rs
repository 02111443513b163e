//! Automatic boot assessment of the Boot Loader Specification: a boot that came up takes the counter off its entry's
//! name, and the boot loader keeps it. It stands alone, to move to the update program.
//!
//! The entry is renamed on the EFI system partition the loader was started from, and nothing else is written there.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

mod counter;
mod partition;

use counter::Counted;
use partition::PartitionError;

const VARIABLES: &str = "/sys/firmware/efi/efivars";
/// Vendor of the Boot Loader Interface's variables.
const LOADER: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// Where the partition is mounted meanwhile.
const MOUNT_POINT: &str = "/run/keelson/esp";

/// Why a boot was not blessed.
#[derive(Debug, thiserror::Error)]
enum BlessError {
    #[error("reading the loader variable {name}: {source}")]
    Variable { name: &'static str, source: io::Error },
    #[error("the loader variable {name} is `{text}`, which is no {what}")]
    Content { name: &'static str, text: String, what: &'static str },
    #[error(transparent)]
    Partition(#[from] PartitionError),
    #[error("mounting {}: {source}", device.display())]
    Mount { device: PathBuf, source: io::Error },
    #[error("renaming {from} to {to} on the EFI system partition: {source}")]
    Rename { from: String, to: String, source: io::Error },
    #[error("there is neither {counted} nor {good} on the EFI system partition")]
    Gone { counted: String, good: String },
    #[error("unmounting {MOUNT_POINT}: {0}")]
    Unmount(io::Error),
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    NotCounted,
    Already(String),
    Renamed { from: String, to: String },
}

/// The command `bless`.
pub fn run() -> ExitCode {
    match bless() {
        Ok(Outcome::NotCounted) => {
            println!("the boot loader does not count this boot; there is nothing to bless");
        }
        Ok(Outcome::Already(name)) => println!("blessed already: {name}"),
        Ok(Outcome::Renamed { from, to }) => println!("blessed: {from} is now {to}"),
        Err(error) => {
            eprintln!("not blessed: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn bless() -> Result<Outcome, BlessError> {
    const COUNT_PATH: &str = "LoaderBootCountPath";
    const PARTITION: &str = "LoaderDevicePartUUID";
    let path = match variable(COUNT_PATH) {
        Ok(path) => path,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::NotCounted),
        Err(source) => return Err(BlessError::Variable { name: COUNT_PATH, source }),
    };
    let content =
        |name, text: &str, what| BlessError::Content { name, text: text.to_owned(), what };
    let counted = Counted::parse(&path)
        .ok_or_else(|| content(COUNT_PATH, &path, "path of a counted entry"))?;
    let guid =
        variable(PARTITION).map_err(|source| BlessError::Variable { name: PARTITION, source })?;
    let guid_bytes =
        partition::parse_guid(&guid).ok_or_else(|| content(PARTITION, &guid, "GUID"))?;
    let device = partition::find(guid_bytes)?;
    let mounted = Mounted::new(&device)?;
    let outcome = rename(Path::new(MOUNT_POINT), &counted);
    mounted.unmount()?;
    outcome
}

/// The text of a variable: four bytes of attributes, then UTF-16 with a NUL.
fn variable(name: &str) -> io::Result<String> {
    let bytes = fs::read(Path::new(VARIABLES).join(format!("{name}-{LOADER}")))?;
    let units: Vec<u16> = bytes
        .get(4..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16(&units[..end]).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Takes the counter off the entry below `root`, whatever it stands at by now.
fn rename(root: &Path, counted: &Counted) -> Result<Outcome, BlessError> {
    let folder = root.join(&counted.folder);
    let good = counted.good_name();
    let names = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    let Some(present) = names.iter().find(|name| counted.is_same_entry(name)) else {
        return if names.contains(&good) {
            Ok(Outcome::Already(good))
        } else {
            Err(BlessError::Gone { counted: counted.name.clone(), good })
        };
    };
    let renamed = fs::rename(folder.join(present), folder.join(&good))
        .and_then(|()| File::open(&folder)?.sync_all());
    match renamed {
        Ok(()) => Ok(Outcome::Renamed { from: present.clone(), to: good }),
        Err(source) => Err(BlessError::Rename { from: present.clone(), to: good, source }),
    }
}

/// The mounted partition; unmounted at the latest when it is dropped.
struct Mounted(bool);

impl Mounted {
    fn new(device: &Path) -> Result<Self, BlessError> {
        let failed = |source| BlessError::Mount { device: device.to_owned(), source };
        fs::create_dir_all(MOUNT_POINT).map_err(failed)?;
        let flags =
            MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::SYNCHRONOUS;
        // The kernel asks modprobe for vfat and for the tables of names.
        mount(OsString::from(device), MOUNT_POINT, "vfat", flags, c"umask=0077")
            .map_err(|error| failed(error.into()))?;
        Ok(Self(true))
    }

    fn unmount(mut self) -> Result<(), BlessError> {
        self.0 = false;
        unmount(MOUNT_POINT, UnmountFlags::NOFOLLOW)
            .map_err(|error| BlessError::Unmount(error.into()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.0 {
            // On the way out with another error, which is the one to tell.
            let _left = unmount(MOUNT_POINT, UnmountFlags::DETACH);
        }
    }
}

#[cfg(test)]
mod tests;
