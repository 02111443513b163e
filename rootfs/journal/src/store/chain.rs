//! The hash chain of a store: each seal's digest is over the digest before it and all bytes since.

use sha2::{Digest, Sha256};

/// A running digest.
#[derive(Clone)]
pub struct Chain(Sha256);

impl Chain {
    /// Begins after `digest`: that of the seal before, or of the segment's header.
    pub fn after(digest: &[u8; 32]) -> Self {
        Self(Sha256::new_with_prefix(digest))
    }

    /// Takes in bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all so far.
    pub fn digest(&self) -> [u8; 32] {
        self.0.clone().finalize().into()
    }
}
