//! Showing entries: the walk over the log, its limits, boots' separators, and following it.

use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

use super::Problem;
use super::boots;
use super::filter::{Filter, glob, is_glob};
use super::options::{Lines, Options};
use super::output::{Style, cursor};
use crate::clock;
use crate::entry::{Entry, Id};
use crate::store::reader::{Direction, Reader, Source};

/// Settles what was left open in the filter: patterns of units, the boot, the invocation.
pub fn settle(options: &Options, reader: &mut Reader) -> Result<Filter, Problem> {
    let mut filter = options.filter.clone();
    if let Some(units) = &filter.units {
        filter.units = Some(expand(units, reader));
    }
    let known = boots::list(reader.segments());
    let chosen = boots::choose(&known, &options.boot, clock::boot_id())
        .map_err(|error| Problem::Told(error.to_string()))?;
    filter.boots = chosen.map(|boot| vec![boot]);
    if let Some(offset) = options.invocation {
        filter.invocation = Some(invocation(&filter, offset, reader)?);
    }
    Ok(filter)
}

fn expand(units: &[String], reader: &Reader) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for unit in units {
        if is_glob(unit) {
            let known = reader.segments().flat_map(|segment| segment.index.units.keys());
            names.extend(known.filter(|name| glob(unit, name)).cloned());
        } else {
            names.push(unit.clone());
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Invocations of the units of a filter, the oldest first, each with the time of its first and last entry.
pub fn invocations(filter: &Filter, reader: &mut Reader) -> io::Result<Vec<(String, u64, u64)>> {
    let mut found = Vec::<(String, u64, u64)>::new();
    reader.start(filter.query(), Direction::Forward);
    while let Some(entry) = reader.next_entry()? {
        let names = ["_SYSTEMD_INVOCATION_ID", "INVOCATION_ID"];
        let Some(id) =
            names.iter().find_map(|name| entry.text(name)).filter(|_| filter.shows(&entry))
        else {
            continue;
        };
        let time = entry.stamp.realtime;
        match found.iter_mut().find(|(known, _, _)| known == id) {
            Some((_, _, last)) => *last = time,
            None => found.push((id.to_owned(), time, time)),
        }
    }
    Ok(found)
}

fn invocation(filter: &Filter, offset: i64, reader: &mut Reader) -> Result<String, Problem> {
    if filter.units.is_none() {
        return Err(Problem::Told("--invocation= with an offset needs a unit".to_owned()));
    }
    let found = invocations(filter, reader)?;
    let count = i64::try_from(found.len()).unwrap_or(0);
    let place = if offset > 0 { offset - 1 } else { count - 1 + offset };
    let chosen = usize::try_from(place).ok().and_then(|place| found.get(place));
    chosen
        .map(|(id, _, _)| id.clone())
        .ok_or_else(|| Problem::Told(format!("no invocation {offset} in the journal")))
}

/// The place a cursor names.
struct Place {
    store: String,
    sequence: u64,
    realtime: u64,
}

fn parse_cursor(text: &str) -> Option<Place> {
    let part =
        |name: &str| text.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str| u64::from_str_radix(part(name)?, 16).ok();
    Some(Place { store: part("s")?.to_owned(), sequence: number("i")?, realtime: number("t")? })
}

impl Place {
    /// Whether `entry` stands at or after the place; only after it with `after`.
    fn reached(&self, entry: &Entry, after: bool) -> bool {
        let order = if entry.store.to_string() == self.store {
            entry.sequence.cmp(&self.sequence)
        } else {
            entry.stamp.realtime.cmp(&self.realtime)
        };
        if after { order.is_gt() } else { order.is_ge() }
    }
}

/// What was printed last, for separators and cursors.
struct Printer<'a> {
    style: &'a Style,
    quiet: bool,
    boot: Option<Id>,
    monotonic: Option<u64>,
    cursor: Option<String>,
    shown: usize,
}

impl Printer<'_> {
    fn print(&mut self, entry: &Entry, out: &mut impl Write) -> io::Result<()> {
        if let Some(before) = self.boot.filter(|before| *before != entry.stamp.boot && !self.quiet)
        {
            let _ = before;
            writeln!(out, "-- Boot {} --", entry.stamp.boot)?;
            self.monotonic = None;
        }
        out.write_all(&self.style.render(entry, self.monotonic))?;
        self.boot = Some(entry.stamp.boot);
        self.monotonic = Some(entry.stamp.monotonic);
        self.cursor = Some(cursor(entry));
        self.shown += 1;
        Ok(())
    }
}

