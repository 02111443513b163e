//! `monolithicSparse`: header, descriptor, two equal sets of directory and grain tables, grains ("Hosted Sparse
//! Extent").

use std::io;

use keelson_format::guid;
use rayon::prelude::*;

use super::super::target::Target;
use super::super::window::Window;
use super::super::{Order, Writer};
use super::header::{DESCRIPTOR, DESCRIPTOR_SECTORS, Layout, descriptor, header};
use super::{ENTRIES, GRAIN, GRAIN_BYTES, SECTOR, TABLE, entries, tables};

/// The extent while it is written.
pub(in super::super) struct Sparse {
    target: Target,
    bytes: u64,
    /// Sectors of the two directories.
    redundant: u64,
    directory: u64,
    /// First sector of the grains.
    overhead: u64,
    /// Sector of each grain; 0 is a hole.
    grains: Vec<u32>,
}

impl Sparse {
    pub(in super::super) fn create(order: &Order<'_>) -> io::Result<Self> {
        let count = tables(order.bytes);
        let set = (count * 4).div_ceil(SECTOR) + count * TABLE;
        let redundant = DESCRIPTOR + DESCRIPTOR_SECTORS;
        let directory = redundant + set;
        let overhead = (directory + set).next_multiple_of(GRAIN);
        let mut target = Target::create(order.to)?;
        let name = order.to.file_name().unwrap_or_default().to_string_lossy();
        let id = guid::derived(&["vmdk", &order.identity.to_string()]);
        target
            .put(DESCRIPTOR * SECTOR, &descriptor(order.bytes, "monolithicSparse", &name, &id))?;
        target.skip_to(overhead * SECTOR);
        let grains = vec![0; usize::try_from(count * ENTRIES).map_err(io::Error::other)?];
        Ok(Self { target, bytes: order.bytes, redundant, directory, overhead, grains })
    }

    /// Directory and tables, the directory at this sector.
    fn write_tables(&self, at: u64) -> io::Result<()> {
        let count = tables(self.bytes);
        let first = at + (count * 4).div_ceil(SECTOR);
        let directory: Vec<u32> = (0..count)
            .map(|number| u32::try_from(first + number * TABLE).map_err(io::Error::other))
            .collect::<io::Result<_>>()?;
        self.target.put(at * SECTOR, &entries(&directory))?;
        self.target.put(first * SECTOR, &entries(&self.grains))
    }
}

impl Writer for Sparse {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        let mut placed = Vec::new();
        for (at, grain) in window.blocks(GRAIN_BYTES) {
            let number = (window.start + at as u64) / (GRAIN * SECTOR);
            let to = self.target.end();
            let sector = u32::try_from(to / SECTOR).map_err(io::Error::other)?;
            self.grains[usize::try_from(number).expect("there is an entry")] = sector;
            self.target.skip_to(to + GRAIN * SECTOR);
            placed.push((to, grain));
        }
        placed.into_par_iter().try_for_each(|(to, grain)| self.target.put(to, grain))
    }

    fn finish(&mut self) -> io::Result<()> {
        let &mut Self { redundant, directory, overhead, .. } = self;
        self.write_tables(redundant)?;
        self.write_tables(directory)?;
        self.target
            .put(0, &header(self.bytes, Layout::Sparse { redundant, directory, overhead }))?;
        self.target.finish()
    }
}
