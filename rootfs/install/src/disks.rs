//! The disks of this machine, from sysfs: what they are, and why one may not be installed on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::device::Look;
use crate::probe::{self, Content};
use crate::table::SECTOR;

/// Block devices that are not shown.
const NOT_DISKS: [&str; 8] = ["loop", "ram", "zram", "dm-", "md", "fd", "sr", "nbd"];

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its node: `/dev/vda`.
    pub node: PathBuf,
    /// Bytes.
    pub bytes: u64,
    /// Vendor and model, as far as it says.
    pub model: String,
    /// Serial number, as far as it says.
    pub serial: String,
    /// What is on it; none where it could not be read.
    pub content: Option<Content>,
    /// Why it is refused whatever is asked for.
    pub refused: Vec<String>,
}

/// Where the kernel says what it knows.
#[derive(Debug, Clone)]
pub struct System {
    /// `/sys`.
    pub sys: PathBuf,
    /// `/proc`.
    pub proc: PathBuf,
    /// The disk this system was started from.
    pub started_from: Option<String>,
}

impl System {
    /// This machine.
    pub fn of_this_machine() -> Self {
        // Read as loose JSON: the installer of one release runs in the live system of another.
        let boot = fs::read_to_string(keelson_format::boot::PATH).unwrap_or_default();
        let boot: serde_json::Value = serde_json::from_str(&boot).unwrap_or_default();
        let started_from = boot.get("disk").and_then(|disk| disk.as_str()).map(str::to_owned);
        Self { sys: "/sys".into(), proc: "/proc".into(), started_from }
    }

    /// The disks there are, in the order of their names.
    pub fn disks(&self) -> Vec<Found> {
        let names = names(&self.sys.join("class/block"));
        names.iter().filter(|name| self.is_disk(name)).map(|name| self.disk(name)).collect()
    }

    fn is_disk(&self, name: &str) -> bool {
        let folder = self.sys.join("class/block").join(name);
        let other = NOT_DISKS.iter().any(|kind| name.starts_with(kind)) || name.contains("boot");
        !other
            && !folder.join("partition").exists()
            && number(&folder.join("size")).unwrap_or(0) > 0
    }

    /// The disk of this kernel name.
    pub fn disk(&self, name: &str) -> Found {
        let folder = self.sys.join("class/block").join(name);
        let text = |file: &str| text(&folder.join(file));
        let node = Path::new("/dev").join(name.replace('!', "/"));
        let model = [text("device/vendor"), text("device/model"), text("device/name")];
        let model: Vec<String> =
            model.into_iter().filter(|text| !text.is_empty() && !text.starts_with("0x")).collect();
        let serial = [text("serial"), text("device/serial"), text("device/wwid"), text("wwid")];
        Found {
            content: Look::open(&node).ok().map(|disk| probe::probe(&disk)),
            node,
            bytes: number(&folder.join("size")).unwrap_or(0) * SECTOR,
            model: model.join(" "),
            serial: serial.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
            refused: self.refused(name),
        }
    }

    /// The kernel name of the disk that a node leads to; an error says what it is instead.
    pub fn name_of(&self, number: &str) -> Result<String, String> {
        let folder = fs::canonicalize(self.sys.join("dev/block").join(number))
            .map_err(|_| "the kernel knows no such block device".to_owned())?;
        let name = |folder: &Path| {
            folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        };
        if folder.join("partition").exists() {
            let parent = folder.parent().map(name).unwrap_or_default();
            return Err(format!("it is a partition; the disk is /dev/{parent}"));
        }
        Ok(name(&folder))
    }

    fn refused(&self, name: &str) -> Vec<String> {
        let folder = self.sys.join("class/block").join(name);
        let mut refused = Vec::new();
        if self.started_from.as_deref() == Some(name) {
            refused.push("this system was started from it".to_owned());
        }
        if number(&folder.join("ro")) == Some(1) {
            refused.push("it is read-only".to_owned());
        }
        match number(&folder.join("queue/logical_block_size")) {
            None | Some(SECTOR) => {}
            Some(other) => {
                refused.push(format!("its sectors have {other} bytes; images are for {SECTOR}"));
            }
        }
        let mut parts: Vec<String> = names(&folder)
            .into_iter()
            .filter(|part| folder.join(part).join("partition").exists())
            .collect();
        parts.insert(0, name.to_owned());
        for part in parts {
            let folder = self.sys.join("class/block").join(&part);
            let number = text(&folder.join("dev"));
            for holder in names(&folder.join("holders")) {
                refused.push(format!("{part} is part of {holder}"));
            }
            for place in self.mounted_on(&number) {
                refused.push(format!("{part} is mounted on {place}"));
            }
            if self.swaps().contains(&part) {
                refused.push(format!("{part} is swapped to"));
            }
        }
        refused
    }

