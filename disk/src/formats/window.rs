//! A piece of the disk as the writers get it.

use std::io;
use std::ops::Range;

use rayon::prelude::*;

use super::source::{Source, extents};
use crate::platform::Overlay;
use crate::sparse;

/// Bytes of a window, but for the disk's last: a multiple of every format's block but VHDX's largest.
pub(super) const WINDOW: usize = 16 << 20;

/// Bytes read by one core at a time, and the length of [`Source::pieces`].
const READ: usize = 1 << 20;

/// A piece of the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    /// Its offset, a multiple of [`WINDOW`].
    pub(super) start: u64,
    /// All its bytes.
    pub(super) bytes: Vec<u8>,
    /// Where in it there is something else than zeroes: multiples of 4 KiB or the end, not touching, ascending.
    pub(super) runs: Vec<Range<usize>>,
}

impl Window {
    /// Reads window `number`, of which `pieces` holds everything that is not zero. Takes the memory of a window that
    /// is done with.
    pub(super) fn read(
        mut self,
        source: &Source,
        pieces: &[Range<u64>],
        number: u64,
    ) -> io::Result<Self> {
        self.start = number * WINDOW as u64;
        let end = source.bytes().min(self.start + WINDOW as u64);
        for run in self.runs.drain(..) {
            self.bytes[run].fill(0);
        }
        self.bytes.resize(index(end - self.start), 0);
        let start = self.start;
        let first = pieces.partition_point(|piece| piece.end <= start);
        let within = &pieces[first..pieces.partition_point(|piece| piece.start < end)];
        let runs: Vec<Vec<Range<usize>>> = self
            .bytes
            .par_chunks_mut(READ)
            .enumerate()
            .map(|(number, chunk)| {
                let at = start + (number * READ) as u64;
                if within.binary_search_by_key(&at, |piece| piece.start).is_err() {
                    return Ok(Vec::new());
                }
                source.read_at(chunk, at)?;
                let shift = |run: Range<usize>| run.start + number * READ..run.end + number * READ;
                Ok(sparse::nonzero_runs(chunk, sparse::grain()).into_iter().map(shift).collect())
            })
            .collect::<io::Result<_>>()?;
        for run in runs.into_iter().flatten() {
            match self.runs.last_mut() {
                Some(last) if last.end == run.start => last.end = run.end,
                _ => self.runs.push(run),
            }
        }
        Ok(self)
    }

    /// The same window with an overlay; `None` where the overlay does not touch it.
    pub(super) fn overlaid(&self, overlay: &Overlay) -> Option<Self> {
        let range = self.start..self.start + self.bytes.len() as u64;
        let touches = |other: Range<u64>| other.start < range.end && range.start < other.end;
        if !extents(overlay).any(touches) {
            return None;
        }
        let mut window = self.clone();
        overlay.apply(window.start, &mut window.bytes);
        window.runs = sparse::nonzero_runs(&window.bytes, sparse::grain());
        Some(window)
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
