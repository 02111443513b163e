//! Which partitions hold this `/usr`: found by the GUIDs that its root hash gives them, never by
//! label or device order. No IO here.

use std::fmt;

use keelson_format::cmdline::Cmdline;
use keelson_format::disk::{Role, Slot};
use keelson_format::verity::RootHash;
use thiserror::Error;
use uuid::Uuid;

use crate::gpt_table::{Table, TableError};

/// A disk as the kernel shows it.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    /// Kernel name, as in `vda`.
    pub(crate) name: String,
    /// Where it hangs, as in `pci0000:00/0000:00:04.0/virtio1/block/vda`: the same at every boot.
    pub(crate) place: String,
    pub(crate) bytes: u64,
    /// Bytes of a sector.
    pub(crate) sector: u64,
    /// Its partition table as it stands on the disk.
    pub(crate) table: Result<Table, TableError>,
    /// The partitions that can be used.
    pub(crate) partitions: Vec<Partition>,
}

/// A partition of a disk's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Kernel name, as in `vda2`.
    pub(crate) name: String,
    pub(crate) number: u32,
    /// Device number, as in `254:2`; none where the kernel makes no device of it, as on a CD.
    pub(crate) device: Option<String>,
    /// First byte on the disk.
    pub(crate) start: u64,
    pub(crate) guid: Uuid,
    pub(crate) type_guid: Uuid,
    pub(crate) label: String,
    pub(crate) bytes: u64,
}

/// What `/` is in this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The partition ROOT.
    Installed,
    /// Memory: `keelson.live` is on the command line.
    Live,
}

impl Mode {
    /// The mode that a command line asks for.
    pub(crate) fn of(cmdline: &Cmdline) -> Self {
        if cmdline.has(keelson_format::cmdline::LIVE) { Self::Live } else { Self::Installed }
    }
}

/// The partitions of a `/usr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Kernel name of the disk.
    pub(crate) disk: String,
    pub(crate) slot: Slot,
    pub(crate) data: Partition,
    pub(crate) hash: Partition,
    pub(crate) signature: Partition,
    /// Whether it is a live medium: no ROOT is on it.
    pub(crate) is_medium: bool,
    /// Whether the disk is the one the loader was started from, where the loader said which.
    pub(crate) from_loader: Option<bool>,
    /// Other disks with the same partitions.
    pub(crate) passed_over: Vec<String>,
}

/// Why no partitions were chosen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FindError {
    /// A partition is on no disk.
    #[error(
        "no disk has the {what} partition GUID {guid} of root hash {root_hash}{trouble}; seen:{seen}"
    )]
    Missing { what: &'static str, guid: Uuid, root_hash: RootHash, trouble: String, seen: String },
    /// The partitions of a slot are on different disks.
    #[error("the partitions of root hash {root_hash} are not on one disk; seen:{seen}")]
    Scattered { root_hash: RootHash, seen: String },
    /// The data partition is not one of a slot.
    #[error(
        "{name} holds root hash {root_hash} and is labelled `{label}`, expected usr-A or usr-B"
    )]
    NoSlot { name: String, label: String, root_hash: RootHash },
    /// There is no partition for the state.
    #[error("{disk} has no partition of type root ({guid}); seen:{seen}", guid = Role::Root.type_guid())]
    NoRoot { disk: String, seen: String },
}

