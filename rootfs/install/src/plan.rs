//! Where everything goes: the image's partitions, those that are kept, and ROOT among them. Pure.

use std::ops::Range;

use keelson_format::disk::Role;

use crate::table::{HEAD, Partition, SECTOR, SECTORS, Table, last_usable};

/// Where partitions begin and end, in sectors.
const ALIGN: u64 = 2048;
/// The least that ROOT may have, in sectors: 256 MiB, as the board's own least.
const ROOT_LEAST: u64 = 256 << 11;
/// What is made zero at each end of what the image leaves empty: signatures of file systems, RAID,
/// LVM and LUKS are all within it.
const ENDS: u64 = 1 << 20;

/// What will be on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Bytes of the disk.
    pub bytes: u64,
    /// The table it will have.
    pub table: Table,
    /// The partitions that stay, with the numbers they will have.
    pub kept: Vec<Partition>,
    /// Those of them that get another number: old, new.
    pub renumbered: Vec<(usize, usize)>,
    /// Bytes of the image that lie elsewhere or nowhere: its ROOT, where that was moved.
    pub left_out: Option<Range<u64>>,
    /// The partition for the configuration, in bytes.
    pub oem: Option<Range<u64>>,
    image_bytes: u64,
}

/// Why the image cannot go on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// The disk is smaller than the image.
    TooSmall {
        /// Bytes of the disk.
        disk: u64,
        /// Bytes that it takes.
        needed: u64,
    },
    /// A partition to be kept is one of the image's own, by label or GUID.
    Own(String),
    /// A partition to be kept lies where the image writes.
    Overlap {
        /// Its label.
        label: String,
        /// Its bytes.
        range: Range<u64>,
        /// The partition of the image, or the table.
        with: String,
    },
    /// No place is left for ROOT.
    NoRoom {
        /// The largest there is, in bytes.
        largest: u64,
    },
    /// More than 128.
    TooMany,
    /// The image has no ROOT.
    NoRoot,
}

impl std::error::Error for PlanError {}

impl std::fmt::Display for PlanError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooSmall { disk, needed } => {
                write!(f, "the disk has {disk} bytes and the image takes {needed}")
            }
            Self::Own(label) => {
                write!(f, "partition {label:?} is one of the image's own and cannot be kept")
            }
            Self::Overlap { label, range, with } => write!(
                f,
                "partition {label:?} (bytes {} to {}) cannot be kept: {with} goes there",
                range.start, range.end
            ),
            Self::NoRoom { largest } => write!(
                f,
                "no room is left for ROOT beside the partitions that are kept: the largest gap has {largest} bytes, \
                 and it takes {}",
                ROOT_LEAST * SECTOR
            ),
            Self::TooMany => write!(f, "a disk has at most 128 partitions"),
            Self::NoRoot => write!(f, "the image has no partition ROOT"),
        }
    }
}

/// Plans an image with this table on a disk of `bytes` that keeps `kept`.
pub fn plan(image: &Table, bytes: u64, kept: &[Partition]) -> Result<Plan, PlanError> {
    let image_bytes = image.disk_bytes();
    let own = image.partitions();
    let root = own.iter().find(|own| own.label == Role::Root.label()).ok_or(PlanError::NoRoot)?;
    let fixed: Vec<&Partition> = own.iter().filter(|own| own.number != root.number).collect();
    let least = if kept.is_empty() {
        image_bytes
    } else {
        fixed.iter().map(|own| own.end()).max().unwrap_or(0)
    };
    if bytes < least {
        return Err(PlanError::TooSmall { disk: bytes, needed: least });
    }
    let usable = last_usable(bytes);
    for kept in kept {
        let label = || kept.label.clone();
        if Role::from_label(&kept.label).is_some() || own.iter().any(|own| own.guid == kept.guid) {
            return Err(PlanError::Own(label()));
        }
        let overlap = |with: &str| PlanError::Overlap {
            label: label(),
            range: kept.start()..kept.end(),
            with: with.to_owned(),
        };
        if kept.start() < HEAD as u64 || kept.last > usable {
            return Err(overlap("the partition table"));
        }
        if let Some(own) = fixed.iter().find(|own| own.first <= kept.last && kept.first <= own.last)
        {
            return Err(overlap(&own.label));
        }
    }
    let (kept, renumbered) = numbered(&own, kept)?;
    let placed = if kept.is_empty() { root.clone() } else { place(root, &fixed, &kept, usable)? };
    let all: Vec<Partition> = fixed
        .iter()
        .map(|own| (*own).clone())
        .chain([placed.clone()])
        .chain(kept.iter().cloned())
        .collect();
    let oem = own.iter().find(|own| own.label == Role::Oem.label());
    Ok(Plan {
        bytes,
        table: image.with(&all),
        kept,
        renumbered,
        left_out: (placed.first != root.first).then(|| root.start()..root.end()),
        oem: oem.map(|oem| oem.start()..oem.end()),
        image_bytes,
    })
}

/// Partitions, and those of them that got another number: old, new.
type Numbered = (Vec<Partition>, Vec<(usize, usize)>);

