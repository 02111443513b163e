//! The stores the service writes: on the disk when it may, in memory before that and while the disk refuses.

mod moving;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::config::{Config, Storage};
use super::lost::{Lost, Reason};
use crate::clock;
use crate::entry::{Field, Id, Stamp, get};
use crate::store::directory::{self, PERSISTENT, VOLATILE};
use crate::store::retention::{self, Limits, Space, Vacuum};
use crate::store::writer::{AppendError, Recovered, Writer};

/// How long after a refusal the disk is tried again, in microseconds.
const RETRY: u64 = 30_000_000;
/// How often room and age are looked at, in microseconds.
const CHECK: u64 = 60_000_000;
/// The default of `SystemMaxUse=` where a tenth of the disk is more.
const DISK_CEILING: u64 = 64 << 20;
/// What is kept of the log on a disk that others filled, where a quarter of `SystemMaxUse=` is more.
const KEPT: u64 = 16 << 20;
/// The default of `RuntimeMaxUse=`.
const MEMORY_CEILING: u64 = 8 << 20;

/// Which of the two stores is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/var/log/journal`.
    Disk,
    /// `/run/log/journal`.
    Memory,
}

/// Something the keeper has to say in the log.
pub type Notes = Vec<(u8, String)>;

/// The stores.
pub struct Keeper {
    root: PathBuf,
    machine: Id,
    config: Config,
    place: Place,
    writer: Option<Writer>,
    limits: Limits,
    /// Whether the disk is wanted: `--flush` was asked for.
    disk_wanted: bool,
    next_retry: u64,
    next_check: u64,
    unsynced: Option<u64>,
    /// Whether the last entry was taken by no store, which is told once.
    refused: bool,
    /// What is to be said in the log.
    pub notes: Notes,
    /// Segments removed by the limits up to this record.
    pub vacuumed_to: Option<u64>,
}

impl Keeper {
    /// Opens the store that counts now: the disk if it was flushed to in this boot, else memory.
    pub fn open(root: &Path, machine: Id, config: &Config, stamp: &Stamp) -> Self {
        let limits = Limits::resolve(config.runtime, MEMORY_CEILING, Space { size: 0, free: 0 });
        let mut keeper = Self {
            root: root.to_owned(),
            machine,
            config: config.clone(),
            place: Place::Memory,
            writer: None,
            limits,
            disk_wanted: false,
            next_retry: 0,
            next_check: 0,
            unsynced: None,
            refused: false,
            notes: Notes::new(),
            vacuumed_to: None,
        };
        if config.storage == Storage::None {
            return keeper;
        }
        keeper.disk_wanted = keeper.flushed_mark().exists();
        let disk = keeper.disk_wanted
            && keeper.disk_allowed()
            && keeper.switch(Place::Disk, stamp).is_ok();
        if !disk && let Err(error) = keeper.switch(Place::Memory, stamp) {
            keeper.notes.push((3, format!("The log cannot be kept in memory: {error}")));
        }
        keeper
    }

    fn flushed_mark(&self) -> PathBuf {
        self.root.join("run/systemd/journal/flushed")
    }

    fn disk_allowed(&self) -> bool {
        match self.config.storage {
            Storage::Persistent => true,
            Storage::Auto => self.base(Place::Disk).is_dir(),
            Storage::Volatile | Storage::None => false,
        }
    }

    fn base(&self, place: Place) -> PathBuf {
        let base = match place {
            Place::Disk => PERSISTENT,
            Place::Memory => VOLATILE,
        };
        self.root.join(base.trim_start_matches('/'))
    }

    fn folder(&self, place: Place) -> PathBuf {
        self.base(place).join(self.machine.to_string())
    }

    fn switch(&mut self, place: Place, stamp: &Stamp) -> io::Result<()> {
        let folder = self.folder(place);
        let (mut writer, recovered) =
            Writer::open(&folder, self.machine, clock::draw_id(), stamp.realtime)?;
        self.note_recovery(recovered);
        let (wanted, ceiling) = match place {
            Place::Disk => (self.config.system, DISK_CEILING),
            Place::Memory => (self.config.runtime, MEMORY_CEILING),
        };
        let limits = Limits::resolve(wanted, ceiling, Space::of(&folder)?);
        self.limits = Limits {
            max_age: self.config.max_age,
            max_file_age: self.config.max_file_age,
            ..limits
        };
        if let Some(mut before) = self.writer.take()
            && let Err(error) = before.sync()
        {
            self.notes.push((
                4,
                format!("The log in {} is not synced: {error}", before.folder().display()),
            ));
        }
        if writer.length() > self.limits.max_file {
            writer.rotate(stamp.realtime)?;
        }
        (self.writer, self.place) = (Some(writer), place);
        self.next_check = 0;
        Ok(())
    }

