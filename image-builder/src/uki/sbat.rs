//! The `.sbat` section: the generations by which shim revokes whole classes of images.
//!
//! The stub has the section; lines of the image are appended within the room it has in the file.

use super::pe::{Headers, PeError, SECTION_HEADER, put_u32};

/// The entry every UKI has, as `ukify` writes it.
const UKI_LINE: &str =
    "uki,1,UKI,uki,1,https://uapi-group.org/specifications/specs/unified_kernel_image/\n";

/// Why the section cannot be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SbatError {
    /// The stub has none, so it cannot be revoked and shim would refuse it.
    #[error("the EFI stub has none")]
    Missing,
    /// The stub's section is not text that begins as SBAT does.
    #[error("the EFI stub's is not SBAT text")]
    NotSbat,
    /// A line that is not `component,generation,vendor,package,version,url`.
    #[error("`{line}` is not `component,generation,vendor,package,version,url`")]
    Line {
        /// The line.
        line: String,
    },
    /// The lines are longer than the room in the stub.
    #[error("{size} bytes, and the EFI stub has room for {room}")]
    Room {
        /// What is needed.
        size: usize,
        /// What there is.
        room: u32,
    },
    /// The section lies outside the stub.
    #[error(transparent)]
    Pe(#[from] PeError),
}

/// Appends the UKI's line and `lines` to the `.sbat` section of `image`.
pub(super) fn append(image: &mut [u8], headers: &Headers, lines: &str) -> Result<(), SbatError> {
    let sections = headers.sections(image)?;
    let index = sections.iter().position(|s| s.name == ".sbat").ok_or(SbatError::Missing)?;
    let section = &sections[index];
    let data = section.data(image).ok_or(SbatError::NotSbat)?;
    let text =
        std::str::from_utf8(data).map_err(|_| SbatError::NotSbat)?.trim_end_matches(['\0', '\n']);
    if !text.starts_with("sbat,") {
        return Err(SbatError::NotSbat);
    }
    let mut merged = format!("{text}\n{UKI_LINE}");
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split(',').collect();
        let sound =
            fields.len() == 6 && line.is_ascii() && fields[1].parse::<u32>().is_ok_and(|g| g > 0);
        if !sound {
            return Err(SbatError::Line { line: line.to_owned() });
        }
        merged.push_str(line);
        merged.push('\n');
    }
    // The terminating NUL is part of what ukify writes and measures.
    merged.push('\0');
    let (size, room) = (merged.len(), section.raw_size);
    let virtual_size =
        u32::try_from(size).ok().filter(|&s| s <= room).ok_or(SbatError::Room { size, room })?;
    let start = section.raw_offset as usize;
    let target = image.get_mut(start..start + room as usize).ok_or(SbatError::NotSbat)?;
    target.fill(0);
    target[..size].copy_from_slice(merged.as_bytes());
    put_u32(image, headers.section_table + index * SECTION_HEADER + 8, virtual_size);
    Ok(())
}
