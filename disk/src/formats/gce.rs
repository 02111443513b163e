//! `gce.tar.gz`: what Google Compute Engine imports, a gzip file (RFC 1952) with a tar archive in GNU's old form
//! that holds one sparse file, `disk.raw`, of a multiple of 1 GiB.
//!
//! Pieces are compressed on their own, on all cores, and joined into one member of gzip.

use std::io;

use crc32fast::Hasher;
use rayon::prelude::*;

use super::archive;
use super::deflate::Deflater;
use super::target::Target;
use super::window::Window;
use super::{Order, Writer, borrowed};

/// What the disk must be a multiple of.
pub(super) const UNIT: u64 = 1 << 30;
/// Bytes compressed together.
const PIECE: usize = 256 << 10;
/// Bytes of a record: archives are a whole number of them.
const RECORD: usize = 20 * 512;
/// No name, no time, no extra flags, unknown system (section 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

pub(super) struct Gce {
    target: Target,
    /// Of what was compressed: its checksum and length.
    checksum: Hasher,
    length: u64,
}

impl Gce {
    pub(super) fn create(order: &Order<'_>) -> io::Result<Self> {
        let mut target = Target::create(order.to)?;
        target.append(&GZIP_HEADER)?;
        let mut gce = Self { target, checksum: Hasher::new(), length: 0 };
        let map = order.source.map()?;
        gce.add(&[&archive::gnu_sparse("disk.raw", order.bytes, &map)?])?;
        Ok(gce)
    }

    /// Compresses parts that follow each other.
    fn add(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let pieces: Vec<&[u8]> = parts.iter().flat_map(|part| part.chunks(PIECE)).collect();
        let compressed: Vec<(Vec<u8>, Hasher)> = pieces
            .into_par_iter()
            .map_init(Deflater::new, |deflater, piece| {
                let (mut to, mut checksum) = (Vec::new(), Hasher::new());
                borrowed(deflater)?.blocks(piece, false, &mut to)?;
                checksum.update(piece);
                Ok((to, checksum))
            })
            .collect::<io::Result<_>>()?;
        for (bytes, checksum) in compressed {
            self.target.append(&bytes)?;
            self.checksum.combine(&checksum);
        }
        self.length += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        Ok(())
    }
}

impl Writer for Gce {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        let parts: Vec<_> = window.runs.iter().map(|run| &window.bytes[run.clone()]).collect();
        self.add(&parts)
    }

    fn finish(&mut self) -> io::Result<()> {
        // Two empty blocks end the archive; the record is filled up.
        let end = (self.length + 2 * archive::BLOCK).next_multiple_of(RECORD as u64);
        let zeroes = vec![0; usize::try_from(end - self.length).expect("less than two records")];
        self.add(&[&zeroes])?;
        let mut last = Vec::new();
        Deflater::new()?.blocks(&[], true, &mut last)?;
        last.extend(self.checksum.clone().finalize().to_le_bytes());
        let length = u32::try_from(self.length & u64::from(u32::MAX)).expect("32 bits");
        last.extend(length.to_le_bytes());
        self.target.append(&last).map(|_| ())
    }
}

#[cfg(test)]
mod tests;
