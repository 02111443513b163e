//! Unified kernel images: systemd's stub with the kernel, the initramfs, the command line and the
//! description of the system as sections of one PE image.
//!
//! Pure: bytes in, bytes out. The layout is that of `ukify` (UAPI.5, "Unified Kernel Image"): the stub as it
//! is shipped, new sections behind its own. It does not sign: see [`crate::authenticode`].

mod pe;
mod sbat;
#[cfg(test)]
pub(crate) mod tests;

pub use pe::{PeError, Section};
pub use sbat::SbatError;

pub(crate) use pe::{Headers, put_u32};

use pe::{SECTION_HEADER, put_u16, u16_at, u32_at};

/// `COMMAND_LINE_SIZE` of x86 without the terminating NUL.
const COMMAND_LINE_LIMIT: usize = 2047;
/// `IMAGE_SCN_CNT_CODE`.
const CODE: u32 = 0x20;
/// `IMAGE_SCN_CNT_INITIALIZED_DATA`.
const INITIALIZED_DATA: u32 = 0x40;
/// `IMAGE_SCN_MEM_READ`.
const READABLE: u32 = 0x4000_0000;
/// `IMAGE_DLLCHARACTERISTICS_NX_COMPAT`.
const NX_COMPAT: u16 = 0x100;

/// What a UKI is made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// systemd's EFI stub, `linuxx64.efi.stub`, unsigned.
    pub stub: &'a [u8],
    /// `.osrel`: the text of os-release. The loader takes the entry's title and version from it.
    pub os_release: &'a str,
    /// `.cmdline`: the kernel command line, one line.
    pub cmdline: &'a str,
    /// `.uname`: the kernel's release (`uname -r`).
    pub uname: &'a str,
    /// Lines that are appended to the stub's `.sbat`, such as `keelson,1,Keelson,keelson,1.0,URL`; may be empty.
    pub sbat: &'a str,
    /// `.linux`: the kernel, a bzImage with an EFI stub.
    pub linux: &'a [u8],
    /// `.initrd`: the initramfs, one or more compressed cpio archives.
    pub initrd: &'a [u8],
}

