//! A segment file opened for reading.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::directory;
use super::frame::{self, HEADER_LENGTH, Header, Next, OVERHEAD};
use super::index::Index;
use super::record::{self, Body, Context, Record, SEAL_LENGTH, Seal};
use super::scan::{Frames, Item, Tail};
use crate::entry::{Entry, Field, Stamp, field};

/// Why a file is no segment.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Its first bytes are not a segment's.
    #[error("{0}: not a log segment, or its header is damaged")]
    Header(PathBuf),
}

/// Bytes read at once; the service keeps its memory small by it.
pub const WINDOW: usize = 256 << 10;

/// A segment, its index and the contexts read so far.
pub struct Segment {
    /// Where it was opened; the service renames it when it closes it.
    pub path: PathBuf,
    /// The header.
    pub header: Header,
    /// The index: read, or made from the bytes.
    pub index: Index,
    file: File,
    contexts: HashMap<u32, Option<Rc<Context>>>,
}

impl Segment {
    /// Opens a segment and reads or makes its index.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        let io = |source| SegmentError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let head = read_at(&file, 0, HEADER_LENGTH).map_err(io)?;
        let header = Header::decode(&head).ok_or_else(|| SegmentError::Header(path.to_owned()))?;
        let mut segment = Self {
            path: path.to_owned(),
            header,
            index: Index::new(),
            file,
            contexts: HashMap::new(),
        };
        match segment.kept_index() {
            Some(index) => segment.index = index,
            None => segment.refresh().map_err(io)?,
        }
        Ok(segment)
    }

    /// The index of the file beside the segment, if it is this segment's.
    fn kept_index(&self) -> Option<Index> {
        let length = self.file.metadata().ok()?.len();
        let seal = last_seal(&self.file, length)?;
        let index = Index::decode(&std::fs::read(index_path(&self.path)).ok()?, &seal.digest)?;
        (u64::from(index.covered) == length).then_some(index)
    }

    /// Takes in what was appended since the index was made.
    pub fn refresh(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let mut window = WINDOW;
        while u64::from(self.index.covered) < length {
            let from = self.index.covered;
            let bytes = read_at(&self.file, u64::from(from), window)?;
            let whole = u64::from(from) + bytes.len() as u64 >= length;
            let mut index = std::mem::take(&mut self.index);
            let closed = whole && directory::is_closed(&self.path);
            let tail = if closed { Tail::Closed } else { Tail::Open };
            index.extend(&bytes, tail, |position| {
                self.context(position).map(|context| (*context).clone())
            });
            self.index = index;
            // A frame or damage longer than the window needs a larger one.
            match (self.index.covered > from, whole) {
                (true, _) => window = WINDOW,
                (false, false) => window *= 4,
                (false, true) => break,
            }
        }
        Ok(())
    }

    /// Whether the file at `path` is the one that was opened.
    pub fn is_at(&self, path: &Path) -> bool {
        let same = |(here, there): (std::fs::Metadata, std::fs::Metadata)| {
            (here.dev(), here.ino()) == (there.dev(), there.ino())
        };
        self.file.metadata().ok().zip(path.metadata().ok()).is_some_and(same)
    }

    /// The entries of run `number`, in order.
    pub fn run(&mut self, number: usize) -> io::Result<Vec<Entry>> {
        let Some(run) = self.index.runs.get(number) else { return Ok(Vec::new()) };
        let from = run.position;
        let to = self.index.runs.get(number + 1).map_or(self.index.covered, |next| next.position);
        let length = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
        let bytes = read_at(&self.file, u64::from(from), length)?;
        let base = usize::try_from(from).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        // The index has it that frames end where a run does.
        for item in Frames::new(&bytes, base, Tail::Closed) {
            let Item::Frame { position, body } = item else { continue };
            match record::decode(body) {
                Some(Body::Context(context)) => {
                    self.contexts.insert(position, Some(Rc::new(context)));
                }
                Some(Body::Record(found)) => entries.push(self.entry(found)),
                Some(Body::Seal(_)) | None => {}
            }
        }
        Ok(entries)
    }

    fn entry(&mut self, found: Record) -> Entry {
        let mut fields: Vec<Field> = found.fields;
        if let Some(level) = found.priority {
            fields.push(field("PRIORITY", level.to_string()));
        }
        let mut stamp =
            Stamp { realtime: found.realtime, monotonic: found.monotonic, ..Stamp::default() };
        if let Some(context) = self.context(found.context) {
            stamp.boot = context.boot;
            fields.extend(context.fields.iter().cloned());
        }
        fields.push(field("_BOOT_ID", stamp.boot.to_string()));
        fields.push(field("_MACHINE_ID", self.header.machine.to_string()));
        Entry { store: self.header.store, sequence: found.sequence, stamp, fields }
    }

    fn context(&mut self, position: u32) -> Option<Rc<Context>> {
        if let Some(known) = self.contexts.get(&position) {
            return known.clone();
        }
        let context = self.read_context(position).map(Rc::new);
        self.contexts.insert(position, context.clone());
        context
    }

    fn read_context(&self, position: u32) -> Option<Context> {
        let head = read_at(&self.file, u64::from(position), OVERHEAD).ok()?;
        let length = usize::try_from(u32::from_le_bytes(head.get(4..8)?.try_into().ok()?)).ok()?;
        let length = length.min(frame::MAX_BODY) + OVERHEAD;
        let bytes = read_at(&self.file, u64::from(position), length).ok()?;
        let Next::Frame(body) = frame::next(&bytes) else { return None };
        match record::decode(body)? {
            Body::Context(context) => Some(context),
            _ => None,
        }
    }
}

/// Where the index of the segment at `path` is kept.
pub fn index_path(path: &Path) -> PathBuf {
    path.with_extension("index")
}

/// The seal that ends a file of `length` bytes, if one does.
pub fn last_seal(file: &File, length: u64) -> Option<Seal> {
    let frame_length = OVERHEAD + SEAL_LENGTH;
    let position =
        length.checked_sub(frame_length as u64).filter(|at| *at >= HEADER_LENGTH as u64)?;
    let bytes = read_at(file, position, frame_length).ok()?;
    let Next::Frame(body) = frame::next(&bytes) else { return None };
    match record::decode(body)? {
        Body::Seal(seal) if u64::from(seal.position) == position => Some(seal),
        _ => None,
    }
}

/// Up to `length` bytes at `at`; less where the file ends before.
pub fn read_at(file: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
