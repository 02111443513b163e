//! Sparse files: disk images are mostly nothing, and nothing is not written.
//!
//! What is data and what is not is decided by content, 4 KiB at a time, and never by what the host's
//! file system happens to have allocated: the same bytes give the same map on every machine. The
//! system's own map (`SEEK_DATA`, `SEEK_HOLE`) only spares reading what is known to be a hole.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::SeekFrom;
use sha2::{Digest, Sha256};

/// The grain in which zeroes are looked for, bytes.
pub const GRAIN: u64 = 4096;

/// Bytes read at a time, a multiple of every grain.
const CHUNK: usize = 1 << 20;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{} {}: {source}", doing, path.display())]
pub struct SparseError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Makes the new file `path` of `bytes` bytes, all hole. What was there is replaced.
pub fn create(path: &Path, bytes: u64) -> Result<File, SparseError> {
    let failed = failed("creating", path);
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(&failed)?;
    file.set_len(bytes).map_err(&failed)?;
    Ok(file)
}

/// Copies all of the file `from` to byte `at` of `to` and returns its length.
///
/// Zeroes are skipped, so the region of `to` must be a hole before.
pub fn copy(from: &Path, to: &File, at: u64) -> Result<u64, SparseError> {
    let failed = failed("copying", from);
    let file = File::open(from).map_err(&failed)?;
    let bytes = file.metadata().map_err(&failed)?.len();
    copy_range(&file, 0..bytes, to, at).map_err(&failed)?;
    Ok(bytes)
}

/// Copies a range of `from` to byte `at` of `to`, as [`copy`] does.
pub fn copy_range(from: &File, range: Range<u64>, to: &File, at: u64) -> io::Result<()> {
    for_each_data_chunk(from, range.clone(), |offset, chunk| {
        write_nonzero(to, at + (offset - range.start), chunk)
    })
}

/// Writes `bytes` to byte `at` of `to`, but for the grains that are zero.
///
/// The region of `to` must be a hole before.
pub fn write_nonzero(to: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    for run in nonzero_runs(bytes, grain()) {
        to.write_all_at(&bytes[run.clone()], at + run.start as u64)?;
    }
    Ok(())
}

/// The ranges of `path`, in bytes, that are not zero; both ends are multiples of `block` (or the end
/// of the file), ranges do not touch, and they ascend.
///
/// # Panics
/// Where `block` does not divide 1 MiB.
pub fn data_map(path: &Path, block: u64) -> Result<Vec<Range<u64>>, SparseError> {
    let failed = failed("mapping", path);
    let block = usize::try_from(block)
        .ok()
        .filter(|b| CHUNK.is_multiple_of(*b))
        .expect("a block divides 1 MiB");
    file_map(&File::open(path).map_err(&failed)?, block).map_err(&failed)
}

/// The map of an open file.
pub(crate) fn file_map(file: &File, block: usize) -> io::Result<Vec<Range<u64>>> {
    let chunks = pieces(file)?;
    let read = |buffer: &mut Vec<u8>, chunk: &Range<u64>| -> io::Result<Vec<Range<u64>>> {
        buffer.resize(usize::try_from(chunk.end - chunk.start).expect("at most a chunk"), 0);
        file.read_exact_at(buffer, chunk.start)?;
        let shift =
            |run: Range<usize>| chunk.start + run.start as u64..chunk.start + run.end as u64;
        Ok(nonzero_runs(buffer, block).into_iter().map(shift).collect())
    };
    let runs: Vec<Vec<Range<u64>>> =
        chunks.par_iter().map_init(Vec::new, read).collect::<io::Result<_>>()?;
    let mut map: Vec<Range<u64>> = Vec::new();
    for run in runs.into_iter().flatten() {
        match map.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ => map.push(run),
        }
    }
    Ok(map)
}

/// The chunks of a file that are not in a hole, ascending.
pub(crate) fn pieces(file: &File) -> io::Result<Vec<Range<u64>>> {
    let bytes = file.metadata()?.len();
    let mut chunks = Vec::new();
    let mut at = 0;
    while at < bytes
        && let Some(data) = next_data(file, at)?
    {
        let start = data - data % CHUNK as u64;
        at = bytes.min(start + CHUNK as u64);
        chunks.push(start..at);
    }
    Ok(chunks)
}

