//! Appending to a store: the open segment, its closing, and its recovery after a crash.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::chain::Chain;
use super::directory::{self, ACTIVE};
use super::frame::{self, HEADER_LENGTH, Header};
use super::record::{self, Body, Seal};
use super::scan::{Frames, Item, Tail};
use super::segment::{Segment, WINDOW, index_path, last_seal, read_at};
use crate::entry::{Field, Id, Stamp};

/// Contexts that are remembered; more senders at once repeat theirs.
const CONTEXTS: usize = 256;

/// Why an entry was not stored.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The entry is longer than a frame may be.
    #[error("an entry of {0} bytes is too long for the log")]
    TooLong(usize),
    /// The file system refused.
    #[error("writing the log: {0}")]
    Io(#[from] io::Error),
}

/// What opening a store found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Bytes of a torn tail that were cut off.
    pub torn: u64,
    /// Bytes in the middle that are no frame; the segment was closed as it is.
    pub damaged: u64,
}

/// A store open for writing.
pub struct Writer {
    folder: PathBuf,
    header: Header,
    file: File,
    length: u32,
    chain: Chain,
    last_digest: [u8; 32],
    contexts: HashMap<Vec<u8>, u32>,
    records: u32,
    next_sequence: u64,
    last_realtime: u64,
    sealed: bool,
}

impl Writer {
    /// Opens the store in `folder`, which is made if missing; `draw` gives the identity of a new store, `now` is in
    /// microseconds since 1970.
    pub fn open(folder: &Path, machine: Id, draw: Id, now: u64) -> io::Result<(Self, Recovered)> {
        directory::create(folder)?;
        let active = folder.join(ACTIVE);
        let mut found = Recovered::default();
        if active.exists() {
            match Self::resume(folder, &active) {
                Ok((writer, recovered)) if recovered.damaged == 0 => {
                    return Ok((writer, recovered));
                }
                Ok((mut writer, recovered)) => {
                    writer.rotate(now)?;
                    return Ok((writer, recovered));
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    found.damaged = active.metadata()?.len();
                    std::fs::rename(&active, folder.join(format!("damaged-{now:016x}.klog~")))?;
                }
                Err(error) => return Err(error),
            }
        }
        let header = Self::following(folder, machine, draw, now);
        Ok((Self::create(folder, header)?, found))
    }

    /// The header of the segment after the newest closed one.
    fn following(folder: &Path, machine: Id, draw: Id, created: u64) -> Header {
        let fresh = Header { machine, store: draw, first_sequence: 1, created, previous: [0; 32] };
        let closed = directory::segments(folder).unwrap_or_default();
        let newest = closed.iter().rev().find_map(|path| Segment::open(path).ok());
        let Some(newest) = newest else { return fresh };
        let digest = File::open(&newest.path)
            .and_then(|file| file.metadata().map(|metadata| last_seal(&file, metadata.len())))
            .ok()
            .flatten();
        let last =
            newest.index.last_sequence.unwrap_or(newest.header.first_sequence.saturating_sub(1));
        let previous = digest.map_or([0; 32], |seal| seal.digest);
        Header {
            store: newest.header.store,
            first_sequence: last.saturating_add(1),
            previous,
            ..fresh
        }
    }

    fn create(folder: &Path, header: Header) -> io::Result<Self> {
        let path = folder.join(ACTIVE);
        let mut file =
            OpenOptions::new().read(true).append(true).create_new(true).mode(0o640).open(&path)?;
        let bytes = header.encode();
        if let Err(error) = file.write_all(&bytes) {
            std::fs::remove_file(&path)?;
            return Err(error);
        }
        let mut chain = Chain::after(&header.previous);
        chain.update(&bytes);
        Ok(Self {
            folder: folder.to_owned(),
            next_sequence: header.first_sequence,
            last_realtime: header.created,
            last_digest: header.previous,
            header,
            file,
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            chain,
            contexts: HashMap::new(),
            records: 0,
            sealed: false,
        })
    }

