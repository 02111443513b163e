//! The headers of a PE32+ image: what assembling a UKI and signing one read and change.
//!
//! Offsets are those of Microsoft's "PE Format"; every multi-byte field is little-endian. This is not a
//! general reader: images of other machines or of 32-bit form are refused.

use std::ops::Range;

/// Size of one entry of the section table, in bytes.
pub(crate) const SECTION_HEADER: usize = 40;
/// `Machine` of x86-64.
const MACHINE_AMD64: u16 = 0x8664;
/// `Magic` of the optional header of a PE32+ image.
const MAGIC_PE32_PLUS: u16 = 0x20b;
/// Offset of the data directories in a PE32+ optional header.
const DATA_DIRECTORIES: usize = 112;
/// The greatest `FileAlignment`.
const MAX_FILE_ALIGNMENT: u32 = 0x1_0000;
/// Index of the certificate table among the data directories.
const CERTIFICATE_DIRECTORY: usize = 4;

/// Why bytes are not an image that can be worked on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PeError {
    /// The image ends before a field of its headers.
    #[error("the image ends at byte {len}, within {what} (bytes {start} to {end})")]
    Truncated {
        /// The field or table.
        what: &'static str,
        /// Where it begins.
        start: usize,
        /// Where it should end.
        end: usize,
        /// The length of the image.
        len: usize,
    },
    /// One of the magic numbers is not there.
    #[error("not a PE image: {what} is missing at byte {offset}")]
    NotPe {
        /// The magic that was looked for.
        what: &'static str,
        /// Where it should be.
        offset: usize,
    },
    /// The image is for another processor.
    #[error("the image is for machine {found:#06x}, not x86-64 ({MACHINE_AMD64:#06x})")]
    Machine {
        /// The `Machine` field.
        found: u16,
    },
    /// The image is not PE32+ or its header is too small for the fields that are needed.
    #[error(
        "the optional header has magic {magic:#x} and {directories} data directories, not those of a PE32+ image"
    )]
    OptionalHeader {
        /// The `Magic` field.
        magic: u16,
        /// The `NumberOfRvaAndSizes` field.
        directories: u32,
    },
    /// An alignment is not one the format knows.
    #[error("{what} is {value}, not a power of two up to {limit}")]
    Alignment {
        /// The name of the field.
        what: &'static str,
        /// Its value.
        value: u32,
        /// The greatest that is allowed.
        limit: u32,
    },
    /// The certificate table is not the last thing in the file, or lies outside it.
    #[error(
        "the certificate table (bytes {start} to {end}) is not at the end of the image ({len} bytes)"
    )]
    CertificateTable {
        /// Where the table begins.
        start: usize,
        /// Where it ends.
        end: usize,
        /// The length of the image.
        len: usize,
    },
}

/// Where the headers of an image are, and the values that its layout depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Headers {
    /// Offset of the COFF file header.
    pub(crate) coff: usize,
    /// Offset of the optional header.
    pub(crate) optional: usize,
    /// Offset of the section table.
    pub(crate) section_table: usize,
    /// Number of entries of the section table.
    pub(crate) section_count: u16,
    /// Alignment of sections in memory.
    pub(crate) section_alignment: u32,
    /// Alignment of sections in the file.
    pub(crate) file_alignment: u32,
    /// Bytes at the start of the file that are headers.
    pub(crate) header_bytes: u32,
}

/// One section of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The name, up to eight bytes, as text.
    pub name: String,
    /// Address relative to the image's base.
    pub virtual_address: u32,
    /// Size in memory: for the sections of a UKI the exact length of the content.
    pub virtual_size: u32,
    /// Offset in the file.
    pub raw_offset: u32,
    /// Size in the file, a multiple of the file alignment.
    pub raw_size: u32,
    /// The `IMAGE_SCN_*` flags.
    pub characteristics: u32,
}

impl Section {
    /// The content of the section in `image`: `virtual_size` bytes, fewer where the file holds fewer.
    ///
    /// `None` where the section lies outside the image.
    pub fn data<'a>(&self, image: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.raw_offset as usize;
        image.get(start..start.checked_add(self.virtual_size.min(self.raw_size) as usize)?)
    }
}

