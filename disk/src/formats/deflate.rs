//! DEFLATE (RFC 1951) of pieces, on all cores. Almost all of a disk is compressed already: what does not
//! become smaller is stored, which section 3.2.4 allows and which costs no time, not even a copy.

use std::io;

use bytes::Bytes;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::dense::Probe;

/// What one core compresses with.
pub(super) struct Deflater {
    deflate: Deflate,
    probe: Probe,
    /// Where compressed bytes go first.
    room: Vec<u8>,
}

/// Bytes of a stored block at most.
pub(super) const STORED: usize = 0xffff;

/// Level of zlib: those above save a hundredth more for a third more time, the one below a tenth less in half of it.
const LEVEL: i32 = 2;
/// Base-two logarithm of how far back a match may be; less than zero asks for no header.
const WINDOW_BITS: i32 = 15;
/// How much of a piece one block holds: less than zlib's 8, since pieces that compress seldom do so from end to end.
const MEM_LEVEL: i32 = 7;

impl Deflater {
    pub(super) fn new() -> io::Result<Self> {
        let deflate = Deflate::new_with_config(DeflateConfig {
            level: LEVEL,
            window_bits: -WINDOW_BITS,
            mem_level: MEM_LEVEL,
            ..DeflateConfig::default()
        });
        Ok(Self { deflate, probe: Probe::new()?, room: Vec::new() })
    }

    /// Gives `to` blocks that hold `bytes` and end at a byte's end. The last one says that it is the last where `last`
    /// is true; else more blocks may follow.
    pub(super) fn blocks(
        &mut self,
        bytes: &Bytes,
        last: bool,
        to: &mut Vec<Bytes>,
    ) -> io::Result<()> {
        if !bytes.is_empty()
            && !self.probe.is_dense(bytes)?
            && let Some(smaller) = self.smaller(bytes, last)?
        {
            to.push(Bytes::copy_from_slice(smaller));
        } else {
            stored(bytes, last, to);
        }
        Ok(())
    }

    /// `bytes` compressed; `None` where that is not less.
    fn smaller(&mut self, bytes: &[u8], last: bool) -> io::Result<Option<&[u8]>> {
        self.room.resize(bytes.len(), 0);
        self.deflate.reset();
        let flush = if last { DeflateFlush::Finish } else { DeflateFlush::SyncFlush };
        let status = self
            .deflate
            .compress(bytes, &mut self.room, flush)
            .map_err(|error| io::Error::other(error.as_str()))?;
        let length = usize::try_from(self.deflate.total_out()).expect("no more than there is room");
        // A flush is over when it leaves room.
        let whole = if last { status == Status::StreamEnd } else { length < self.room.len() };
        Ok(whole.then(|| &self.room[..length]))
    }

    /// Gives `to` a zlib stream (RFC 1950) of `bytes`.
    pub(super) fn zlib(&mut self, bytes: &Bytes, to: &mut Vec<Bytes>) -> io::Result<()> {
        to.push(Bytes::from_static(&[0x78, 0x9c]));
        self.blocks(bytes, true, to)?;
        let checksum = simd_adler32::adler32(&bytes.as_ref());
        to.push(Bytes::copy_from_slice(&checksum.to_be_bytes()));
        Ok(())
    }
}

/// Stored blocks: one, even where there is nothing to store.
fn stored(bytes: &Bytes, last: bool, to: &mut Vec<Bytes>) {
    let mut rest = bytes.clone();
    loop {
        let piece = rest.split_to(rest.len().min(STORED));
        let [low, high] = u16::try_from(piece.len()).expect("at most 65535").to_le_bytes();
        let header = [u8::from(last && rest.is_empty()), low, high, !low, !high];
        to.extend([Bytes::copy_from_slice(&header), piece]);
        if rest.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
