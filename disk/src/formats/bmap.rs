//! `disk.raw.bmap`: which blocks of the raw disk hold anything, and the SHA-256 of each range, in version 2.0 of
//! the form that bmap-tools read. Blocks are 4 KiB; ranges end at multiples of 1 MiB at the latest, so that
//! whoever writes or checks them can do so on all cores.

use std::fmt::Write as _;
use std::io;

use rayon::prelude::*;
use ring::digest::{SHA256, digest as hash};

use super::target::Target;
use super::window::Window;
use super::{Order, Writer};
use crate::sparse::GRAIN;

/// No range crosses a multiple of this.
const PIECE: usize = 1 << 20;

pub(super) struct Bmap {
    target: Target,
    /// Length of the disk.
    bytes: u64,
    /// First and last block of each range, and its digest.
    ranges: Vec<(u64, u64, String)>,
}

impl Bmap {
    pub(super) fn create(order: &Order<'_>) -> io::Result<Self> {
        let target = Target::create(order.to)?;
        Ok(Self { target, bytes: order.bytes, ranges: Vec::new() })
    }

    /// The text, with `own` as its own digest.
    fn text(&self, own: &str) -> String {
        let mapped: u64 = self.ranges.iter().map(|(first, last, _)| last - first + 1).sum();
        let mut text = format!(
            "<?xml version=\"1.0\" ?>\n\
             <!-- Which blocks of disk.raw hold data: for bmaptool copy. -->\n\
             <bmap version=\"2.0\">\n\
             \x20   <ImageSize> {} </ImageSize>\n\
             \x20   <BlockSize> {GRAIN} </BlockSize>\n\
             \x20   <BlocksCount> {} </BlocksCount>\n\
             \x20   <MappedBlocksCount> {mapped} </MappedBlocksCount>\n\
             \x20   <ChecksumType> sha256 </ChecksumType>\n\
             \x20   <BmapFileChecksum> {own} </BmapFileChecksum>\n\
             \x20   <BlockMap>\n",
            self.bytes,
            self.bytes.div_ceil(GRAIN),
        );
        for (first, last, digest) in &self.ranges {
            let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
            writeln!(text, "        <Range chksum=\"{digest}\"> {range} </Range>")
                .expect("a string takes all");
        }
        text + "    </BlockMap>\n</bmap>\n"
    }
}

impl Writer for Bmap {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        let pieces: Vec<_> = window
            .runs
            .iter()
            .flat_map(|run| {
                let end = run.end;
                let starts = (run.start / PIECE..end.div_ceil(PIECE)).map(|number| number * PIECE);
                starts.map(move |start| start.max(run.start)..end.min(start + PIECE))
            })
            .collect();
        let digest = |piece: &std::ops::Range<usize>| {
            let block = |at: usize| (window.start + at as u64) / GRAIN;
            let digest = hex::encode(hash(&SHA256, &window.bytes[piece.clone()]));
            (block(piece.start), block(piece.end - 1), digest)
        };
        self.ranges.par_extend(pieces.par_iter().map(digest));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        // The digest is of the text with zeroes in its own place.
        let digest = hash(&SHA256, self.text(&"0".repeat(64)).as_bytes());
        let text = self.text(&hex::encode(digest));
        self.target.append(text.into_bytes());
        self.target.finish()
    }
}

#[cfg(test)]
mod tests;
