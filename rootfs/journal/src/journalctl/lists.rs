//! What journalctl lists besides entries: boots, invocations, fields, the use of the disk, the state of the segments.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use super::Problem;
use super::boots;
use super::filter::Filter;
use super::options::{Lines, Options};
use super::output::{Mode, short};
use super::show::invocations;
use crate::civil::Civil;
use crate::store::reader::{Direction, Query, Reader, Source};
use crate::store::{directory, retention, verify};

/// `--list-boots`
pub fn boots(options: &Options, reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let all = boots::list(reader.segments());
    let count = i64::try_from(all.len()).unwrap_or(0);
    let rows = (1 - count..)
        .zip(&all)
        .map(|(number, boot)| (number, boot.id.to_string(), boot.first, boot.last));
    table(options, ["BOOT ID", "boot_id"], rows.collect(), out)
}

/// `--list-invocations`
pub fn invocation_list(
    options: &Options,
    filter: &Filter,
    reader: &mut Reader,
    out: &mut impl Write,
) -> Result<(), Problem> {
    if filter.units.is_none() {
        return Err(Problem::Told("--list-invocations needs a unit (-u)".to_owned()));
    }
    let all = invocations(filter, reader)?;
    let count = i64::try_from(all.len()).unwrap_or(0);
    let rows = (1 - count..).zip(all).map(|(number, (id, first, last))| (number, id, first, last));
    Ok(table(options, ["INVOCATION ID", "invocation_id"], rows.collect(), out)?)
}

type Row = (i64, String, u64, u64);

fn table(
    options: &Options,
    [title, name]: [&str; 2],
    mut rows: Vec<Row>,
    out: &mut impl Write,
) -> io::Result<()> {
    match options.lines {
        Some(Lines::Last(count)) => rows = rows.split_off(rows.len().saturating_sub(count)),
        Some(Lines::First(count)) => rows.truncate(count),
        Some(Lines::All) | None => {}
    }
    if options.reverse {
        rows.reverse();
    }
    if matches!(options.mode, Mode::Json | Mode::JsonPretty) {
        let list: Vec<serde_json::Value> = rows
            .iter()
            .map(|(index, id, first, last)| {
                serde_json::json!({"index": index, name: id, "first_entry": first, "last_entry": last})
            })
            .collect();
        return writeln!(out, "{}", serde_json::Value::Array(list));
    }
    let time = |micros: u64| {
        let civil = if options.utc { Civil::utc(micros) } else { Civil::local(micros) };
        let Civil { year, month, day, hour, minute, second, zone, .. } = &civil;
        let weekday = civil.weekday_name();
        format!("{weekday} {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} {zone}")
    };
    let width = rows.iter().map(|(index, ..)| index.to_string().len()).max().unwrap_or(0).max(3);
    let long = rows.iter().map(|(_, _, first, _)| time(*first).len()).max().unwrap_or(0).max(11);
    if !options.quiet {
        writeln!(out, "{:>width$} {title:32} {:long$} LAST ENTRY", "IDX", "FIRST ENTRY")?;
    }
    for (index, id, first, last) in rows {
        writeln!(out, "{index:>width$} {id} {:long$} {}", time(first), time(last))?;
    }
    Ok(())
}

/// `--fields`
pub fn names(reader: &mut Reader, out: &mut impl Write) -> io::Result<()> {
    let mut names = BTreeSet::new();
    reader.start(Query::default(), Direction::Forward);
    while let Some(entry) = reader.next_entry()? {
        for (name, _) in entry.fields {
            if !names.contains(&name) {
                names.insert(name);
            }
        }
    }
    names.iter().try_for_each(|name| writeln!(out, "{name}"))
}

/// `--field`
pub fn values(
    field: &str,
    filter: &Filter,
    reader: &mut Reader,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut values = BTreeSet::new();
    reader.start(filter.query(), Direction::Forward);
    while let Some(entry) = reader.next_entry()? {
        if filter.shows(&entry) {
            let found = entry.fields.into_iter().filter(|(name, _)| name == field);
            values.extend(found.map(|(_, value)| value));
        }
    }
    for value in values {
        out.write_all(&value)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// `--disk-usage`
pub fn usage(sources: &[Source], out: &mut impl Write) -> io::Result<()> {
    let files: Vec<PathBuf> = segments(sources);
    let bytes: u64 = files.iter().map(|path| retention::bytes_of(path)).sum();
    writeln!(
        out,
        "Archived and active journals take up {} in the file system.",
        short::bytes(bytes)
    )
}

fn segments(sources: &[Source]) -> Vec<PathBuf> {
    let of = |source: &Source| match source {
        Source::Folder(folder) => directory::segments(folder).unwrap_or_default(),
        Source::File(path) => vec![path.clone()],
    };
    sources.iter().flat_map(of).collect()
}

/// `--verify`: `true` if everything is as the service left it.
pub fn verify(sources: &[Source], quiet: bool, out: &mut impl Write) -> io::Result<bool> {
    let mut sound = true;
    let mut lost = 0;
    for source in sources {
        let checked = match source {
            Source::Folder(folder) => verify::folder(folder)?,
            Source::File(path) => {
                let open = path.file_name().is_some_and(|name| name == directory::ACTIVE);
                vec![verify::Checked {
                    path: path.clone(),
                    ..verify::bytes(&std::fs::read(path)?, open)
                }]
            }
        };
        for segment in checked {
            let name = segment.path.display();
            for problem in &segment.problems {
                writeln!(out, "{name}: {problem}")?;
            }
            if segment.problems.is_empty() && !quiet {
                writeln!(out, "PASS: {name} ({} records)", segment.records)?;
            } else if !segment.problems.is_empty() {
                writeln!(out, "FAIL: {name} (Bad message)")?;
                sound = false;
            }
            lost += segment.lost;
        }
    }
    if lost > 0 && !quiet {
        writeln!(
            out,
            "{lost} lines were lost before they were stored; `journalctl JOURNAL_LOST_REASON=...` says where"
        )?;
    }
    Ok(sound)
}

/// `--header`
pub fn headers(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    for segment in reader.segments() {
        let (header, index) = (&segment.header, &segment.index);
        writeln!(out, "File path: {}", segment.path.display())?;
        writeln!(out, "Machine ID: {}\nSequential number ID: {}", header.machine, header.store)?;
        let last = index.last_sequence.unwrap_or_else(|| header.first_sequence.saturating_sub(1));
        writeln!(
            out,
            "Head sequential number: {}\nTail sequential number: {last}",
            header.first_sequence
        )?;
        let entries: u64 = index.runs.iter().map(|run| u64::from(run.records)).sum();
        writeln!(
            out,
            "Entry objects: {entries}\nBoots: {}\nUnits: {}",
            index.boots.len(),
            index.units.len()
        )?;
        writeln!(
            out,
            "Damaged bytes: {}\nDisk usage: {}\n",
            index.damaged,
            short::bytes(retention::bytes_of(&segment.path))
        )?;
    }
    Ok(())
}
