//! `disk.raw.zst`: Zstandard frames (RFC 8878) of 1 MiB each, with content size and checksum, one after
//! another as section 3 allows and `zstd -d` reads.
//!
//! Frames know nothing of each other, so they are made on all cores. Zeroes are in frames of 4 MiB, which are
//! compressed once. Almost all of a disk is compressed already: each frame is made at the quickest level, and once
//! more where that shows that it can become smaller.

use std::io;

use rayon::prelude::*;
use zstd::bulk::Compressor;

use super::pool::Pool;
use super::target::Target;
use super::window::{WINDOW, Window};
use super::{Order, Writer};
use crate::sparse::is_zero;

/// Bytes of the disk in a frame: a window has a whole number of them.
const FRAME: usize = 1 << 20;
/// Bytes of a frame of zeroes.
const ZEROES: usize = 4 << 20;
/// Level for what is compressed already.
const STORE: i32 = -7;
/// What must be saved at that level for another to be tried: this part of a frame.
const WORTH: usize = 128;

pub(super) struct Zst {
    target: Target,
    level: i32,
    /// Length of the disk.
    bytes: u64,
    /// How much of the disk is written.
    done: u64,
    packers: Pool<Packer>,
    /// The frames of a window, whose memory is used again.
    frames: Vec<Vec<u8>>,
    /// Frames of zeroes, with how many each stands for, the longest first.
    zeroes: [(u64, Vec<u8>); 2],
}

impl Zst {
    pub(super) fn create(order: &Order<'_>, level: i32) -> io::Result<Self> {
        const { assert!(WINDOW.is_multiple_of(FRAME)) };
        let mut compressor = compressor(level)?;
        let mut zeroes = |bytes: usize| -> io::Result<_> {
            Ok((bytes as u64, compressor.compress(&vec![0; bytes])?))
        };
        let zeroes = [zeroes(ZEROES)?, zeroes(FRAME)?];
        let target = Target::create(order.to)?;
        let (bytes, packers, frames) = (order.bytes, Pool::new(), Vec::new());
        Ok(Self { target, level, bytes, done: 0, packers, frames, zeroes })
    }

    /// Writes frames of zeroes up to `end`, a multiple of a frame or the end of the disk.
    fn fill(&mut self, end: u64) -> io::Result<()> {
        for (bytes, frame) in &self.zeroes {
            while self.done + bytes <= end {
                self.target.append(frame)?;
                self.done += bytes;
            }
        }
        let rest = usize::try_from(end - self.done).expect("less than a frame");
        if rest > 0 {
            self.target.append(&compressor(self.level)?.compress(&vec![0; rest])?)?;
            self.done = end;
        }
        Ok(())
    }
}

impl Writer for Zst {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        self.fill(window.start)?;
        let count = window.bytes.len().div_ceil(FRAME);
        self.frames.resize_with(self.frames.len().max(count), Vec::new);
        let (packers, level) = (&self.packers, self.level);
        self.frames.par_iter_mut().zip(window.bytes.par_chunks(FRAME)).try_for_each(
            |(frame, bytes)| {
                if bytes.len() == FRAME && is_zero(bytes) {
                    frame.clear();
                    return Ok(());
                }
                packers.with(|| Packer::new(level), |packer| packer.pack(bytes, frame))
            },
        )?;
        let [_, (_, zeroes)] = &self.zeroes;
        for frame in &self.frames[..count] {
            self.target.append(if frame.is_empty() { zeroes } else { frame })?;
        }
        self.done += window.bytes.len() as u64;
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.fill(self.bytes)?;
        if self.bytes == 0 {
            self.target.append(&compressor(self.level)?.compress(&[])?)?;
        }
        Ok(())
    }
}

/// What one core compresses with.
struct Packer {
    store: Compressor<'static>,
    pack: Compressor<'static>,
}

impl Packer {
    fn new(level: i32) -> io::Result<Self> {
        Ok(Self { store: compressor(STORE)?, pack: compressor(level)? })
    }

    /// Makes `frame` a frame of `bytes`.
    fn pack(&mut self, bytes: &[u8], frame: &mut Vec<u8>) -> io::Result<()> {
        frame.clear();
        frame.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        self.store.compress_to_buffer(bytes, frame)?;
        if frame.len() + bytes.len() / WORTH < bytes.len() {
            frame.clear();
            self.pack.compress_to_buffer(bytes, frame)?;
        }
        Ok(())
    }
}

fn compressor(level: i32) -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(level)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(true)?;
    Ok(compressor)
}

#[cfg(test)]
mod tests;
