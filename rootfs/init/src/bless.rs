//! Automatic boot assessment of the Boot Loader Specification: a boot that came up takes the counter off its entry's
//! name, and the boot loader keeps it. It stands alone, to move to the update program.
//!
//! The entry is renamed on the EFI system partition the loader was started from, and what GRUB knows on BIOS is
//! brought into agreement with the names; nothing else is written there, and nothing at all where all is as it should be.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use keelson_format::boot::{self, BootInfo};
use keelson_output::{eprintln, print};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};

mod agreement;
mod counter;
mod partition;

use agreement::AgreementError;
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
    #[error("reading {path}: {0}", path = boot::PATH)]
    BootInfo(io::Error),
    #[error(transparent)]
    Partition(#[from] PartitionError),
    #[error(transparent)]
    Agreement(#[from] AgreementError),
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
    Renamed {
        from: String,
        to: String,
    },
    /// Another entry has the tries that another firmware left it.
    Counted {
        from: String,
        to: String,
    },
    /// GRUB's environment was written, anew where the old one had this wrong with it.
    Environment {
        damage: Option<String>,
    },
}

/// The command `bless`.
pub fn run() -> ExitCode {
    match bless() {
        Ok(outcomes) if outcomes.is_empty() => print(&format!("{}\n", Outcome::NotCounted)),
        Ok(outcomes) => outcomes.iter().for_each(|outcome| print(&format!("{outcome}\n"))),
        Err(error) => {
            eprintln(format_args!("not blessed: {error}"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCounted => {
                f.write_str("the boot loader does not count this boot; there is nothing to bless")
            }
            Self::Already(name) => write!(f, "blessed already: {name}"),
            Self::Renamed { from, to } => write!(f, "blessed: {from} is now {to}"),
            Self::Counted { from, to } => write!(f, "{from} is now {to}, as another boot left it"),
            Self::Environment { damage: None } => f.write_str("GRUB's environment is up to date"),
            Self::Environment { damage: Some(damage) } => {
                write!(f, "GRUB's environment was written anew: {damage}")
            }
        }
    }
}

fn bless() -> Result<Vec<Outcome>, BlessError> {
    let info = fs::read(boot::PATH).and_then(|json| Ok(BootInfo::parse(&json)?));
    let info = info.map_err(BlessError::BootInfo)?;
    let counted = counted()?;
    // A medium that is read from to live in memory is not counted, and may be a CD.
    if info.live && counted.is_none() {
        return Ok(Vec::new());
    }
    let Some(device) = esp(&info)? else { return Ok(Vec::new()) };
    let mounted = Mounted::new(&device)?;
    let root = Path::new(MOUNT_POINT);
    let mut outcomes = Vec::new();
    if let Some(counted) = &counted {
        Mounted::make_writable(&device)?;
        outcomes.push(rename(root, counted)?);
    }
    if let Some(change) = agreement::find(root, &info.version)? {
        Mounted::make_writable(&device)?;
        outcomes.extend(change.apply(root)?);
    }
    mounted.unmount()?;
    Ok(outcomes)
}

/// The entry that the loader on UEFI counts, if it counts one.
fn counted() -> Result<Option<Counted>, BlessError> {
    const NAME: &str = "LoaderBootCountPath";
    let Some(path) = optional(NAME)? else { return Ok(None) };
    let what = "path of a counted entry";
    match Counted::parse(&path) {
        Some(counted) => Ok(Some(counted)),
        None => Err(BlessError::Content { name: NAME, text: path, what }),
    }
}

/// The partition that the loader was started from; on BIOS, where it cannot say, that of the disk that `/usr` is on.
fn esp(info: &BootInfo) -> Result<Option<PathBuf>, BlessError> {
    const NAME: &str = "LoaderDevicePartUUID";
    let Some(guid) = optional(NAME)? else { return Ok(info.parts.esp.as_ref().map(PathBuf::from)) };
    match partition::parse_guid(&guid) {
        Some(bytes) => Ok(Some(partition::find(bytes)?)),
        None => Err(BlessError::Content { name: NAME, text: guid, what: "GUID" }),
    }
}

/// The text of a variable that may be missing, as all are on BIOS.
fn optional(name: &'static str) -> Result<Option<String>, BlessError> {
    match variable(name) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(BlessError::Variable { name, source }),
    }
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

const FLAGS: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC)
    .union(MountFlags::SYNCHRONOUS);

/// The mounted partition; unmounted at the latest when it is dropped.
struct Mounted(bool);

impl Mounted {
    fn new(device: &Path) -> Result<Self, BlessError> {
        let failed = |source| BlessError::Mount { device: device.to_owned(), source };
        fs::create_dir_all(MOUNT_POINT).map_err(failed)?;
        // The kernel asks modprobe for vfat and for the tables of names.
        let flags = FLAGS | MountFlags::RDONLY;
        mount(OsString::from(device), MOUNT_POINT, "vfat", flags, c"umask=0077")
            .map_err(|error| failed(error.into()))?;
        Ok(Self(true))
    }

    /// From here on it may be written to.
    fn make_writable(device: &Path) -> Result<(), BlessError> {
        mount_remount(MOUNT_POINT, FLAGS, c"umask=0077")
            .map_err(|error| BlessError::Mount { device: device.to_owned(), source: error.into() })
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
