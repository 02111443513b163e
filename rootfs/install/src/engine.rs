//! Writes an image to a disk so that a loss of power at any point leaves the old disk, one that says
//! that it is not finished, or the finished one.
//!
//! The first sector decides which of the three a disk is, and a sector is written whole or not at all.
//! With barriers between, in this order: a first sector that says "unfinished" and hides every table;
//! backup and primary table that hold what is kept and a partition that says so; a first sector that
//! shows them. Then the content, read back and compared. Then the first sector that hides the tables,
//! backup and primary table of the image, and last the image's first sector.

use std::io;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::device::{Device, Readable};
use crate::image::Image;
use crate::plan::{Plan, merged, subtract};
use crate::progress::Progress;
use crate::table::{self, SECTOR, SECTORS, Table};

/// Bytes read or made zero at a time.
const CHUNK: usize = 1 << 20;
/// Zeroes are looked for in pieces of this many bytes.
const GRAIN: usize = 4096;

/// Bytes of the disk and what they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    range: Range<u64>,
    sha256: [u8; 32],
}

/// What is put on the disk beside the image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// Bytes that take the place of the image's, by their place on the disk.
    pub patches: Vec<(u64, Vec<u8>)>,
    /// The content of the OEM partition: what is not zero, by its place on the disk.
    pub oem: Option<Vec<(u64, Vec<u8>)>>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Bytes written.
    pub written: u64,
    /// Bytes that were made zero.
    pub zeroed: u64,
}

/// Installs `image` on `disk` as `plan` says.
pub fn install(
    disk: &mut dyn Device,
    image: Image,
    plan: &Plan,
    extras: &Extras,
    progress: &mut Progress,
) -> Result<Done> {
    let first: [u8; 512] = image.head[..512].try_into().expect("a head has 34 sectors");
    let unfinished = plan.table.unfinished(&plan.kept);
    begin(disk, plan, &unfinished).context("marking the disk as unfinished")?;
    let mut writer = Writer { disk, plan, extras, written: Vec::new() };
    image.stream(progress, &mut |at, bytes| writer.image(at, bytes))?;
    writer.beside()?;
    let Writer { written, .. } = writer;
    let data = merged(written.iter().map(|written| written.range.clone()).collect());
    let zero = plan.must_be_zero(&data);
    let zeroed =
        clear(disk, plan, &data, &zero, progress).context("making the rest of the disk zero")?;
    disk.sync().context("writing to the disk")?;
    disk.forget().context("reading the disk back")?;
    check(disk, &written, &zero, progress)?;
    finish(disk, plan, &first, &unfinished).context("writing the partition table")?;
    Ok(Done { written: length(&data), zeroed })
}

fn begin(disk: &mut dyn Device, plan: &Plan, unfinished: &Table) -> io::Result<()> {
    disk.write_at(&table::unfinished_first_sector(false, plan.bytes), 0)?;
    disk.sync()?;
    tables(disk, plan.bytes, unfinished)?;
    disk.write_at(&table::unfinished_first_sector(true, plan.bytes), 0)?;
    disk.sync()
}

/// The backup first: one of the two is whole at any time, and both name what is kept.
fn tables(disk: &mut dyn Device, bytes: u64, table: &Table) -> io::Result<()> {
    disk.write_at(&table.backup(bytes), bytes - SECTORS * SECTOR)?;
    disk.sync()?;
    disk.write_at(&table.primary(bytes), SECTOR)?;
    disk.sync()
}

fn finish(disk: &mut dyn Device, plan: &Plan, first: &[u8; 512], unfinished: &Table) -> Result<()> {
    let bytes = plan.bytes;
    let first = table::sized(*first, bytes);
    disk.write_at(&table::unfinished_first_sector(false, bytes), 0)?;
    disk.sync()?;
    tables(disk, bytes, &plan.table)?;
    disk.forget()?;
    let whole = read(disk, SECTOR..SECTOR * (SECTORS + 1))? == plan.table.primary(bytes)
        && read(disk, bytes - SECTORS * SECTOR..bytes)? == plan.table.backup(bytes);
    if !whole {
        tables(disk, bytes, unfinished)?;
        bail!("it reads back as something else: the disk is not to be trusted");
    }
    disk.write_at(&first, 0)?;
    disk.sync()?;
    disk.forget()?;
    if read(disk, 0..SECTOR)? != first {
        bail!("the first sector reads back as something else: the disk is not to be trusted");
    }
    Ok(())
}

/// Writes content and remembers what it must be.
struct Writer<'a> {
    disk: &'a mut dyn Device,
    plan: &'a Plan,
    extras: &'a Extras,
    written: Vec<Written>,
}

