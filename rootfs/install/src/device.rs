//! What an installation writes to: a disk, or a file that stands for one.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, FallocateFlags, OFlags};

use crate::block;

/// A disk that can be read.
pub trait Readable {
    /// Its length, a multiple of 512.
    fn bytes(&self) -> u64;
    /// Fills `buffer` from byte `at`.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()>;
}

/// A disk, with the barriers that an installation is built on.
pub trait Device: Readable {
    /// Writes all of `bytes` at byte `at`. Until [`Device::sync`], any part of it may be lost.
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Makes a range zero without sending zeroes; says whether the device can.
    fn zero(&mut self, range: Range<u64>) -> io::Result<bool>;
    /// Returns when everything written is there after a loss of power.
    fn sync(&mut self) -> io::Result<()>;
    /// Later reads come from the device, not from memory.
    fn forget(&mut self) -> io::Result<()>;
}

/// A block device or a regular file.
#[derive(Debug)]
pub struct Disk {
    file: File,
    direct: Option<File>,
    bytes: u64,
    is_block: bool,
}

/// A disk or file that is only looked at.
#[derive(Debug)]
pub struct Look {
    file: File,
    bytes: u64,
}

/// What a path leads to, whichever path it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// A device, by its number.
    Device(u64),
    /// A file, by the number of its file system's device and its inode.
    File(u64, u64),
}

impl Identity {
    /// What there is at `path`.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(if metadata.file_type().is_block_device() {
            Self::Device(metadata.rdev())
        } else {
            Self::File(metadata.dev(), metadata.ino())
        })
    }
}

/// Bytes that direct reads begin and end at, on every disk there is.
const DIRECT: u64 = 4096;

impl Disk {
    /// Opens a block device. Fails with "device or resource busy" where the kernel uses any part of it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).custom_flags(exclusive()).open(path)?;
        if !file.metadata()?.file_type().is_block_device() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no block device"));
        }
        Self::of(file, path.to_owned())
    }

    /// Opens the regular file `path` and makes it `bytes` bytes long; makes it where it is not there.
    pub fn file(path: &Path, bytes: u64) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        file.set_len(bytes)?;
        Self::of(file, path.to_owned())
    }

    fn of(file: File, path: PathBuf) -> io::Result<Self> {
        let bytes = (&file).seek(SeekFrom::End(0))?;
        let is_block = file.metadata()?.file_type().is_block_device();
        let flag = i32::try_from(OFlags::DIRECT.bits()).expect("a flag of open");
        // Memory file systems have no direct reads; what they hold is in memory anyway.
        let direct = OpenOptions::new().read(true).custom_flags(flag).open(path).ok();
        Ok(Self { file, direct: direct.filter(|_| is_block), bytes, is_block })
    }

    /// Lets the kernel read the partition table again; an error says why it goes on with the old one.
    pub fn reread_table(&self) -> io::Result<()> {
        if self.is_block { Ok(block::reread_table(&self.file)?) } else { Ok(()) }
    }
}

impl Look {
    /// Opens a block device for reading, as [`Disk::open`] does for writing; for as long, nothing else can.
    pub fn alone(path: &Path) -> io::Result<Self> {
        Self::of(OpenOptions::new().read(true).custom_flags(exclusive()).open(path)?)
    }

    /// Opens it for reading; others may use it meanwhile.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(File::open(path)?)
    }

    fn of(file: File) -> io::Result<Self> {
        let bytes = (&file).seek(SeekFrom::End(0))?;
        Ok(Self { file, bytes })
    }
}

/// Of a block device: fails where the kernel or another program uses any part of it alone.
fn exclusive() -> i32 {
    i32::try_from(OFlags::EXCL.bits()).expect("a flag of open")
}

impl Readable for Look {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, at)
    }
}

impl Readable for Disk {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let Some(direct) = &self.direct else { return self.file.read_exact_at(buffer, at) };
        let start = at - at % DIRECT;
        let end = (at + buffer.len() as u64).next_multiple_of(DIRECT).min(self.bytes);
        let length = usize::try_from(end - start).map_err(io::Error::other)?;
        let page = usize::try_from(DIRECT).expect("a page");
        let mut memory = vec![0; length + page];
        // A vector begins anywhere; a direct read wants a page.
        let skip = memory.as_ptr().align_offset(page);
        let aligned = &mut memory[skip..skip + length];
        direct.read_exact_at(aligned, start)?;
        let from = usize::try_from(at - start).expect("below a page");
        buffer.copy_from_slice(&aligned[from..from + buffer.len()]);
        Ok(())
    }
}

impl Device for Disk {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    fn zero(&mut self, range: Range<u64>) -> io::Result<bool> {
        let length = range.end - range.start;
        let done = if self.is_block {
            block::zero_without_writing(&self.file, range.start, length)
        } else {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            rustix::fs::fallocate(&self.file, flags, range.start, length)
        };
        match done {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::INVAL) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn forget(&mut self) -> io::Result<()> {
        Ok(rustix::fs::fadvise(&self.file, 0, None, Advice::DontNeed)?)
    }
}
