//! The search path: `/etc`, `/run`, `/usr/local/lib`, `/usr/lib` below `systemd/network`, with drop-ins and masks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use keelson_units::text::{self, Entry, Remark};

use super::keys::Kind;

/// Earlier ones hide files of the same name in later ones.
const FOLDERS: [&str; 4] = [
    "etc/systemd/network",
    "run/systemd/network",
    "usr/local/lib/systemd/network",
    "usr/lib/systemd/network",
];

/// One `Key=value`, and in which of the file's sections it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The assignment.
    pub entry: Entry,
    /// Counts section headers through the file and its drop-ins: two `[Route]`s have two numbers.
    pub part: usize,
}

/// A file with its drop-ins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, without the root folder.
    pub path: PathBuf,
    /// Its drop-ins, without the root folder.
    pub drop_ins: Vec<PathBuf>,
    /// What stands in them.
    pub lines: Vec<Line>,
}

/// Every file of a kind below `root`, by name, masked ones left out.
pub fn read_all(root: &Path, kind: Kind, remarks: &mut Vec<Remark>) -> Vec<Source> {
    let ending = format!(".{}", kind.ending());
    let files = found(root, "", &ending);
    files.iter().filter_map(|(name, path)| read_one(root, name, path, remarks)).collect()
}

/// The files with an ending in one folder of the search path, `below` it; of one name the first.
fn found(root: &Path, below: &str, ending: &str) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS {
        let folder = Path::new(folder).join(below);
        let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(ending) {
                files.entry(name.clone()).or_insert_with(|| folder.join(name));
            }
        }
    }
    files
}

fn read_one(root: &Path, name: &str, path: &Path, remarks: &mut Vec<Remark>) -> Option<Source> {
    if is_masked(&root.join(path)) {
        return None;
    }
    let mut source =
        Source { path: Path::new("/").join(path), drop_ins: Vec::new(), lines: Vec::new() };
    let mut part = 0;
    read_into(root, path, &mut part, &mut source.lines, remarks).ok()?;
    for drop_in in found(root, &format!("{name}.d"), ".conf").into_values() {
        if is_masked(&root.join(&drop_in)) {
            continue;
        }
        if read_into(root, &drop_in, &mut part, &mut source.lines, remarks).is_ok() {
            source.drop_ins.push(Path::new("/").join(drop_in));
        }
    }
    Some(source)
}

/// An empty file or a link to `/dev/null` hides the ones of its name.
fn is_masked(path: &Path) -> bool {
    let to_null = fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null"));
    to_null || fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
}

fn read_into(
    root: &Path,
    path: &Path,
    part: &mut usize,
    lines: &mut Vec<Line>,
    remarks: &mut Vec<Remark>,
) -> io::Result<()> {
    let shown = Path::new("/").join(path);
    let bytes = fs::read(root.join(path)).inspect_err(|error| {
        let place = text::Place { file: shown.clone(), line: 0 };
        remarks.push(Remark { place, what: format!("cannot be read: {error}") });
    })?;
    let content = String::from_utf8_lossy(&bytes);
    lines.extend(split(&content, &shown, part, remarks));
    Ok(())
}

/// Splits a text into lines; `part` goes on from the file before.
pub fn split(
    content: &str,
    shown: &Path,
    part: &mut usize,
    remarks: &mut Vec<Remark>,
) -> Vec<Line> {
    let headers: Vec<usize> = content
        .lines()
        .enumerate()
        .filter(|(_, line)| line.trim().starts_with('['))
        .map(|(at, _)| at + 1)
        .collect();
    let before = *part;
    let number = |line: usize| before + headers.partition_point(|header| *header <= line);
    let entries = text::parse(content, shown, remarks);
    let lines =
        entries.into_iter().map(|entry| Line { part: number(entry.place.line), entry }).collect();
    *part = before + headers.len();
    lines
}
