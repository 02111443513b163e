//! `streamOptimized`: header, descriptor, grains compressed with zlib, each grain table behind its grains, the
//! directory, and a footer that says where that is ("Stream-Optimized Compressed Sparse Extents"). Nothing is
//! written twice or out of order.

use std::io;
use std::path::Path;

use bytes::Bytes;
use keelson_format::guid;
use rayon::prelude::*;
use ring::digest::Digest;

use super::super::deflate::Deflater;
use super::super::digest::Digester;
use super::super::pool::Pool;
use super::super::target::Target;
use super::super::window::Window;
use super::super::{Order, Writer};
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
    /// Where somebody wants the digest: that of what was appended.
    digest: Option<Digester>,
    /// How much was appended.
    end: u64,
    bytes: u64,
    /// Sector of each grain table; 0 where there is none.
    directory: Vec<u32>,
    /// The table of the grains that were written last, and its entries.
    table: (u64, Vec<u32>),
    deflaters: Pool<Deflater>,
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
            digest: digested.then(Digester::start).transpose()?,
            end: 0,
            bytes: order.bytes,
            directory: vec![0; count],
            table: (0, Vec::new()),
            deflaters: Pool::new(),
        };
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        let id = guid::derived(&["vmdk", &order.identity.to_string()]);
        let mut start = stream.header(AT_END).to_vec();
        start.extend(descriptor(order.bytes, "streamOptimized", &name, &id));
        start.resize(usize::try_from(GRAIN * SECTOR).expect("64 KiB"), 0);
        stream.append(vec![start.into()]);
        Ok(stream)
    }

    /// What was written, its length and, where it was asked for, its SHA-256.
    pub(in super::super) fn written(self) -> io::Result<(Vec<Target>, u64, Option<Digest>)> {
        let digest = self.digest.map(Digester::finish).transpose()?;
        Ok((self.targets, self.end, digest))
    }

    fn header(&self, directory: u64) -> [u8; 512] {
        const { assert!(DESCRIPTOR + DESCRIPTOR_SECTORS <= GRAIN) };
        header(self.bytes, Layout::Stream { directory, overhead: GRAIN })
    }

    /// Queues parts that follow each other.
    fn append(&mut self, parts: Vec<Bytes>) {
        self.end += bytes(&parts);
        for target in &mut self.targets {
            target.append_all(parts.iter().cloned());
        }
        if let Some(digest) = &mut self.digest {
            digest.append(parts);
        }
    }

    /// Writes what is queued while `work` is done, whose result it gives.
    fn beside<T: Send>(
        &mut self,
        work: impl FnOnce(&Pool<Deflater>) -> io::Result<T> + Send,
    ) -> io::Result<T> {
        let Self { targets, deflaters, .. } = self;
        let write = || targets.par_iter_mut().try_for_each(Target::flush);
        let (written, done) = rayon::join(write, || work(deflaters));
        written?;
        done
    }

    /// The sector that comes next.
    fn sector(&self) -> io::Result<u32> {
        u32::try_from(self.end / SECTOR).map_err(io::Error::other)
    }

    /// Queues a marker and what it announces; gives the sector of the latter.
    fn marked(&mut self, mark: u32, content: &[u8]) -> io::Result<u32> {
        let sectors = (content.len() as u64).div_ceil(SECTOR);
        let mut bytes = vec![0; 512];
        bytes[..8].copy_from_slice(&sectors.to_le_bytes());
        bytes[12..16].copy_from_slice(&mark.to_le_bytes());
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        let at = self.sector()? + 1;
        self.append(vec![bytes.into()]);
        Ok(at)
    }

    /// Queues compressed grains of table `number`.
    fn add(&mut self, number: u64, grains: Vec<(u64, Vec<Bytes>)>) -> io::Result<()> {
        if number != self.table.0 {
            self.flush_table()?;
        }
        if self.table.1.is_empty() {
            self.table = (number, vec![0; usize::try_from(ENTRIES).expect("512")]);
        }
        for (grain, parts) in grains {
            let entry = usize::try_from(grain % ENTRIES).expect("below 512");
            self.table.1[entry] = self.sector()?;
            self.append(parts);
        }
        Ok(())
    }

    /// Queues the table that is not queued yet.
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
        let grains = self.beside(|deflaters| {
            let pack = |(at, bytes): (usize, &[u8])| {
                let grain = (window.start + at as u64) / (GRAIN * SECTOR);
                let bytes = window.bytes.slice_ref(bytes);
                let parts =
                    deflaters.with(Deflater::new, |deflater| packed(deflater, grain, bytes))?;
                Ok((grain, parts))
            };
            window.blocks(GRAIN_BYTES).into_par_iter().map(pack).collect::<io::Result<_>>()
        })?;
        self.add(window.start / TABLE_SPAN, grains)?;
        self.digest.as_mut().map_or(Ok(()), Digester::flush)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush_table()?;
        let directory = entries(&self.directory);
        let at = self.marked(MARK_DIRECTORY, &directory)?;
        let footer = self.header(u64::from(at));
        self.marked(MARK_FOOTER, &footer)?;
        self.marked(MARK_END, &[])?;
        self.digest.as_mut().map_or(Ok(()), Digester::flush)?;
        self.beside(|_| Ok(()))
    }
}

/// A grain with its marker, filled up to a sector. One that the disk's end cuts off is filled with zeroes.
fn packed(deflater: &mut Deflater, grain: u64, mut bytes: Bytes) -> io::Result<Vec<Bytes>> {
    if bytes.len() < GRAIN_BYTES {
        let mut whole = bytes.to_vec();
        whole.resize(GRAIN_BYTES, 0);
        bytes = whole.into();
    }
    // The place of the marker.
    let mut parts = vec![Bytes::new()];
    deflater.zlib(&bytes, &mut parts)?;
    let length = self::bytes(&parts);
    let mut marker = Vec::from((grain * GRAIN).to_le_bytes());
    marker.extend(u32::try_from(length).expect("little more than a grain").to_le_bytes());
    let end = length + marker.len() as u64;
    parts[0] = marker.into();
    let padding = usize::try_from(end.next_multiple_of(SECTOR) - end).expect("below 512");
    parts.push(vec![0; padding].into());
    Ok(parts)
}

/// How long parts are together.
fn bytes(parts: &[Bytes]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}
