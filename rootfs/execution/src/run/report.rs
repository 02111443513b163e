//! What a child tells its parent: which step failed, and why. Fixed size, no allocation.

use crate::errno::Errno;
use crate::stage::Stage;

/// The longest subject that is handed on.
const SUBJECT: usize = 200;
/// Bytes before the subject.
const HEADER: usize = 8;
/// Room for all reports of one child.
const ROOM: usize = 1024;

/// Reports, packed one behind the other.
#[derive(Debug)]
pub struct Reports {
    bytes: [u8; ROOM],
    used: usize,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether the process ended by it.
    pub fatal: bool,
    /// The step.
    pub stage: Stage,
    /// Why.
    pub errno: Errno,
    /// What it was about: a path.
    pub subject: String,
}

impl Reports {
    /// None.
    pub const fn new() -> Self {
        Self { bytes: [0; ROOM], used: 0 }
    }

    /// Packs a report and gives its bytes; what has no room any more is left out.
    pub fn push(&mut self, fatal: bool, stage: Stage, errno: Errno, subject: &[u8]) -> &[u8] {
        let subject = &subject[..subject.len().min(SUBJECT)];
        let from = self.used;
        let Some(room) = self.bytes.get_mut(from..from + HEADER + subject.len()) else {
            return &[];
        };
        room[0] = u8::from(fatal);
        room[1] = stage as u8;
        room[2..6].copy_from_slice(&errno.0.to_le_bytes());
        room[6] = u8::try_from(subject.len()).unwrap_or(0);
        room[7] = 0;
        room[HEADER..].copy_from_slice(subject);
        self.used += HEADER + subject.len();
        &self.bytes[from..self.used]
    }

    /// All of them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

/// Unpacks reports; what is no report ends the list.
pub fn parse(mut bytes: &[u8]) -> Vec<Report> {
    let mut reports = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
        let length = usize::from(header[6]);
        let (Some(stage), true) = (Stage::from_status(i32::from(header[1])), rest.len() >= length)
        else {
            break;
        };
        let errno = i32::from_le_bytes([header[2], header[3], header[4], header[5]]);
        let subject = String::from_utf8_lossy(&rest[..length]).into_owned();
        reports.push(Report { fatal: header[0] != 0, stage, errno: Errno(errno), subject });
        bytes = &rest[length..];
    }
    reports
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reports_come_back_as_they_were_packed() {
        let mut reports = Reports::new();
        reports.push(false, Stage::OomAdjust, Errno(13), b"/proc/self/oom_score_adj");
        reports.push(true, Stage::Exec, Errno(2), b"/usr/bin/x");
        let unpacked = parse(reports.bytes());
        assert_eq!(unpacked.len(), 2);
        assert_eq!(unpacked[1].stage, Stage::Exec);
        assert_eq!((unpacked[1].fatal, unpacked[1].errno), (true, Errno(2)));
        assert_eq!(unpacked[0].subject, "/proc/self/oom_score_adj");
    }

    #[test]
    fn reports_without_room_are_left_out() {
        let mut reports = Reports::new();
        for _ in 0..20 {
            reports.push(false, Stage::Exec, Errno(1), &[b'x'; 300]);
        }
        assert_eq!(parse(reports.bytes()).len(), 4);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            parse(&bytes);
        }
    }
}