    /// Goes on with the segment a service before this one left, whole or torn.
    fn resume(folder: &Path, path: &Path) -> io::Result<(Self, Recovered)> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let length = file.metadata()?.len();
        let head = read_at(&file, 0, HEADER_LENGTH)?;
        let header =
            Header::decode(&head).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let mut writer = Self {
            folder: folder.to_owned(),
            next_sequence: header.first_sequence,
            last_realtime: header.created,
            last_digest: header.previous,
            chain: Chain::after(&header.previous),
            header,
            file,
            length: u32::try_from(length)
                .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?,
            contexts: HashMap::new(),
            records: 0,
            sealed: false,
        };
        // A seal at the end is believed only where the walk comes to it: the last bytes of a record are a client's.
        let recovered = writer.recover(length)?;
        Ok((writer, recovered))
    }

    fn take_seal(&mut self, seal: &Seal) {
        self.records = seal.records;
        self.next_sequence = seal.last_sequence.saturating_add(1);
        self.last_realtime = seal.last_realtime;
        self.last_digest = seal.digest;
        self.chain = Chain::after(&seal.digest);
        self.sealed = true;
    }

    /// Walks the whole segment, cuts a torn tail off and takes up the chain where it stands.
    fn recover(&mut self, length: u64) -> io::Result<Recovered> {
        let mut recovered = Recovered::default();
        let (mut at, mut linked, mut window) = (HEADER_LENGTH as u64, 0, WINDOW);
        while at < length {
            let bytes = read_at(&self.file, at, window)?;
            let whole = at + bytes.len() as u64 >= length;
            let base = usize::try_from(at).unwrap_or(usize::MAX);
            let mut frames = Frames::new(&bytes, base, Tail::Open);
            for item in frames.by_ref() {
                linked = self.recover_item(item, &mut recovered).unwrap_or(linked);
            }
            let reached = frames.reached() as u64;
            match (reached > at, whole) {
                (true, _) => window = WINDOW,
                (false, false) => window *= 4,
                (false, true) => break,
            }
            at = reached;
        }
        recovered.torn = length - at;
        if recovered.torn > 0 {
            self.file.set_len(at)?;
        }
        self.length = u32::try_from(at).unwrap_or(u32::MAX);
        self.sealed = linked == at;
        while linked < at {
            let part = usize::try_from(at - linked).unwrap_or(usize::MAX).min(WINDOW);
            self.chain.update(&read_at(&self.file, linked, part)?);
            linked += part as u64;
        }
        Ok(recovered)
    }

    /// Counts one item; gives where the frame ends if it is a seal.
    fn recover_item(&mut self, item: Item<'_>, recovered: &mut Recovered) -> Option<u64> {
        let (position, body) = match item {
            Item::Damage { from, to } => {
                recovered.damaged += u64::from(to - from);
                return None;
            }
            Item::Frame { position, body } => (position, body),
        };
        match record::decode(body)? {
            Body::Record(found) => {
                self.records += 1;
                self.next_sequence = self.next_sequence.max(found.sequence.saturating_add(1));
                self.last_realtime = found.realtime;
                None
            }
            Body::Seal(seal) if seal.position == position => {
                self.take_seal(&seal);
                Some(u64::from(position) + (frame::OVERHEAD + body.len()) as u64)
            }
            Body::Seal(_) | Body::Context(_) => None,
        }
    }

    /// Appends one entry and gives its number. On an error the file is as before.
    pub fn append(&mut self, stamp: &Stamp, fields: &[Field]) -> Result<u64, AppendError> {
        let shared = record::encode_context(stamp.boot, fields);
        let mut out = Vec::new();
        let known = self.contexts.get(&shared).copied();
        let context = known.unwrap_or_else(|| {
            frame::put(&mut out, &shared);
            self.length
        });
        let body = record::encode_record(self.next_sequence, stamp, context, fields);
        if body.len().max(shared.len()) > frame::MAX_BODY {
            return Err(AppendError::TooLong(body.len().max(shared.len())));
        }
        frame::put(&mut out, &body);
        self.write(&out)?;
        if known.is_none() {
            if self.contexts.len() >= CONTEXTS {
                self.contexts.clear();
            }
            self.contexts.insert(shared, context);
        }
        let number = self.next_sequence;
        self.records += 1;
        // A damaged file may have named any number.
        self.next_sequence = number.saturating_add(1);
        self.last_realtime = stamp.realtime;
        self.sealed = false;
        Ok(number)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let added =
            u32::try_from(bytes.len()).ok().and_then(|added| self.length.checked_add(added));
        let length = added.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        if let Err(error) = self.file.write_all(bytes) {
            self.file.set_len(u64::from(self.length))?;
            return Err(error);
        }
        self.length = length;
        self.chain.update(bytes);
        Ok(())
    }

    /// Links what was appended into the chain and brings it to the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.seal()?;
        Ok(rustix::fs::fdatasync(&self.file)?)
    }

    fn seal(&mut self) -> io::Result<()> {
        if self.sealed {
            return Ok(());
        }
        let seal = Seal {
            position: self.length,
            records: self.records,
            last_sequence: self.next_sequence.saturating_sub(1),
            last_realtime: self.last_realtime,
            digest: self.chain.digest(),
        };
        let mut out = Vec::new();
        frame::put(&mut out, &record::encode_seal(&seal));
        self.write(&out)?;
        self.take_seal(&seal);
        Ok(())
    }

    /// Closes the segment with its index and begins the next. Does nothing where no record was written.
    pub fn rotate(&mut self, now: u64) -> io::Result<()> {
        if self.records == 0 {
            return Ok(());
        }
        self.sync()?;
        let active = self.folder.join(ACTIVE);
        let closed = self
            .folder
            .join(directory::archived_name(self.header.first_sequence, self.header.created));
        std::fs::rename(&active, &closed)?;
        let header = Header {
            first_sequence: self.next_sequence,
            created: now.max(self.header.created + 1),
            previous: self.last_digest,
            ..self.header
        };
        let digest = self.last_digest;
        match Self::create(&self.folder, header) {
            Ok(next) => *self = next,
            // Without room for a new segment the old one goes on.
            Err(error) => {
                std::fs::rename(&closed, &active)?;
                return Err(error);
            }
        }
        // The index can be made anew from the segment, so a failure here costs time, not lines.
        if let Ok(segment) = Segment::open(&closed)
            && directory::replace(&index_path(&closed), &segment.index.encode(&digest)).is_err()
        {
            return Ok(());
        }
        File::open(&self.folder)?.sync_all()
    }

    /// The bytes of the open segment.
    pub fn length(&self) -> u64 {
        u64::from(self.length)
    }

    /// When the open segment was begun.
    pub fn created(&self) -> u64 {
        self.header.created
    }

    /// The number the next entry gets.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

#[cfg(test)]
mod tests;
