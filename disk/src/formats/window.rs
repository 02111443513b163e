//! A piece of the disk as the writers get it.

use std::io;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use rayon::prelude::*;

use super::source::{Source, extents};
use crate::platform::Overlay;
use crate::sparse;

/// Bytes of a window, but for the disk's last: a multiple of every format's block, and few enough that a window is
/// still in the processor's caches when it is compressed, digested and written.
pub(super) const WINDOW: usize = 2 << 20;

/// Bytes read by one core at a time, and the length of [`Source::pieces`].
const READ: usize = 1 << 20;

/// A piece of the disk.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Its offset, a multiple of [`WINDOW`].
    pub(super) start: u64,
    /// All its bytes. A writer that needs some of them for longer may keep slices until it is done with the next window.
    pub(super) bytes: Bytes,
    /// Where in it there is something else than zeroes: multiples of 4 KiB or the end, not touching, ascending.
    pub(super) runs: Vec<Range<usize>>,
}

impl Window {
    /// Whether no writer keeps any of its bytes.
    pub(super) fn is_free(&self) -> bool {
        self.bytes.is_unique()
    }

    /// Reads window `number`, of which `pieces` holds everything that is not zero. Takes the memory of a window that
    /// is done with, where that is free.
    pub(super) fn read(
        self,
        source: &Source,
        pieces: &[Range<u64>],
        number: u64,
    ) -> io::Result<Self> {
        let start = number * WINDOW as u64;
        let end = source.bytes().min(start + WINDOW as u64);
        let length = index(end - start);
        let used = self.bytes.try_into_mut().ok().filter(|bytes| bytes.len() == length);
        let mut bytes = used.unwrap_or_else(|| BytesMut::zeroed(length));
        let first = pieces.partition_point(|piece| piece.end <= start);
        let within = &pieces[first..pieces.partition_point(|piece| piece.start < end)];
        let read: Vec<Vec<Range<usize>>> = bytes
            .par_chunks_mut(READ)
            .enumerate()
            .map(|(number, chunk)| {
                let at = start + (number * READ) as u64;
                if within.binary_search_by_key(&at, |piece| piece.start).is_err() {
                    // What was there before.
                    if !sparse::is_zero(chunk) {
                        chunk.fill(0);
                    }
                    return Ok(Vec::new());
                }
                source.read_at(chunk, at)?;
                let shift = |run: Range<usize>| run.start + number * READ..run.end + number * READ;
                Ok(sparse::nonzero_runs(chunk, sparse::grain()).into_iter().map(shift).collect())
            })
            .collect::<io::Result<_>>()?;
        let mut runs: Vec<Range<usize>> = Vec::new();
        for run in read.into_iter().flatten() {
            match runs.last_mut() {
                Some(last) if last.end == run.start => last.end = run.end,
                _ => runs.push(run),
            }
        }
        Ok(Self { start, bytes: bytes.freeze(), runs })
    }

    /// The same window with an overlay; `None` where the overlay does not touch it.
    pub(super) fn overlaid(&self, overlay: &Overlay) -> Option<Self> {
        let range = self.start..self.start + self.bytes.len() as u64;
        let touches = |other: Range<u64>| other.start < range.end && range.start < other.end;
        if !extents(overlay).any(touches) {
            return None;
        }
        let mut bytes = BytesMut::from(self.bytes.as_ref());
        overlay.apply(self.start, &mut bytes);
        let runs = sparse::nonzero_runs(&bytes, sparse::grain());
        Some(Self { start: self.start, bytes: bytes.freeze(), runs })
    }

    /// Start and bytes of each block of this window that is not zero; a block at the disk's end may be shorter.
    pub(super) fn blocks(&self, block: usize) -> Vec<(usize, &[u8])> {
        let mut blocks = Vec::new();
        let mut next = 0;
        for run in &self.runs {
            let mut at = next.max(run.start - run.start % block);
            while at < run.end {
                let end = self.bytes.len().min(at + block);
                blocks.push((at, &self.bytes[at..end]));
                at = end;
            }
            next = at;
        }
        blocks
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("within a window")
}

#[cfg(test)]
mod tests;
