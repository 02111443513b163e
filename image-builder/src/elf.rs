//! What an ELF program needs to start: its interpreter and the closure of `DT_NEEDED`
//! (System V ABI, "Dynamic Linking"), read from the files themselves, never from package metadata.

use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, FileHeader64, PT_INTERP};
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _, SectionTable};
use object::{Endianness, StringTable};
use thiserror::Error;

pub mod exports;

/// The dynamic section of a program or library.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Path of the interpreter, as in `/lib64/ld-linux-x86-64.so.2`.
    pub interpreter: Option<String>,
    /// Names of the libraries.
    pub libraries: Vec<String>,
    /// Folders to look in first (`DT_RUNPATH`, else `DT_RPATH`), `$ORIGIN` not replaced.
    pub search: Vec<String>,
}

/// An ELF file that could not be read.
#[derive(Debug, Error)]
#[error("not a readable ELF file for x86-64: {0}")]
pub struct ElfError(String);

impl From<object::Error> for ElfError {
    fn from(error: object::Error) -> Self {
        Self(error.to_string())
    }
}

/// What an ELF file needs; `None` if `bytes` is not an ELF file at all.
pub fn needs(bytes: &[u8]) -> Result<Option<Needs>, ElfError> {
    if !bytes.starts_with(b"\x7fELF") {
        return Ok(None);
    }
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let mut needs = Needs::default();
    let segments = header.program_headers(endian, bytes)?;
    for segment in segments.iter().filter(|segment| segment.p_type(endian) == PT_INTERP) {
        let path =
            segment.data(endian, bytes).map_err(|()| ElfError("PT_INTERP is cut off".into()))?;
        needs.interpreter = Some(text(path.split(|b| *b == 0).next().unwrap_or_default()));
    }
    let sections: SectionTable<'_, FileHeader64<Endianness>> = header.sections(endian, bytes)?;
    let Some((entries, link)) = sections.dynamic(endian, bytes)? else { return Ok(Some(needs)) };
    let strings = sections.strings(endian, bytes, link)?;
    let mut rpath = Vec::new();
    for entry in entries {
        match entry.tag(endian) {
            DT_NEEDED => needs.libraries.push(string(entry.val32(endian), &strings)?),
            DT_RUNPATH => needs.search = folders(&string(entry.val32(endian), &strings)?),
            DT_RPATH => rpath = folders(&string(entry.val32(endian), &strings)?),
            _ => {}
        }
    }
    if needs.search.is_empty() {
        needs.search = rpath;
    }
    Ok(Some(needs))
}

fn string(offset: Option<u32>, strings: &StringTable<'_>) -> Result<String, ElfError> {
    let cut_off = || ElfError("a name in its dynamic section is cut off".to_owned());
    let offset = offset.ok_or_else(cut_off)?;
    strings.get(offset).map(text).map_err(|()| cut_off())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn folders(list: &str) -> Vec<String> {
    list.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned).collect()
}

/// The contents of the section `.modinfo` of a kernel module: its `key=value` pairs in order.
pub fn modinfo(bytes: &[u8]) -> Result<Vec<(String, String)>, ElfError> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let Some((_, section)) = sections.section_by_name(endian, b".modinfo") else {
        return Err(ElfError("it has no section .modinfo".to_owned()));
    };
    let data = object::read::elf::SectionHeader::data(section, endian, bytes)?;
    let pairs = data.split(|b| *b == 0).filter_map(|pair| {
        let pair = text(pair);
        pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
    });
    Ok(pairs.collect())
}
