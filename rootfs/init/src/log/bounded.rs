//! A file that is appended to and put aside (`NAME.1`) when it is large; one old one is kept.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file, opened at the first line and again after an error.
#[derive(Debug)]
pub(super) struct BoundedFile {
    path: PathBuf,
    limit: u64,
    open: Option<(File, u64)>,
}

impl BoundedFile {
    /// Nothing is touched before the first line. `limit` is in bytes.
    pub(super) fn new(path: &Path, limit: u64) -> Self {
        Self { path: path.to_owned(), limit, open: None }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one line by one write.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let outcome = self.try_append(line);
        if outcome.is_err() {
            self.open = None;
        }
        outcome
    }

    fn try_append(&mut self, line: &[u8]) -> io::Result<()> {
        if let Some((_, size)) = &self.open
            && *size >= self.limit
        {
            self.open = None;
            let mut old = OsString::from(&self.path);
            old.push(".1");
            fs::rename(&self.path, old)?;
        }
        let (file, size) = match &mut self.open {
            Some(open) => open,
            closed => {
                let file =
                    OpenOptions::new().append(true).create(true).mode(0o640).open(&self.path)?;
                let size = file.metadata()?.len();
                closed.insert((file, size))
            }
        };
        file.write_all(line)?;
        *size += line.len() as u64;
        Ok(())
    }
}