/// Why a UKI cannot be assembled.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UkiError {
    /// The stub is not an image.
    #[error("the EFI stub: {0}")]
    Stub(#[source] PeError),
    /// The kernel is not an EFI application.
    #[error("section .linux: the kernel has no EFI stub: {0}")]
    Kernel(#[source] PeError),
    /// The stub carries a signature, which a changed image would break.
    #[error("the EFI stub is already signed; the unsigned stub is needed")]
    StubSigned,
    /// The stub holds a section that is to be added.
    #[error("section {name}: the EFI stub has one already")]
    Duplicate {
        /// The section.
        name: &'static str,
    },
    /// A section without content.
    #[error("section {name} is empty")]
    Empty {
        /// The section.
        name: &'static str,
    },
    /// The image lacks a section that is to be replaced.
    #[error("section {name}: the image has none")]
    Missing {
        /// The section.
        name: &'static str,
    },
    /// Another command line is too long for the place of the one there is.
    #[error("section .cmdline: {len} bytes, and the image has room for {room}")]
    CommandLineRoom {
        /// Its length.
        len: usize,
        /// The room in the file.
        room: usize,
    },
    /// Text that the stub would read up to the offending byte only.
    #[error("section {name}: byte {offset} is {byte:#04x}, which ends the text")]
    Text {
        /// The section.
        name: &'static str,
        /// Offset in the text.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// The kernel would cut the command line off, and with it perhaps the root hash.
    #[error("section .cmdline: {len} bytes, and the kernel reads {COMMAND_LINE_LIMIT}")]
    CommandLine {
        /// Its length in bytes.
        len: usize,
    },
    /// The section table is full.
    #[error(
        "section {name}: its header ends at byte {needed}, the headers of the EFI stub at {available}"
    )]
    NoHeaderRoom {
        /// The section.
        name: &'static str,
        /// Where its header would end.
        needed: usize,
        /// Where the headers end.
        available: usize,
    },
    /// The image does not fit the 32-bit fields of the format.
    #[error("section {name}: {size} bytes at {offset} do not fit an image of 4 GiB")]
    TooLarge {
        /// The section.
        name: &'static str,
        /// Its size.
        size: usize,
        /// The offset or address it would have.
        offset: u64,
    },
    /// The `.sbat` section.
    #[error("section .sbat: {0}")]
    Sbat(#[from] SbatError),
}

/// Assembles an unsigned UKI; equal parts give equal bytes.
///
/// The sections `.osrel`, `.cmdline`, `.uname`, `.linux` and `.initrd` follow the stub's own in this order,
/// each with its exact length as `VirtualSize`, which is what the stub measures. The kernel needs no room
/// behind it: since Linux 5.8 the stub loads it as an image of its own. Where the kernel lacks `NX_COMPAT`
/// the UKI loses the flag too, since firmware that enforces it would not start the kernel.
pub fn assemble(parts: &Parts<'_>) -> Result<Vec<u8>, UkiError> {
    let headers = Headers::parse(parts.stub).map_err(UkiError::Stub)?;
    if headers.certificate_table(parts.stub).map_err(UkiError::Stub)?.is_some() {
        return Err(UkiError::StubSigned);
    }
    let kernel = Headers::parse(parts.linux).map_err(UkiError::Kernel)?;
    let kernel_flags =
        u16_at(parts.linux, kernel.dll_characteristics_offset(), "the optional header")
            .map_err(UkiError::Kernel)?;
    check_text(".cmdline", parts.cmdline, &[0, b'\n'])?;
    if parts.cmdline.len() > COMMAND_LINE_LIMIT {
        return Err(UkiError::CommandLine { len: parts.cmdline.len() });
    }
    check_text(".uname", parts.uname, &[0, b'\n'])?;
    check_text(".osrel", parts.os_release, &[0])?;

    let sections: [(&str, &[u8], u32); 5] = [
        (".osrel", parts.os_release.as_bytes(), INITIALIZED_DATA | READABLE),
        (".cmdline", parts.cmdline.as_bytes(), INITIALIZED_DATA | READABLE),
        (".uname", parts.uname.as_bytes(), INITIALIZED_DATA | READABLE),
        (".linux", parts.linux, CODE | READABLE),
        (".initrd", parts.initrd, INITIALIZED_DATA | READABLE),
    ];
    let mut image =
        Vec::with_capacity(parts.stub.len() + parts.linux.len() + parts.initrd.len() + 0x10000);
    image.extend_from_slice(parts.stub);
    sbat::append(&mut image, &headers, parts.sbat)?;
    append_sections(&mut image, &headers, &sections)?;

    if kernel_flags & NX_COMPAT == 0 {
        let offset = headers.dll_characteristics_offset();
        let flags = u16_at(&image, offset, "the optional header").map_err(UkiError::Stub)?;
        put_u16(&mut image, offset, flags & !NX_COMPAT);
    }
    headers.write_checksum(&mut image);
    Ok(image)
}

/// Assembles an unsigned add-on: systemd's stub for them with `.sbat`, which is taken as it stands, and
/// `.cmdline`.
pub fn addon(stub: &[u8], sbat: &str, cmdline: &str) -> Result<Vec<u8>, UkiError> {
    let headers = Headers::parse(stub).map_err(UkiError::Stub)?;
    if headers.certificate_table(stub).map_err(UkiError::Stub)?.is_some() {
        return Err(UkiError::StubSigned);
    }
    check_text(".cmdline", cmdline, &[0, b'\n'])?;
    let sections: [(&str, &[u8], u32); 2] = [
        (".sbat", sbat.as_bytes(), INITIALIZED_DATA | READABLE),
        (".cmdline", cmdline.as_bytes(), INITIALIZED_DATA | READABLE),
    ];
    let mut image = stub.to_vec();
    append_sections(&mut image, &headers, &sections)?;
    headers.write_checksum(&mut image);
    Ok(image)
}

/// An unsigned image with another `.cmdline`, as if it had been assembled with it. The section must have
/// the room in the file.
pub fn with_cmdline(image: &[u8], cmdline: &str) -> Result<Vec<u8>, UkiError> {
    const NAME: &str = ".cmdline";
    check_text(NAME, cmdline, &[0, b'\n'])?;
    let headers = Headers::parse(image).map_err(UkiError::Stub)?;
    let sections = headers.sections(image).map_err(UkiError::Stub)?;
    let missing = UkiError::Missing { name: NAME };
    let index = sections.iter().position(|s| s.name == NAME).ok_or(missing)?;
    let section = &sections[index];
    let (start, room) = (section.raw_offset as usize, section.raw_size as usize);
    let mut image = image.to_vec();
    let len = cmdline.len();
    let target = image.get_mut(start..start.saturating_add(room)).filter(|room| len <= room.len());
    let target = target.ok_or(UkiError::CommandLineRoom { len, room })?;
    target.fill(0);
    target[..len].copy_from_slice(cmdline.as_bytes());

    let size = u32::try_from(len).expect("no more than the room, which is 32 bits wide");
    let entry = headers.section_table + index * SECTION_HEADER;
    put_u32(&mut image, entry + 8, size);
    let total =
        u32_at(&image, headers.optional + 8, "the optional header").map_err(UkiError::Stub)?;
    let total = total.wrapping_sub(section.virtual_size).wrapping_add(size);
    put_u32(&mut image, headers.optional + 8, total);
    headers.write_checksum(&mut image);
    Ok(image)
}

/// Lists the sections of a PE32+ image for x86-64, in the order of its section table.
pub fn inspect(image: &[u8]) -> Result<Vec<Section>, PeError> {
    Headers::parse(image)?.sections(image)
}

/// The content of the first section called `name`; `None` where there is none.
pub fn section<'a>(image: &'a [u8], name: &str) -> Result<Option<&'a [u8]>, PeError> {
    let sections = inspect(image)?;
    Ok(sections.iter().find(|section| section.name == name).and_then(|section| section.data(image)))
}