    fn note_recovery(&mut self, recovered: Recovered) {
        if recovered.torn > 0 {
            let text = format!(
                "The log was cut off in the middle of a record; {} bytes were removed",
                recovered.torn
            );
            self.notes.push((4, text));
        }
        if recovered.damaged > 0 {
            self.notes.push((
                3,
                format!(
                    "{} bytes of the log are damaged; a new segment was begun",
                    recovered.damaged
                ),
            ));
        }
    }

    /// Stores an entry, or counts it in `lost`.
    pub fn append(&mut self, stamp: &Stamp, fields: &[Field], lost: &mut Lost) {
        if self.config.storage == Storage::None {
            return;
        }
        let outcome = self.try_append(stamp, fields);
        match outcome {
            Ok(()) => {
                self.refused = false;
                let urgent = get(fields, "PRIORITY")
                    .and_then(crate::entry::priority)
                    .is_some_and(|level| level <= 2);
                self.unsynced = self.unsynced.or(Some(stamp.monotonic));
                if urgent {
                    self.sync();
                }
            }
            Err(AppendError::TooLong(_)) => lost.add(Reason::TooLong, 1),
            Err(AppendError::Io(error)) => {
                lost.add(Reason::Storage, 1);
                if !std::mem::replace(&mut self.refused, true) {
                    self.notes.push((3, format!("The log is kept nowhere: {error}")));
                }
            }
        }
    }

    fn try_append(&mut self, stamp: &Stamp, fields: &[Field]) -> Result<(), AppendError> {
        if self.writer.is_none() && stamp.monotonic >= self.next_retry {
            self.next_retry = stamp.monotonic + RETRY;
            self.switch(Place::Memory, stamp)?;
        }
        match self.append_here(stamp, fields) {
            Err(AppendError::Io(error)) if self.place == Place::Disk => {
                self.leave_disk(stamp, &error.to_string())?;
                self.append_here(stamp, fields)
            }
            outcome => outcome,
        }
    }

    /// Appends to the store that is written now, and to no other.
    fn append_here(&mut self, stamp: &Stamp, fields: &[Field]) -> Result<(), AppendError> {
        let missing = || AppendError::Io(io::Error::from(io::ErrorKind::NotConnected));
        let limit = self.limits.max_file;
        let due = self.writer.as_ref().is_some_and(|writer| writer.length() >= limit);
        if due {
            self.rotate(stamp);
        }
        let error = match self.writer.as_mut().ok_or_else(missing)?.append(stamp, fields) {
            Ok(_) => return Ok(()),
            Err(AppendError::Io(error)) => error,
            Err(error) => return Err(error),
        };
        // Older segments go first.
        self.vacuum(self.limits.max_file);
        match self.writer.as_mut().ok_or_else(missing)?.append(stamp, fields) {
            Ok(_) => Ok(()),
            Err(_) => Err(AppendError::Io(error)),
        }
    }

    fn leave_disk(&mut self, stamp: &Stamp, why: &str) -> io::Result<()> {
        self.next_retry = stamp.monotonic + RETRY;
        self.switch(Place::Memory, stamp)?;
        self.notes
            .push((3, format!("The log is kept in memory until the disk takes it again: {why}")));
        Ok(())
    }

    /// Closes the open segment and begins the next.
    pub fn rotate(&mut self, stamp: &Stamp) {
        self.vacuum(0);
        let outcome = self.writer.as_mut().map(|writer| writer.rotate(stamp.realtime));
        if let Some(Err(error)) = outcome {
            self.notes.push((4, format!("The log was not rotated: {error}")));
        }
    }

    /// Removes what is over the limits, and `release` bytes more.
    fn vacuum(&mut self, release: u64) {
        let Some(writer) = &self.writer else { return };
        let folder = writer.folder().to_owned();
        let short =
            Space::of(&folder).map_or(0, |space| self.limits.keep_free.saturating_sub(space.free));
        let want = Vacuum {
            size: Some(self.limits.max_use.saturating_sub(self.limits.max_file).max(1)),
            files: Some(self.limits.max_files),
            age: self.limits.max_age,
            release: release.max(short),
            // Who fills the disk does not empty the log by it.
            keep: (self.limits.max_use / 4).min(KEPT),
        };
        match retention::vacuum(&folder, want, SystemTime::now()) {
            Ok(removed) if removed.is_empty() => {}
            Ok(_) => {
                self.vacuumed_to =
                    directory::first_sequence(&folder).map(|first| first.saturating_sub(1));
            }
            Err(error) => {
                self.notes.push((4, format!("Old log segments were not removed: {error}")));
            }
        }
    }

