//! A raw disk as another platform's: with some of its bytes replaced.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::FormatError;
use crate::platform::Overlay;
use crate::sparse::{self, GRAIN};

/// A raw disk with an overlay.
#[derive(Debug)]
pub struct Source {
    file: File,
    path: PathBuf,
    bytes: u64,
    overlay: Overlay,
}

impl Source {
    /// Opens the raw disk `path`.
    pub fn open(path: &Path, overlay: Overlay) -> Result<Self, FormatError> {
        let failed = |source| FormatError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let source = Self { file, path: path.to_owned(), bytes, overlay: Overlay::nothing() };
        source.with(overlay)
    }

    /// The same disk with another overlay.
    pub(super) fn with(&self, overlay: Overlay) -> Result<Self, FormatError> {
        if let Some(end) = extents(&overlay).map(|extent| extent.end).find(|end| *end > self.bytes)
        {
            return Err(FormatError::Overlay { path: self.path.clone(), end, bytes: self.bytes });
        }
        let file = self.file.try_clone().map_err(|source| self.failed(source))?;
        Ok(Self { file, path: self.path.clone(), bytes: self.bytes, overlay })
    }

    /// Length of the disk.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fills `buffer` with the bytes from `at` on, all of which must be on the disk.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, at)?;
        self.overlay.apply(at, buffer);
        Ok(())
    }

    /// The ranges that are not zero: both ends are multiples of 4 KiB (or the end of the disk), ranges do
    /// not touch, and they ascend. Decided by content: the same on every machine.
    pub fn map(&self) -> io::Result<Vec<Range<u64>>> {
        let mut map = sparse::file_map(&self.file, sparse::grain())?;
        for extent in extents(&self.overlay) {
            let touched = extent.start - extent.start % GRAIN
                ..extent.end.next_multiple_of(GRAIN).min(self.bytes);
            let length = usize::try_from(touched.end - touched.start).expect("it is in memory");
            let mut bytes = vec![0; length];
            self.read_at(&mut bytes, touched.start)?;
            let runs = sparse::nonzero_runs(&bytes, sparse::grain());
            let at = |index: usize| touched.start + index as u64;
            map = replaced(&map, &touched, runs.iter().map(|run| at(run.start)..at(run.end)));
        }
        Ok(map)
    }

    /// Where the file has data, in pieces of at most 1 MiB at multiples of that, which ascend: everything that is
    /// not zero without the overlay, and zeroes that happen to be allocated.
    pub(super) fn pieces(&self) -> io::Result<Vec<Range<u64>>> {
        sparse::pieces(&self.file)
    }

    pub(super) fn failed(&self, source: io::Error) -> FormatError {
        FormatError::Read { path: self.path.clone(), source }
    }
}

/// Where an overlay replaces something.
pub(super) fn extents(overlay: &Overlay) -> impl Iterator<Item = Range<u64>> {
    overlay.patches().map(|(at, bytes)| at..at + bytes.len() as u64)
}

/// A map in which everything within `hole` is `runs`.
fn replaced(
    map: &[Range<u64>],
    hole: &Range<u64>,
    runs: impl Iterator<Item = Range<u64>>,
) -> Vec<Range<u64>> {
    let before = map.iter().map(|range| range.start..range.end.min(hole.start));
    let after = map.iter().map(|range| range.start.max(hole.end)..range.end);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in before.chain(runs).chain(after).filter(|range| range.start < range.end) {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests;