fn check_text(name: &'static str, text: &str, refused: &[u8]) -> Result<(), UkiError> {
    match text.bytes().enumerate().find(|(_, byte)| refused.contains(byte)) {
        Some((offset, byte)) => Err(UkiError::Text { name, offset, byte }),
        None => Ok(()),
    }
}

/// Adds `sections` behind those of the image and corrects the counts and sizes of the headers.
fn append_sections(
    image: &mut Vec<u8>,
    headers: &Headers,
    sections: &[(&'static str, &[u8], u32)],
) -> Result<(), UkiError> {
    let present = headers.sections(image).map_err(UkiError::Stub)?;
    // Everything up to the first section's data is header room.
    let room = present.iter().filter(|s| s.raw_size > 0).map(|s| s.raw_offset as usize).min();
    let room = room.unwrap_or(headers.header_bytes as usize).min(image.len());
    let file_alignment = u64::from(headers.file_alignment);
    let section_alignment = u64::from(headers.section_alignment);
    let mut address = present
        .iter()
        .map(|s| u64::from(s.virtual_address) + u64::from(s.virtual_size))
        .max()
        .unwrap_or(0);
    let mut entry = headers.section_table + present.len() * SECTION_HEADER;
    let mut data_size =
        u32_at(image, headers.optional + 8, "the optional header").map_err(UkiError::Stub)?;
    let mut count = headers.section_count;

    for &(name, content, characteristics) in sections {
        if content.is_empty() {
            return Err(UkiError::Empty { name });
        }
        if present.iter().any(|section| section.name == name) {
            return Err(UkiError::Duplicate { name });
        }
        if entry + SECTION_HEADER > room {
            return Err(UkiError::NoHeaderRoom {
                name,
                needed: entry + SECTION_HEADER,
                available: room,
            });
        }
        let too_large = |offset| UkiError::TooLarge { name, size: content.len(), offset };
        let fit = |value: u64| u32::try_from(value).map_err(|_| too_large(value));
        let offset = (image.len() as u64).next_multiple_of(file_alignment);
        let raw_size = (content.len() as u64).next_multiple_of(file_alignment);
        address = address.next_multiple_of(section_alignment);
        fit(offset + raw_size)?;
        fit((address + content.len() as u64).next_multiple_of(section_alignment))?;
        let virtual_size = fit(content.len() as u64)?;

        let mut header = [0; SECTION_HEADER];
        header[..name.len()].copy_from_slice(name.as_bytes());
        put_u32(&mut header, 8, virtual_size);
        put_u32(&mut header, 12, fit(address)?);
        put_u32(&mut header, 16, fit(raw_size)?);
        put_u32(&mut header, 20, fit(offset)?);
        put_u32(&mut header, 36, characteristics);
        image[entry..entry + SECTION_HEADER].copy_from_slice(&header);

        image.resize(fit(offset)? as usize, 0);
        image.extend_from_slice(content);
        image.resize(fit(offset + raw_size)? as usize, 0);
        entry += SECTION_HEADER;
        count = count.saturating_add(1);
        address += content.len() as u64;
        data_size = data_size.wrapping_add(virtual_size);
    }

    let image_size = u32::try_from(address.next_multiple_of(section_alignment))
        .expect("checked for each section");
    let room = u32::try_from(room).expect("a raw offset is 32 bits wide");
    put_u16(image, headers.coff + 2, count);
    put_u32(image, headers.optional + 8, data_size);
    put_u32(image, headers.optional + 56, image_size);
    put_u32(image, headers.optional + 60, room);
    Ok(())
}
