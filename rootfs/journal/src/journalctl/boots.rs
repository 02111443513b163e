//! The boots a log holds, and the choice of one of them. Pure.

use super::options::BootChoice;
use crate::entry::Id;
use crate::store::segment::Segment;

/// A boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Its identity.
    pub id: Id,
    /// The time of its first entry, in microseconds since 1970.
    pub first: u64,
    /// The time of its last.
    pub last: u64,
}

/// All boots of the segments, the oldest first.
pub fn list<'a>(segments: impl Iterator<Item = &'a Segment>) -> Vec<Boot> {
    let mut boots = Vec::<Boot>::new();
    for part in segments.flat_map(|segment| &segment.index.boots) {
        match boots.iter_mut().find(|boot| boot.id == part.id) {
            Some(boot) => {
                boot.first = boot.first.min(part.first);
                boot.last = boot.last.max(part.last);
            }
            None => boots.push(Boot { id: part.id, first: part.first, last: part.last }),
        }
    }
    boots.sort_by_key(|boot| boot.first);
    boots
}

/// Why there is no such boot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Data from the specified boot ({0}) is not available: No such boot ID in journal")]
pub struct NoBoot(String);

/// The boot that is meant; `None` for all of them. `current` is this one.
pub fn choose(boots: &[Boot], choice: &BootChoice, current: Id) -> Result<Option<Id>, NoBoot> {
    let (base, offset) = match choice {
        BootChoice::All => return Ok(None),
        // Counted from this boot if the log has it, as the newest one may be of another machine.
        BootChoice::Offset(0) if boots.iter().any(|boot| boot.id == current) => {
            return Ok(Some(current));
        }
        BootChoice::Offset(offset) if *offset > 0 => (0, offset - 1),
        BootChoice::Offset(offset) => (i64::try_from(boots.len()).unwrap_or(0) - 1, *offset),
        BootChoice::Id(id, offset) => {
            let place = boots
                .iter()
                .position(|boot| boot.id.to_string() == *id)
                .ok_or_else(|| NoBoot(id.clone()))?;
            (i64::try_from(place).unwrap_or(0), *offset)
        }
    };
    let place = usize::try_from(base + offset).ok();
    let boot = place.and_then(|place| boots.get(place));
    boot.map(|boot| Some(boot.id)).ok_or_else(|| NoBoot(format!("{offset:+}")))
}

#[cfg(test)]
mod tests;
