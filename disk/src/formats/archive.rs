//! Members of tar archives without time, owner or name of this machine.

use std::io;
use std::ops::Range;

use tar::{GnuExtSparseHeader, GnuSparseHeader, Header};

/// Bytes of a header and of what members are padded to.
pub(super) const BLOCK: u64 = 512;

/// Ranges that fit into a header, and into each block that follows it.
const IN_HEADER: usize = 4;
const IN_BLOCK: usize = 21;

/// The header of a regular file in the `ustar` form of POSIX.1-1988.
pub(super) fn ustar(name: &str, bytes: u64) -> io::Result<Vec<u8>> {
    let mut header = Header::new_ustar();
    fill(&mut header, name, bytes)?;
    header.set_cksum();
    Ok(header.as_bytes().to_vec())
}

/// The header of a sparse file of `bytes` bytes in GNU's old form, of which only `map` follows: type `S`, the
/// ranges in the header and in blocks behind it ("Storing Sparse Files", GNU tar manual).
pub(super) fn gnu_sparse(name: &str, bytes: u64, map: &[Range<u64>]) -> io::Result<Vec<u8>> {
    let mut ranges = map.to_vec();
    if ranges.last().is_none_or(|last| last.end < bytes) {
        // A hole at the end is told by an empty range there.
        ranges.push(bytes..bytes);
    }
    let mut header = Header::new_gnu();
    fill(&mut header, name, map.iter().map(|range| range.end - range.start).sum())?;
    header.set_entry_type(tar::EntryType::GNUSparse);
    let (first, rest) = ranges.split_at(ranges.len().min(IN_HEADER));
    let gnu = header.as_gnu_mut().expect("it was made so");
    put_ranges(&mut gnu.sparse, first);
    gnu.set_is_extended(!rest.is_empty());
    gnu.set_real_size(bytes);
    header.set_cksum();
    let mut all = header.as_bytes().to_vec();
    let blocks = rest.chunks(IN_BLOCK);
    let last = blocks.len();
    for (number, ranges) in blocks.enumerate() {
        let mut block = GnuExtSparseHeader::new();
        put_ranges(&mut block.sparse, ranges);
        block.set_is_extended(number + 1 < last);
        all.extend(block.as_bytes());
    }
    Ok(all)
}

fn fill(header: &mut Header, name: &str, bytes: u64) -> io::Result<()> {
    header.set_path(name)?;
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(bytes);
    Ok(())
}

fn put_ranges(entries: &mut [GnuSparseHeader], ranges: &[Range<u64>]) {
    for (entry, range) in entries.iter_mut().zip(ranges) {
        entry.set_offset(range.start);
        entry.set_length(range.end - range.start);
    }
}
