//! Which stream is being read, told in a file of /run: after a SIGKILL between the storing of lines and their taking
//! out of the socket, the next service finds the same lines there and must not store them again.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::clock;
use crate::entry::Id;
use crate::store::directory;
use crate::store::reader::{Direction, Query, Reader, Source};

/// The file and what the service before this one left in it.
pub struct Reading {
    file: Option<File>,
    /// The stream that was being read and the texts of its lines that were stored, oldest first.
    left: Option<(String, Vec<Vec<u8>>)>,
}

impl Reading {
    /// Opens the file of the host at `root` and looks up what was stored of the stream it names.
    pub fn open(root: &Path, machine: Id, boot: Id) -> Self {
        let path = root.join("run/systemd/journal/reading");
        let told = std::fs::read_to_string(&path).ok().and_then(|text| parse(&text));
        let left = told.map(|(since, id)| {
            let texts = stored(root, machine, boot, since, &id);
            (id, texts)
        });
        // Without the file the service works all the same; what a kill then doubles is some lines.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).ok();
        Self { file, left }
    }

    /// Lines of the stream `id` are about to be stored.
    pub fn begin(&self, id: &str) {
        self.write(&format!("+{:020} {id}\n", clock::monotonic()));
    }

    /// The lines that were stored have left the socket.
    pub fn end(&self) {
        self.write("-");
    }

    fn write(&self, text: &str) {
        if let Some(file) = &self.file {
            // A full /run costs no line either.
            let _ = file.write_all_at(text.as_bytes(), 0);
        }
    }

    /// Whether the service before this one stored this line of the stream `id` and could not take it out.
    pub fn was_stored(&mut self, id: &str, text: &[u8]) -> bool {
        let Some((_, texts)) = self.left.as_mut().filter(|(stream, _)| stream == id) else {
            return false;
        };
        let place = texts.iter().position(|stored| stored == text);
        // Lines before it that do not come again were not in the socket any more.
        place.map(|place| texts.drain(..=place)).is_some()
    }

    /// The first look at the stream `id` is over: what comes now is new.
    pub fn forget(&mut self, id: &str) {
        if self.left.as_ref().is_some_and(|(stream, _)| stream == id) {
            self.left = None;
        }
    }
}

/// Since when which stream was being read; `None` if none was.
fn parse(text: &str) -> Option<(u64, String)> {
    let (since, id) = text.lines().next()?.strip_prefix('+')?.split_once(' ')?;
    Some((since.parse().ok()?, id.to_owned()))
}

/// The texts of the lines of a stream that were stored since a moment of this boot, oldest first.
fn stored(root: &Path, machine: Id, boot: Id, since: u64, id: &str) -> Vec<Vec<u8>> {
    let folders = directory::folders(root, Some(machine)).into_iter().map(Source::Folder);
    let mut reader = Reader::open(&folders.collect::<Vec<_>>());
    reader.start(Query { boots: Some(vec![boot]), ..Query::default() }, Direction::Backward);
    let mut texts = Vec::new();
    // A store that cannot be read holds nothing against storing a line.
    while let Ok(Some(entry)) = reader.next_entry() {
        if entry.stamp.boot != boot {
            continue;
        }
        if entry.stamp.monotonic < since {
            break;
        }
        if entry.text("_STREAM_ID") == Some(id) {
            texts.extend(entry.get("MESSAGE").map(<[u8]>::to_vec));
        }
    }
    texts.reverse();
    texts
}

#[cfg(test)]
mod tests;
