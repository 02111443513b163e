//! A file that is written from its start to its end, or at places that are known.
//!
//! What is appended is queued, so that the system can take it while the next is made: see [`Target::beside`].

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
    /// What is to be written, and where; ascending.
    queue: Vec<(u64, Bytes)>,
}

impl Target {
    /// Makes the file, or makes the file that is there empty.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, end: 0, queue: Vec::new() })
    }

    /// Where the next byte goes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Queues bytes for the end; gives where that is.
    pub(super) fn append(&mut self, bytes: impl Into<Bytes>) -> u64 {
        let (at, bytes) = (self.end, bytes.into());
        self.end += bytes.len() as u64;
        if !bytes.is_empty() {
            self.queue.push((at, bytes));
        }
        at
    }

    /// Queues parts that follow each other at the end.
    pub(super) fn append_all(&mut self, parts: impl IntoIterator<Item = Bytes>) {
        for part in parts {
            self.append(part);
        }
    }

    /// Writes what is queued while `work` is done, whose result it gives.
    pub(super) fn beside<T: Send>(
        &mut self,
        work: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        let (written, done) = rayon::join(|| self.flush(), work);
        written?;
        done
    }

    /// Writes what is queued.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let queue = std::mem::take(&mut self.queue);
        // What follows each other goes to the system together.
        for parts in queue.chunk_by(|(at, part), (next, _)| at + part.len() as u64 == *next) {
            self.write(parts)?;
        }
        Ok(())
    }

    /// Writes parts that follow each other; there is at least one, and none is empty.
    fn write(&self, parts: &[(u64, Bytes)]) -> io::Result<()> {
        let mut at = parts[0].0;
        let mut slices: Vec<IoSlice<'_>> =
            parts.iter().map(|(_, part)| IoSlice::new(part)).collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            let written = match rustix::io::pwritev(&self.file, &rest[..rest.len().min(PARTS)], at)
            {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            at += written as u64;
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

    /// Writes what is queued and gives the file the length that it has by what was appended, holes at the end included.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        self.file.set_len(self.end)
    }
}

#[cfg(test)]
mod tests;
