//! Walking the frames of a segment, over damage and up to a torn tail. Pure: bytes in, items out.

use super::frame::{self, Next};

/// What a walk comes across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A whole frame: where it begins and its body.
    Frame {
        /// Its place in the segment.
        position: u32,
        /// Its body.
        body: &'a [u8],
    },
    /// Bytes that are no frame, with a frame after them.
    Damage {
        /// The first bad byte.
        from: u32,
        /// The byte after the last.
        to: u32,
    },
}

/// What the end of the walked bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// The segment is closed and ends there: a frame that would go on has a damaged length.
    Closed,
    /// More follows, or may, or was torn off: a frame that goes on ends the walk. Its body is a client's, and what looks
    /// like a frame in there is none.
    Open,
}

/// A walk over `bytes`, which begin at `base` of the segment.
pub struct Frames<'a> {
    bytes: &'a [u8],
    base: usize,
    at: usize,
    tail: Tail,
    /// How many bytes may still be looked at in search of a frame; ends a search through crafted bytes.
    budget: usize,
}

impl<'a> Frames<'a> {
    /// A walk that begins at `base` of the segment, where `bytes` were read.
    pub fn new(bytes: &'a [u8], base: usize, tail: Tail) -> Self {
        Self { bytes, base, at: 0, tail, budget: bytes.len().saturating_mul(8) }
    }

    /// Where the walk stands: after the last whole frame once it is over. What follows is a torn tail.
    pub fn reached(&self) -> usize {
        self.base + self.at
    }

    /// The next frame after `from`, over what is none.
    fn resume(&mut self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            at += frame::find_marker(&self.bytes[at..])?;
            match frame::next(&self.bytes[at..]) {
                Next::Frame(_) => return Some(at),
                Next::Torn if self.tail == Tail::Open => return None,
                Next::Torn => {}
                // The length was plausible, so up to that much was summed.
                Next::Damaged => {
                    let looked = declared_length(&self.bytes[at..]);
                    self.budget = self.budget.checked_sub(looked)?;
                }
            }
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        match frame::next(rest) {
            Next::Frame(body) => {
                let position = place(self.reached());
                self.at += frame::OVERHEAD + body.len();
                return Some(Item::Frame { position, body });
            }
            Next::Torn if self.tail == Tail::Open => return None,
            Next::Torn | Next::Damaged => {}
        }
        let from = place(self.reached());
        self.at = self.resume(self.at)?;
        Some(Item::Damage { from, to: place(self.reached()) })
    }
}

fn declared_length(bytes: &[u8]) -> usize {
    let length =
        bytes.get(4..8).and_then(|length| length.try_into().ok()).map_or(0, u32::from_le_bytes);
    usize::try_from(length).unwrap_or(usize::MAX).min(frame::MAX_BODY) + frame::OVERHEAD
}

/// A segment is shorter than 4 GiB; places past that do not occur.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
