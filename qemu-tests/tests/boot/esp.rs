//! Changes files of the ESP of a test's disk.

use keelson_disk::fat::{self, Entry, Reader, Volume};
use keelson_format::disk::Role;
use keelson_qemu_tests::board::ScratchDisk;
use rustix::fs::FallocateFlags;

const ESP: &str = Role::Esp.label();

/// Writes the ESP anew with what `change` makes of the bytes of the files whose path begins with
/// `prefix`. At least one must be there.
pub fn replace(
    disk: &ScratchDisk,
    prefix: &str,
    change: impl Fn(Vec<u8>) -> Vec<u8>,
) -> Result<(), Box<dyn std::error::Error>> {
    rewrite(disk, |files| {
        let mut changed = false;
        for (_, bytes) in files.iter_mut().filter(|(path, _)| path.starts_with(prefix)) {
            *bytes = change(std::mem::take(bytes));
            changed = true;
        }
        assert!(changed, "no {prefix} on the ESP");
    })
}

/// Writes the ESP anew with what `change` makes of its files: their paths and contents.
pub fn rewrite(
    disk: &ScratchDisk,
    change: impl FnOnce(&mut Vec<NamedFile>),
) -> Result<(), Box<dyn std::error::Error>> {
    let extent = disk.image.extent(ESP)?;
    let file = std::fs::File::options().read(true).write(true).open(disk.image.path())?;
    let id = Reader::open(&file, extent.start)?.id();
    let mut files = files(disk)?;
    change(&mut files);
    let entries: Vec<Entry> =
        files.into_iter().map(|(path, bytes)| Entry::file(path, bytes)).collect();
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    rustix::fs::fallocate(&file, hole, extent.start, extent.length)?;
    let volume = Volume {
        bytes: extent.length,
        id,
        label: "ESP".parse()?,
        hidden_sectors: u32::try_from(extent.start / fat::SECTOR)?,
    };
    Ok(fat::write(&file, extent.start, &volume, &entries)?)
}

/// A path and what the file holds.
pub type NamedFile = (String, Vec<u8>);

/// The files of the ESP.
pub fn files(disk: &ScratchDisk) -> Result<Vec<NamedFile>, Box<dyn std::error::Error>> {
    let extent = disk.image.extent(ESP)?;
    let file = std::fs::File::open(disk.image.path())?;
    let volume = Reader::open(&file, extent.start)?;
    let mut files = Vec::new();
    for found in volume.files()?.into_iter().filter(|found| !found.is_directory) {
        let bytes = volume.read(&found)?;
        files.push((found.path, bytes));
    }
    Ok(files)
}