impl Writer<'_> {
    /// Bytes of the image: what is not zero of them goes to the same place on the disk.
    fn image(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let all = at..at + bytes.len() as u64;
        let mut wanted = subtract(std::slice::from_ref(&all), &self.elsewhere());
        wanted.retain_mut(|range| {
            let content = self.plan.content();
            (range.start, range.end) = (range.start.max(content.start), range.end.min(content.end));
            range.start < range.end
        });
        for range in wanted {
            self.part(range.start, &bytes[within(&all, &range)])?;
        }
        Ok(())
    }

    /// Where nothing of the image goes: patches, a configuration, a ROOT that is moved.
    fn elsewhere(&self) -> Vec<Range<u64>> {
        let patches = self.extras.patches.iter().map(|(at, bytes)| *at..at + bytes.len() as u64);
        let oem = self.plan.oem.clone().filter(|_| self.extras.oem.is_some());
        merged(patches.chain(oem).chain(self.plan.left_out.clone()).collect())
    }

    fn beside(&mut self) -> Result<()> {
        for (at, bytes) in self.extras.patches.iter().chain(self.extras.oem.iter().flatten()) {
            self.put(*at, bytes)?;
        }
        Ok(())
    }

    /// Splits into runs that are not zero.
    fn part(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let mut run: Option<usize> = None;
        for start in (0..bytes.len()).step_by(GRAIN) {
            let grain = &bytes[start..bytes.len().min(start + GRAIN)];
            let empty = keelson_disk::sparse::is_zero(grain);
            if let Some(begin) = run.take_if(|_| empty) {
                self.put(at + begin as u64, &bytes[begin..start])?;
            } else if !empty {
                run.get_or_insert(start);
            }
        }
        run.map_or(Ok(()), |begin| self.put(at + begin as u64, &bytes[begin..]))
    }

    fn put(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let range = at..at + bytes.len() as u64;
        if let Some(kept) = self.plan.is_kept(&range) {
            bail!(
                "the image has data at byte {at}, where partition {:?} is to be kept",
                kept.label
            );
        }
        self.disk.write_at(bytes, at).with_context(|| format!("writing at byte {at}"))?;
        self.written.push(Written { range, sha256: Sha256::digest(bytes).into() });
        Ok(())
    }
}

/// Makes zero what must be, and the rest of the image's partitions where the disk does it by itself.
fn clear(
    disk: &mut dyn Device,
    plan: &Plan,
    data: &[Range<u64>],
    zero: &[Range<u64>],
    progress: &mut Progress,
) -> io::Result<u64> {
    progress.begin("clearing", length(zero));
    for range in zero {
        let whole =
            range.start.next_multiple_of(GRAIN as u64)..range.end - range.end % GRAIN as u64;
        let by_command = whole.start < whole.end && disk.zero(whole.clone())?;
        let rest = if by_command {
            subtract(std::slice::from_ref(range), &[whole])
        } else {
            vec![range.clone()]
        };
        for range in rest {
            for piece in pieces(range) {
                disk.write_at(&vec![0; size(&piece)], piece.start)?;
            }
        }
        progress.add(range.end - range.start);
    }
    progress.end();
    for range in subtract(&plan.may_be_zero(data), zero) {
        let whole =
            range.start.next_multiple_of(GRAIN as u64)..range.end - range.end % GRAIN as u64;
        // A disk that cannot says so at once.
        if whole.start < whole.end && !disk.zero(whole)? {
            break;
        }
    }
    Ok(length(zero))
}

/// Reads everything back from the disk and compares.
fn check(
    disk: &dyn Readable,
    written: &[Written],
    zero: &[Range<u64>],
    progress: &mut Progress,
) -> Result<()> {
    let total: u64 = written.iter().map(|written| written.range.end - written.range.start).sum();
    progress.begin("checking", total + length(zero));
    for Written { range, sha256 } in written {
        let found = read(disk, range.clone())
            .with_context(|| format!("reading back byte {}", range.start))?;
        if Sha256::digest(&found)[..] != sha256[..] {
            bail!(
                "what was written at byte {} reads back as something else: the disk is not to be trusted",
                range.start
            );
        }
        progress.add(range.end - range.start);
    }
    for range in zero.iter().flat_map(|range| pieces(range.clone())) {
        let found = read(disk, range.clone())
            .with_context(|| format!("reading back byte {}", range.start))?;
        if !keelson_disk::sparse::is_zero(&found) {
            bail!(
                "byte {} and what follows was made zero and is not: the disk is not to be trusted",
                range.start
            );
        }
        progress.add(range.end - range.start);
    }
    progress.end();
    Ok(())
}

fn read(disk: &dyn Readable, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size(&range)];
    disk.read_at(&mut bytes, range.start)?;
    Ok(bytes)
}

fn pieces(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = range.end;
    range.step_by(CHUNK).map(move |start| start..end.min(start + CHUNK as u64))
}

fn size(range: &Range<u64>) -> usize {
    usize::try_from(range.end - range.start).expect("pieces fit memory")
}

fn within(all: &Range<u64>, part: &Range<u64>) -> Range<usize> {
    size(&(all.start..part.start))..size(&(all.start..part.end))
}

fn length(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

#[cfg(test)]
mod tests;
