//! `keelson.ova`: a tar archive with an OVF descriptor, its manifest, and the disk as a stream-optimized extent, in the
//! order in which the OVF Specification (DSP0243) wants them.
//!
//! Descriptor and manifest have lengths that are known before the disk is written: their places are left free and
//! filled at the end, so the disk goes straight into the archive.

mod descriptor;

use std::io;
use std::path::Path;

use ring::digest::{SHA256, digest};

use super::target::Target;
use super::vmdk::Stream;
use super::window::Window;
use super::{Order, Writer, archive};

/// Names in the archive.
const DESCRIPTOR: &str = "keelson.ovf";
const MANIFEST: &str = "keelson.mf";
pub(super) const DISK: &str = "disk.vmdk";

/// Bytes of the descriptor, filled up with line ends.
const DESCRIPTOR_BYTES: u64 = 8192;
/// Bytes of a record: archives are a whole number of them.
const RECORD: u64 = 20 * archive::BLOCK;

/// What the descriptor says of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Name of the product and, until it is changed, of the machine.
    pub name: String,
    /// Version of the product.
    pub version: String,
}

pub(super) struct Ova<'a> {
    machine: &'a Machine,
    bytes: u64,
    /// Bytes of the disk that are not zero.
    populated: u64,
    /// Where in the archive the disk's header is.
    start: u64,
    /// Until it is finished.
    stream: Option<Stream>,
}

impl<'a> Ova<'a> {
    /// An archive; with the same pass goes a copy of its disk to `also`.
    pub(super) fn create(
        order: &Order<'_>,
        machine: &'a Machine,
        also: Option<&Path>,
    ) -> io::Result<Self> {
        let start = member(DESCRIPTOR_BYTES) + member(manifest("", "").len() as u64);
        let mut archive = Target::create(order.to)?;
        archive.skip_to(start + archive::BLOCK);
        let mut targets = vec![archive];
        if let Some(also) = also {
            targets.push(Target::create(also)?);
        }
        let stream = Stream::begin(order, Path::new(DISK), targets, true)?;
        Ok(Self { machine, bytes: order.bytes, populated: 0, start, stream: Some(stream) })
    }

    fn write_rest(&self, archive: &mut Target, bytes: u64, disk_digest: &[u8]) -> io::Result<()> {
        let disk = descriptor::Disk { capacity: self.bytes, populated: self.populated, bytes };
        let mut ovf = descriptor::text(self.machine, &disk).into_bytes();
        let length = usize::try_from(DESCRIPTOR_BYTES).expect("8 KiB");
        if ovf.len() > length {
            return Err(io::Error::other("the OVF descriptor is longer than its place"));
        }
        ovf.resize(length, b'\n');
        let manifest = manifest(&hex::encode(digest(&SHA256, &ovf)), &hex::encode(disk_digest));
        let mut start = archive::ustar(DESCRIPTOR, DESCRIPTOR_BYTES)?;
        start.extend(ovf);
        start.extend(archive::ustar(MANIFEST, manifest.len() as u64)?);
        start.extend(manifest.into_bytes());
        start.resize(usize::try_from(self.start).expect("a few KiB"), 0);
        start.extend(archive::ustar(DISK, bytes)?);
        archive.put(0, &start)?;
        // Two empty blocks end the archive; the record is filled up.
        let end = (archive.end() + 2 * archive::BLOCK).next_multiple_of(RECORD);
        archive.skip_to(end);
        archive.finish()
    }
}

impl Writer for Ova<'_> {
    fn window(&mut self, window: &Window) -> io::Result<()> {
        self.populated += window.runs.iter().map(|run| run.len() as u64).sum::<u64>();
        self.stream.as_mut().map_or(Ok(()), |stream| stream.window(window))
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        stream.finish()?;
        let (mut targets, bytes, digest) = stream.written()?;
        let digest = digest.expect("it was asked for");
        let archive = targets.first_mut().expect("the archive is the first");
        self.write_rest(archive, bytes, digest.as_ref())
    }
}

/// Bytes of a member with its header; extents are whole blocks.
fn member(bytes: u64) -> u64 {
    archive::BLOCK + bytes.next_multiple_of(archive::BLOCK)
}

/// The manifest: always of one length.
fn manifest(descriptor: &str, disk: &str) -> String {
    format!("SHA256({DESCRIPTOR})= {descriptor:0>64}\nSHA256({DISK})= {disk:0>64}\n")
}

#[cfg(test)]
mod tests;