/// Chooses the disk that has the three partitions of `root_hash`.
///
/// Of several disks it is the one with the partition `loader`, the one the loader was started from;
/// else a live medium where `mode` is live, since a disk with the same `/usr` may be what is
/// installed to; else the one whose place sorts first, which is the same at every boot.
pub(crate) fn choose(
    disks: &[Disk],
    root_hash: &RootHash,
    loader: Option<Uuid>,
    mode: Mode,
) -> Result<Choice, FindError> {
    let wanted = [
        ("usr data", root_hash.data_guid()),
        ("usr hash", root_hash.hash_guid()),
        ("usr signature", root_hash.signature_guid()),
    ];
    let has = |disk: &Disk, guid: Uuid| disk.partitions.iter().any(|p| p.guid == guid);
    let whole = |disk: &&Disk| wanted.iter().all(|(_, guid)| has(disk, *guid));
    let is_loader = |disk: &Disk| loader.is_some_and(|guid| has(disk, guid));
    let mut candidates: Vec<&Disk> = disks.iter().filter(whole).collect();
    let passed_by = |disk: &Disk| mode == Mode::Live && !is_medium(disk);
    candidates.sort_by_key(|disk| (!is_loader(disk), passed_by(disk), &disk.place, &disk.name));
    let Some((disk, others)) = candidates.split_first() else {
        let seen = Seen(disks).to_string();
        let root_hash = *root_hash;
        let missing = wanted.into_iter().find(|(_, guid)| !disks.iter().any(|d| has(d, *guid)));
        return Err(match missing {
            Some((what, guid)) => {
                // A disk without a table is another's; one with a bad table is the likely one.
                let likely = disks.iter().filter(|disk| disk.table != Err(TableError::Absent));
                let trouble = likely
                    .filter_map(|disk| Some(format!("; {} is {}", disk.name, trouble(disk)?)))
                    .collect();
                FindError::Missing { what, guid, root_hash, trouble, seen }
            }
            None => FindError::Scattered { root_hash, seen },
        });
    };
    let [data, hash, signature] = wanted.map(|(_, guid)| {
        let found = disk.partitions.iter().find(|partition| partition.guid == guid);
        found.cloned().expect("a candidate has all three")
    });
    let slot = Role::from_label(&data.label).and_then(Role::slot).ok_or_else(|| {
        let (name, label) = (data.name.clone(), data.label.clone());
        FindError::NoSlot { name, label, root_hash: *root_hash }
    })?;
    Ok(Choice {
        disk: disk.name.clone(),
        slot,
        data,
        hash,
        signature,
        is_medium: is_medium(disk),
        from_loader: loader.map(|_| is_loader(disk)),
        passed_over: others.iter().map(|disk| disk.name.clone()).collect(),
    })
}

fn is_medium(disk: &Disk) -> bool {
    disk.partitions.iter().all(|partition| partition.type_guid != Role::Root.type_guid())
}

/// The partition of a disk that holds the state.
pub(crate) fn root(disk: &Disk) -> Result<&Partition, FindError> {
    let of_type = || disk.partitions.iter().filter(|p| p.type_guid == Role::Root.type_guid());
    let labelled = of_type().find(|partition| partition.label == Role::Root.label());
    labelled.or_else(|| of_type().next()).ok_or_else(|| FindError::NoRoot {
        disk: disk.name.clone(),
        seen: Seen(std::slice::from_ref(disk)).to_string(),
    })
}

/// What is wrong with a disk as a whole.
fn trouble(disk: &Disk) -> Option<String> {
    match &disk.table {
        Ok(Table { instead_of: Some(damage), .. }) => {
            Some(format!("with {damage}; the backup is good: `gpt` on the command line uses it"))
        }
        Ok(table) => {
            let needed = table.header().backup.saturating_add(1).saturating_mul(disk.sector);
            let text = || format!("cut off: its partition table is for {needed} bytes");
            (needed > disk.bytes).then(text)
        }
        Err(error) => Some(format!("with {error}")),
    }
}

/// The disks and partitions seen, a line each.
pub(crate) struct Seen<'a>(pub(crate) &'a [Disk]);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(" no disk at all");
        }
        for disk in self.0 {
            write!(f, "\n  {}: {} bytes", disk.name, disk.bytes)?;
            if let Some(trouble) = trouble(disk) {
                write!(f, ", {trouble}")?;
            }
            for p in &disk.partitions {
                write!(f, "\n    {}: {} {} {} bytes", p.name, p.guid, p.label, p.bytes)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
