//! The disk itself as a sparse file: for a platform whose disk is not `disk.raw`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rayon::prelude::*;

use super::window::Window;
use super::{Order, Writer};

/// Bytes written by one core at a time.
const PIECE: usize = 1 << 20;

pub(super) struct Raw {
    file: File,
}

impl Raw {
    pub(super) fn create(order: &Order<'_>) -> io::Result<Self> {
        let file = File::create(order.to)?;
        file.set_len(order.bytes)?;
        Ok(Self { file })
    }
}

impl Writer for Raw {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        write(&self.file, window)
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what is not zero of a window to its place in a sparse file.
pub(super) fn write(file: &File, window: &Window) -> io::Result<()> {
    window.runs.par_iter().try_for_each(|run| {
        window.bytes[run.clone()].par_chunks(PIECE).enumerate().try_for_each(|(number, piece)| {
            file.write_all_at(piece, window.start + (run.start + number * PIECE) as u64)
        })
    })
}
