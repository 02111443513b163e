//! Lines that were not stored: counted by reason until a record in the log says how many. Pure.

use crate::entry::{Field, field};

/// Why lines are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A unit logged more than its rate limit.
    RateLimit,
    /// Neither the disk nor memory took them.
    Storage,
    /// The log in memory was full before the disk could be written.
    Overrun,
    /// The kernel's ring was overwritten before it was read.
    KernelRing,
    /// An entry was longer than the log takes.
    TooLong,
    /// A datagram was cut off or malformed.
    Malformed,
    /// The console did not take them in time. They are in the log.
    Console,
    /// The remote server did not take them in time. They are in the log.
    Remote,
}

const REASONS: [(Reason, &str, &str); 8] = [
    (Reason::RateLimit, "rate-limit", "suppressed by a rate limit"),
    (Reason::Storage, "storage", "not stored: neither the disk nor memory took them"),
    (Reason::Overrun, "overrun", "overwritten in memory before the disk could be written"),
    (Reason::KernelRing, "kernel-ring", "overwritten in the kernel's ring before they were read"),
    (Reason::TooLong, "too-long", "longer than the log takes"),
    (Reason::Malformed, "malformed", "cut off or malformed"),
    (Reason::Console, "console", "not written to the console, which is too slow"),
    (Reason::Remote, "remote", "not sent to the remote server, whose queue is full"),
];

/// `MESSAGE_ID` of "messages are missing", which systemd gives such records too.
const MESSAGE_ID: &str = "e9bf28e6e834481bb6f48f548ad13606";

/// The field that says how many lines were not forwarded.
pub const NOT_FORWARDED: &str = "JOURNAL_NOT_FORWARDED";

/// The fields that say what the log is missing. `journalctl --verify` believes them.
pub const OWN_FIELDS: [&str; 4] =
    ["JOURNAL_LOST", "JOURNAL_LOST_REASON", NOT_FORWARDED, "JOURNAL_VACUUMED_TO"];

/// The counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost([u64; REASONS.len()]);

impl Lost {
    /// Counts lines.
    pub fn add(&mut self, reason: Reason, lines: u64) {
        self.0[reason as usize] = self.0[reason as usize].saturating_add(lines);
    }

    /// The records that say what the log has lost; their counts begin anew.
    pub fn take(&mut self) -> Vec<Vec<Field>> {
        self.take_where(|reason| !is_forwarding(reason))
    }

    /// The records that say what was not forwarded; their counts begin anew.
    pub fn take_not_forwarded(&mut self) -> Vec<Vec<Field>> {
        self.take_where(is_forwarding)
    }

    /// Whether something was not forwarded and is not told of.
    pub fn has_not_forwarded(&self) -> bool {
        self.0
            .iter()
            .zip(REASONS)
            .any(|(count, (reason, _, _))| *count > 0 && is_forwarding(reason))
    }

    fn take_where(&mut self, wanted: impl Fn(Reason) -> bool) -> Vec<Vec<Field>> {
        let counts = self.0.iter_mut().zip(REASONS);
        let counted = counts.filter(|(count, (reason, _, _))| **count > 0 && wanted(*reason));
        counted.map(|(count, (reason, _, _))| record(reason, std::mem::take(count), None)).collect()
    }
}

/// Lines that only a console or server missed are in the log; they are no gap of it.
fn is_forwarding(reason: Reason) -> bool {
    matches!(reason, Reason::Console | Reason::Remote)
}

/// The record that says that `count` lines are missing.
pub fn record(reason: Reason, count: u64, unit: Option<&str>) -> Vec<Field> {
    let (_, word, text) = REASONS[reason as usize];
    let of = unit.map_or(String::new(), |unit| format!(" of {unit}"));
    let message = match reason {
        Reason::RateLimit => {
            format!("Suppressed {count} messages{}", of.replacen(" of", " from", 1))
        }
        _ => format!("Missed {count} messages{of}: {text}"),
    };
    let name = if is_forwarding(reason) { NOT_FORWARDED } else { "JOURNAL_LOST" };
    let mut fields = vec![
        field("MESSAGE", message),
        field("PRIORITY", "4"),
        field("MESSAGE_ID", MESSAGE_ID),
        field(name, count.to_string()),
        field("JOURNAL_LOST_REASON", word),
    ];
    fields.extend(unit.map(|unit| field("UNIT", unit)));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_at_their_number() {
        for (place, (reason, _, _)) in REASONS.iter().enumerate() {
            assert_eq!(*reason as usize, place);
        }
    }

    #[test]
    fn counts_are_told_once() {
        let mut lost = Lost::default();
        lost.add(Reason::KernelRing, 3);
        lost.add(Reason::KernelRing, 4);
        let told = lost.take();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains(&field("JOURNAL_LOST", "7")));
        assert!(lost.take().is_empty());
        lost.add(Reason::Remote, 5);
        assert!(lost.take().is_empty() && lost.has_not_forwarded());
        assert!(lost.take_not_forwarded()[0].contains(&field(NOT_FORWARDED, "5")));
        assert!(!lost.has_not_forwarded());
    }
}
