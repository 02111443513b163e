//! GUID partition tables as bytes (UEFI specification 2.10, chapter 5): those of images and those that
//! are on a disk, and the first sector in each state of an installation.
//!
//! Entries and headers keep their bytes, so a table put back where it was is the same table.

use uuid::Uuid;

use crate::device::Readable;

/// Bytes of a sector; disks with others are refused.
pub const SECTOR: u64 = 512;
/// Sectors of a table: a header and 128 entries.
pub const SECTORS: u64 = 33;
/// Bytes at a disk's start that hold its first sector and the primary table.
pub const HEAD: usize = 34 * 512;
/// The first sector that a partition may have.
const FIRST_USABLE: u64 = 34;
/// The label of the partition that says that the disk is not finished. Older installers look for it.
pub const UNFINISHED: &str = "keelson-install-unfinished";

const ENTRY: usize = 128;
const COUNT: usize = 128;
const ENTRIES: usize = ENTRY * COUNT;
/// In the first sector: where the one partition of a protective MBR is.
const PROTECTIVE: usize = 446;
/// The type of that partition.
const PROTECTIVE_TYPE: u8 = 0xee;
/// Sets up the segment, prints the text that follows by the BIOS (interrupt 10h, function 0eh), and stops.
const PRINTS: [u8; 25] = [
    0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x19, 0x7c, 0xfc, 0xac, 0x84, 0xc0, 0x74, 0x09, 0xb4, 0x0e, 0xbb,
    0x07, 0x00, 0xcd, 0x10, 0xeb, 0xf2, 0xf4, 0xeb, 0xfd,
];
/// What it prints. The first words mark an unfinished disk: older installers look for them.
const TEXT: &[u8] =
    b"keelson-install: unfinished. This disk was being installed when it was interrupted.\r\n\
    Start the installer again.\r\n\0";
const MARK: &[u8] = b"keelson-install: unfinished";

/// A partition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    header: [u8; 512],
    entries: Vec<u8>,
}

/// A partition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Counted from 1.
    pub number: usize,
    /// Its label.
    pub label: String,
    /// What it is for.
    pub type_guid: Uuid,
    /// Its own GUID.
    pub guid: Uuid,
    /// First sector.
    pub first: u64,
    /// Last sector, which belongs to it.
    pub last: u64,
    /// The entry as it is in the table.
    pub entry: [u8; ENTRY],
}

impl Partition {
    /// Where it starts, in bytes.
    pub fn start(&self) -> u64 {
        self.first * SECTOR
    }

    /// Where it ends, in bytes.
    pub fn end(&self) -> u64 {
        (self.last + 1) * SECTOR
    }

    /// The same with other sectors.
    #[must_use]
    pub fn moved(mut self, first: u64, last: u64) -> Self {
        (self.first, self.last) = (first, last);
        self.entry[32..40].copy_from_slice(&first.to_le_bytes());
        self.entry[40..48].copy_from_slice(&last.to_le_bytes());
        self
    }
}

impl Table {
    /// Reads a header's sector and its entries; `None` where they are none, or damaged.
    ///
    /// Entries of more than 128 bytes are cut, and those behind the 128th must be empty.
    pub fn parse(header: &[u8], entries: &[u8]) -> Option<Self> {
        let header: [u8; 512] = header.get(..512)?.try_into().ok()?;
        let shape = Shape::of(&header)?;
        let entries = entries.get(..shape.bytes())?;
        if crc32fast::hash(entries) != u32_at(&header, 88) {
            return None;
        }
        let mut own = vec![0; ENTRIES];
        for (index, entry) in entries.chunks_exact(shape.size).enumerate() {
            match own.get_mut(index * ENTRY..(index + 1) * ENTRY) {
                Some(to) => to.copy_from_slice(&entry[..ENTRY]),
                None if entry[..16] == [0; 16] => {}
                None => return None,
            }
        }
        Some(Self { header, entries: own })
    }

    /// Reads the table at the start of an image.
    pub fn of_image(head: &[u8]) -> Option<Self> {
        Self::parse(head.get(512..1024)?, head.get(1024..)?)
    }

