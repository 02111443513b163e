//! The image as pieces: where it is not zero, cut as a provider takes it, each with its digest.
//!
//! The digests are computed before anything is sent. A piece that reads otherwise later is an error, so a file that is
//! written to during an upload never ends as a mixture.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use keelson_disk::platform::Overlay;
use keelson_disk::sparse::{self, SparseError};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// How a provider takes an image; all in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// What is zero is skipped in multiples of this; it divides 1 MiB.
    pub grain: u64,
    /// A piece is no longer than this, and crosses no multiple of it.
    pub most: u64,
    /// The last piece is filled up with zeroes to a multiple of this.
    pub pad: u64,
}

/// A piece that is not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Offset in the image.
    pub at: u64,
    /// Length in bytes, with the zeroes after the end of the image.
    pub bytes: u64,
    /// Digest of these bytes.
    pub sha256: [u8; 32],
}

/// An image, cut into pieces.
#[derive(Debug)]
pub struct Source {
    file: File,
    path: PathBuf,
    overlay: Overlay,
    /// Bytes of the image.
    pub size: u64,
    /// What is not zero, in the order of the image.
    pub pieces: Vec<Piece>,
    /// Digest over size, cut, places and digests of the pieces: two images with the same are the same.
    pub digest: String,
}

/// Why an image cannot be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It could not be opened or read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The image.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its map could not be made.
    #[error(transparent)]
    Map(#[from] SparseError),
    /// It is empty.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
    /// It was written to while it was uploaded.
    #[error("{} was changed during the upload, at byte {at}: build or copy it first, then upload", path.display())]
    Changed {
        /// The image.
        path: PathBuf,
        /// Where.
        at: u64,
    },
}

impl Source {
    /// Opens the image at `path` as that of the platform whose overlay is given, and reads it once.
    pub fn open(path: &Path, overlay: Overlay, cut: Cut) -> Result<Self, SourceError> {
        let failed = |source| SourceError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        if size == 0 {
            return Err(SourceError::Empty(path.to_owned()));
        }
        let mut source = Self {
            file,
            path: path.to_owned(),
            overlay,
            size,
            pieces: Vec::new(),
            digest: String::new(),
        };
        let mut whole = Sha256::new();
        for number in [size, cut.grain, cut.most, cut.pad] {
            whole.update(number.to_le_bytes());
        }
        for range in sparse::data_map(path, cut.grain)? {
            let mut at = range.start;
            while at < range.end {
                let end = range.end.min((at / cut.most + 1) * cut.most);
                let bytes = (end - at).next_multiple_of(cut.pad);
                let mut piece = Piece { at, bytes, sha256: [0; 32] };
                piece.sha256 = Sha256::digest(source.bytes(&piece)?).into();
                whole.update(at.to_le_bytes());
                whole.update(piece.sha256);
                source.pieces.push(piece);
                at = end;
            }
        }
        source.digest = hex::encode(whole.finalize());
        Ok(source)
    }

    /// Bytes of all pieces.
    pub fn data(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }

    /// The bytes of a piece, as they were when the image was opened.
    pub fn read(&self, piece: &Piece) -> Result<Vec<u8>, SourceError> {
        let bytes = self.bytes(piece)?;
        if <[u8; 32]>::from(Sha256::digest(&bytes)) != piece.sha256 {
            return Err(SourceError::Changed { path: self.path.clone(), at: piece.at });
        }
        Ok(bytes)
    }

    fn bytes(&self, piece: &Piece) -> Result<Vec<u8>, SourceError> {
        let mut buffer = vec![0; usize::try_from(piece.bytes).expect("a few MiB")];
        let there = self.size.saturating_sub(piece.at).min(piece.bytes);
        let there = usize::try_from(there).expect("no more than the buffer");
        match self.file.read_exact_at(&mut buffer[..there], piece.at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(SourceError::Changed { path: self.path.clone(), at: piece.at })
            }
            Err(source) => Err(SourceError::Read { path: self.path.clone(), source }),
            Ok(()) => {
                self.overlay.apply(piece.at, &mut buffer[..there]);
                Ok(buffer)
            }
        }
    }
}

#[cfg(test)]
mod tests;
