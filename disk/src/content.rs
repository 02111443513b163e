//! What a file of an ESP or of an initramfs holds: bytes at hand, or a file of the host to copy from.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// The contents of a file, not necessarily in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// All of this file of the host. It must not change until it has been written.
    File(PathBuf),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<PathBuf> for Content {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl Content {
    /// Its length in bytes.
    pub fn bytes(&self) -> Result<u64, ContentError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => {
                Ok(std::fs::metadata(path).map_err(|source| self.failed(source))?.len())
            }
        }
    }

    /// A reader of it from its start.
    pub fn open(&self) -> Result<Box<dyn Read + '_>, ContentError> {
        match self {
            Self::Bytes(bytes) => Ok(Box::new(bytes.as_slice())),
            Self::File(path) => {
                Ok(Box::new(File::open(path).map_err(|source| self.failed(source))?))
            }
        }
    }

    /// All of it in memory.
    pub fn read(&self) -> Result<Vec<u8>, ContentError> {
        let mut all = Vec::new();
        self.open()?.read_to_end(&mut all).map_err(|source| self.failed(source))?;
        Ok(all)
    }

    /// Calls `each` with the content from its start, in pieces of `piece` bytes (the last may be
    /// shorter), and checks that it has `bytes` bytes as [`Content::bytes`] said before.
    pub fn for_each_piece<E: From<ContentError>>(
        &self,
        bytes: u64,
        piece: usize,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Bytes(all) => all.chunks(piece).try_for_each(each),
            Self::File(path) => {
                let mut file =
                    File::open(path).map_err(|source| self.failed(source))?.take(bytes + 1);
                let mut buffer = Vec::with_capacity(piece);
                let mut seen = 0;
                loop {
                    buffer.clear();
                    let read = file.by_ref().take(piece as u64).read_to_end(&mut buffer);
                    seen += read.map_err(|source| self.failed(source))? as u64;
                    if seen > bytes || (buffer.is_empty() && seen < bytes) {
                        return Err(ContentError::Changed { path: path.clone(), bytes }.into());
                    }
                    if buffer.is_empty() {
                        return Ok(());
                    }
                    each(&buffer)?;
                }
            }
        }
    }

    fn failed(&self, source: io::Error) -> ContentError {
        let path = match self {
            Self::Bytes(_) => PathBuf::new(),
            Self::File(path) => path.clone(),
        };
        ContentError::Read { path, source }
    }
}

/// Why a content could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The system refused.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The file of the host.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file had another length when it was measured.
    #[error("{} had {bytes} bytes and now has not: it changed while it was read", path.display())]
    Changed {
        /// The file of the host.
        path: PathBuf,
        /// The length it had.
        bytes: u64,
    },
}
