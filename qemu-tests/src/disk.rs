//! Disk images of tests: copied, read and changed by partition.

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;
use gpt::partition::Partition;
use keelson_disk::sparse::{self, SparseError};
use thiserror::Error;

/// Bytes that are looked through at a time.
const CHUNK: usize = 1 << 20;

/// A raw disk image with a partition table.
#[derive(Debug)]
pub struct DiskImage {
    path: PathBuf,
    file: fs::File,
    partitions: BTreeMap<u32, Partition>,
}

/// Why an image could not be read or changed.
#[derive(Debug, Error)]
pub enum DiskError {
    /// The file system said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// An image could not be copied.
    #[error(transparent)]
    Copy(#[from] SparseError),
    /// The partition table is not one.
    #[error("the partition table of {}: {source}", path.display())]
    Table {
        /// The image.
        path: PathBuf,
        /// What is wrong with it.
        source: gpt::GptError,
    },
    /// A partition is not there.
    #[error("{} has no partition `{label}`", path.display())]
    Partition {
        /// The image.
        path: PathBuf,
        /// The label.
        label: String,
    },
    /// Bytes that were looked for are not there.
    #[error("the partition `{label}` of {} has no {what}", path.display())]
    Absent {
        /// The image.
        path: PathBuf,
        /// The label.
        label: String,
        /// What was looked for.
        what: String,
    },
}

/// Where a partition is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// First byte.
    pub start: u64,
    /// Number of bytes.
    pub length: u64,
}

impl DiskImage {
    /// Copies an image, holes as holes, and opens the copy.
    pub fn copy(from: &Path, to: &Path) -> Result<Self, DiskError> {
        copy_sparse(from, to)?;
        Self::open(to)
    }

    /// Opens an image for reading and writing.
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        let error = |source| DiskError::Table { path: path.to_owned(), source };
        let file = fs::File::options().read(true).write(true).open(path)?;
        let disk = GptConfig::new().writable(false).open(path).map_err(error)?;
        let partitions = disk.partitions().clone();
        Ok(Self { path: path.to_owned(), file, partitions })
    }

    /// Where the image is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the disk `bytes` long without telling its partition table, as a hypervisor does.
    pub fn resize(&self, bytes: u64) -> Result<(), DiskError> {
        Ok(self.file.set_len(bytes)?)
    }

    /// Where the partition with this label is.
    pub fn extent(&self, label: &str) -> Result<Extent, DiskError> {
        let (_, partition) = self.partition(label)?;
        let block = LogicalBlockSize::Lb512.as_u64();
        let length = (partition.last_lba - partition.first_lba + 1) * block;
        Ok(Extent { start: partition.first_lba * block, length })
    }

    /// Reads from a partition.
    pub fn read(&self, label: &str, at: u64, length: usize) -> Result<Vec<u8>, DiskError> {
        let mut bytes = vec![0; length];
        let start = self.extent(label)?.start;
        self.file.file().read_exact_at(&mut bytes, start + at)?;
        Ok(bytes)
    }

    /// Writes into a partition.
    pub fn write(&self, label: &str, at: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let start = self.extent(label)?.start;
        Ok(self.file.file().write_all_at(bytes, start + at)?)
    }

    /// Changes one byte of a partition: its lowest bit is turned.
    pub fn flip(&self, label: &str, at: u64) -> Result<(), DiskError> {
        let byte = self.read(label, at, 1)?[0];
        self.write(label, at, &[byte ^ 1])
    }

    /// The first place of `needle` in a partition. `what` names it in the error.
    pub fn find(&self, label: &str, needle: &[u8], what: &str) -> Result<u64, DiskError> {
        let length = self.extent(label)?.length;
        let overlap = needle.len().saturating_sub(1);
        let mut at = 0;
        while at < length {
            let size = (length - at).min((CHUNK + overlap) as u64);
            let bytes = self.read(label, at, usize::try_from(size).expect("about a MiB"))?;
            if let Some(found) = position(&bytes, needle) {
                return Ok(at + found as u64);
            }
            at += CHUNK as u64;
        }
        let (path, label) = (self.path.clone(), label.to_owned());
        Err(DiskError::Absent { path, label, what: what.to_owned() })
    }

    /// Copies a partition into a new file, zero blocks as holes.
    pub fn extract(&self, label: &str, to: &Path) -> Result<(), DiskError> {
        let extent = self.extent(label)?;
        let to = sparse::create(to, extent.length)?;
        let range = extent.start..extent.start + extent.length;
        Ok(sparse::copy_range(self.file.file(), range, &to, 0)?)
    }

    /// Fills a partition from a file of its size or less, zero blocks too.
    pub fn insert(&self, label: &str, from: &Path) -> Result<(), DiskError> {
        let extent = self.extent(label)?;
        let mut from = fs::File::open(from)?;
        let mut to = &self.file;
        to.seek(SeekFrom::Start(extent.start))?;
        std::io::copy(&mut from, &mut to)?;
        Ok(())
    }

    /// Gives two partitions each other's GUIDs.
    pub fn swap_guids(&mut self, a: &str, b: &str) -> Result<(), DiskError> {
        let ((a, first), (b, second)) = (self.partition(a)?, self.partition(b)?);
        let (first, second) = (first.part_guid, second.part_guid);
        self.set_guids(&[(a, second), (b, first)])
    }

    /// Gives a partition another GUID.
    pub fn set_guid(&mut self, label: &str, guid: uuid::Uuid) -> Result<(), DiskError> {
        let (number, _) = self.partition(label)?;
        self.set_guids(&[(number, guid)])
    }

    fn set_guids(&mut self, guids: &[(u32, uuid::Uuid)]) -> Result<(), DiskError> {
        let error = |source| DiskError::Table { path: self.path.clone(), source };
        for (number, guid) in guids {
            if let Some(partition) = self.partitions.get_mut(number) {
                partition.part_guid = *guid;
            }
        }
        let mut disk = GptConfig::new().writable(true).open(&self.path).map_err(error)?;
        disk.update_partitions(self.partitions.clone()).map_err(error)?;
        disk.write().map_err(error)?;
        Ok(())
    }

    fn partition(&self, label: &str) -> Result<(u32, &Partition), DiskError> {
        let mut partitions = self.partitions.iter();
        partitions
            .find(|(_, partition)| partition.name == label)
            .map(|(number, partition)| (*number, partition))
            .ok_or_else(|| DiskError::Partition {
                path: self.path.clone(),
                label: label.to_owned(),
            })
    }
}

