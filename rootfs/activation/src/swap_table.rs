//! What is swapped to: /proc/swaps, read, watched and compared.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use crate::octal::octal;

/// One swap space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The device or file.
    pub path: PathBuf,
    /// Whether it is a file.
    pub is_file: bool,
    /// Its size in KiB.
    pub kib: u64,
    /// Its priority; negative where the kernel chose it.
    pub priority: i32,
}

/// The kernel's table, open. It can be polled: it reports POLLERR and POLLPRI after a change, until read again.
#[derive(Debug)]
pub struct Table {
    file: File,
    swaps: Vec<Entry>,
}

impl AsFd for Table {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Table {
    /// Opens and reads it. An error where the kernel knows no swapping.
    pub fn open() -> io::Result<Self> {
        Self::open_at(Path::new("/proc/swaps"))
    }

    /// Opens another file of the same form.
    pub fn open_at(path: &Path) -> io::Result<Self> {
        let mut table = Self { file: File::open(path)?, swaps: Vec::new() };
        table.swaps = table.read()?;
        Ok(table)
    }

    /// What was in use when it was read last.
    pub fn swaps(&self) -> &[Entry] {
        &self.swaps
    }

    /// Reads it again; gives the paths that are new and those that are gone.
    pub fn update(&mut self) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
        let new = self.read()?;
        let old = std::mem::replace(&mut self.swaps, new);
        let lacks = |list: &[Entry], path: &Path| list.iter().all(|entry| entry.path != path);
        let added = self
            .swaps
            .iter()
            .filter(|entry| lacks(&old, &entry.path))
            .map(|entry| entry.path.clone());
        let gone = old
            .iter()
            .filter(|entry| lacks(&self.swaps, &entry.path))
            .map(|entry| entry.path.clone());
        Ok((added.collect(), gone.collect()))
    }

    fn read(&mut self) -> io::Result<Vec<Entry>> {
        let mut text = Vec::new();
        self.file.rewind()?;
        self.file.read_to_end(&mut text)?;
        Ok(parse(&String::from_utf8_lossy(&text)))
    }
}

/// The entries of a table; its heading and lines of another form are passed over.
pub fn parse(text: &str) -> Vec<Entry> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Entry> {
    let mut words = line.split_whitespace();
    let (path, kind) = (octal(words.next()?), words.next()?);
    let kib = words.next()?.parse().ok()?;
    let priority = words.nth(1)?.parse().ok()?;
    Some(Entry { path, is_file: kind == "file", kib, priority })
}

#[cfg(test)]
mod tests;
