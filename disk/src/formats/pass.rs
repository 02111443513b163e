//! The pass: reads the raw disk window by window and gives each to every writer.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::ova::{self, Ova};
use super::source::{Source, extents};
use super::window::{WINDOW, Window};
use super::{Form, FormatError, Job, Order, Writer, bmap, gce, plain, qcow2, vhd, vhdx, vmdk, zst};
use crate::platform::Overlay;

/// A job that is being done.
struct Running<'a> {
    job: &'a Job,
    writer: Box<dyn Writer + 'a>,
}

/// Writes all `jobs` in one pass over the raw disk `raw`.
///
/// A disk that a job cannot have is refused before anything is touched. On a later error the files of all
/// jobs are removed.
pub fn write(raw: &Path, jobs: &[Job]) -> Result<(), FormatError> {
    let source = Source::open(raw, Overlay::nothing())?;
    let mut disks = Vec::new();
    for job in jobs {
        check_length(job, source.bytes())?;
        disks.push(source.with(job.overlay.clone())?);
    }
    let pieces = source.pieces().map_err(|error| source.failed(error))?;
    // On a thread of the pool: from any other, each step would be handed to the pool and waited for.
    let done = rayon::scope(|_| run(&source, &pieces, jobs, &disks));
    if done.is_err() {
        for job in jobs {
            // What was not made yet cannot be removed.
            let _ = std::fs::remove_file(&job.to);
        }
    }
    done
}

/// Writes `jobs`, each with its own of `disks`: `source` with the job's overlay.
fn run(
    source: &Source,
    pieces: &[Range<u64>],
    jobs: &[Job],
    disks: &[Source],
) -> Result<(), FormatError> {
    let failed = |error| source.failed(error);
    let mut running = Vec::new();
    for (job, disk) in jobs.iter().zip(disks).filter(|(job, _)| !is_copied(job, jobs)) {
        running.push(Running { job, writer: writer(job, jobs, disk)? });
    }
    let mut numbers = windows(pieces, jobs).into_iter();
    let read = |memory: Window, number: Option<u64>| match number {
        Some(number) => memory.read(source, pieces, number).map(Some),
        None => Ok(None),
    };
    let mut current = read(Window::default(), numbers.next()).map_err(failed)?;
    let mut done: Vec<Window> = Vec::new();
    while let Some(window) = current {
        let free = done.iter().position(Window::is_free).map(|index| done.swap_remove(index));
        let (next, written) = rayon::join(
            || read(free.unwrap_or_default(), numbers.next()),
            || running.par_iter_mut().try_for_each(|running| running.window(&window)),
        );
        written?;
        current = next.map_err(failed)?;
        done.push(window);
    }
    running.par_iter_mut().try_for_each(|Running { job, writer }| {
        writer.finish().map_err(|source| FormatError::Write { path: job.to.clone(), source })
    })
}

impl Running<'_> {
    fn window(&mut self, window: &Window) -> Result<(), FormatError> {
        let overlaid = window.overlaid(&self.job.overlay);
        let window = overlaid.as_ref().unwrap_or(window);
        if window.runs.is_empty() {
            // Zeroes that are allocated, or another job's overlay: a hole to this one.
            return Ok(());
        }
        self.writer
            .window(window)
            .map_err(|source| FormatError::Write { path: self.job.to.clone(), source })
    }
}

/// Refuses a disk that a format has not.
fn check_length(job: &Job, bytes: u64) -> Result<(), FormatError> {
    let (format, unit, unit_name, most) = match &job.form {
        Form::Raw => ("raw disk", 1, "1 byte", u64::MAX),
        Form::Zst { .. } => ("compressed raw disk", 1, "1 byte", u64::MAX),
        Form::Bmap => ("map of blocks", 1, "1 byte", u64::MAX),
        Form::Qcow2 { .. } => ("qcow2 image", 512, "512 bytes", u64::MAX),
        Form::VmdkSparse | Form::VmdkStream => ("VMDK", 512, "512 bytes", vmdk::MOST),
        Form::Ova(_) => ("disk of an OVA", 512, "512 bytes", vmdk::MOST),
        Form::Vhd => ("fixed VHD", 1 << 20, "1 MiB", vhd::MOST),
        Form::Vhdx => ("VHDX", 512, "512 bytes", vhdx::MOST),
        Form::Gce => ("GCE image", gce::UNIT, "1 GiB", u64::MAX),
    };
    let path = || job.to.clone();
    if !bytes.is_multiple_of(unit) {
        return Err(FormatError::Length { path: path(), format, bytes, unit: unit_name });
    }
    if bytes > most {
        return Err(FormatError::TooLong { path: path(), format, bytes, limit: most });
    }
    Ok(())
}

/// The numbers of the windows that may not be zero on one of the disks.
fn windows(pieces: &[Range<u64>], jobs: &[Job]) -> BTreeSet<u64> {
    let overlays = jobs.iter().flat_map(|job| extents(&job.overlay));
    pieces
        .iter()
        .cloned()
        .chain(overlays.filter(|extent| extent.start < extent.end))
        .flat_map(|range| range.start / WINDOW as u64..=(range.end - 1) / WINDOW as u64)
        .collect()
}

/// Whether two jobs write the disk of one platform.
fn same_disk(one: &Job, other: &Job) -> bool {
    (one.identity, &one.overlay) == (other.identity, &other.overlay)
}

/// Whether a job is a stream-optimized extent that is written along with an archive that has the same inside. An
/// extent says its own name, so one of another name is not the same.
fn is_copied(job: &Job, jobs: &[Job]) -> bool {
    job.form == Form::VmdkStream
        && job.to.file_name().is_some_and(|name| name == ova::DISK)
        && jobs.iter().any(|other| matches!(other.form, Form::Ova(_)) && same_disk(job, other))
}

fn writer<'a>(
    job: &'a Job,
    jobs: &[Job],
    disk: &Source,
) -> Result<Box<dyn Writer + 'a>, FormatError> {
    let bytes = disk.bytes();
    let order = Order { to: &job.to, bytes, source: disk, identity: job.identity };
    let made: std::io::Result<Box<dyn Writer>> = match &job.form {
        Form::Raw => plain::Raw::create(&order).map(boxed),
        Form::Zst { level } => zst::Zst::create(&order, *level).map(boxed),
        Form::Bmap => bmap::Bmap::create(&order).map(boxed),
        Form::Qcow2 { level } => qcow2::Qcow2::create(&order, *level).map(boxed),
        Form::VmdkSparse => vmdk::Sparse::create(&order).map(boxed),
        Form::VmdkStream => vmdk::Stream::create(&order).map(boxed),
        Form::Ova(machine) => {
            let twin = jobs.iter().find(|twin| is_copied(twin, jobs) && same_disk(twin, job));
            Ova::create(&order, machine, twin.map(|twin| twin.to.as_path())).map(boxed)
        }
        Form::Vhd => vhd::Vhd::create(&order).map(boxed),
        Form::Vhdx => vhdx::Vhdx::create(&order).map(boxed),
        Form::Gce => gce::Gce::create(&order).map(boxed),
    };
    made.map_err(|source| FormatError::Write { path: job.to.clone(), source })
}

fn boxed<'a>(writer: impl Writer + 'a) -> Box<dyn Writer + 'a> {
    Box::new(writer)
}