/// Partitions keep their numbers but where the image has them.
fn numbered(own: &[Partition], kept: &[Partition]) -> Result<Numbered, PlanError> {
    let mut taken: Vec<usize> = own.iter().map(|own| own.number).collect();
    let (clash, fine): (Vec<&Partition>, Vec<&Partition>) =
        kept.iter().partition(|kept| taken.contains(&kept.number));
    taken.extend(fine.iter().map(|kept| kept.number));
    let mut all: Vec<Partition> = fine.into_iter().cloned().collect();
    let mut renumbered = Vec::new();
    for kept in clash {
        let number = (1..=128).find(|number| !taken.contains(number)).ok_or(PlanError::TooMany)?;
        taken.push(number);
        renumbered.push((kept.number, number));
        all.push(Partition { number, ..kept.clone() });
    }
    all.sort_by_key(|kept| kept.number);
    Ok((all, renumbered))
}

/// ROOT in the largest gap behind the image's other partitions; the first of several as large.
fn place(
    root: &Partition,
    fixed: &[&Partition],
    kept: &[Partition],
    usable: u64,
) -> Result<Partition, PlanError> {
    let begin = fixed.iter().map(|own| own.last + 1).max().unwrap_or(ALIGN);
    let mut gaps = Vec::new();
    let mut start = begin;
    let mut behind: Vec<&Partition> = kept.iter().filter(|kept| kept.last >= begin).collect();
    behind.sort_by_key(|kept| kept.first);
    for kept in behind {
        gaps.push((start, kept.first));
        start = start.max(kept.last + 1);
    }
    gaps.push((start, usable + 1));
    let aligned =
        gaps.into_iter().map(|(from, to)| (from.next_multiple_of(ALIGN), to / ALIGN * ALIGN));
    let length = |(from, to): &(u64, u64)| to.saturating_sub(*from);
    let best = aligned.rev().max_by_key(length).unwrap_or((0, 0));
    if length(&best) < ROOT_LEAST {
        return Err(PlanError::NoRoom { largest: length(&best) * SECTOR });
    }
    Ok(root.clone().moved(best.0, best.1 - 1))
}

impl Plan {
    /// The partition to be kept that a range of bytes touches, if any.
    pub fn is_kept(&self, range: &Range<u64>) -> Option<&Partition> {
        self.kept.iter().find(|kept| kept.start() < range.end && range.start < kept.end())
    }

    /// The image's bytes that go on the disk: neither its tables nor what is left out.
    pub fn content(&self) -> Range<u64> {
        HEAD as u64..self.image_bytes.saturating_sub(SECTORS * SECTOR)
    }

    /// What must read as zero although the image has no data there, after `data` was written
    /// (ascending): everything before the last data of each partition, and both ends of what is empty.
    pub fn must_be_zero(&self, data: &[Range<u64>]) -> Vec<Range<u64>> {
        let mut zero = Vec::new();
        let tail = self.bytes - SECTORS * SECTOR;
        let mut areas: Vec<Range<u64>> =
            self.table.partitions().iter().map(|p| p.start()..p.end()).collect();
        areas.retain(|area| self.is_kept(area).is_none());
        // Between the tables and the partitions: loaders of old disks, and RAID records at the end.
        let first = areas.iter().map(|area| area.start).min().unwrap_or(tail);
        areas.push(HEAD as u64..first);
        areas.push(tail.saturating_sub(ENDS)..tail);
        for area in areas {
            let inside: Vec<&Range<u64>> =
                data.iter().filter(|data| data.start < area.end && area.start < data.end).collect();
            let written = inside.last().map_or(area.start, |last| last.end.min(area.end));
            zero.push(area.start..written);
            zero.push(written..(written + ENDS).min(area.end));
            zero.push(written.max(area.end.saturating_sub(ENDS))..area.end);
        }
        let kept: Vec<Range<u64>> = self.kept.iter().map(|kept| kept.start()..kept.end()).collect();
        subtract(&subtract(&merged(zero), data), &merged(kept))
    }

    /// What may be zero as well, where that costs nothing: the rest of the partitions of the image. Beside
    /// kept partitions ROOT fills a gap of any size, and many disks take long to clear that: it is left out.
    pub fn may_be_zero(&self, data: &[Range<u64>]) -> Vec<Range<u64>> {
        let mut areas = self.table.partitions();
        areas.retain(|area| self.kept.is_empty() || area.label != Role::Root.label());
        let areas = areas.into_iter().map(|area| area.start()..area.end());
        let kept: Vec<Range<u64>> = self.kept.iter().map(|kept| kept.start()..kept.end()).collect();
        subtract(&subtract(&merged(areas.collect()), data), &merged(kept))
    }
}

/// Ranges in order, those that touch made one, empty ones left out.
pub fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// The parts of `from` that are not in `what`; both ascend.
pub fn subtract(from: &[Range<u64>], what: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut left = Vec::new();
    for range in from {
        let mut start = range.start;
        for hole in what.iter().filter(|hole| hole.start < range.end && range.start < hole.end) {
            if hole.start > start {
                left.push(start..hole.start);
            }
            start = start.max(hole.end);
        }
        if start < range.end {
            left.push(start..range.end);
        }
    }
    left
}

#[cfg(test)]
mod tests;
