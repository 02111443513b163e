//! Reading one or several stores as one log, in the order things were logged.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

use super::directory;
use super::segment::{Segment, SegmentError};
use crate::entry::{Entry, Id};

/// What an index can answer; everything else is the caller's to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The earliest time, in microseconds since 1970.
    pub since: Option<u64>,
    /// The latest.
    pub until: Option<u64>,
    /// Only these boots.
    pub boots: Option<Vec<Id>>,
    /// Only runs that name one of these units.
    pub units: Option<Vec<String>>,
    /// Bit N: level N is wanted; bit 8: no level.
    pub levels: Option<u16>,
}

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The oldest first.
    Forward,
    /// The newest first.
    Backward,
}

/// Where a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A store's folder.
    Folder(PathBuf),
    /// One segment.
    File(PathBuf),
}

/// One store's part of a walk.
struct Stream {
    source: Source,
    segments: Vec<Segment>,
    runs: VecDeque<(usize, usize)>,
    buffer: VecDeque<Entry>,
    last: u64,
}

/// A log open for reading.
pub struct Reader {
    streams: Vec<Stream>,
    query: Query,
    direction: Direction,
    /// The time of the newest entry given out.
    newest: u64,
    /// Files that could not be read, and why.
    pub refused: Vec<SegmentError>,
}

impl Reader {
    /// Opens all segments of `sources`. What cannot be read is in `refused`.
    pub fn open(sources: &[Source]) -> Self {
        let mut reader = Self {
            streams: Vec::new(),
            query: Query::default(),
            direction: Direction::Forward,
            newest: 0,
            refused: Vec::new(),
        };
        for source in sources {
            let mut stream = Stream::new(source.clone());
            stream.rescan(&mut reader.refused);
            reader.streams.push(stream);
        }
        reader
    }

    /// The segments, store by store.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.streams.iter().flat_map(|stream| &stream.segments)
    }

    /// Begins a walk.
    pub fn start(&mut self, query: Query, direction: Direction) {
        for stream in &mut self.streams {
            stream.start(&query, direction);
        }
        (self.query, self.direction) = (query, direction);
    }

    /// The next entry of a run that may hold what is wanted.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        let mut chosen = None;
        for (number, stream) in self.streams.iter_mut().enumerate() {
            stream.fill(self.direction)?;
            let Some(time) = stream.buffer.front().map(|entry| entry.stamp.realtime) else {
                continue;
            };
            let better = chosen.is_none_or(|(_, best)| match self.direction {
                Direction::Forward => time < best,
                Direction::Backward => time > best,
            });
            if better {
                chosen = Some((number, time));
            }
        }
        let Some((number, time)) = chosen else { return Ok(None) };
        self.newest = self.newest.max(time);
        Ok(self.streams[number].buffer.pop_front())
    }

    /// What was logged since the walk began or this was last called, oldest first. `sources` may name folders that
    /// were not there before: their entries count from the newest one seen.
    pub fn fresh(&mut self, sources: &[Source]) -> io::Result<Vec<Entry>> {
        for source in sources {
            if !self.streams.iter().any(|stream| stream.source == *source) {
                self.streams.push(Stream::new(source.clone()));
            }
        }
        let (newest, mut entries) = (self.newest, Vec::new());
        for stream in &mut self.streams {
            let unseen = stream.segments.is_empty();
            let found = stream.fresh(&mut self.refused)?;
            entries
                .extend(found.into_iter().filter(|entry| !unseen || entry.stamp.realtime > newest));
        }
        entries.sort_by_key(|entry| entry.stamp.realtime);
        self.newest = entries.last().map_or(newest, |entry| newest.max(entry.stamp.realtime));
        Ok(entries)
    }
}

impl Stream {
    fn new(source: Source) -> Self {
        Self {
            source,
            segments: Vec::new(),
            runs: VecDeque::new(),
            buffer: VecDeque::new(),
            last: 0,
        }
    }

