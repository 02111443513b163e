//! `streamOptimized`: header, descriptor, grains compressed with zlib, each grain table behind its grains, the
//! directory, and a footer that says where that is ("Stream-Optimized Compressed Sparse Extents"). Nothing is
//! written twice or out of order.

use std::io;
use std::path::Path;

use keelson_format::guid;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::super::deflate::Deflater;
use super::super::target::Target;
use super::super::window::Window;
use super::super::{Order, Writer, borrowed};
use super::header::{DESCRIPTOR, DESCRIPTOR_SECTORS, Layout, descriptor, header};
use super::{ENTRIES, GRAIN, GRAIN_BYTES, SECTOR, TABLE, entries, tables};

/// In the header of a stream: the directory is where the footer says.
const AT_END: u64 = u64::MAX;

/// What a marker announces ("Markers").
const MARK_END: u32 = 0;
const MARK_TABLE: u32 = 1;
const MARK_DIRECTORY: u32 = 2;
const MARK_FOOTER: u32 = 3;

/// Grains of a table as a number of bytes of the disk: a window is never in two tables.
const TABLE_SPAN: u64 = GRAIN * ENTRIES * SECTOR;

/// The extent while it is written: into one file or more, at a place of each.
pub(in super::super) struct Stream {
    targets: Vec<Target>,
    /// Of all that was written, where somebody wants to know.
    digest: Option<Sha256>,
    /// How much was written.
    end: u64,
    bytes: u64,
    /// Sector of each grain table; 0 where there is none.
    directory: Vec<u32>,
    /// The table of the grains that were written last, and its entries.
    table: (u64, Vec<u32>),
}

impl Stream {
    pub(in super::super) fn create(order: &Order<'_>) -> io::Result<Self> {
        Self::begin(order, order.to, vec![Target::create(order.to)?], false)
    }

    /// An extent that calls itself `name` and goes to the ends of these files.
    pub(in super::super) fn begin(
        order: &Order<'_>,
        name: &Path,
        targets: Vec<Target>,
        digested: bool,
    ) -> io::Result<Self> {
        let count = usize::try_from(tables(order.bytes)).map_err(io::Error::other)?;
        let mut stream = Self {
            targets,
            digest: digested.then(Sha256::new),
            end: 0,
            bytes: order.bytes,
            directory: vec![0; count],
            table: (0, Vec::new()),
        };
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        let id = guid::derived(&["vmdk", &order.identity.to_string()]);
        let mut start = stream.header(AT_END).to_vec();
        start.extend(descriptor(order.bytes, "streamOptimized", &name, &id));
        start.resize(usize::try_from(GRAIN * SECTOR).expect("64 KiB"), 0);
        stream.append(&start)?;
        Ok(stream)
    }

    /// What was written, its length and its SHA-256 where one was asked for.
    pub(in super::super) fn written(self) -> (Vec<Target>, u64, Option<[u8; 32]>) {
        (self.targets, self.end, self.digest.map(|digest| digest.finalize().into()))
    }

    fn header(&self, directory: u64) -> [u8; 512] {
        const { assert!(DESCRIPTOR + DESCRIPTOR_SECTORS <= GRAIN) };
        header(self.bytes, Layout::Stream { directory, overhead: GRAIN })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.append_all(&[bytes])
    }

    /// Writes parts that follow each other, and hashes them meanwhile.
    fn append_all(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let (digest, targets) = (&mut self.digest, &mut self.targets);
        let hash = || {
            if let Some(digest) = digest {
                for part in parts {
                    digest.update(part);
                }
            }
        };
        let write = || {
            targets.par_iter_mut().try_for_each(|target| {
                parts.iter().try_for_each(|part| target.append(part).map(|_| ()))
            })
        };
        let ((), written) = rayon::join(hash, write);
        self.end += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        written
    }

    /// The sector that comes next.
    fn sector(&self) -> io::Result<u32> {
        u32::try_from(self.end / SECTOR).map_err(io::Error::other)
    }

    /// Writes a marker and what it announces; gives the sector of the latter.
    fn marked(&mut self, mark: u32, content: &[u8]) -> io::Result<u32> {
        let sectors = (content.len() as u64).div_ceil(SECTOR);
        let mut bytes = vec![0; 512];
        bytes[..8].copy_from_slice(&sectors.to_le_bytes());
        bytes[12..16].copy_from_slice(&mark.to_le_bytes());
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        let at = self.sector()? + 1;
        self.append(&bytes)?;
        Ok(at)
    }

    /// Writes the table that is not written yet.
    fn flush_table(&mut self) -> io::Result<()> {
        let (number, grains) = std::mem::take(&mut self.table);
        if grains.is_empty() {
            return Ok(());
        }
        const { assert!(TABLE * SECTOR == ENTRIES * 4) };
        let at = self.marked(MARK_TABLE, &entries(&grains))?;
        self.directory[usize::try_from(number).expect("there is an entry")] = at;
        Ok(())
    }
}

impl Writer for Stream {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        let number = window.start / TABLE_SPAN;
        if number != self.table.0 {
            self.flush_table()?;
        }
        let grains: Vec<(u64, Vec<u8>)> = window
            .blocks(GRAIN_BYTES)
            .into_par_iter()
            .map_init(Deflater::new, |deflater, (at, bytes)| {
                let grain = (window.start + at as u64) / (GRAIN * SECTOR);
                Ok((grain, packed(borrowed(deflater)?, grain, bytes)?))
            })
            .collect::<io::Result<_>>()?;
        if grains.is_empty() {
            return Ok(());
        }
        if self.table.1.is_empty() {
            self.table = (number, vec![0; usize::try_from(ENTRIES).expect("512")]);
        }
        let mut sector = self.sector()?;
        for (grain, bytes) in &grains {
            let entry = usize::try_from(grain % ENTRIES).expect("below 512");
            self.table.1[entry] = sector;
            sector += u32::try_from(bytes.len() / 512).expect("little more than a grain");
        }
        let parts: Vec<&[u8]> = grains.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        self.append_all(&parts)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush_table()?;
        let directory = entries(&self.directory);
        let at = self.marked(MARK_DIRECTORY, &directory)?;
        let footer = self.header(u64::from(at));
        self.marked(MARK_FOOTER, &footer)?;
        self.marked(MARK_END, &[])?;
        Ok(())
    }
}

/// A grain with its marker, filled up to a sector. One that the disk's end cuts off is filled with zeroes.
fn packed(deflater: &mut Deflater, grain: u64, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut to = Vec::with_capacity(GRAIN_BYTES + 1024);
    to.extend((grain * GRAIN).to_le_bytes());
    to.extend([0; 4]);
    if bytes.len() == GRAIN_BYTES {
        deflater.zlib(bytes, &mut to)?;
    } else {
        let mut whole = bytes.to_vec();
        whole.resize(GRAIN_BYTES, 0);
        deflater.zlib(&whole, &mut to)?;
    }
    let length = u32::try_from(to.len() - 12).expect("little more than a grain");
    to[8..12].copy_from_slice(&length.to_le_bytes());
    to.resize(to.len().next_multiple_of(512), 0);
    Ok(to)
}
