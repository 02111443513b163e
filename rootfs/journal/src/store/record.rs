//! The bodies of a segment's frames: contexts, records and seals. Pure; framing is `frame`'s.
//!
//! Every number is little-endian. Changing a layout or the name table makes installed logs unreadable.

use super::frame;
use crate::entry::{Field, Id, Stamp, priority};

/// The kind byte of a context: the fields many records share.
pub const CONTEXT: u8 = 1;
/// The kind byte of a record: one line of the log.
pub const RECORD: u8 = 2;
/// The kind byte of a seal: a link of the hash chain.
pub const SEAL: u8 = 3;

/// The priority byte of a record that has none.
const NO_PRIORITY: u8 = 0xff;

/// Names that are stored as one byte: their place in this list plus one. Only ever append.
const NAMES: [&str; 32] = [
    "MESSAGE",
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "SYSLOG_FACILITY",
    "SYSLOG_PID",
    "SYSLOG_TIMESTAMP",
    "SYSLOG_RAW",
    "MESSAGE_ID",
    "_PID",
    "_UID",
    "_GID",
    "_COMM",
    "_EXE",
    "_CMDLINE",
    "_SYSTEMD_CGROUP",
    "_SYSTEMD_UNIT",
    "_SYSTEMD_SLICE",
    "_SYSTEMD_INVOCATION_ID",
    "_HOSTNAME",
    "_TRANSPORT",
    "_STREAM_ID",
    "_LINE_BREAK",
    "_SOURCE_REALTIME_TIMESTAMP",
    "_SOURCE_MONOTONIC_TIMESTAMP",
    "UNIT",
    "INVOCATION_ID",
    "CODE_FILE",
    "CODE_LINE",
    "CODE_FUNC",
    "ERRNO",
    "JOURNAL_LOST",
    "JOURNAL_LOST_REASON",
];

/// A context: the boot and the fields that lines of one sender share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The boot.
    pub boot: Id,
    /// The shared fields.
    pub fields: Vec<Field>,
}

/// A record: what is a line's own, and the place of its context in the same segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The number.
    pub sequence: u64,
    /// Microseconds since 1970.
    pub realtime: u64,
    /// Microseconds since the boot.
    pub monotonic: u64,
    /// Where the context's frame begins in this segment.
    pub context: u32,
    /// The level.
    pub priority: Option<u8>,
    /// Fields of this line alone, without `PRIORITY` if that is a level.
    pub fields: Vec<Field>,
}

/// A link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Where this seal's frame begins; a copy elsewhere does not count.
    pub position: u32,
    /// Records of the segment before it.
    pub records: u32,
    /// The last record's number; the segment's first less one if there is none.
    pub last_sequence: u64,
    /// When the last record came.
    pub last_realtime: u64,
    /// SHA-256 of the digest before (the segment's header has the first) and of all bytes since.
    pub digest: [u8; 32],
}

/// The length of a seal's body.
pub const SEAL_LENGTH: usize = 1 + 4 + 4 + 8 + 8 + 32;

/// What a frame holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Shared fields.
    Context(Context),
    /// A line.
    Record(Record),
    /// A link of the chain.
    Seal(Seal),
}

/// Whether a field goes into the context: it says who wrote, not what.
pub fn is_shared(name: &str) -> bool {
    let own = name.starts_with("_SOURCE_") || name.starts_with("_KERNEL_") || name == "_LINE_BREAK";
    (name.starts_with('_') && !own)
        || matches!(name, "SYSLOG_IDENTIFIER" | "SYSLOG_FACILITY" | "SYSLOG_PID")
}

/// The body of the context that `fields` need.
pub fn encode_context(boot: Id, fields: &[Field]) -> Vec<u8> {
    let mut body = vec![CONTEXT];
    body.extend_from_slice(&boot.0);
    put_fields(&mut body, fields.iter().filter(|(name, _)| is_shared(name)));
    body
}