/// Shows what `options` ask for; with `--follow` until it is interrupted.
pub fn run(
    options: &Options,
    style: &Style,
    reader: &mut Reader,
    sources: &dyn Fn() -> Vec<Source>,
    out: &mut impl Write,
) -> Result<(), Problem> {
    let filter = settle(options, reader)?;
    let kept = options.cursor_file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let after = options.after_cursor.clone().or(kept);
    let place = match options.cursor.as_ref().or(after.as_ref()) {
        Some(text) => Some(
            parse_cursor(text.trim())
                .ok_or_else(|| Problem::Told(format!("`{text}` is no cursor")))?,
        ),
        None => None,
    };
    let is_after = options.cursor.is_none();
    let shows = |entry: &Entry| {
        filter.shows(entry) && place.as_ref().is_none_or(|place| place.reached(entry, is_after))
    };
    let quiet = options.quiet;
    let mut printer = Printer { style, quiet, boot: None, monotonic: None, cursor: None, shown: 0 };
    // With --grep the last matches come newest first, as journalctl(1) says.
    let last = matches!(options.lines, Some(Lines::Last(_)));
    let reverse = options.reverse || (last && filter.pattern.is_some() && !options.follow);
    let limit = match options.lines {
        Some(Lines::Last(count) | Lines::First(count)) => count,
        Some(Lines::All) | None => usize::MAX,
    };
    if last && !reverse {
        let mut entries = Vec::new();
        reader.start(filter.query(), Direction::Backward);
        while entries.len() < limit
            && let Some(entry) = reader.next_entry()?
        {
            if shows(&entry) {
                entries.push(entry);
            }
        }
        for entry in entries.iter().rev() {
            printer.print(entry, out)?;
        }
    } else {
        reader
            .start(filter.query(), if reverse { Direction::Backward } else { Direction::Forward });
        while printer.shown < limit
            && let Some(entry) = reader.next_entry()?
        {
            if shows(&entry) {
                printer.print(&entry, out)?;
            }
        }
    }
    if options.follow {
        follow(reader, sources, out, &mut |entry, out| {
            if shows(entry) { printer.print(entry, out) } else { Ok(()) }
        })?;
    }
    if printer.shown == 0 && !quiet {
        writeln!(out, "-- No entries --")?;
    }
    if let Some(cursor) = &printer.cursor {
        if options.show_cursor {
            writeln!(out, "-- cursor: {cursor}")?;
        }
        if let Some(path) = &options.cursor_file {
            std::fs::write(path, cursor)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Prints what comes, woken by changes of the folders and every two seconds in any case.
fn follow<W: Write>(
    reader: &mut Reader,
    sources: &dyn Fn() -> Vec<Source>,
    out: &mut W,
    print: &mut dyn FnMut(&Entry, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
    let changes = inotify::init(flags)?;
    let mut watched: Vec<PathBuf> = Vec::new();
    loop {
        let sources = sources();
        for source in &sources {
            let (Source::Folder(path) | Source::File(path)) = source;
            let wanted = inotify::WatchFlags::MODIFY
                | inotify::WatchFlags::CREATE
                | inotify::WatchFlags::MOVED_TO;
            if !watched.contains(path) && inotify::add_watch(&changes, path, wanted).is_ok() {
                watched.push(path.clone());
            }
        }
        for entry in reader.fresh(&sources)? {
            print(&entry, out)?;
        }
        out.flush()?;
        let mut waiting = [PollFd::new(&changes, PollFlags::IN)];
        match poll(&mut waiting, Some(&Timespec { tv_sec: 2, tv_nsec: 0 })) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut buffer = [MaybeUninit::uninit(); 4096];
        while rustix::io::read(&changes, &mut buffer[..]).is_ok_and(|(read, _)| !read.is_empty()) {}
    }
}
