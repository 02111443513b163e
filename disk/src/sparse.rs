//! Sparse files: disk images are mostly nothing, and nothing is not written.
//!
//! What is data and what is not is decided by content, 4 KiB at a time, and never by what the host's
//! file system happens to have allocated: the same bytes give the same map on every machine. The
//! system's own map (`SEEK_DATA`, `SEEK_HOLE`) only spares reading what is known to be a hole.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::SeekFrom;
use sha2::{Digest, Sha256};
use zstd::bulk::Compressor;

/// The grain in which zeroes are looked for, bytes.
pub const GRAIN: u64 = 4096;

/// Bytes read at a time, a multiple of every grain.
const CHUNK: usize = 1 << 20;

/// Bytes of input in a frame of a compressed image. Large enough that breaking off there costs no
/// hundredth, small enough that a compressor's tables stay small.
const FRAME: usize = 8 << 20;
/// Frames compressed before they are written, per core.
const FRAMES_PER_THREAD: usize = 4;

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
    let file = File::open(path).map_err(&failed)?;
    let bytes = file.metadata().map_err(&failed)?.len();
    let mut map: Vec<Range<u64>> = Vec::new();
    for_each_data_chunk(&file, 0..bytes, |offset, chunk| {
        for run in nonzero_runs(chunk, block) {
            let (start, end) = (offset + run.start as u64, offset + run.end as u64);
            match map.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => map.push(start..end),
            }
        }
        Ok(())
    })
    .map_err(&failed)?;
    Ok(map)
}

/// Compresses `from` into the new file `to`, on all cores: Zstandard frames (RFC 8878) of 8 MiB each,
/// with content size and checksum, one after another as section 3 allows and `zstd -d` reads.
///
/// Frames know nothing of each other, so the bytes depend on the input and the level alone, however many
/// cores there are; and a disk that is mostly zeroes compresses one frame of them, once.
pub fn zstd(from: &Path, to: &Path, level: i32) -> Result<(), SparseError> {
    let failed = failed("compressing", from);
    let input = File::open(from).map_err(&failed)?;
    let bytes = input.metadata().map_err(&failed)?.len();
    let mut output = File::create(to).map_err(&failed)?;
    let mut run = || {
        let zeroes = compressor(level)?.compress(&vec![0; FRAME])?;
        let frames: Vec<u64> = (0..bytes.max(1).div_ceil(FRAME as u64)).collect();
        for batch in frames.chunks(rayon::current_num_threads() * FRAMES_PER_THREAD) {
            let compressed: Vec<Option<Vec<u8>>> = batch
                .par_iter()
                .map_init(
                    || (compressor(level), Vec::new()),
                    |(compressor, buffer), frame| {
                        let compressor = compressor
                            .as_mut()
                            .map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
                        let start = frame * FRAME as u64;
                        compress_range(
                            &input,
                            start..bytes.min(start + FRAME as u64),
                            compressor,
                            buffer,
                        )
                    },
                )
                .collect::<io::Result<_>>()?;
            for frame in compressed {
                output.write_all(frame.as_ref().unwrap_or(&zeroes))?;
            }
        }
        Ok(())
    };
    run().map_err(&failed)
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

fn compressor(level: i32) -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(level)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(true)?;
    Ok(compressor)
}

/// The frame of a range; `None` for a whole frame of zeroes.
fn compress_range(
    input: &File,
    range: Range<u64>,
    compressor: &mut Compressor<'_>,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Vec<u8>>> {
    let length = usize::try_from(range.end - range.start).expect("at most a frame");
    if length == FRAME && next_data(input, range.start)?.is_none_or(|data| data >= range.end) {
        return Ok(None);
    }
    buffer.resize(length, 0);
    input.read_exact_at(buffer, range.start)?;
    if length == FRAME && is_zero(buffer) {
        return Ok(None);
    }
    compressor.compress(buffer).map(Some)
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
fn nonzero_runs(bytes: &[u8], block: usize) -> Vec<Range<usize>> {
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

fn grain() -> usize {
    usize::try_from(GRAIN).expect("a page")
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl Fn(io::Error) -> SparseError + 'a {
    move |source| SparseError { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
