//! The records of a folder (sections 6 and 7).

use super::Label;
use super::layout::{Layout, Placed, ROOT};
use super::names::{self, Short, UNITS_PER_RECORD};

pub(super) const RECORD_BYTES: usize = 32;

pub(super) const VOLUME_LABEL: u8 = 0x08;
pub(super) const DIRECTORY: u8 = 0x10;
pub(super) const LONG_NAME: u8 = 0x0f;
const ARCHIVE: u8 = 0x20;
/// The record of a long name that comes first and holds its end.
pub(super) const LAST_LONG: u8 = 0x40;
/// 1980-01-01, the first day there is (section 6.1); midnight is zero.
const DATE: [u8; 2] = 0x0021u16.to_le_bytes();
/// Where the 13 units of a long-name record are.
pub(super) const UNIT_OFFSETS: [usize; UNITS_PER_RECORD] =
    [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

type Record = [u8; RECORD_BYTES];

/// How many records the folder at `index` takes: its label or dot records, and its children's.
/// The children must have their short names.
pub(super) fn record_count(layout: &Layout<'_>, index: usize) -> u64 {
    let own = if is_root(index) { 1 } else { 2 };
    let of_child = |child: &usize| {
        1 + long_units(&layout.placed[*child]).len().div_ceil(UNITS_PER_RECORD) as u64
    };
    own + layout.placed[index].children.iter().map(of_child).sum::<u64>()
}

/// The records of the folder at `index`.
pub(super) fn records(layout: &Layout<'_>, index: usize, label: &Label) -> Vec<u8> {
    let folder = &layout.placed[index];
    let mut records = Vec::new();
    if is_root(index) {
        records.push(record(&label.0, VOLUME_LABEL, 0, 0));
    } else {
        // The root, as a parent, is written as cluster 0 (section 6.5).
        let parent = if folder.parent == ROOT { 0 } else { layout.placed[folder.parent].first };
        records.push(record(b".          ", DIRECTORY, folder.first, 0));
        records.push(record(b"..         ", DIRECTORY, parent, 0));
    }
    for child in folder.children.iter().map(|child| &layout.placed[*child]) {
        records.extend(long_records(child));
        let (attributes, bytes) =
            if child.content.is_some() { (ARCHIVE, child.bytes) } else { (DIRECTORY, 0) };
        let bytes = u32::try_from(bytes).expect("checked when it was added");
        records.push(record(&child.short, attributes, child.first, bytes));
    }
    records.concat()
}

fn is_root(index: usize) -> bool {
    index == ROOT
}

fn record(name: &Short, attributes: u8, first: u32, bytes: u32) -> Record {
    let mut record = [0; RECORD_BYTES];
    let mut put = |at: usize, bytes: &[u8]| record[at..at + bytes.len()].copy_from_slice(bytes);
    let [low0, low1, high0, high1] = first.to_le_bytes();
    put(0, name);
    put(11, &[attributes]);
    put(16, &DATE); // made
    put(18, &DATE); // read
    put(20, &[high0, high1]);
    put(24, &DATE); // written
    put(26, &[low0, low1]);
    put(28, &bytes.to_le_bytes());
    record
}

/// The units of the long name; none where the short name says it all.
fn long_units(child: &Placed<'_>) -> Vec<u16> {
    if names::needs_long(child.name, &child.short) {
        child.name.encode_utf16().collect()
    } else {
        Vec::new()
    }
}

/// The records of the long name, the end of the name first.
fn long_records(child: &Placed<'_>) -> Vec<Record> {
    let units = long_units(child);
    let checksum = names::checksum(&child.short);
    let mut records: Vec<Record> = units
        .chunks(UNITS_PER_RECORD)
        .zip(1u8..)
        .map(|(part, order)| {
            let mut record = [0; RECORD_BYTES];
            (record[0], record[11], record[13]) = (order, LONG_NAME, checksum);
            // A name that ends within a record is closed by a zero, and the rest is ones.
            let closed = part.iter().copied().chain([0]).chain(std::iter::repeat(0xffff));
            for (at, unit) in UNIT_OFFSETS.into_iter().zip(closed) {
                record[at..at + 2].copy_from_slice(&unit.to_le_bytes());
            }
            record
        })
        .collect();
    if let Some(last) = records.last_mut() {
        last[0] |= LAST_LONG;
    }
    records.reverse();
    records
}
