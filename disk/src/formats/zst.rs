//! `disk.raw.zst`: Zstandard frames (RFC 8878) of at most 1 MiB, with content size and checksum, one after
//! another as section 3 allows and `zstd -d` reads.
//!
//! Frames know nothing of each other, so they are made on all cores. Zeroes are in frames of 4 MiB, which are
//! compressed once. Almost all of a disk is compressed already: what would not become smaller is in frames of its own,
//! which go from the window to the file without a copy.

mod raw;

use std::io;

use bytes::Bytes;
use rayon::prelude::*;
use zstd::bulk::Compressor;

use super::dense::Probe;
use super::pool::Pool;
use super::target::Target;
use super::window::{WINDOW, Window};
use super::{Order, Writer};
use crate::sparse::is_zero;

/// No frame crosses a multiple of this: a window has a whole number of them.
const FRAME: usize = 1 << 20;
/// Bytes of which it is found out at once whether they are compressed already.
const PIECE: usize = 64 << 10;
/// Bytes of a frame of zeroes.
const ZEROES: usize = 4 << 20;

pub(super) struct Zst {
    target: Target,
    level: i32,
    /// Length of the disk.
    bytes: u64,
    /// How much of the disk is written.
    done: u64,
    packers: Pool<Packer>,
    /// Frames of zeroes, with how many each stands for, the longest first.
    zeroes: [(u64, Bytes); 2],
}

impl Zst {
    pub(super) fn create(order: &Order<'_>, level: i32) -> io::Result<Self> {
        const { assert!(WINDOW.is_multiple_of(FRAME)) };
        let zeroes = [zeroes(level, ZEROES)?, zeroes(level, FRAME)?];
        let target = Target::create(order.to)?;
        Ok(Self { target, level, bytes: order.bytes, done: 0, packers: Pool::new(), zeroes })
    }

    /// Writes frames of zeroes up to `end`, a multiple of a frame or the end of the disk.
    fn fill(&mut self, end: u64) -> io::Result<()> {
        for (bytes, frame) in &self.zeroes {
            while self.done + bytes <= end {
                self.target.append(frame.clone());
                self.done += bytes;
            }
        }
        let rest = usize::try_from(end - self.done).expect("less than a frame");
        if rest > 0 {
            self.target.append(zeroes(self.level, rest)?.1);
            self.done = end;
        }
        Ok(())
    }
}

impl Writer for Zst {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        self.fill(window.start)?;
        let Self { target, level, packers, zeroes: [_, (_, zeroes)], .. } = self;
        let pack = |bytes: &[u8]| {
            if bytes.len() == FRAME && is_zero(bytes) {
                return Ok(vec![zeroes.clone()]);
            }
            let bytes = window.bytes.slice_ref(bytes);
            packers.with(|| Packer::new(*level), |packer| packer.pack(&bytes))
        };
        let frames: Vec<Vec<Bytes>> =
            target.beside(|| window.bytes.par_chunks(FRAME).map(pack).collect())?;
        target.append_all(frames.into_iter().flatten());
        self.done += window.bytes.len() as u64;
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.fill(self.bytes)?;
        if self.bytes == 0 {
            self.target.append(zeroes(self.level, 0)?.1);
        }
        self.target.finish()
    }
}

/// What one core compresses with.
struct Packer {
    compressor: Compressor<'static>,
    probe: Probe,
}

impl Packer {
    fn new(level: i32) -> io::Result<Self> {
        Ok(Self { compressor: compressor(level)?, probe: Probe::new()? })
    }

    /// Frames of `bytes`: one for each stretch that becomes smaller, and one for each that does not.
    fn pack(&mut self, bytes: &Bytes) -> io::Result<Vec<Bytes>> {
        let mut frames = Vec::new();
        let kinds = bytes.chunks(PIECE).map(|piece| self.probe.is_dense(piece));
        let kinds = kinds.collect::<io::Result<Vec<bool>>>()?;
        let mut rest = bytes.clone();
        for stretch in kinds.chunk_by(|one, next| one == next) {
            let content = rest.split_to(rest.len().min(stretch.len() * PIECE));
            if stretch[0] {
                raw::frame(&content, &mut frames);
            } else {
                frames.push(self.compressor.compress(&content)?.into());
            }
        }
        Ok(frames)
    }
}

/// A frame of so many zeroes, and how many there are.
fn zeroes(level: i32, bytes: usize) -> io::Result<(u64, Bytes)> {
    Ok((bytes as u64, compressor(level)?.compress(&vec![0; bytes])?.into()))
}

fn compressor(level: i32) -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(level)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(true)?;
    Ok(compressor)
}

#[cfg(test)]
mod tests;
