//! What tests share: small images, and a disk in memory that remembers what was done to it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use keelson_disk::{gpt, sparse};
use keelson_format::guid::derived;

use crate::device::{Device, Readable};
use crate::progress::Progress;

pub(crate) const MIB: u64 = 1 << 20;

/// Label, first MiB, number of MiBs.
pub(crate) type Part = (&'static str, u64, u64);

/// The partitions of the small image, which has 16 MiB.
pub(crate) const PARTS: [Part; 4] =
    [("ESP", 1, 3), ("usr-A", 4, 4), ("OEM", 8, 2), ("ROOT", 10, 5)];
pub(crate) const IMAGE: u64 = 16 * MIB;

/// Writes a partition table to a file of `bytes` bytes, which is made.
pub(crate) fn disk_file(path: &Path, bytes: u64, parts: &[Part]) -> File {
    let file = sparse::create(path, bytes).expect("created");
    let partition = |(label, start, length): &Part| gpt::Partition {
        label: (*label).to_owned(),
        type_guid: derived(&["type", label]),
        guid: derived(&["guid", label]),
        first_lba: start * 2048,
        last_lba: (start + length) * 2048 - 1,
        attributes: 0,
    };
    let guid = derived(&["disk"]);
    let table =
        gpt::Table { disk_bytes: bytes, guid, partitions: parts.iter().map(partition).collect() };
    gpt::write(&file, &table).expect("a table");
    file
}

/// The small image: a boot code, and data in ESP and usr-A with a hole in the former.
pub(crate) fn image(folder: &Path) -> PathBuf {
    let path = folder.join("disk.raw");
    let file = disk_file(&path, IMAGE, &PARTS);
    file.write_all_at(&[0xeb, 0x63, 0x90], 0).expect("written");
    let data: Vec<u8> =
        (0..20_000_u32).map(|i| u8::try_from(i * 13 % 255).expect("a byte")).collect();
    for at in [MIB, 2 * MIB + 8192, 4 * MIB] {
        file.write_all_at(&data, at).expect("written");
    }
    path
}

pub(crate) fn quiet() -> Progress {
    Progress::new(true)
}

pub(crate) type Sectors = BTreeMap<u64, [u8; 512]>;

/// Something that was done to a disk.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Write(u64, Vec<u8>),
    Zero(Range<u64>),
    Sync,
}

/// A disk in memory that remembers every step.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    bytes: u64,
    pub(crate) old: Sectors,
    now: Sectors,
    pub(crate) steps: Vec<Step>,
    can_zero: bool,
    /// Reads of this sector give something else.
    pub(crate) bad: RefCell<Option<u64>>,
}

impl Recorder {
    /// A disk that holds what the file holds.
    pub(crate) fn of(path: &Path, can_zero: bool) -> Self {
        let file = File::open(path).expect("opened");
        let bytes = file.metadata().expect("a file").len();
        let mut old = Sectors::new();
        sparse::for_each_data_chunk(&file, 0..bytes, |at, chunk| {
            write(&mut old, at, chunk);
            Ok(())
        })
        .expect("read");
        Self { bytes, now: old.clone(), old, steps: Vec::new(), can_zero, bad: RefCell::new(None) }
    }

    pub(crate) fn now(&self) -> &Sectors {
        &self.now
    }

    /// The same disk as another left it.
    pub(crate) fn with(&self, now: Sectors) -> Self {
        Self { old: now.clone(), now, steps: Vec::new(), bad: RefCell::new(None), ..*self }
    }

    /// Gives `judge` what is on the disk after a loss of power before each step, where of the sectors
    /// written since the last barrier those arrived that `arrived` says.
    pub(crate) fn cuts(
        &self,
        arrived: &mut dyn FnMut() -> bool,
        judge: &mut dyn FnMut(usize, &Sectors),
    ) {
        let (mut safe, mut from) = (self.old.clone(), 0);
        for at in 0..=self.steps.len() {
            let mut state = safe.clone();
            self.steps[from..at].iter().for_each(|step| apply(&mut state, step, arrived));
            judge(at, &state);
            if let Some(Step::Sync) = self.steps.get(at) {
                self.steps[from..at].iter().for_each(|step| apply(&mut safe, step, &mut || true));
                from = at;
            }
        }
    }
}

fn apply(sectors: &mut Sectors, step: &Step, arrived: &mut dyn FnMut() -> bool) {
    match step {
        Step::Sync => {}
        Step::Zero(range) => {
            let gone: Vec<u64> =
                sectors.range(range.start / 512..range.end / 512).map(|(at, _)| *at).collect();
            for sector in gone {
                if arrived() {
                    sectors.remove(&sector);
                }
            }
        }
        Step::Write(at, bytes) => {
            let end = at + bytes.len() as u64;
            for sector in at / 512..end.div_ceil(512) {
                let (from, to) = ((sector * 512).max(*at), (sector * 512 + 512).min(end));
                if arrived() {
                    let part = |place: u64| usize::try_from(place - at).expect("within");
                    write(sectors, from, &bytes[part(from)..part(to)]);
                }
            }
        }
    }
}

fn write(sectors: &mut Sectors, at: u64, bytes: &[u8]) {
    let mut at = at;
    let mut bytes = bytes;
    while !bytes.is_empty() {
        let within = usize::try_from(at % 512).expect("below a sector");
        let length = bytes.len().min(512 - within);
        let sector = sectors.entry(at / 512).or_insert([0; 512]);
        sector[within..within + length].copy_from_slice(&bytes[..length]);
        if *sector == [0; 512] {
            sectors.remove(&(at / 512));
        }
        at += length as u64;
        bytes = &bytes[length..];
    }
}

impl Readable for Recorder {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        for (index, byte) in buffer.iter_mut().enumerate() {
            let place = at + index as u64;
            let sector = self.now.get(&(place / 512));
            *byte = sector.map_or(0, |sector| sector[usize::try_from(place % 512).expect("small")]);
            if *self.bad.borrow() == Some(place / 512) {
                *byte ^= 1;
            }
        }
        Ok(())
    }
}

impl Device for Recorder {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        assert!(at + bytes.len() as u64 <= self.bytes, "writes stay on the disk");
        write(&mut self.now, at, bytes);
        self.steps.push(Step::Write(at, bytes.to_vec()));
        Ok(())
    }

    fn zero(&mut self, range: Range<u64>) -> io::Result<bool> {
        if self.can_zero {
            let step = Step::Zero(range);
            apply(&mut self.now, &step, &mut || true);
            self.steps.push(step);
        }
        Ok(self.can_zero)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.steps.push(Step::Sync);
        Ok(())
    }

    fn forget(&mut self) -> io::Result<()> {
        Ok(())
    }
}