    /// Brings everything to the disk.
    pub fn sync(&mut self) {
        self.unsynced = None;
        let outcome = self.writer.as_mut().map(Writer::sync);
        if let Some(Err(error)) = outcome {
            self.notes.push((3, format!("The log was not synced: {error}")));
        }
    }

    /// Moves what is in memory to the disk and goes on there.
    pub fn flush(&mut self, stamp: &Stamp, lost: &mut Lost) {
        self.disk_wanted = true;
        if !self.disk_allowed() || self.place == Place::Disk || self.config.storage == Storage::None
        {
            self.mark_flushed();
            return;
        }
        match self.move_to_disk(stamp, lost) {
            Ok(()) => self.mark_flushed(),
            Err(error) => {
                self.next_retry = stamp.monotonic + RETRY;
                self.notes.push((4, format!("The log stays in memory: {error}")));
                if self.place == Place::Disk
                    && let Err(error) = self.switch(Place::Memory, stamp)
                {
                    self.notes.push((3, format!("The log cannot be kept in memory: {error}")));
                }
            }
        }
    }

    fn mark_flushed(&mut self) {
        if let Err(error) = std::fs::write(self.flushed_mark(), b"") {
            self.notes.push((4, format!("{}: {error}", self.flushed_mark().display())));
        }
    }

    fn move_to_disk(&mut self, stamp: &Stamp, lost: &mut Lost) -> io::Result<()> {
        let memory = self.folder(Place::Memory);
        self.switch(Place::Disk, stamp)?;
        let mark = memory.join("moved");
        let mut moved: u64 =
            std::fs::read_to_string(&mark).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        for path in directory::segments(&memory).unwrap_or_default() {
            let outcome = moving::move_segment(&path, &mut moved, lost, |stamp, fields| {
                self.append_here(stamp, fields)
            });
            self.sync();
            // What the disk took before it refused is there: the next try goes on after it.
            std::fs::write(&mark, moved.to_string())?;
            outcome?;
            std::fs::remove_file(&path)?;
        }
        std::fs::remove_dir_all(&memory)
    }

    /// What is due at `stamp`: the sync, another try of the disk, a look at room and age.
    pub fn tick(&mut self, stamp: &Stamp, lost: &mut Lost) {
        let now = stamp.monotonic;
        if self.sync_due().is_some_and(|due| now >= due) {
            self.sync();
        }
        if self.disk_wanted
            && self.place == Place::Memory
            && self.disk_allowed()
            && now >= self.next_retry
        {
            let roomy =
                Space::of(&self.base(Place::Disk)).is_ok_and(|space| space.free > self.floor() * 2);
            if roomy || !self.base(Place::Disk).exists() {
                self.flush(stamp, lost);
            } else {
                self.next_retry = now + RETRY;
            }
        }
        if now >= self.next_check {
            self.next_check = now + CHECK;
            self.check(stamp);
        }
    }

    /// Free bytes below which the disk is left to others.
    fn floor(&self) -> u64 {
        (self.limits.keep_free / 8).max(256 << 10)
    }

    fn check(&mut self, stamp: &Stamp) {
        let Some(writer) = &self.writer else { return };
        let age = Duration::from_micros(stamp.realtime.saturating_sub(writer.created()));
        if self.limits.max_file_age.is_some_and(|limit| age > limit) {
            self.rotate(stamp);
        } else {
            self.vacuum(0);
        }
        let folder = self.folder(self.place);
        let full = Space::of(&folder).is_ok_and(|space| space.free < self.floor());
        if self.place == Place::Disk
            && full
            && let Err(error) = self.leave_disk(stamp, "the disk is nearly full")
        {
            self.notes.push((3, format!("The log cannot be kept in memory: {error}")));
        }
    }

    fn sync_due(&self) -> Option<u64> {
        let interval = u64::try_from(self.config.sync_interval.as_micros()).unwrap_or(u64::MAX);
        self.unsynced.map(|since| since.saturating_add(interval))
    }

    /// When `tick` is due next, in microseconds since the boot.
    pub fn next_due(&self) -> u64 {
        let waiting = self.disk_wanted && self.place == Place::Memory && self.disk_allowed();
        let retry = waiting.then_some(self.next_retry);
        [self.sync_due(), retry, Some(self.next_check)]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(u64::MAX)
    }
}
