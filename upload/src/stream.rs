//! A file that is uploaded whole, from begin to end, with the checksums that providers give back.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};

use crate::source::SourceError;

/// A file and its checksums, as they were when it was opened.
#[derive(Debug)]
pub struct Stream {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// SHA-512, hexadecimal.
    pub sha512: String,
    /// CRC-32C, big-endian in Base64 as Cloud Storage writes it.
    pub crc32c: String,
    file: File,
}

impl Stream {
    /// Opens a file and reads it once.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let failed = |source| SourceError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let (mut short, mut long, mut crc, mut bytes) = (Sha256::new(), Sha512::new(), 0, 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            short.update(&buffer[..read]);
            long.update(&buffer[..read]);
            crc = crc32c::crc32c_append(crc, &buffer[..read]);
            bytes += read as u64;
        }
        if bytes == 0 {
            return Err(SourceError::Empty(path.to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            bytes,
            sha256: hex::encode(short.finalize()),
            sha512: hex::encode(long.finalize()),
            crc32c: STANDARD.encode(crc.to_be_bytes()),
            file,
        })
    }

    /// Up to `most` bytes from `at` on.
    pub fn read(&self, at: u64, most: u64) -> Result<Vec<u8>, SourceError> {
        let length = most.min(self.bytes - at.min(self.bytes));
        let mut buffer = vec![0; usize::try_from(length).expect("a few MiB")];
        match self.file.read_exact_at(&mut buffer, at) {
            Ok(()) => Ok(buffer),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(SourceError::Changed { path: self.path.clone(), at })
            }
            Err(source) => Err(SourceError::Read { path: self.path.clone(), source }),
        }
    }
}
