//! GUID partition tables (UEFI specification 2.10, chapter 5): reading one, and moving its end.
//!
//! The crate `gpt` numbers partitions anew when it writes, and changes the primary entries before
//! there is a backup of them. Here the new backup is written first, entries keep their places and
//! their bytes, and the primary header and entries are one write.

use thiserror::Error;
use uuid::Uuid;

/// Bytes of an entry that the specification names; entries may be longer.
const ENTRY: usize = 128;
/// The largest array of entries that is read, eight times what tools write.
const MAX_ENTRIES: u64 = 128 * 1024;

/// Where the protective MBR has the size of its one partition.
const PROTECTIVE_SIZE: u64 = 446 + 12;

/// A header and its entries, as bytes and as values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    header: Header,
    header_bytes: [u8; 92],
    entries_bytes: Vec<u8>,
    /// The partitions in use, by number.
    pub(crate) entries: Vec<Entry>,
    /// Why the primary table is not this one, which then is the backup.
    pub(crate) instead_of: Option<TableError>,
}

/// What a header says. Addresses are in sectors of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Where the other header is: of the primary, the disk's last sector when it was written.
    pub(crate) backup: u64,
    /// The last sector a partition may use.
    pub(crate) last_usable: u64,
    entries_at: u64,
    count: u32,
    size: u32,
    entries_crc: u32,
}

/// A partition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Number, counted from 1.
    pub(crate) number: u32,
    pub(crate) type_guid: Uuid,
    pub(crate) guid: Uuid,
    /// First sector.
    pub(crate) first: u64,
    /// Last sector.
    pub(crate) last: u64,
    pub(crate) label: String,
}

/// Why a disk has no table that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum TableError {
    #[error("no GUID partition table")]
    Absent,
    #[error("a damaged GUID partition table: the checksum of its {0} does not match")]
    Checksum(&'static str),
    #[error("a GUID partition table of a form that is not read")]
    Form,
}

/// Bytes to write at an address of a disk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Write {
    /// Offset in bytes.
    pub(crate) at: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Header {
    /// Reads the sector of a primary or backup header.
    pub(crate) fn parse(sector: &[u8]) -> Result<Self, TableError> {
        let bytes: &[u8; 92] = sector.first_chunk().ok_or(TableError::Absent)?;
        if !bytes.starts_with(b"EFI PART") {
            return Err(TableError::Absent);
        }
        if u32_at(bytes, 12) != 92 {
            return Err(TableError::Form);
        }
        let mut unsummed = *bytes;
        unsummed[16..20].fill(0);
        if crc32fast::hash(&unsummed) != u32_at(bytes, 16) {
            return Err(TableError::Checksum("header"));
        }
        let header = Self {
            backup: u64_at(bytes, 32),
            last_usable: u64_at(bytes, 48),
            entries_at: u64_at(bytes, 72),
            count: u32_at(bytes, 80),
            size: u32_at(bytes, 84),
            entries_crc: u32_at(bytes, 88),
        };
        let whole = (header.size as usize).is_multiple_of(ENTRY) && header.size > 0;
        if !whole || header.entries_bytes() > MAX_ENTRIES {
            return Err(TableError::Form);
        }
        Ok(header)
    }

    /// Where the entries are, in sectors.
    pub(crate) fn entries_at(&self) -> u64 {
        self.entries_at
    }

    /// How many bytes the entries take.
    pub(crate) fn entries_bytes(&self) -> u64 {
        u64::from(self.count) * u64::from(self.size)
    }
}

impl Table {
    /// Reads a header's sector and its entries.
    pub(crate) fn parse(sector: &[u8], entries_bytes: Vec<u8>) -> Result<Self, TableError> {
        let header = Header::parse(sector)?;
        if crc32fast::hash(&entries_bytes) != header.entries_crc {
            return Err(TableError::Checksum("entries"));
        }
        let header_bytes = *sector.first_chunk().ok_or(TableError::Absent)?;
        let numbered = (1..).zip(entries_bytes.chunks_exact(header.size as usize));
        let entries = numbered.filter_map(|(number, bytes)| entry(number, bytes)).collect();
        Ok(Self { header, header_bytes, entries_bytes, entries, instead_of: None })
    }

    /// What the header says.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// What to write, in this order and with a flush between, so that partition `number` ends where
    /// a disk of `sectors` sectors of `sector` bytes lets it end; and its new last sector.
    ///
    /// `None` if it ends there already, is not the last on the disk, or the disk has not a MiB more.
    pub(crate) fn grown(
        &self,
        number: u32,
        sectors: u64,
        sector: u64,
    ) -> Option<([Write; 3], u64)> {
        let grows = self.entries.iter().find(|entry| entry.number == number)?;
        let array = self.header.entries_bytes().div_ceil(sector);
        let last_usable = sectors.checked_sub(array + 2)?;
        // Partitions end on a MiB, as the image's do.
        let align = (1 << 20) / sector;
        let last = ((last_usable + 1) / align * align).checked_sub(1)?;
        let is_last = self.entries.iter().all(|entry| entry.last <= grows.last);
        if !is_last || last < grows.last + align || last_usable < self.header.last_usable {
            return None;
        }
        let mut entries = self.entries_bytes.clone();
        let at = (number as usize - 1) * self.header.size as usize;
        entries[at + 40..at + 48].copy_from_slice(&last.to_le_bytes());
        let header = |own: u64, other: u64, entries_at: u64| {
            let mut bytes = self.header_bytes;
            let mut put = |at: usize, value: &[u8]| {
                bytes[at..at + value.len()].copy_from_slice(value);
            };
            put(16, &[0; 4]);
            put(24, &own.to_le_bytes());
            put(32, &other.to_le_bytes());
            put(48, &last_usable.to_le_bytes());
            put(72, &entries_at.to_le_bytes());
            put(88, &crc32fast::hash(&entries).to_le_bytes());
            let crc = crc32fast::hash(&bytes);
            bytes[16..20].copy_from_slice(&crc.to_le_bytes());
            bytes
        };
        let end = sectors - 1;
        let whole = usize::try_from(sector).ok()?;
        let fill = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(whole), 0);
        let mut backup = entries.clone();
        fill(&mut backup);
        backup.extend(header(end, 1, end - array));
        fill(&mut backup);
        let mut primary = header(1, end, 2).to_vec();
        fill(&mut primary);
        primary.extend(&entries);
        fill(&mut primary);
        let backup = Write { at: (end - array) * sector, bytes: backup };
        // Entries elsewhere than after the header are left to whoever put them there.
        let primary = Write { at: sector, bytes: primary };
        let size = u32::try_from(end).unwrap_or(u32::MAX);
        let protective = Write { at: PROTECTIVE_SIZE, bytes: size.to_le_bytes().to_vec() };
        (self.header.entries_at == 2).then_some(([backup, primary, protective], last))
    }
}

fn entry(number: u32, bytes: &[u8]) -> Option<Entry> {
    let guid = |at: usize| Uuid::from_bytes_le(std::array::from_fn(|i| bytes[at + i]));
    let units = bytes[56..ENTRY].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let label = char::decode_utf16(units.take_while(|unit| *unit != 0));
    let entry = Entry {
        number,
        type_guid: guid(0),
        guid: guid(16),
        first: u64_at(bytes, 32),
        last: u64_at(bytes, 40),
        label: label.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
    };
    (!entry.type_guid.is_nil()).then_some(entry)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

#[cfg(test)]
pub(crate) mod tests;