    /// Reads a disk's table: the primary one, or the backup where that is damaged. The first sector
    /// is not asked.
    pub fn of_disk(disk: &dyn Readable) -> Option<Self> {
        Self::at(disk, SECTOR).or_else(|| Self::at(disk, disk.bytes().checked_sub(SECTOR)?))
    }

    fn at(disk: &dyn Readable, at: u64) -> Option<Self> {
        let mut header = [0; 512];
        disk.read_at(&mut header, at).ok()?;
        let shape = Shape::of(&header)?;
        let mut entries = vec![0; shape.bytes()];
        disk.read_at(&mut entries, shape.at.checked_mul(SECTOR)?).ok()?;
        Self::parse(&header, &entries)
    }

    /// The length in bytes of the disk that the table was made for.
    pub fn disk_bytes(&self) -> u64 {
        let (own, other) = (u64_at(&self.header, 24), u64_at(&self.header, 32));
        own.max(other).saturating_add(1).saturating_mul(SECTOR)
    }

    /// The partitions in use.
    pub fn partitions(&self) -> Vec<Partition> {
        self.entries
            .chunks_exact(ENTRY)
            .zip(1..)
            .filter_map(|(entry, number)| partition(entry, number))
            .collect()
    }

    /// The same table with these partitions and no others, each at its number.
    ///
    /// # Panics
    /// Where a number is not one of 1 to 128.
    #[must_use]
    pub fn with(&self, partitions: &[Partition]) -> Self {
        let mut entries = vec![0; ENTRIES];
        for partition in partitions {
            let at = (partition.number - 1) * ENTRY;
            entries[at..at + ENTRY].copy_from_slice(&partition.entry);
        }
        Self { header: self.header, entries }
    }

    /// The 33 sectors from sector 1 on of a disk of `bytes`.
    pub fn primary(&self, bytes: u64) -> Vec<u8> {
        let last = bytes / SECTOR - 1;
        let mut all = self.header(1, last, 2, bytes);
        all.extend(&self.entries);
        all
    }

    /// The last 33 sectors of a disk of `bytes`.
    pub fn backup(&self, bytes: u64) -> Vec<u8> {
        let last = bytes / SECTOR - 1;
        let mut all = self.entries.clone();
        all.extend(self.header(last, 1, last + 1 - SECTORS, bytes));
        all
    }

    fn header(&self, own: u64, other: u64, entries_at: u64, bytes: u64) -> Vec<u8> {
        let mut header = self.header;
        let mut put = |at: usize, value: &[u8]| header[at..at + value.len()].copy_from_slice(value);
        put(16, &[0; 4]);
        put(24, &own.to_le_bytes());
        put(32, &other.to_le_bytes());
        // The entries are laid out anew, whatever the header said of them: a download's is not checked yet.
        put(40, &FIRST_USABLE.to_le_bytes());
        put(48, &last_usable(bytes).to_le_bytes());
        put(72, &entries_at.to_le_bytes());
        put(80, &128_u32.to_le_bytes());
        put(84, &128_u32.to_le_bytes());
        put(88, &crc32fast::hash(&self.entries).to_le_bytes());
        let sum = crc32fast::hash(&header[..92]);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        header.to_vec()
    }

    /// The table of a disk that is being installed: `kept`, and one partition that says so.
    #[must_use]
    pub fn unfinished(&self, kept: &[Partition]) -> Self {
        let number = (1..=COUNT).find(|number| kept.iter().all(|kept| kept.number != *number));
        let first = 2048;
        let last = kept.iter().map(|kept| kept.first).filter(|kept| *kept > first).min();
        let mut entry = [0; ENTRY];
        let guid =
            |part: &str| keelson_format::guid::derived(&["keelson-install", part]).to_bytes_le();
        entry[..16].copy_from_slice(&guid("unfinished type"));
        entry[16..32].copy_from_slice(&guid("unfinished"));
        for (unit, at) in UNFINISHED.encode_utf16().zip((56..).step_by(2)) {
            entry[at..at + 2].copy_from_slice(&unit.to_le_bytes());
        }
        let mark = Partition {
            number: number.unwrap_or(COUNT),
            label: UNFINISHED.to_owned(),
            type_guid: Uuid::nil(),
            guid: Uuid::nil(),
            first,
            last: first,
            entry,
        };
        let mark = mark.moved(first, last.map_or(first + 2047, |last| last - 1));
        let all: Vec<Partition> = kept.iter().cloned().chain([mark]).collect();
        self.with(&all)
    }
}