/// Copies a file, zero blocks as holes.
pub fn copy_sparse(from: &Path, to: &Path) -> Result<(), DiskError> {
    let to = sparse::create(to, fs::metadata(from)?.len())?;
    sparse::copy(from, &to, 0)?;
    Ok(())
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_keep_data_and_holes() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        let file = fs::File::create(&a).expect("a file");
        file.set_len(64 << 20).expect("a length");
        file.file().write_all_at(b"data", (32 << 20) + 5).expect("writing");
        copy_sparse(&a, &b).expect("copying");
        let metadata = fs::metadata(&b).expect("the copy");
        assert!(metadata.blocks() * 512 < 1 << 20, "{} blocks", metadata.blocks());
        assert!(fs::read(&a).expect("a") == fs::read(&b).expect("b"));
    }

    #[test]
    fn partitions_are_found_changed_and_given_other_guids() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("disk");
        fs::File::create(&path).expect("a file").set_len(8 << 20).expect("a length");
        let mut disk = GptConfig::new().writable(true).create(&path).expect("a table");
        for label in ["one", "two"] {
            disk.add_partition(label, 1 << 20, gpt::partition_types::LINUX_FS, 0, None)
                .expect("a partition");
        }
        disk.write().expect("writing");

        let mut image = DiskImage::copy(&path, &folder.path().join("copy")).expect("copying");
        let extent = image.extent("two").expect("a partition");
        assert_eq!(extent.length, 1 << 20);
        image.write("two", 100, b"needle").expect("writing");
        image.flip("two", 105).expect("flipping");
        assert_eq!(image.find("two", b"needld", "needle").expect("finding"), 100);
        assert!(image.find("one", b"needld", "needle").is_err());
        let guid =
            |image: &DiskImage, label| image.partition(label).expect("it is there").1.part_guid;
        let (one, two) = (guid(&image, "one"), guid(&image, "two"));
        image.swap_guids("one", "two").expect("swapping");
        let image = DiskImage::open(image.path()).expect("opening");
        assert_eq!((guid(&image, "one"), guid(&image, "two")), (two, one));
        assert!(image.extent("three").is_err());
    }
}
