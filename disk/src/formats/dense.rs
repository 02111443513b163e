//! Whether bytes are compressed already, by trial on samples: almost all of a disk is, and compressing it once more
//! takes time and gains nothing.

use std::io;

use zstd::bulk::Compressor;

/// Of every stretch of this many bytes ...
const STRETCH: usize = 16 << 10;
/// ... this many are tried.
const SAMPLE: usize = 1 << 10;

/// Level of zstd for the trial: it takes matches and leaves literals as they are, in half the time of level 1, and what
/// is not compressed yet has matches.
const LEVEL: i32 = -2;

/// Tries bytes.
pub(super) struct Probe {
    compressor: Compressor<'static>,
    sample: Vec<u8>,
    packed: Vec<u8>,
}

impl Probe {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { compressor: Compressor::new(LEVEL)?, sample: Vec::new(), packed: Vec::new() })
    }

    /// Whether compressing would save less than an eighth. Decided by the bytes alone.
    pub(super) fn is_dense(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.sample.clear();
        for stretch in bytes.chunks(STRETCH) {
            let start = stretch.len().saturating_sub(SAMPLE) / 2;
            self.sample.extend(&stretch[start..stretch.len().min(start + SAMPLE)]);
        }
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.sample.len()));
        let length = self.compressor.compress_to_buffer(&self.sample, &mut self.packed)?;
        Ok(length + self.sample.len() / 8 >= self.sample.len())
    }
}
