//! The firmware's boot entry for the installed disk (UEFI specification 2.10, sections 3.1.3 and 3.3).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

use crate::table::Partition;

/// Where the kernel shows the variables.
pub const FOLDER: &str = "/sys/firmware/efi/efivars";
/// `EFI_GLOBAL_VARIABLE`.
const VENDOR: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Non-volatile, boot service access, runtime access.
const ATTRIBUTES: [u8; 4] = [7, 0, 0, 0];
/// `LOAD_OPTION_ACTIVE`.
const ACTIVE: u32 = 1;
const LOADER: &str = "\\EFI\\systemd\\systemd-bootx64.efi";
const NAME: &str = "Keelson";

/// Whether an entry is made: as was asked for, or else on Keelson itself, which says at `booted` what it
/// was started from. On another system the disk is as a rule for another machine.
pub fn is_wanted(asked: Option<bool>, booted: &Path) -> bool {
    asked.unwrap_or_else(|| booted.exists())
}

/// Makes an entry for the loader of `esp` and puts it first. An entry of an earlier installation on
/// the same partition is used again. Gives the entry's name: `Boot0004`.
pub fn set(folder: &Path, esp: &Partition) -> io::Result<String> {
    let option = load_option(esp);
    let mut numbers = Vec::new();
    let mut own = None;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Some(number) =
            name.strip_prefix("Boot").and_then(|rest| rest.strip_suffix(VENDOR)?.strip_suffix('-'))
        else {
            continue;
        };
        let Ok(number) = u16::from_str_radix(number, 16) else { continue };
        numbers.push(number);
        let content = fs::read(folder.join(&name)).unwrap_or_default();
        if content.get(4..).is_some_and(|content| same_place(content, esp)) {
            own = Some(number);
        }
    }
    let free = (0..=u16::MAX).find(|number| !numbers.contains(number));
    let number =
        own.or(free).ok_or_else(|| io::Error::other("the firmware has no free boot entry"))?;
    let variable = |name: &str| folder.join(format!("{name}-{VENDOR}"));
    let entry = format!("Boot{number:04X}");
    // Before anything is written: an order that cannot be read must not be lost.
    let order = match fs::read(variable("BootOrder")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        order => order?,
    };
    write(&variable(&entry), &option)?;
    let order = order.get(4..).unwrap_or_default();
    let old = order.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let order: Vec<u8> = [number]
        .into_iter()
        .chain(old.filter(|old| *old != number))
        .flat_map(u16::to_le_bytes)
        .collect();
    write(&variable("BootOrder"), &order)?;
    Ok(entry)
}

/// An `EFI_LOAD_OPTION` for the loader of a partition.
fn load_option(esp: &Partition) -> Vec<u8> {
    let place = hard_drive(esp);
    let path: Vec<u8> = utf16(LOADER);
    let mut paths = place;
    // Media device path, file path.
    paths.extend([4, 4]);
    paths.extend(u16::try_from(path.len() + 4).expect("a short path").to_le_bytes());
    paths.extend(path);
    // End of the whole path.
    paths.extend([0x7f, 0xff, 4, 0]);
    let mut option = ACTIVE.to_le_bytes().to_vec();
    option.extend(u16::try_from(paths.len()).expect("a short path").to_le_bytes());
    option.extend(utf16(NAME));
    option.extend(paths);
    option
}

/// A hard drive media device path (section 10.3.5.1) of a partition of a GPT.
fn hard_drive(esp: &Partition) -> Vec<u8> {
    let mut node = vec![4, 1, 42, 0];
    node.extend(u32::try_from(esp.number).expect("at most 128").to_le_bytes());
    node.extend(esp.first.to_le_bytes());
    node.extend((esp.last + 1 - esp.first).to_le_bytes());
    node.extend(esp.guid.to_bytes_le());
    node.extend([2, 2]);
    node
}

/// Whether a load option of ours leads to this partition.
fn same_place(option: &[u8], esp: &Partition) -> bool {
    let name = utf16(NAME);
    let node = hard_drive(esp);
    option
        .get(6..)
        .is_some_and(|rest| rest.starts_with(&name) && rest[name.len()..].starts_with(&node))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Writes a variable in one write, as efivarfs wants it; what is there is protected by a flag.
fn write(path: &Path, value: &[u8]) -> io::Result<()> {
    if let Ok(file) = fs::File::open(path)
        && let Ok(flags) = ioctl_getflags(&file)
        && flags.contains(IFlags::IMMUTABLE)
    {
        ioctl_setflags(&file, flags - IFlags::IMMUTABLE)?;
    }
    let bytes: Vec<u8> = ATTRIBUTES.iter().chain(value).copied().collect();
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    file.write_all(&bytes)
}

#[cfg(test)]
mod tests;