    /// Opens segments that are not open yet. One that was renamed in between is known by its header.
    fn rescan(&mut self, refused: &mut Vec<SegmentError>) {
        let paths = match &self.source {
            Source::File(path) => vec![path.clone()],
            Source::Folder(folder) => match directory::segments(folder) {
                Ok(paths) => paths,
                Err(source) => {
                    refused.push(SegmentError::Io { path: folder.clone(), source });
                    return;
                }
            },
        };
        for path in paths {
            match Segment::open(&path) {
                Ok(segment) if self.segments.iter().any(|known| known.header == segment.header) => {
                }
                Ok(segment) => self.segments.push(segment),
                // The service closed it between the listing and the opening.
                Err(SegmentError::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => refused.push(error),
            }
        }
        self.segments.sort_by_key(|segment| segment.header.created);
    }

    fn start(&mut self, query: &Query, direction: Direction) {
        self.buffer.clear();
        self.runs = self
            .segments
            .iter()
            .enumerate()
            .flat_map(|(number, segment)| {
                wanted_runs(segment, query).into_iter().map(move |run| (number, run))
            })
            .collect();
        if direction == Direction::Backward {
            self.runs.make_contiguous().reverse();
        }
        self.last = self
            .segments
            .iter()
            .filter_map(|segment| segment.index.last_sequence)
            .max()
            .unwrap_or(0);
    }

    fn fill(&mut self, direction: Direction) -> io::Result<()> {
        while self.buffer.is_empty() {
            let Some((segment, run)) = self.runs.pop_front() else { return Ok(()) };
            let entries = self.segments[segment].run(run)?;
            match direction {
                Direction::Forward => self.buffer.extend(entries),
                Direction::Backward => self.buffer.extend(entries.into_iter().rev()),
            }
        }
        Ok(())
    }

    fn fresh(&mut self, refused: &mut Vec<SegmentError>) -> io::Result<Vec<Entry>> {
        let before = self.segments.len();
        let open = match &self.source {
            Source::Folder(folder) => folder.join(directory::ACTIVE),
            Source::File(path) => path.clone(),
        };
        let rotated = self.segments.last().is_none_or(|segment| !segment.is_at(&open));
        // A segment that was closed in between has its last records by now.
        if let Some(segment) = self.segments.last_mut() {
            segment.refresh()?;
        }
        if rotated {
            self.rescan(refused);
        }
        let mut entries = Vec::new();
        for segment in self.segments.iter_mut().skip(before.saturating_sub(1)) {
            for run in 0..segment.index.runs.len() {
                let next = segment.index.runs.get(run + 1).map(|next| next.first_sequence);
                if next.is_none_or(|next| next > self.last + 1) {
                    entries.extend(segment.run(run)?);
                }
            }
        }
        entries.retain(|entry| entry.sequence > self.last);
        self.last = entries.last().map_or(self.last, |entry| entry.sequence);
        Ok(entries)
    }
}

/// The runs of a segment that may hold what is wanted.
fn wanted_runs(segment: &Segment, query: &Query) -> Vec<usize> {
    let index = &segment.index;
    let count = index.runs.len();
    let mut wanted = vec![true; count];
    if let Some(units) = &query.units {
        let mut named = vec![false; count];
        for run in units.iter().filter_map(|unit| index.units.get(unit)).flatten() {
            if let Some(place) = usize::try_from(*run).ok().and_then(|run| named.get_mut(run)) {
                *place = true;
            }
        }
        wanted = named;
    }
    let boots = query.boots.as_ref().map(|boots| {
        index
            .boots
            .iter()
            .filter(|boot| boots.contains(&boot.id))
            .map(|boot| boot.first_run..=boot.last_run)
            .collect()
    });
    let spans: Option<Vec<_>> = boots;
    (0..count)
        .filter(|number| {
            let run = &index.runs[*number];
            wanted[*number]
                && query.since.is_none_or(|since| run.latest >= since)
                && query.until.is_none_or(|until| run.earliest <= until)
                && query.levels.is_none_or(|levels| run.levels & levels != 0)
                && spans.as_ref().is_none_or(|spans| {
                    u32::try_from(*number)
                        .is_ok_and(|number| spans.iter().any(|span| span.contains(&number)))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests;