    /// Where the device with this number is mounted.
    fn mounted_on(&self, number: &str) -> BTreeSet<String> {
        let mounts = fs::read_to_string(self.proc.join("self/mountinfo")).unwrap_or_default();
        let mount = |line: &str| {
            let mut fields = line.split(' ');
            let found = fields.nth(2)? == number;
            found.then(|| fields.nth(1).unwrap_or_default().to_owned())
        };
        if number.is_empty() { BTreeSet::new() } else { mounts.lines().filter_map(mount).collect() }
    }

    fn swaps(&self) -> BTreeSet<String> {
        let swaps = fs::read_to_string(self.proc.join("swaps")).unwrap_or_default();
        let node = |line: &str| {
            line.split_ascii_whitespace()
                .next()
                .and_then(|node| node.strip_prefix("/dev/"))
                .map(str::to_owned)
        };
        swaps.lines().skip(1).filter_map(node).collect()
    }
}

impl Found {
    /// What is said of its content.
    pub fn content_text(&self) -> String {
        match &self.content {
            None => "cannot be read".to_owned(),
            Some(Content::Nothing) => "empty".to_owned(),
            Some(Content::Unfinished(_)) => "unfinished installation".to_owned(),
            Some(Content::Something(what)) => what.clone(),
        }
    }
}

/// The disks as people read them.
pub fn to_text(disks: &[Found]) -> String {
    let mut text =
        format!("{:<14} {:>10}  {:<24} {:<20} {}\n", "DEVICE", "SIZE", "MODEL", "SERIAL", "HOLDS");
    for disk in disks {
        let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let node = disk.node.display().to_string();
        let (model, serial) = (or_dash(&disk.model), or_dash(&disk.serial));
        let line = format!(
            "{node:<14} {:>10}  {model:<24} {serial:<20} {}",
            size(disk.bytes),
            disk.content_text()
        );
        text.push_str(line.trim_end());
        text.push('\n');
        for reason in &disk.refused {
            text.extend(["               refused: ", reason, "\n"]);
        }
    }
    if disks.is_empty() {
        text.push_str("no disks\n");
    }
    text
}

/// The disks as JSON.
pub fn to_json(disks: &[Found]) -> String {
    let disk = |disk: &Found| {
        serde_json::json!({
            "device": disk.node,
            "size": disk.bytes,
            "model": disk.model,
            "serial": disk.serial,
            "holds": disk.content_text(),
            "empty": disk.content == Some(Content::Nothing),
            "refused": disk.refused,
        })
    };
    let all: Vec<_> = disks.iter().map(disk).collect();
    format!("{:#}\n", serde_json::Value::Array(all))
}

/// Bytes in the unit that people say.
fn size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (0, "B")];
    let (shift, unit) = units.into_iter().find(|(shift, _)| bytes >> shift > 0).unwrap_or((0, "B"));
    let tenths = if shift == 0 { 0 } else { (bytes >> (shift - 10)) * 10 / 1024 % 10 };
    if tenths == 0 {
        format!("{} {unit}", bytes >> shift)
    } else {
        format!("{}.{tenths} {unit}", bytes >> shift)
    }
}

/// What a disk that is installed on must be: nothing that is refused, nothing on it unless `wipe`.
///
/// `kept` are the labels of the partitions that stay. Gives the reason where it is refused.
pub fn may_install(content: &Content, kept: &[String], wipe: bool) -> Result<(), String> {
    match content {
        Content::Nothing => Ok(()),
        _ if wipe => Ok(()),
        Content::Unfinished(others) => match others.iter().find(|label| !kept.contains(label)) {
            None => Ok(()),
            Some(label) => Err(format!(
                "an interrupted installation keeps partition {label:?}: name it with --save-partlabel, or give --wipe to lose it"
            )),
        },
        Content::Something(what) => Err(format!(
            "it is not empty ({what}): --wipe installs all the same, and what is there is lost"
        )),
    }
}

/// Whether a device says that it is in use although sysfs does not: another program has it.
pub fn busy(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::BUSY.raw_os_error())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn number(path: &Path) -> Option<u64> {
    text(path).parse().ok()
}

#[cfg(test)]
mod tests;
