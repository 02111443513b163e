//! The bytes of an index file: a magic, the digest of the segment's last seal, numbers of seven bits a byte, a CRC-32.

use super::{Boot, Index, Run};
use crate::entry::Id;

const MAGIC: [u8; 8] = *b"KEELIDX1";

impl Index {
    /// The bytes of the index of the segment whose last seal has `digest`.
    pub fn encode(&self, digest: &[u8; 32]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(digest);
        put(&mut out, u64::from(self.covered));
        put(&mut out, self.last_sequence.map_or(0, |last| last + 1));
        put(&mut out, u64::from(self.damaged));
        put(&mut out, self.runs.len() as u64);
        for run in &self.runs {
            let numbers = [u64::from(run.position), u64::from(run.records), run.first_sequence];
            let times = [run.earliest, run.latest, u64::from(run.levels)];
            for number in numbers.into_iter().chain(times) {
                put(&mut out, number);
            }
        }
        put(&mut out, self.boots.len() as u64);
        for boot in &self.boots {
            out.extend_from_slice(&boot.id.0);
            let numbers =
                [u64::from(boot.first_run), u64::from(boot.last_run), boot.first, boot.last];
            for number in numbers {
                put(&mut out, number);
            }
        }
        put(&mut out, self.units.len() as u64);
        for (name, runs) in &self.units {
            put(&mut out, name.len() as u64);
            out.extend_from_slice(name.as_bytes());
            put(&mut out, runs.len() as u64);
            let mut before = 0;
            for run in runs {
                put(&mut out, u64::from(run - before));
                before = *run;
            }
        }
        let sum = crc32fast::hash(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads an index file; `None` if it is damaged or of a segment whose last seal has another digest.
    pub fn decode(bytes: &[u8], digest: &[u8; 32]) -> Option<Self> {
        let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        let rest = content.strip_prefix(&MAGIC)?.strip_prefix(digest)?;
        if crc32fast::hash(content).to_le_bytes() != sum {
            return None;
        }
        read(&mut Numbers(rest))
    }
}

fn read(numbers: &mut Numbers<'_>) -> Option<Index> {
    let covered = numbers.small()?;
    let mut index =
        Index { covered, last_sequence: numbers.take()?.checked_sub(1), ..Index::default() };
    index.damaged = numbers.small()?;
    for _ in 0..numbers.take()? {
        let run = Run {
            position: numbers.small().filter(|position| *position < covered)?,
            records: numbers.small()?,
            first_sequence: numbers.take()?,
            earliest: numbers.take()?,
            latest: numbers.take()?,
            levels: u16::try_from(numbers.take()?).ok()?,
        };
        index.runs.push(run);
    }
    let count = u32::try_from(index.runs.len()).ok()?;
    for _ in 0..numbers.take()? {
        let id = Id(numbers.bytes(16)?.try_into().ok()?);
        let first_run = numbers.small()?;
        let last_run = numbers.small().filter(|last| *last < count)?;
        index.boots.push(Boot {
            id,
            first_run,
            last_run,
            first: numbers.take()?,
            last: numbers.take()?,
        });
    }
    for _ in 0..numbers.take()? {
        let length = usize::try_from(numbers.take()?).ok()?;
        let name = String::from_utf8(numbers.bytes(length)?.to_vec()).ok()?;
        let mut runs = Vec::new();
        let mut before = 0_u32;
        for _ in 0..numbers.take()? {
            before = before.checked_add(numbers.small()?).filter(|run| *run < count)?;
            runs.push(before);
        }
        index.units.insert(name, runs);
    }
    numbers.0.is_empty().then_some(index)
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Numbers of seven bits a byte, low ones first.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.take()?).ok()
    }

    fn bytes(&mut self, length: usize) -> Option<&[u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
}
