//! The index of a segment: which units, boots, levels and times stand in which run of records.
//!
//! A run is 64 records. The index of a closed segment is kept in a file beside it and made anew from the segment where
//! it is missing, damaged or of other bytes; so it never decides what the log holds, only where to look first.

mod codec;

use std::collections::BTreeMap;

use super::record::{Body, Context};
use super::scan::{Frames, Item, Tail};
use super::{frame, record};
use crate::entry::{Id, get};

/// Records of a run.
const RUN: u32 = 64;

/// A run of records that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where its first record's frame begins.
    pub position: u32,
    /// How many records it has.
    pub records: u32,
    /// The number of the first.
    pub first_sequence: u64,
    /// The earliest time in it.
    pub earliest: u64,
    /// The latest.
    pub latest: u64,
    /// Bit N: a record of level N is in it; bit 8: one without a level.
    pub levels: u16,
}

/// What a segment holds of one boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The boot.
    pub id: Id,
    /// Its first run here.
    pub first_run: u32,
    /// Its last.
    pub last_run: u32,
    /// The time of its first record here.
    pub first: u64,
    /// The time of its last.
    pub last: u64,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The bytes of the segment it speaks of; records may follow.
    pub covered: u32,
    /// The last record's number, if there is one.
    pub last_sequence: Option<u64>,
    /// Bytes that are no frame.
    pub damaged: u32,
    /// The runs.
    pub runs: Vec<Run>,
    /// The boots, in the order they began here.
    pub boots: Vec<Boot>,
    /// In which runs a unit is named, by `_SYSTEMD_UNIT` or `UNIT`.
    pub units: BTreeMap<String, Vec<u32>>,
}

impl Index {
    /// The index of an empty segment.
    pub fn new() -> Self {
        Self { covered: u32::try_from(frame::HEADER_LENGTH).unwrap_or(u32::MAX), ..Self::default() }
    }

    /// Takes in the bytes that follow `covered` and end as `tail` says. `context` gives a context of the part already
    /// covered.
    pub fn extend(
        &mut self,
        bytes: &[u8],
        tail: Tail,
        mut context: impl FnMut(u32) -> Option<Context>,
    ) {
        let mut contexts = BTreeMap::<u32, Option<Context>>::new();
        let mut frames =
            Frames::new(bytes, usize::try_from(self.covered).unwrap_or(usize::MAX), tail);
        for item in frames.by_ref() {
            let (position, body) = match item {
                Item::Damage { from, to } => {
                    self.damaged += to - from;
                    continue;
                }
                Item::Frame { position, body } => (position, body),
            };
            match record::decode(body) {
                Some(Body::Context(found)) => {
                    contexts.insert(position, Some(found));
                }
                Some(Body::Record(found)) => {
                    let shared =
                        contexts.entry(found.context).or_insert_with(|| context(found.context));
                    self.add(position, &found, shared.as_ref());
                }
                Some(Body::Seal(_)) | None => {}
            }
        }
        self.covered = u32::try_from(frames.reached()).unwrap_or(u32::MAX);
    }

    fn add(&mut self, position: u32, found: &record::Record, context: Option<&Context>) {
        let level = 1 << found.priority.unwrap_or(8);
        let fresh = self.runs.last().is_none_or(|run| run.records >= RUN);
        if fresh {
            let (records, levels, at) = (0, 0, found.realtime);
            let first_sequence = found.sequence;
            self.runs.push(Run {
                position,
                records,
                first_sequence,
                earliest: at,
                latest: at,
                levels,
            });
        }
        let number = u32::try_from(self.runs.len() - 1).unwrap_or(u32::MAX);
        if let Some(run) = self.runs.last_mut() {
            run.records += 1;
            run.earliest = run.earliest.min(found.realtime);
            run.latest = run.latest.max(found.realtime);
            run.levels |= level;
        }
        self.last_sequence = Some(found.sequence);
        let boot = context.map(|context| context.boot).unwrap_or_default();
        match self.boots.iter_mut().rfind(|known| known.id == boot) {
            Some(known) => {
                known.last_run = number;
                known.last = found.realtime;
            }
            None => self.boots.push(Boot {
                id: boot,
                first_run: number,
                last_run: number,
                first: found.realtime,
                last: found.realtime,
            }),
        }
        let named = [
            context.and_then(|context| get(&context.fields, "_SYSTEMD_UNIT")),
            get(&found.fields, "UNIT"),
        ];
        for unit in named.into_iter().flatten().filter_map(|unit| std::str::from_utf8(unit).ok()) {
            match self.units.get_mut(unit) {
                Some(runs) if runs.last() == Some(&number) => {}
                Some(runs) => runs.push(number),
                None => {
                    self.units.insert(unit.to_owned(), vec![number]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