impl Headers {
    /// Finds and checks the headers of `image`.
    pub(crate) fn parse(image: &[u8]) -> Result<Self, PeError> {
        magic(image, 0, b"MZ", "the MZ header")?;
        let pe = u32_at(image, 0x3c, "the offset of the PE header")? as usize;
        magic(image, pe, b"PE\0\0", "the PE header")?;
        let coff = pe + 4;
        let machine = u16_at(image, coff, "the COFF header")?;
        if machine != MACHINE_AMD64 {
            return Err(PeError::Machine { found: machine });
        }
        let optional = coff + 20;
        let optional_size = u16_at(image, coff + 16, "the COFF header")? as usize;
        let directories = u32_at(image, optional + 108, "the optional header")?;
        let headers = Self {
            coff,
            optional,
            section_table: optional + optional_size,
            section_count: u16_at(image, coff + 2, "the COFF header")?,
            section_alignment: u32_at(image, optional + 32, "the optional header")?,
            file_alignment: u32_at(image, optional + 36, "the optional header")?,
            header_bytes: u32_at(image, optional + 60, "the optional header")?,
        };
        let magic = u16_at(image, optional, "the optional header")?;
        let wanted = DATA_DIRECTORIES + (CERTIFICATE_DIRECTORY + 1) * 8;
        if magic != MAGIC_PE32_PLUS
            || directories as usize <= CERTIFICATE_DIRECTORY
            || optional_size < wanted
        {
            return Err(PeError::OptionalHeader { magic, directories });
        }
        let alignments = [
            ("SectionAlignment", headers.section_alignment, 1 << 31),
            ("FileAlignment", headers.file_alignment, MAX_FILE_ALIGNMENT),
        ];
        for (what, value, limit) in alignments {
            if !value.is_power_of_two() || value > limit {
                return Err(PeError::Alignment { what, value, limit });
            }
        }
        take(image, 0, headers.header_bytes as usize, "the headers")?;
        Ok(headers)
    }

    /// Reads the section table.
    pub(crate) fn sections(&self, image: &[u8]) -> Result<Vec<Section>, PeError> {
        (0..self.section_count as usize)
            .map(|index| {
                let offset = self.section_table + index * SECTION_HEADER;
                let header = take(image, offset, SECTION_HEADER, "the section table")?;
                let name = &header[..8];
                let end = name.iter().position(|&b| b == 0).unwrap_or(8);
                let field = |at: usize| u32_at(header, at, "a section header");
                Ok(Section {
                    name: String::from_utf8_lossy(&name[..end]).into_owned(),
                    virtual_size: field(8)?,
                    virtual_address: field(12)?,
                    raw_size: field(16)?,
                    raw_offset: field(20)?,
                    characteristics: field(36)?,
                })
            })
            .collect()
    }

    /// Offset of the `CheckSum` field.
    pub(crate) fn checksum_offset(&self) -> usize {
        self.optional + 64
    }

    /// Offset of the `DllCharacteristics` field.
    pub(crate) fn dll_characteristics_offset(&self) -> usize {
        self.optional + 70
    }

    /// Offset of the data directory entry of the certificate table (file offset, then size).
    pub(crate) fn certificate_entry_offset(&self) -> usize {
        self.optional + DATA_DIRECTORIES + CERTIFICATE_DIRECTORY * 8
    }

    /// Where the certificate table is in the file; `None` where the image is not signed.
    pub(crate) fn certificate_table(&self, image: &[u8]) -> Result<Option<Range<usize>>, PeError> {
        let entry = self.certificate_entry_offset();
        let start = u32_at(image, entry, "the data directories")? as usize;
        let size = u32_at(image, entry + 4, "the data directories")? as usize;
        if start == 0 && size == 0 {
            return Ok(None);
        }
        let (end, len) = (start.saturating_add(size), image.len());
        if end != len || start < self.header_bytes as usize {
            return Err(PeError::CertificateTable { start, end, len });
        }
        Ok(Some(start..end))
    }

    /// Computes the image's checksum and writes it into the header.
    ///
    /// The sum of all 16-bit words with carries folded in, the field itself left out, plus the length.
    pub(crate) fn write_checksum(&self, image: &mut [u8]) {
        put_u32(image, self.checksum_offset(), 0);
        let words = image
            .chunks(2)
            .map(|pair| u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 8);
        // A u64 holds the sum of 2^48 words, so carries need folding only at the end.
        let mut sum: u64 = words.sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        let total = sum + image.len() as u64;
        put_u32(image, self.checksum_offset(), (total & 0xffff_ffff) as u32);
    }
}

/// Reads a little-endian `u16`; `what` names the header for the error.
pub(crate) fn u16_at(image: &[u8], offset: usize, what: &'static str) -> Result<u16, PeError> {
    let bytes = take(image, offset, 2, what)?;
    Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
}

/// Reads a little-endian `u32`; `what` names the header for the error.
pub(crate) fn u32_at(image: &[u8], offset: usize, what: &'static str) -> Result<u32, PeError> {
    let bytes = take(image, offset, 4, what)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// Writes a little-endian `u16` into headers that were parsed before.
pub(crate) fn put_u16(image: &mut [u8], offset: usize, value: u16) {
    image[offset..offset + 2].copy_from_slice(&value.to_le_bytes());
}

/// Writes a little-endian `u32` into headers that were parsed before.
pub(crate) fn put_u32(image: &mut [u8], offset: usize, value: u32) {
    image[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
}

fn magic(image: &[u8], offset: usize, bytes: &[u8], what: &'static str) -> Result<(), PeError> {
    let end = offset.saturating_add(bytes.len());
    match image.get(offset..end) {
        Some(found) if found == bytes => Ok(()),
        _ => Err(PeError::NotPe { what, offset }),
    }
}

fn take<'a>(
    image: &'a [u8],
    start: usize,
    len: usize,
    what: &'static str,
) -> Result<&'a [u8], PeError> {
    let end = start.saturating_add(len);
    image.get(start..end).ok_or(PeError::Truncated { what, start, end, len: image.len() })
}
