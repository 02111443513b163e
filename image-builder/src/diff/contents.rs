//! The contents of one partition in two images.

use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{DiffError, Difference, Extract, Image, fat, folders};
use keelson_disk::fat::Reader;
use keelson_disk::gpt::Partition;
use keelson_disk::sparse;

/// The magic number of an EROFS superblock and where it is.
const EROFS_MAGIC: [u8; 4] = 0xe0f5_e1e2_u32.to_le_bytes();
const EROFS_MAGIC_OFFSET: u64 = 1024;

/// A partition of A and its counterpart in B.
pub(super) struct Pair<'a> {
    pub(super) a: &'a Image<'a>,
    pub(super) b: &'a Image<'a>,
    pub(super) here: &'a Partition,
    pub(super) there: &'a Partition,
    pub(super) scratch: &'a Path,
    pub(super) extract: &'a Extract<'a>,
}

impl Pair<'_> {
    /// The first difference of the two. Where one is longer, what it has more is not looked at: its
    /// length is a difference of the layout.
    pub(super) fn difference(&self) -> Result<Option<Difference>, DiffError> {
        let bytes = self.here.bytes().min(self.there.bytes());
        let range = self.here.offset()..self.here.offset() + bytes;
        let Some(offset) = self.a.first_difference(&range, self.b, self.there.offset())? else {
            return Ok(None);
        };
        let within = if is_erofs(self.a, self.here)? && is_erofs(self.b, self.there)? {
            self.of_erofs()?
        } else {
            self.of_fat()?
        };
        Ok(Some(within.unwrap_or_else(|| Difference::Bytes { partition: self.label(), offset })))
    }

    fn label(&self) -> String {
        self.here.label.clone()
    }

    fn of_erofs(&self) -> Result<Option<Difference>, DiffError> {
        let a = self.extracted(self.a, self.here, "a")?;
        let b = self.extracted(self.b, self.there, "b")?;
        folders::first_difference(&self.label(), &a, &b)
    }

    /// The folder into which a partition was extracted.
    fn extracted(
        &self,
        image: &Image<'_>,
        partition: &Partition,
        side: &str,
    ) -> Result<PathBuf, DiffError> {
        let copy = self.scratch.join(format!("{}-{side}.erofs", partition.label));
        let folder = self.scratch.join(format!("{}-{side}", partition.label));
        let failed = |source: io::Error| DiffError::Io { path: copy.clone(), source };
        let file = sparse::create(&copy, partition.bytes())
            .map_err(|error| failed(io::Error::other(error)))?;
        let range = partition.offset()..partition.offset() + partition.bytes();
        sparse::copy_range(&image.file, range, &file, 0).map_err(failed)?;
        (self.extract)(&copy, &folder).map_err(|source| DiffError::Extract {
            partition: self.label(),
            image: image.path.to_owned(),
            source,
        })?;
        Ok(folder)
    }

    /// The first file that differs where both are FAT32; `None` also where one is not.
    fn of_fat(&self) -> Result<Option<Difference>, DiffError> {
        let (Ok(a), Ok(b)) = (
            Reader::open(&self.a.file, self.here.offset()),
            Reader::open(&self.b.file, self.there.offset()),
        ) else {
            return Ok(None);
        };
        fat::first_difference(&self.label(), &a, &b)
            .map_err(|source| DiffError::Fat { partition: self.label(), source })
    }
}

fn is_erofs(image: &Image<'_>, partition: &Partition) -> Result<bool, DiffError> {
    if partition.bytes() < EROFS_MAGIC_OFFSET + 4 {
        return Ok(false);
    }
    let mut magic = [0; 4];
    let read = image.file.read_exact_at(&mut magic, partition.offset() + EROFS_MAGIC_OFFSET);
    read.map_err(|source| DiffError::Io { path: image.path.to_owned(), source })?;
    Ok(magic == EROFS_MAGIC)
}

/// The offset of the first byte in which two streams differ, the length of the shorter one where that is
/// all, and `None` where they are the same.
pub(super) fn first_difference(mut a: impl Read, mut b: impl Read) -> io::Result<Option<u64>> {
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut offset = 0;
    loop {
        let (in_a, in_b) = (fill(&mut a, &mut left)?, fill(&mut b, &mut right)?);
        let both = in_a.min(in_b);
        if let Some(at) = sparse::mismatch(&left[..both], &right[..both]) {
            return Ok(Some(offset + at as u64));
        }
        offset += both as u64;
        if in_a != in_b {
            return Ok(Some(offset));
        }
        if both == 0 {
            return Ok(None);
        }
    }
}

/// Reads until the buffer is full or the stream ends.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
