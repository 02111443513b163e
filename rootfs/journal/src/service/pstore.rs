//! The crash trail: what the kernel saved of its ring when the last boot ended in a panic (/sys/fs/pstore).
//!
//! The kernel writes these files itself where the platform has a place for them (EFI variables, ACPI ERST, ramoops).
//! `systemd-pstore.service` asks for them when the drivers of such places have come. They are read into the log once,
//! kept below `/var/lib/systemd/pstore` as systemd-pstore(8) does, and removed, which makes room for the next.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use keelson_output::eprintln;

use super::control;
use super::log::{Line, Log};
use super::signals::Request;
use crate::entry::field;

/// The most lines of one panic; the last ones count most.
const MAX_LINES: usize = 2000;

/// What the kernel could not unpack.
const PACKED: &str = ".enc.z";

/// A file of the kernel's: a panic's words are in several where the platform's places are small.
struct Record {
    path: PathBuf,
    name: String,
    /// Seconds since the epoch.
    time: u64,
    content: Vec<u8>,
}

/// Runs `systemd-pstore`: has the log service read the records.
pub fn run() -> ExitCode {
    match control::ask(Path::new("/"), Request::CrashRecords) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!(
                "systemd-pstore: asking the log service: {error}; the records stay"
            ));
            ExitCode::FAILURE
        }
    }
}

/// Reads the files of `root`'s pstore into the log.
pub fn import(root: &Path, log: &mut Log) {
    let mut records = Vec::new();
    for item in std::fs::read_dir(root.join("sys/fs/pstore")).into_iter().flatten().flatten() {
        match read(item.path()) {
            Ok(record) => records.push(record),
            Err(error) => log.own(4, &format!("{}: {error}", item.path().display())),
        }
    }
    if records.is_empty() {
        return;
    }
    for dump in dumps(&records) {
        store(&dump, log);
    }
    log.keeper.sync();
    for record in &records {
        // A copy that cannot be kept is in the log all the same; a file that stays would be read again at each boot.
        if let Err(error) = archive(root, record) {
            log.own(4, &format!("{} is not kept in /var/lib/systemd/pstore: {error}", record.name));
        }
        if let Err(error) = std::fs::remove_file(&record.path) {
            log.own(4, &format!("removing {}: {error}", record.path.display()));
        }
    }
}

fn read(path: PathBuf) -> io::Result<Record> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let content = std::fs::read(&path)?;
    let modified = std::fs::metadata(&path)?.modified()?;
    let time = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(Record { path, name, time, content })
}

/// The records of each dump, the oldest dump and its first lines first.
fn dumps(records: &[Record]) -> Vec<Vec<&Record>> {
    let mut dumps: BTreeMap<&[u8], Vec<&Record>> = BTreeMap::new();
    for record in records {
        let key = header(&record.content).map_or(record.name.as_bytes(), |(dump, _)| dump);
        dumps.entry(key).or_default().push(record);
    }
    let mut dumps: Vec<Vec<&Record>> = dumps.into_values().collect();
    for dump in &mut dumps {
        // The kernel writes its newest lines first.
        let part = |record: &Record| header(&record.content).map_or(0, |(_, part)| part);
        dump.sort_by_key(|record| (std::cmp::Reverse(part(record)), record.time));
    }
    dumps.sort_by_key(|dump| dump.iter().map(|record| record.time).min());
    dumps
}

/// The first line of a record of the ring, `Panic#2 Part3`: the dump and the part.
fn header(content: &[u8]) -> Option<(&[u8], u32)> {
    let line = content.split(|byte| *byte == b'\n').next()?;
    let space = line.iter().position(|byte| *byte == b' ')?;
    let part = std::str::from_utf8(&line[space..]).ok()?.strip_prefix(" Part")?;
    line[..space].contains(&b'#').then_some((&line[..space], part.parse().ok()?))
}

/// Puts the lines of a dump into the log.
fn store(dump: &[&Record], log: &mut Log) {
    let lines: Vec<(&str, &[u8])> = dump
        .iter()
        .filter(|record| !record.name.ends_with(PACKED))
        .flat_map(|record| {
            let lines = record.content.split(|byte| *byte == b'\n');
            let lines = lines.skip(usize::from(header(&record.content).is_some()));
            lines.filter(|line| !line.is_empty()).map(|line| (record.name.as_str(), line))
        })
        .collect();
    let first = dump.first().map_or("", |record| &record.name);
    let (count, left_out) = (lines.len(), lines.len().saturating_sub(MAX_LINES));
    log.own(
        2,
        &format!(
            "The kernel left a crash record ({first}, {} files): the last {} of {count} lines follow",
            dump.len(),
            count - left_out
        ),
    );
    for (name, line) in lines.into_iter().skip(left_out) {
        let (level, text) = super::syslog::prefix(line);
        log.accept(Line {
            transport: "kernel",
            fields: vec![
                field("MESSAGE", text),
                field("PRIORITY", (level.unwrap_or(4) & 7).to_string()),
                field("SYSLOG_IDENTIFIER", "pstore"),
                field("SYSLOG_FACILITY", "0"),
                field("PSTORE_FILE", name),
            ],
            ..Line::default()
        });
    }
}

/// Keeps a copy as it was.
fn archive(root: &Path, record: &Record) -> io::Result<()> {
    let folder = root.join("var/lib/systemd/pstore");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{}-{}", record.time, record.name)), &record.content)
}

#[cfg(test)]
mod tests;
