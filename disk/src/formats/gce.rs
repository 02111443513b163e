//! `gce.tar.gz`: what Google Compute Engine imports, a gzip file (RFC 1952) with a tar archive in GNU's old form
//! that holds one sparse file, `disk.raw`, of a multiple of 1 GiB.
//!
//! Pieces are compressed on their own, on all cores, and joined into one member of gzip.

use std::io;

use bytes::Bytes;
use crc32fast::Hasher;
use rayon::prelude::*;

use super::archive;
use super::deflate::{Deflater, STORED};
use super::pool::Pool;
use super::target::Target;
use super::window::Window;
use super::{Order, Writer};

/// What the disk must be a multiple of.
pub(super) const UNIT: u64 = 1 << 30;
/// Bytes compressed together, or stored.
const PIECE: usize = STORED;
/// Bytes of a record: archives are a whole number of them.
const RECORD: usize = 20 * 512;
/// No name, no time, no extra flags, unknown system (section 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

pub(super) struct Gce {
    target: Target,
    /// Of what was compressed: its checksum and length.
    checksum: Hasher,
    length: u64,
    deflaters: Pool<Deflater>,
}

impl Gce {
    pub(super) fn create(order: &Order<'_>) -> io::Result<Self> {
        let mut target = Target::create(order.to)?;
        target.append(GZIP_HEADER.as_slice());
        let deflaters = Pool::new();
        let mut gce = Self { target, checksum: Hasher::new(), length: 0, deflaters };
        let map = order.source.map()?;
        gce.add(&[archive::gnu_sparse("disk.raw", order.bytes, &map)?.into()])?;
        Ok(gce)
    }

    /// Compresses parts that follow each other, while what was compressed before is written.
    fn add(&mut self, parts: &[Bytes]) -> io::Result<()> {
        let pieces =
            parts.iter().flat_map(|part| part.chunks(PIECE).map(|piece| part.slice_ref(piece)));
        let pieces: Vec<Bytes> = pieces.collect();
        let deflaters = &self.deflaters;
        let compress = |piece: &Bytes| {
            let (mut to, mut checksum) = (Vec::new(), Hasher::new());
            deflaters.with(Deflater::new, |deflater| deflater.blocks(piece, false, &mut to))?;
            checksum.update(piece);
            Ok((to, checksum))
        };
        let compressed: Vec<(Vec<Bytes>, Hasher)> =
            self.target.beside(|| pieces.par_iter().map(compress).collect())?;
        for (blocks, checksum) in compressed {
            self.target.append_all(blocks);
            self.checksum.combine(&checksum);
        }
        self.length += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        Ok(())
    }
}

impl Writer for Gce {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        let parts: Vec<_> = window.runs.iter().map(|run| window.bytes.slice(run.clone())).collect();
        self.add(&parts)
    }

    fn finish(&mut self) -> io::Result<()> {
        // Two empty blocks end the archive; the record is filled up.
        let end = (self.length + 2 * archive::BLOCK).next_multiple_of(RECORD as u64);
        let zeroes = vec![0; usize::try_from(end - self.length).expect("less than two records")];
        self.add(&[zeroes.into()])?;
        let mut last = Vec::new();
        self.deflaters
            .with(Deflater::new, |deflater| deflater.blocks(&Bytes::new(), true, &mut last))?;
        let length = u32::try_from(self.length & u64::from(u32::MAX)).expect("32 bits");
        for number in [self.checksum.clone().finalize(), length] {
            last.push(Bytes::copy_from_slice(&number.to_le_bytes()));
        }
        self.target.append_all(last);
        self.target.finish()
    }
}

#[cfg(test)]
mod tests;