/// The last sector that a partition may have on a disk of `bytes`.
pub fn last_usable(bytes: u64) -> u64 {
    (bytes / SECTOR).saturating_sub(SECTORS + 1)
}

/// The first sector of a disk that is being installed. Without a protective partition no table is
/// looked for on the disk; with it the table is seen that says the same.
pub fn unfinished_first_sector(protective: bool, bytes: u64) -> [u8; 512] {
    let mut sector = [0; 512];
    sector[..PRINTS.len()].copy_from_slice(&PRINTS);
    sector[PRINTS.len()..PRINTS.len() + TEXT.len()].copy_from_slice(TEXT);
    if protective {
        let entry = [0, 0, 2, 0, PROTECTIVE_TYPE, 0xff, 0xff, 0xff, 1, 0, 0, 0];
        sector[PROTECTIVE..PROTECTIVE + entry.len()].copy_from_slice(&entry);
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sized(sector, bytes)
}

/// The first sector of an image for a disk of `bytes`.
pub fn sized(mut sector: [u8; 512], bytes: u64) -> [u8; 512] {
    if shows_a_table(&sector) {
        let blocks = u32::try_from(bytes / SECTOR - 1).unwrap_or(u32::MAX);
        sector[PROTECTIVE + 12..PROTECTIVE + 16].copy_from_slice(&blocks.to_le_bytes());
    }
    sector
}

/// Whether a first sector is that of a disk that was being installed.
pub fn says_unfinished(first_sector: &[u8]) -> bool {
    first_sector.get(PRINTS.len()..).is_some_and(|rest| rest.starts_with(MARK))
}

/// Whether a first sector shows a partition table to whoever looks for one.
pub fn shows_a_table(first_sector: &[u8; 512]) -> bool {
    first_sector[PROTECTIVE + 4] == PROTECTIVE_TYPE
}

/// What a header says about its entries.
struct Shape {
    at: u64,
    count: usize,
    size: usize,
}

impl Shape {
    fn of(header: &[u8; 512]) -> Option<Self> {
        let mut summed: [u8; 92] = header[..92].try_into().ok()?;
        summed[16..20].fill(0);
        let good = header.starts_with(b"EFI PART")
            && u32_at(header, 12) == 92
            && crc32fast::hash(&summed) == u32_at(header, 16);
        let shape = Self {
            at: u64_at(header, 72),
            count: usize::try_from(u32_at(header, 80)).ok()?,
            size: usize::try_from(u32_at(header, 84)).ok()?,
        };
        let sane = shape.size.is_multiple_of(ENTRY)
            && (ENTRY..=4096).contains(&shape.size)
            && shape.count <= 1024;
        (good && sane).then_some(shape)
    }

    fn bytes(&self) -> usize {
        self.count * self.size
    }
}

fn partition(entry: &[u8], number: usize) -> Option<Partition> {
    let entry: [u8; ENTRY] = entry.try_into().ok()?;
    let guid = |at: usize| Uuid::from_bytes_le(std::array::from_fn(|i| entry[at + i]));
    let units = entry[56..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let label = char::decode_utf16(units.take_while(|unit| *unit != 0));
    let partition = Partition {
        number,
        label: label.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
        type_guid: guid(0),
        guid: guid(16),
        first: u64_at(&entry, 32),
        last: u64_at(&entry, 40),
        entry,
    };
    // A partition that ends before it starts, or past what 64 bits of bytes can say, is none.
    let sane = partition.first <= partition.last && partition.last < u64::MAX / SECTOR - 1;
    (!partition.type_guid.is_nil() && sane).then_some(partition)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

#[cfg(test)]
mod tests;
