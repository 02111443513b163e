//! DEFLATE (RFC 1951) of pieces, on all cores. Almost all of a disk is compressed already: what does not
//! become smaller is stored, which section 3.2.4 allows and which costs no time.

use std::io;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::dense::Probe;

/// What one core compresses with.
pub(super) struct Deflater {
    deflate: Compress,
    probe: Probe,
}

/// Bytes of a stored block at most.
const STORED: usize = 0xffff;

/// Level of zlib: compressible pieces are few.
const LEVEL: u32 = 6;

impl Deflater {
    pub(super) fn new() -> io::Result<Self> {
        let deflate = Compress::new(Compression::new(LEVEL), false);
        Ok(Self { deflate, probe: Probe::new()? })
    }

    /// Blocks that hold `bytes` and end at a byte's end. The last one says that it is the last where `last` is
    /// true; else more blocks may follow.
    pub(super) fn blocks(&mut self, bytes: &[u8], last: bool, to: &mut Vec<u8>) -> io::Result<()> {
        if bytes.is_empty() || self.probe.is_dense(bytes)? {
            stored(bytes, last, to);
            return Ok(());
        }
        self.deflate.reset();
        let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
        let mut done = 0;
        loop {
            to.reserve(bytes.len() / 2 + 64);
            let status = self.deflate.compress_vec(&bytes[done..], to, flush)?;
            done = usize::try_from(self.deflate.total_in()).expect("no more than was given");
            // A flush is over when it leaves room.
            let flushed = done == bytes.len() && to.len() < to.capacity();
            if status == Status::StreamEnd || (!last && flushed) {
                return Ok(());
            }
        }
    }

    /// A zlib stream (RFC 1950) of `bytes`.
    pub(super) fn zlib(&mut self, bytes: &[u8], to: &mut Vec<u8>) -> io::Result<()> {
        to.extend([0x78, 0x9c]);
        self.blocks(bytes, true, to)?;
        to.extend(simd_adler32::adler32(&bytes).to_be_bytes());
        Ok(())
    }
}

/// Stored blocks: one, even where there is nothing to store.
fn stored(bytes: &[u8], last: bool, to: &mut Vec<u8>) {
    to.reserve(bytes.len() + 5 * (bytes.len() / STORED + 1));
    let mut rest = bytes;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(STORED));
        let length = u16::try_from(piece.len()).expect("at most 65535");
        to.push(u8::from(last && after.is_empty()));
        to.extend(length.to_le_bytes());
        to.extend((!length).to_le_bytes());
        to.extend(piece);
        rest = after;
        if rest.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
