//! Where the sections of a UKI lie in its file (PE format, "Section Table").

use thiserror::Error;

/// A section's bytes in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Offset of the first.
    pub offset: u64,
    /// How many, padding left out.
    pub bytes: u64,
}

/// Why a file has no sections to read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SectionsError {
    /// It is too short for what its headers say.
    #[error("the headers end after {0} bytes")]
    Short(usize),
    /// It is no PE image.
    #[error("it is no PE image")]
    NotPe,
    /// A section is not there.
    #[error("it has no section {0}")]
    Missing(&'static str),
}

const HEADER: usize = 40;

/// The sections with these names, from the head of a UKI: its first 4096 bytes hold all headers.
pub fn sections<const N: usize>(
    head: &[u8],
    names: [&'static str; N],
) -> Result<[Section; N], SectionsError> {
    let short = || SectionsError::Short(head.len());
    let int = |at: usize, bytes: usize| {
        let field = head.get(at..at.checked_add(bytes)?)?;
        Some(field.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)))
    };
    let size = |value: u32| usize::try_from(value).map_err(|_| SectionsError::NotPe);
    if head.get(..2) != Some(b"MZ") {
        return Err(SectionsError::NotPe);
    }
    let coff = size(int(0x3c, 4).ok_or_else(short)?)?;
    let end = coff.checked_add(24).ok_or_else(short)?;
    if head.get(coff..end).ok_or_else(short)?[..4] != *b"PE\0\0" {
        return Err(SectionsError::NotPe);
    }
    let count = size(int(coff + 6, 2).ok_or_else(short)?)?;
    let table = end + size(int(coff + 20, 2).ok_or_else(short)?)?;
    let mut found = [None; N];
    for at in (0..count).map(|number| table + number * HEADER) {
        let header = head.get(at..at + HEADER).ok_or_else(short)?;
        let name = header[..8].split(|byte| *byte == 0).next().unwrap_or_default();
        let field = |offset| int(at + offset, 4).map(u64::from).ok_or_else(short);
        // VirtualSize is the exact length; SizeOfRawData is padded.
        let section = Section { offset: field(20)?, bytes: field(8)?.min(field(16)?) };
        if let Some(index) = names.iter().position(|wanted| wanted.as_bytes() == name) {
            found[index].get_or_insert(section);
        }
    }
    let mut all = [Section { offset: 0, bytes: 0 }; N];
    for ((section, found), name) in all.iter_mut().zip(found).zip(names) {
        *section = found.ok_or(SectionsError::Missing(name))?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