/// The SHA-256 of a file. Holes are hashed without being read.
pub fn sha256(path: &Path) -> Result<[u8; 32], SparseError> {
    let failed = failed("hashing", path);
    let file = File::open(path).map_err(&failed)?;
    let length = file.metadata().map_err(&failed)?.len();
    let zeroes = vec![0; CHUNK];
    let mut hash = Sha256::new();
    let mut hashed = 0;
    let skip_to = |hash: &mut Sha256, from: u64, to: u64| {
        let mut left = to - from;
        while left > 0 {
            let piece = left.min(CHUNK as u64);
            hash.update(&zeroes[..usize::try_from(piece).expect("at most a chunk")]);
            left -= piece;
        }
    };
    for_each_data_chunk(&file, 0..length, |at, bytes| {
        skip_to(&mut hash, hashed, at);
        hash.update(bytes);
        hashed = at + bytes.len() as u64;
        Ok(())
    })
    .map_err(&failed)?;
    skip_to(&mut hash, hashed, length);
    Ok(hash.finalize().into())
}

/// Calls `each` with the offset and bytes of every chunk of `range` that is not in a hole. Chunks
/// start at multiples of 1 MiB (or at the start of the range) and may hold zeroes.
pub fn for_each_data_chunk(
    file: &File,
    range: Range<u64>,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut at = range.start;
    while at < range.end {
        let Some(data) = next_data(file, at)? else { break };
        // Back to a multiple of the chunk, so that chunks lie the same whatever is allocated.
        at = at.max(data - data % CHUNK as u64);
        if at >= range.end {
            break;
        }
        let to_boundary = CHUNK as u64 - at % CHUNK as u64;
        let length = usize::try_from(to_boundary.min(range.end - at)).expect("at most a chunk");
        file.read_exact_at(&mut buffer[..length], at)?;
        each(at, &buffer[..length])?;
        at += length as u64;
    }
    Ok(())
}

/// The offset from the start of `range` of the first byte of `a` that is another in `b` from `at` on;
/// `None` where there is none. Both must reach as far as the range does.
pub fn first_difference(a: &File, range: Range<u64>, b: &File, at: u64) -> io::Result<Option<u64>> {
    let bytes = range.end - range.start;
    let (mut left, mut right) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut done = 0;
    while done < bytes {
        // What is a hole in both is the same.
        let data_a = next_data(a, range.start + done)?.map(|data| data - range.start);
        let data_b = next_data(b, at + done)?.map(|data| data - at);
        done = match (data_a, data_b) {
            (Some(a), Some(b)) => a.min(b),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return Ok(None),
        };
        if done >= bytes {
            break;
        }
        let length = usize::try_from((bytes - done).min(CHUNK as u64)).expect("at most a chunk");
        a.read_exact_at(&mut left[..length], range.start + done)?;
        b.read_exact_at(&mut right[..length], at + done)?;
        if let Some(offset) = mismatch(&left[..length], &right[..length]) {
            return Ok(Some(done + offset as u64));
        }
        done += length as u64;
    }
    Ok(None)
}

/// The first index at which two slices of one length differ.
pub fn mismatch(a: &[u8], b: &[u8]) -> Option<usize> {
    // Whole slices first: almost all are the same.
    if a == b { None } else { a.iter().zip(b).position(|(a, b)| a != b) }
}

/// Where the next byte from `at` on is that is not in a hole; `None` where only a hole follows.
fn next_data(file: &File, at: u64) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, SeekFrom::Data(at)) {
        Ok(data) => Ok(Some(data)),
        Err(rustix::io::Errno::NXIO) => Ok(None),
        // A file system that knows no holes.
        Err(rustix::io::Errno::INVAL) => Ok(Some(at)),
        Err(error) => Err(error.into()),
    }
}

/// Whether every byte is zero.
pub fn is_zero(bytes: &[u8]) -> bool {
    // Compared in words: this runs over every byte of every image.
    let (words, rest) = bytes.as_chunks::<16>();
    words.iter().all(|word| u128::from_ne_bytes(*word) == 0) && rest.iter().all(|byte| *byte == 0)
}

/// The runs of blocks of `bytes` that are not zero.
pub(crate) fn nonzero_runs(bytes: &[u8], block: usize) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, piece) in bytes.chunks(block).enumerate() {
        if is_zero(piece) {
            continue;
        }
        let start = index * block;
        match runs.last_mut() {
            Some(last) if last.end == start => last.end = start + piece.len(),
            _ => runs.push(start..start + piece.len()),
        }
    }
    runs
}

pub(crate) fn grain() -> usize {
    usize::try_from(GRAIN).expect("a page")
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl Fn(io::Error) -> SparseError + 'a {
    move |source| SparseError { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
