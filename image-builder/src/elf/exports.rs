//! Takes the exported names out of a program, in place.
//!
//! Go programs that can load plugins export every symbol they have. In containerd that is a sixth of the file, and
//! only a plugin built from the very same sources with the very same compiler could use it.
//! Nothing moves: the hash table finds no name any more, and what described the names becomes zeros, which
//! compress to nothing. Names that the program imports stay (System V ABI, "Symbol Table"; GNU hash section).

use object::elf::{
    DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, FileHeader64, Rela64, SHN_UNDEF, SHT_DYNSYM,
    SHT_GNU_HASH, SHT_GNU_VERDEF, SHT_GNU_VERSYM, SHT_HASH, SHT_RELA,
};
use object::read::elf::{Dyn as _, FileHeader as _, SectionHeader as _, Sym as _};
use object::{Endianness, SectionIndex};

use super::ElfError;

/// Bytes of one entry of `.dynsym` and of `.gnu.version`.
const SYMBOL: usize = 24;
const VERSION: usize = 2;

/// Bytes of the header of `.gnu.hash`, of its one word of filter, and of its one bucket.
const EMPTY_HASH: usize = 16 + 8 + 4;

/// A section that is edited.
struct Place {
    start: usize,
    end: usize,
}

/// What of a file is turned into what.
struct Edit {
    hash: Place,
    symbols: Place,
    versions: Option<Place>,
    strings: Place,
    /// How many symbols stand before those that the hash table finds.
    unhashed: u32,
    /// Indexes of the symbols that go.
    exported: Vec<usize>,
    /// Offsets in the string table of the names that stay.
    kept: Vec<usize>,
}

/// Takes all exported names out of a program.
///
/// Fails on a file that is not an ELF program with a GNU hash table, and on one that needs a name it exports itself.
pub fn drop(mut bytes: Vec<u8>) -> Result<Vec<u8>, ElfError> {
    let edit = plan(&bytes)?;
    let strings = &bytes[edit.strings.start..edit.strings.end];
    let mut names = vec![0; strings.len()];
    for start in edit.kept {
        let rest = strings.get(start..).ok_or_else(|| bad("a name is outside its table"))?;
        let length = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        names[start..start + length].copy_from_slice(&rest[..length]);
    }
    bytes[edit.strings.start..edit.strings.end].copy_from_slice(&names);
    for index in edit.exported {
        let symbol = edit.symbols.start + index * SYMBOL;
        bytes[symbol..symbol + SYMBOL].fill(0);
        if let Some(versions) = &edit.versions {
            let version = versions.start + index * VERSION;
            bytes[version..version + VERSION].fill(0);
        }
    }
    // One bucket without a chain behind a filter that lets nothing through.
    let hash = &mut bytes[edit.hash.start..edit.hash.end];
    let shift: [u8; 4] = hash[12..16].try_into().expect("four bytes");
    hash.fill(0);
    hash[..4].copy_from_slice(&1_u32.to_le_bytes());
    hash[4..8].copy_from_slice(&edit.unhashed.to_le_bytes());
    hash[8..12].copy_from_slice(&1_u32.to_le_bytes());
    hash[12..16].copy_from_slice(&shift);
    Ok(bytes)
}

fn plan(bytes: &[u8]) -> Result<Edit, ElfError> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let place = |index: SectionIndex| -> Result<Place, ElfError> {
        let section = sections.section(index)?;
        let data = section.data(endian, bytes)?;
        let start =
            usize::try_from(section.sh_offset(endian)).map_err(|_| bad("it is too long"))?;
        Ok(Place { start, end: start + data.len() })
    };
    for section in sections.iter() {
        if matches!(section.sh_type(endian), SHT_HASH | SHT_GNU_VERDEF) {
            return Err(bad(
                "it has an old hash table or defines versions of names: it is a library",
            ));
        }
    }
    let symbols = sections.symbols(endian, bytes, SHT_DYNSYM)?;
    let (_, hash_index) = sections
        .gnu_hash(endian, bytes)?
        .map(|(hash, _)| hash)
        .zip(sections.enumerate().find_map(|(index, section)| {
            (section.sh_type(endian) == SHT_GNU_HASH).then_some(index)
        }))
        .ok_or_else(|| bad("it has no GNU hash table"))?;
    let hash = place(hash_index)?;
    if hash.end - hash.start < EMPTY_HASH {
        return Err(bad("it exports nothing"));
    }
    let unhashed = u32::from_le_bytes(
        bytes[hash.start + 4..hash.start + 8].try_into().expect("four bytes of a checked range"),
    );
    let versions = sections
        .enumerate()
        .find_map(|(index, section)| (section.sh_type(endian) == SHT_GNU_VERSYM).then_some(index));
    let (symbols_at, versions) = (place(symbols.section())?, versions.map(place).transpose()?);
    let is_short = |place: &Place, entry| (place.end - place.start) / entry < symbols.len();
    if versions.as_ref().is_some_and(|versions| is_short(versions, VERSION)) {
        return Err(bad("its table of versions is shorter than that of its symbols"));
    }

    let (mut kept, mut exported) = (Vec::new(), Vec::new());
    for (index, symbol) in symbols.iter().enumerate() {
        if index < unhashed as usize || symbol.st_shndx(endian) == SHN_UNDEF {
            kept.push(symbol.st_name(endian) as usize);
        } else {
            exported.push(index);
        }
    }
    for section in sections.iter().filter(|section| section.sh_type(endian) == SHT_RELA) {
        let Some((relocations, link)) = section.rela(endian, bytes)? else { continue };
        let uses = |rela: &Rela64<Endianness>| rela.r_sym(endian, false) as usize;
        if link == symbols.section()
            && relocations.iter().any(|rela| exported.binary_search(&uses(rela)).is_ok())
        {
            return Err(bad("it needs a name that it exports itself"));
        }
    }
    if let Some((entries, _)) = sections.dynamic(endian, bytes)? {
        for entry in entries {
            if matches!(entry.tag(endian), DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH) {
                kept.push(entry.val32(endian).ok_or_else(|| bad("a name is cut off"))? as usize);
            }
        }
    }
    if let Some((mut needs, _)) = sections.gnu_verneed(endian, bytes)? {
        while let Some((need, mut versions)) = needs.next()? {
            kept.push(need.vn_file.get(endian) as usize);
            while let Some(version) = versions.next()? {
                kept.push(version.vna_name.get(endian) as usize);
            }
        }
    }
    let strings = place(symbols.string_section())?;
    Ok(Edit { hash, symbols: symbols_at, versions, strings, unhashed, exported, kept })
}

fn bad(words: &str) -> ElfError {
    ElfError(words.to_owned())
}

#[cfg(test)]
mod tests;
