//! The last lines of a unit, for `systemctl status`.

use std::path::Path;

use crate::clock;
use crate::entry::Id;
use crate::journalctl::filter::of_unit;
use crate::journalctl::output::{Mode, Style};
use crate::store::directory;
use crate::store::reader::{Direction, Query, Reader, Source};

/// How many entries without one of the unit are looked at before the search ends.
const PATIENCE: usize = 100_000;

/// The last `lines` lines of `unit` in this boot (of one invocation if given), the oldest first, as `journalctl -u`
/// shows them. Empty if there are none or the caller may not read the log.
pub fn unit_lines(unit: &str, invocation: Option<&str>, lines: usize) -> Vec<String> {
    unit_lines_below(Path::new("/"), unit, invocation, lines)
}

/// The same on the host whose root folder is `root`; its newest boot where it is another host's.
pub fn unit_lines_below(
    root: &Path,
    unit: &str,
    invocation: Option<&str>,
    lines: usize,
) -> Vec<String> {
    let machine = Some(clock::machine_id(root)).filter(|machine| *machine != Id::default());
    let sources: Vec<Source> =
        directory::folders(root, machine).into_iter().map(Source::Folder).collect();
    let mut reader = Reader::open(&sources);
    let current = clock::boot_id();
    let units = (!unit.ends_with(".slice")).then(|| vec![unit.to_owned()]);
    reader.start(
        Query { boots: Some(vec![current]), units, ..Query::default() },
        Direction::Backward,
    );
    let style = Style::plain(Mode::Short);
    let mut found = Vec::new();
    let mut looked = 0;
    while found.len() < lines && looked < PATIENCE {
        // A segment that cannot be read ends the list; the status of a unit is shown all the same.
        let Ok(Some(entry)) = reader.next_entry() else { break };
        looked += 1;
        let names = ["_SYSTEMD_INVOCATION_ID", "INVOCATION_ID"];
        let of_invocation =
            invocation.is_none_or(|id| names.iter().any(|name| entry.text(name) == Some(id)));
        if entry.stamp.boot == current && of_unit(&entry, unit) && of_invocation {
            found.push(
                String::from_utf8_lossy(style.render(&entry, None).trim_ascii_end()).into_owned(),
            );
        }
    }
    found.reverse();
    found
}
