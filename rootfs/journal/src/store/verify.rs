//! What `journalctl --verify` checks: frames, numbers without gaps, the hash chain within and between segments.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::chain::Chain;
use super::directory::{ACTIVE, segments};
use super::frame::{HEADER_LENGTH, Header, OVERHEAD};
use super::record::{self, Body, Seal};
use super::scan::{Frames, Item, Tail};
use crate::entry::get;

/// Something that is not as the service left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The first bytes are not a segment's.
    Header,
    /// Bytes that are no frame, or a frame whose checksum does not hold.
    Damage {
        /// The first.
        from: u32,
        /// The byte after the last.
        to: u32,
    },
    /// A whole frame whose body is none.
    Body(u32),
    /// Records are missing: the number that was due and the one that came.
    Sequence {
        /// The number that was due.
        due: u64,
        /// The one that came.
        found: u64,
    },
    /// The seal at this place has another digest: bytes before it were altered.
    Seal(u32),
    /// The segment before is not the one this was written after.
    Predecessor,
    /// A closed segment does not end with a seal: its tail is cut off.
    Unsealed,
    /// Segments before the first were removed and no record says so.
    Removed {
        /// The first number that is there.
        first: u64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => write!(f, "the header is damaged"),
            Self::Damage { from, to } => write!(f, "bytes {from} to {to} are damaged"),
            Self::Body(at) => write!(f, "the frame at byte {at} is malformed"),
            Self::Sequence { due, found } => {
                write!(f, "record {due} is missing; record {found} follows")
            }
            Self::Seal(at) => {
                write!(f, "records before byte {at} were altered: the seal there does not match")
            }
            Self::Predecessor => {
                write!(f, "the segment before this one was removed, replaced or altered")
            }
            Self::Unsealed => write!(f, "the end is cut off: a closed segment ends with a seal"),
            Self::Removed { first } => {
                write!(f, "records before {first} were removed, and not by the limits of the log")
            }
        }
    }
}

/// What was found in one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The file.
    pub path: PathBuf,
    /// How many records it holds.
    pub records: u64,
    /// Lines that gap records in it tell as lost.
    pub lost: u64,
    /// Bytes at the end of the open segment that are no whole frame yet.
    pub torn: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// What goes from one segment to the next.
#[derive(Default)]
struct Link {
    due: Option<u64>,
    digest: Option<[u8; 32]>,
    vacuumed: u64,
}

/// Checks every segment of a folder.
pub fn folder(folder: &Path) -> io::Result<Vec<Checked>> {
    let mut link = Link::default();
    let mut all = Vec::new();
    let mut first = None;
    for path in segments(folder)? {
        let bytes = std::fs::read(&path)?;
        let open = path.file_name().is_some_and(|name| name == ACTIVE);
        first = first.or_else(|| Header::decode(&bytes).map(|header| header.first_sequence));
        all.push(Checked { path, ..segment(&bytes, open, &mut link) });
    }
    if let (Some(first), Some(checked)) =
        (first.filter(|first| *first > link.vacuumed.saturating_add(1)), all.first_mut())
    {
        checked.problems.push(Problem::Removed { first });
    }
    Ok(all)
}

/// Checks the bytes of one segment alone.
pub fn bytes(bytes: &[u8], open: bool) -> Checked {
    segment(bytes, open, &mut Link::default())
}

fn segment(bytes: &[u8], open: bool, link: &mut Link) -> Checked {
    let mut checked = Checked::default();
    let Some(header) = Header::decode(bytes) else {
        checked.problems.push(Problem::Header);
        *link = Link { vacuumed: link.vacuumed, ..Link::default() };
        return checked;
    };
    let expected = link.digest.take();
    if expected.is_some_and(|digest| digest != header.previous) {
        checked.problems.push(Problem::Predecessor);
    }
    let mut due = header.first_sequence;
    if let Some(wanted) = link.due.filter(|wanted| *wanted != due) {
        checked.problems.push(Problem::Sequence { due: wanted, found: due });
    }
    let mut from = 0;
    let mut digest = header.previous;
    let tail = if open { Tail::Open } else { Tail::Closed };
    let mut frames = Frames::new(&bytes[HEADER_LENGTH..], HEADER_LENGTH, tail);
    for item in frames.by_ref() {
        match item {
            Item::Damage { from, to } => checked.problems.push(Problem::Damage { from, to }),
            Item::Frame { position, body } => match record::decode(body) {
                Some(Body::Context(_)) => {}
                Some(Body::Record(found)) => {
                    if found.sequence != due {
                        checked.problems.push(Problem::Sequence { due, found: found.sequence });
                    }
                    due = found.sequence.saturating_add(1);
                    checked.records += 1;
                    let lost = number(get(&found.fields, "JOURNAL_LOST"));
                    checked.lost = checked.lost.saturating_add(lost);
                    link.vacuumed =
                        link.vacuumed.max(number(get(&found.fields, "JOURNAL_VACUUMED_TO")));
                }
                Some(Body::Seal(seal)) => {
                    let at = usize::try_from(position).unwrap_or(usize::MAX);
                    if !holds(&seal, position, &digest, bytes.get(from..at).unwrap_or_default()) {
                        checked.problems.push(Problem::Seal(position));
                    }
                    digest = seal.digest;
                    from = at + OVERHEAD + body.len();
                }
                None => checked.problems.push(Problem::Body(position)),
            },
        }
    }
    let end = frames.reached();
    checked.torn = (bytes.len() - end) as u64;
    if !open && (from != bytes.len()) {
        checked.problems.push(Problem::Unsealed);
    }
    (link.due, link.digest) = (Some(due), Some(digest));
    checked
}

fn holds(seal: &Seal, position: u32, before: &[u8; 32], bytes: &[u8]) -> bool {
    let mut chain = Chain::after(before);
    chain.update(bytes);
    seal.position == position && seal.digest == chain.digest()
}

fn number(value: Option<&[u8]>) -> u64 {
    value
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