/// The body of a record of `fields`, of which the shared ones are left out.
pub fn encode_record(sequence: u64, stamp: &Stamp, context: u32, fields: &[Field]) -> Vec<u8> {
    let level = level_of(fields);
    let mut body = vec![RECORD];
    body.extend_from_slice(&sequence.to_le_bytes());
    body.extend_from_slice(&stamp.realtime.to_le_bytes());
    body.extend_from_slice(&stamp.monotonic.to_le_bytes());
    body.extend_from_slice(&context.to_le_bytes());
    body.push(level.unwrap_or(NO_PRIORITY));
    put_fields(
        &mut body,
        fields
            .iter()
            .filter(|(name, _)| !is_shared(name) && (level.is_none() || name != "PRIORITY")),
    );
    body
}

/// The body of a seal.
pub fn encode_seal(seal: &Seal) -> Vec<u8> {
    let mut body = vec![SEAL];
    body.extend_from_slice(&seal.position.to_le_bytes());
    body.extend_from_slice(&seal.records.to_le_bytes());
    body.extend_from_slice(&seal.last_sequence.to_le_bytes());
    body.extend_from_slice(&seal.last_realtime.to_le_bytes());
    body.extend_from_slice(&seal.digest);
    body
}

/// Reads a body. `None` where it is none; never panics, whatever the bytes.
pub fn decode(body: &[u8]) -> Option<Body> {
    let mut rest = body;
    match take(&mut rest, 1)?[0] {
        CONTEXT => {
            let boot = Id(take(&mut rest, 16)?.try_into().ok()?);
            Some(Body::Context(Context { boot, fields: take_fields(rest)? }))
        }
        RECORD => Some(Body::Record(decode_record(rest)?)),
        SEAL => {
            let seal = Seal {
                position: take_u32(&mut rest)?,
                records: take_u32(&mut rest)?,
                last_sequence: take_u64(&mut rest)?,
                last_realtime: take_u64(&mut rest)?,
                digest: take(&mut rest, 32)?.try_into().ok()?,
            };
            rest.is_empty().then_some(Body::Seal(seal))
        }
        _ => None,
    }
}

fn decode_record(mut rest: &[u8]) -> Option<Record> {
    let mut record = Record {
        sequence: take_u64(&mut rest)?,
        realtime: take_u64(&mut rest)?,
        monotonic: take_u64(&mut rest)?,
        context: take_u32(&mut rest)?,
        ..Record::default()
    };
    record.priority = match take(&mut rest, 1)?[0] {
        NO_PRIORITY => None,
        level @ 0..=7 => Some(level),
        _ => return None,
    };
    record.fields = take_fields(rest)?;
    Some(record)
}

/// The level, if `PRIORITY` stands once and is one.
fn level_of(fields: &[Field]) -> Option<u8> {
    let mut levels = fields.iter().filter(|(name, _)| name == "PRIORITY");
    let level = priority(&levels.next()?.1);
    level.filter(|_| levels.next().is_none())
}

fn put_fields<'a>(body: &mut Vec<u8>, fields: impl Iterator<Item = &'a Field>) {
    for (name, value) in fields {
        if let Some((code, _)) = (1_u8..).zip(NAMES).find(|(_, known)| known == name) {
            body.push(code);
        } else {
            let name = &name.as_bytes()[..name.len().min(usize::from(u8::MAX))];
            body.push(0);
            body.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            body.extend_from_slice(name);
        }
        put_length(body, value.len());
        body.extend_from_slice(value);
    }
}

fn take_fields(mut rest: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let name = match take(&mut rest, 1)?[0] {
            0 => {
                let length = usize::from(take(&mut rest, 1)?[0]);
                String::from_utf8(take(&mut rest, length)?.to_vec()).ok()?
            }
            code => (*NAMES.get(usize::from(code) - 1)?).to_owned(),
        };
        let length = take_length(&mut rest)?;
        fields.push((name, take(&mut rest, length)?.to_vec()));
    }
    Some(fields)
}

/// Seven bits a byte, the low ones first; the top bit says that more follow.
fn put_length(body: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        if length == 0 {
            body.push(low);
            return;
        }
        body.push(low | 0x80);
    }
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21] {
        let byte = take(rest, 1)?[0];
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return (length <= frame::MAX_BODY).then_some(length);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    take(rest, 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    take(rest, 8)?.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
