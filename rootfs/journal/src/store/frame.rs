//! Frames and the header of a segment file. Pure: bytes in, bytes out.
//!
//! A segment is a header of 128 bytes and frames. A frame is a marker, the length of the body, a CRC-32 over length and
//! body, and the body. Changing any of it makes installed logs unreadable.

use crate::entry::Id;

/// The length of a segment's header.
pub const HEADER_LENGTH: usize = 128;
/// The length of what stands before a frame's body.
pub const OVERHEAD: usize = 12;
/// The longest body.
pub const MAX_BODY: usize = 4 << 20;

const MAGIC: [u8; 8] = *b"KEELLOG1";
const MARKER: [u8; 4] = [0xb5, b'K', b'L', 0x0a];

/// What the first bytes of a segment say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The machine (`/etc/machine-id`).
    pub machine: Id,
    /// The store: drawn when its first segment was made, the same in all that follow.
    pub store: Id,
    /// The number of the first record.
    pub first_sequence: u64,
    /// When the segment was made, in microseconds since 1970.
    pub created: u64,
    /// The digest of the last seal of the segment before; zeros in the first.
    pub previous: [u8; 32],
}

impl Header {
    /// The 128 bytes.
    pub fn encode(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..24].copy_from_slice(&self.machine.0);
        bytes[24..40].copy_from_slice(&self.store.0);
        bytes[40..48].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.created.to_le_bytes());
        bytes[56..88].copy_from_slice(&self.previous);
        let sum = crc32fast::hash(&bytes[..124]);
        bytes[124..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads the header at the start of `bytes`; `None` if it is not ours or damaged.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER_LENGTH)?;
        let sum = u32::from_le_bytes(bytes[124..].try_into().ok()?);
        if bytes[..8] != MAGIC || crc32fast::hash(&bytes[..124]) != sum {
            return None;
        }
        Some(Self {
            machine: Id(bytes[8..24].try_into().ok()?),
            store: Id(bytes[24..40].try_into().ok()?),
            first_sequence: u64::from_le_bytes(bytes[40..48].try_into().ok()?),
            created: u64::from_le_bytes(bytes[48..56].try_into().ok()?),
            previous: bytes[56..88].try_into().ok()?,
        })
    }
}

/// Appends the frame of `body` to `out`.
pub fn put(out: &mut Vec<u8>, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&MARKER);
    out.extend_from_slice(&length);
    out.extend_from_slice(&sum(length, body).to_le_bytes());
    out.extend_from_slice(body);
}

/// What stands at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A whole frame: its body.
    Frame(&'a [u8]),
    /// The beginning of a frame that goes on after the end.
    Torn,
    /// No frame.
    Damaged,
}

/// Looks at the beginning of `bytes`.
pub fn next(bytes: &[u8]) -> Next<'_> {
    let Some((head, rest)) = bytes.split_at_checked(OVERHEAD) else {
        let marked = MARKER.iter().zip(bytes).all(|(want, have)| want == have);
        return if marked { Next::Torn } else { Next::Damaged };
    };
    if head[..4] != MARKER {
        return Next::Damaged;
    }
    let length_bytes = [head[4], head[5], head[6], head[7]];
    let length = usize::try_from(u32::from_le_bytes(length_bytes)).unwrap_or(usize::MAX);
    if length > MAX_BODY {
        return Next::Damaged;
    }
    match rest.get(..length) {
        None => Next::Torn,
        Some(body) if sum(length_bytes, body).to_le_bytes() == head[8..] => Next::Frame(body),
        Some(_) => Next::Damaged,
    }
}

/// Where the next marker stands in `bytes`, after the first byte.
pub fn find_marker(bytes: &[u8]) -> Option<usize> {
    bytes.get(1..)?.windows(MARKER.len()).position(|window| window == MARKER).map(|place| place + 1)
}

fn sum(length: [u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(body);
    hasher.finalize()
}
