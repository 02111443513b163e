//! What is in memory, entry by entry, for the disk. A disk that refuses may be tried again: what it took is not given twice.

use std::io;
use std::path::Path;

use super::super::lost::{Lost, Reason};
use crate::entry::{Field, Stamp};
use crate::store::reader::{Direction, Query, Reader, Source};
use crate::store::writer::AppendError;

/// Gives `append` the entries of the segment at `path` that follow number `moved`, which then is the last that was taken,
/// also after an error. Numbers that are missing before the segment count in `lost`, once.
pub fn move_segment(
    path: &Path,
    moved: &mut u64,
    lost: &mut Lost,
    mut append: impl FnMut(&Stamp, &[Field]) -> Result<(), AppendError>,
) -> io::Result<()> {
    let mut reader = Reader::open(&[Source::File(path.to_owned())]);
    let first = reader.segments().next().map(|segment| segment.header.first_sequence);
    if let Some(before) = first.map(|first| first.saturating_sub(1)).filter(|last| *last > *moved) {
        lost.add(Reason::Overrun, before - *moved);
        *moved = before;
    }
    reader.start(Query::default(), Direction::Forward);
    while let Some(entry) = reader.next_entry()? {
        let mut fields = entry.fields;
        fields.retain(|(name, _)| name != "_BOOT_ID" && name != "_MACHINE_ID");
        if entry.sequence > *moved {
            append(&entry.stamp, &fields).map_err(io::Error::other)?;
            *moved = entry.sequence;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Id, field};
    use crate::store::directory::{self, ACTIVE};
    use crate::store::writer::Writer;

    #[test]
    fn a_disk_that_refuses_half_way_is_given_the_rest_later() {
        let folder = tempfile::tempdir().unwrap();
        let (mut writer, _) = Writer::open(folder.path(), Id([1; 16]), Id([2; 16]), 1).unwrap();
        for number in 1..=6_u64 {
            writer.append(&Stamp::default(), &[field("MESSAGE", number.to_string())]).unwrap();
            if number == 2 {
                writer.rotate(2).unwrap();
            }
        }
        std::fs::remove_file(&directory::segments(folder.path()).unwrap()[0]).unwrap();
        let active = folder.path().join(ACTIVE);
        let (mut moved, mut lost, mut taken) = (0, Lost::default(), Vec::new());
        for (room, last) in [(0, 2), (2, 4), (1, 5), (9, 6)] {
            let mut left = room;
            let outcome = move_segment(&active, &mut moved, &mut lost, |_, fields| {
                if left == 0 {
                    return Err(io::Error::from(io::ErrorKind::StorageFull).into());
                }
                left -= 1;
                taken.push(fields[0].1.clone());
                Ok(())
            });
            assert_eq!((outcome.is_ok(), moved), (last == 6, last));
        }
        assert_eq!(taken, [b"3", b"4", b"5", b"6"]);
        assert!(lost.take()[0].contains(&field("JOURNAL_LOST", "2")), "counted once");
    }
}
