//! A file that is written from its start to its end, or at places that are known.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use rustix::io::Errno;

/// How many parts the system takes at a time (`UIO_MAXIOV`).
const PARTS: usize = 1024;

/// A new file and where its next byte goes.
#[derive(Debug)]
pub(super) struct Target {
    file: File,
    end: u64,
}

impl Target {
    /// Makes the file, or makes the file that is there empty.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, end: 0 })
    }

    /// Where the next byte goes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes at the end; gives where.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.end;
        self.file.write_all_at(bytes, at)?;
        self.end += bytes.len() as u64;
        Ok(at)
    }

    /// Writes parts that follow each other at the end.
    pub(super) fn append_all(&mut self, parts: &[Bytes]) -> io::Result<()> {
        let parts = parts.iter().filter(|part| !part.is_empty());
        let mut slices: Vec<IoSlice<'_>> = parts.map(|part| IoSlice::new(part)).collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            let written =
                match rustix::io::pwritev(&self.file, &rest[..rest.len().min(PARTS)], self.end) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => written,
                    Err(Errno::INTR) => continue,
                    Err(error) => return Err(error.into()),
                };
            self.end += written as u64;
            IoSlice::advance_slices(&mut rest, written);
        }
        Ok(())
    }

    /// Leaves a hole up to the next multiple of `unit`.
    pub(super) fn align(&mut self, unit: u64) {
        self.end = self.end.next_multiple_of(unit);
    }

    /// Leaves a hole up to `end`, from where on the next bytes go.
    pub(super) fn skip_to(&mut self, end: u64) {
        self.end = end;
    }

    /// Writes at a place that [`Target::append`] does not write.
    pub(super) fn put(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    /// Gives the file the length that it has by what was appended, holes at the end included.
    pub(super) fn cut(&self) -> io::Result<()> {
        self.file.set_len(self.end)
    }
}

#[cfg(test)]
mod tests;
