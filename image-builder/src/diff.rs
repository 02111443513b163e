//! Where two disk images differ: which partition, then which file of it, then which byte.
//!
//! It is a question about builds, so it is answered by cause. The layout comes first, then the contents
//! of the partitions in their order, and the GUIDs after that, since those of `/usr` follow from its
//! contents. Bytes that belong to no file and no partition come last.

mod contents;
mod difference;
mod fat;
mod folders;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use self::difference::{Difference, Property, Side};

use keelson_disk::fat::ReadError;
use keelson_disk::gpt::{self, GptError, Partition, Table};
use keelson_disk::sparse;

/// Extracts the EROFS image named first into the folder named second, which it makes.
pub type Extract<'a> = dyn Fn(&Path, &Path) -> io::Result<()> + 'a;

/// Why two images could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// An image or a file of it could not be read, or the scratch folder not be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An image has no intact partition table.
    #[error("{}: {source}", path.display())]
    Table {
        /// The image.
        path: PathBuf,
        /// What is wrong with it.
        source: GptError,
    },
    /// The files of a FAT volume could not be read.
    #[error("partition {partition}: {source}")]
    Fat {
        /// The label of the partition.
        partition: String,
        /// What is wrong with it.
        source: ReadError,
    },
    /// The files of an EROFS image could not be extracted.
    #[error("extracting partition {partition} of {}: {source}", image.display())]
    Extract {
        /// The label of the partition.
        partition: String,
        /// The disk image.
        image: PathBuf,
        /// What the extractor said.
        source: io::Error,
    },
}

/// The first difference of two images, or `None` where they are bit-identical.
///
/// `scratch` is an empty folder; what is extracted into it stays there for a closer look.
pub fn compare(
    a: &Path,
    b: &Path,
    scratch: &Path,
    extract: &Extract<'_>,
) -> Result<Option<Difference>, DiffError> {
    Ok(differences(a, b, scratch, extract)?.into_iter().next())
}

/// All differences that [`compare`] looks for: those of the layout, at most one for each partition
/// that both have, those of the GUIDs, and at most one beside the partitions.
pub fn differences(
    a: &Path,
    b: &Path,
    scratch: &Path,
    extract: &Extract<'_>,
) -> Result<Vec<Difference>, DiffError> {
    let (a, b) = (Image::open(a)?, Image::open(b)?);
    let mut found = difference::of_layout(&a.table, &b.table);
    for (here, there) in pairs(&a.table, &b.table) {
        let pair = contents::Pair { a: &a, b: &b, here, there, scratch, extract };
        found.extend(pair.difference()?);
    }
    found.extend(difference::of_guids(&a.table, &b.table));
    if found.is_empty() {
        for gap in gaps(&a.table) {
            if let Some(offset) = a.first_difference(&gap, &b, gap.start)? {
                found.push(Difference::Outside { offset: gap.start + offset });
                break;
            }
        }
    }
    Ok(found)
}

/// An image and its table.
struct Image<'a> {
    path: &'a Path,
    file: File,
    table: Table,
}

impl<'a> Image<'a> {
    fn open(path: &'a Path) -> Result<Self, DiffError> {
        let file =
            File::open(path).map_err(|source| DiffError::Io { path: path.to_owned(), source })?;
        let table = gpt::read(&file)
            .map_err(|source| DiffError::Table { path: path.to_owned(), source })?;
        Ok(Self { path, file, table })
    }

    /// The offset from the start of `range` of the first byte that is another in `other` from `at` on.
    fn first_difference(
        &self,
        range: &Range<u64>,
        other: &Image<'_>,
        at: u64,
    ) -> Result<Option<u64>, DiffError> {
        sparse::first_difference(&self.file, range.clone(), &other.file, at)
            .map_err(|source| DiffError::Io { path: self.path.to_owned(), source })
    }
}

/// The partitions that both disks have: those of the same number and label, else of the same label.
fn pairs<'a>(a: &'a Table, b: &'a Table) -> Vec<(&'a Partition, &'a Partition)> {
    let other = |number: usize, label: &str| {
        let same_number = b.partitions.get(number).filter(|partition| partition.label == label);
        same_number.or_else(|| b.partitions.iter().find(|partition| partition.label == label))
    };
    let numbered = a.partitions.iter().enumerate();
    numbered.filter_map(|(number, here)| Some((here, other(number, &here.label)?))).collect()
}

/// The bytes of a disk that are in no partition: MBR, tables, gaps.
fn gaps(table: &Table) -> Vec<Range<u64>> {
    let mut taken: Vec<_> =
        table.partitions.iter().map(|p| p.offset()..p.offset() + p.bytes()).collect();
    taken.sort_by_key(|range| range.start);
    let starts = std::iter::once(0).chain(taken.iter().map(|range| range.end));
    let ends = taken.iter().map(|range| range.start).chain([table.disk_bytes]);
    starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty()).collect()
}

#[cfg(test)]
mod tests;
