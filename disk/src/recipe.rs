//! A recipe: how `disk.raw` is put together from byte ranges of an installation medium and a small
//! rest, so that the medium holds nothing twice and an installed disk is `disk.raw` bit for bit.
//!
//! The file: [`MAGIC`], the lengths of header and rest (32 bits each, little endian), the release key's
//! signature over [`MAGIC`] and the header (64 bytes), the header (JSON of [`Recipe`]), the rest (zstd).
//! Changing the form breaks older installers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use keelson_format::release::Disk;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::sparse::{self, SparseError};

/// The first bytes of a recipe.
pub const MAGIC: &[u8; 16] = b"keelson-install1";
/// The label of the partition of a medium that holds the recipe.
pub const LABEL: &str = "keelson-install";

/// Bytes before the header.
const PREFIX: usize = 16 + 4 + 4 + 64;
/// More than this is no header, and no rest.
const LARGEST: u32 = 64 << 20;
/// Files lie on whole sectors of a disk.
const SECTOR: u64 = 512;
/// It is compressed once and read at every installation.
const LEVEL: i32 = 19;

/// What the release key signs about an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    /// Version of the release.
    pub version: String,
    /// Board it was built for.
    pub board: String,
    /// The disk and its partitions.
    pub disk: Disk,
    /// Bytes of the rest once it is unpacked.
    pub rest_bytes: u64,
    /// SHA-256 of the packed rest, in hexadecimal.
    pub rest_sha256: String,
    /// What is not zero, ascending and apart.
    pub pieces: Vec<Piece>,
    /// What takes the place of bytes of the disk for a platform, by its id. From the rest.
    pub platforms: BTreeMap<String, Vec<Piece>>,
}

/// Bytes of the disk, and where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Piece {
    /// The first byte on the disk.
    pub at: u64,
    /// How many.
    pub bytes: u64,
    /// Where they are.
    pub from: From,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Where the bytes of a piece are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum From {
    /// On the medium, from this byte.
    Medium(u64),
    /// In the unpacked rest, from this byte.
    Rest(u64),
}

/// A file that lies whole on the medium and on the disk.
#[derive(Debug, Clone, Copy)]
pub struct Shared<'a> {
    /// The file.
    pub path: &'a Path,
    /// Where its first byte is on the medium.
    pub medium: u64,
}

/// Bytes that take the place of others for a platform.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// The platform's id.
    pub platform: String,
    /// The first byte on the disk.
    pub at: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why there is no recipe.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// A file could not be read.
    #[error(transparent)]
    Sparse(#[from] SparseError),
    /// The system refused.
    #[error("recipe of an installation: {0}")]
    Io(#[from] io::Error),
    /// What is read is no recipe, or a damaged one.
    #[error("the recipe of the installation is not one: {0}")]
    Form(&'static str),
    /// A file should be on the disk and is not.
    #[error("{path} is not on the disk as a whole")]
    Absent {
        /// The file.
        path: String,
    },
}

/// A recipe as it lies on a medium. Nothing in it may be used before [`Sealed::signed`] is checked.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The release key's signature.
    pub signature: [u8; 64],
    /// What it signs.
    pub signed: Vec<u8>,
    /// The packed rest.
    rest: Vec<u8>,
}

impl Sealed {
    /// Reads the recipe that begins at byte `at` of `medium`.
    pub fn read(medium: &File, at: u64) -> Result<Self, RecipeError> {
        let mut prefix = [0; PREFIX];
        medium.read_exact_at(&mut prefix, at)?;
        if prefix[..16] != *MAGIC {
            return Err(RecipeError::Form("it begins with something else"));
        }
        let length = |from: usize| u32::from_le_bytes(std::array::from_fn(|i| prefix[from + i]));
        let (header, rest) = (length(16), length(20));
        if header > LARGEST || rest > LARGEST {
            return Err(RecipeError::Form("it is too large"));
        }
        let mut signed = MAGIC.to_vec();
        signed.resize(16 + header as usize, 0);
        medium.read_exact_at(&mut signed[16..], at + PREFIX as u64)?;
        let mut packed = vec![0; rest as usize];
        medium.read_exact_at(&mut packed, at + PREFIX as u64 + u64::from(header))?;
        let signature = std::array::from_fn(|i| prefix[24 + i]);
        Ok(Self { signature, signed, rest: packed })
    }

    /// The recipe and its unpacked rest, which must be the one that is signed.
    pub fn open(&self) -> Result<(Recipe, Vec<u8>), RecipeError> {
        let recipe: Recipe = serde_json::from_slice(&self.signed[16..])
            .map_err(|_| RecipeError::Form("its header is not understood"))?;
        if hex(&Sha256::digest(&self.rest)) != recipe.rest_sha256 {
            return Err(RecipeError::Form("its rest is damaged"));
        }
        let most = usize::try_from(recipe.rest_bytes.min(u64::from(LARGEST))).expect("64 MiB");
        let rest = zstd::bulk::decompress(&self.rest, most)?;
        check(&recipe, rest.len() as u64)?;
        Ok((recipe, rest))
    }
}

/// Makes the recipe of `disk_raw`, whose files `shared` are on the medium as well. Gives its bytes.
pub fn make(
    disk_raw: &Path,
    disk: &Disk,
    (version, board): (&str, &str),
    shared: &[Shared<'_>],
    overlays: &[Overlay],
    sign: &dyn Fn(&[u8]) -> [u8; 64],
) -> Result<Vec<u8>, RecipeError> {
    let raw = File::open(disk_raw)?;
    let map = sparse::data_map(disk_raw, sparse::GRAIN)?;
    let mut pieces = Vec::new();
    for file in shared {
        let range = find(&raw, &map, file.path)?;
        let bytes = range.end - range.start;
        let (at, sha256) = (range.start, sum(&raw, range)?);
        pieces.push(Piece { at, bytes, from: From::Medium(file.medium), sha256 });
    }
    pieces.sort_by_key(|piece| piece.at);
    let mut rest = Vec::new();
    for range in without(&map, &pieces) {
        let at = range.start;
        let mut bytes = vec![0; usize::try_from(range.end - at).expect("in memory")];
        raw.read_exact_at(&mut bytes, at)?;
        if !sparse::is_zero(&bytes) {
            pieces.push(in_rest(&mut rest, at, &bytes));
        }
    }
    pieces.sort_by_key(|piece| piece.at);
    let mut platforms: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    for Overlay { platform, at, bytes } in overlays {
        platforms.entry(platform.clone()).or_default().push(in_rest(&mut rest, *at, bytes));
    }
    let packed = zstd::bulk::compress(&rest, LEVEL)?;
    let recipe = Recipe {
        version: version.to_owned(),
        board: board.to_owned(),
        disk: disk.clone(),
        rest_bytes: rest.len() as u64,
        rest_sha256: hex(&Sha256::digest(&packed)),
        pieces,
        platforms,
    };
    let mut signed = MAGIC.to_vec();
    signed.extend(serde_json::to_vec(&recipe).expect("a recipe always serialises"));
    let length = |bytes: usize| {
        u32::try_from(bytes)
            .ok()
            .filter(|length| *length <= LARGEST)
            .ok_or(RecipeError::Form("it is too large"))
    };
    let mut file = MAGIC.to_vec();
    file.extend(length(signed.len() - 16)?.to_le_bytes());
    file.extend(length(packed.len())?.to_le_bytes());
    file.extend(sign(&signed));
    file.extend(&signed[16..]);
    file.extend(packed);
    Ok(file)
}

fn in_rest(rest: &mut Vec<u8>, at: u64, bytes: &[u8]) -> Piece {
    let from = From::Rest(rest.len() as u64);
    rest.extend(bytes);
    Piece { at, bytes: bytes.len() as u64, from, sha256: hex(&Sha256::digest(bytes)) }
}

/// Where all of a file lies on the disk.
fn find(raw: &File, map: &[Range<u64>], path: &Path) -> Result<Range<u64>, RecipeError> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut first = vec![0; usize::try_from(bytes.min(SECTOR * 8)).expect("a page")];
    file.read_exact_at(&mut first, 0)?;
    let end = raw.metadata()?.len();
    for range in map {
        let mut found = None;
        sparse::for_each_data_chunk(raw, range.clone(), |offset, chunk| {
            let sectors = chunk.chunks(512).zip((offset..).step_by(512));
            let likely = sectors
                .filter(|(sector, _)| first.starts_with(sector) || sector.starts_with(&first));
            for (_, at) in likely {
                let whole = found.is_none() && at + bytes <= end;
                if whole && sparse::first_difference(&file, 0..bytes, raw, at)?.is_none() {
                    found = Some(at..at + bytes);
                }
            }
            Ok(())
        })?;
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(RecipeError::Absent { path: path.display().to_string() })
}

/// The ranges of `map` that no piece has. Pieces ascend.
fn without(map: &[Range<u64>], pieces: &[Piece]) -> Vec<Range<u64>> {
    let mut left = Vec::new();
    for range in map {
        let mut start = range.start;
        for piece in pieces {
            let end = piece.at + piece.bytes;
            if end <= start || piece.at >= range.end {
                continue;
            }
            if piece.at > start {
                left.push(start..piece.at);
            }
            start = end;
        }
        if start < range.end {
            left.push(start..range.end);
        }
    }
    left
}

fn check(recipe: &Recipe, rest: u64) -> Result<(), RecipeError> {
    let mut end = 0;
    for piece in &recipe.pieces {
        let last = piece.at.checked_add(piece.bytes).filter(|last| *last <= recipe.disk.size);
        if piece.at < end || last.is_none() {
            return Err(RecipeError::Form("its pieces overlap or leave the disk"));
        }
        end = last.unwrap_or(end);
    }
    for piece in recipe.pieces.iter().chain(recipe.platforms.values().flatten()) {
        let last = piece.at.checked_add(piece.bytes).filter(|last| *last <= recipe.disk.size);
        let whole = match piece.from {
            From::Medium(_) => true,
            From::Rest(at) => at.checked_add(piece.bytes).is_some_and(|end| end <= rest),
        };
        if !whole || last.is_none() {
            return Err(RecipeError::Form("a piece is not where it should be"));
        }
    }
    Ok(())
}

fn sum(file: &File, range: Range<u64>) -> Result<String, RecipeError> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from((range.end - at).min(1 << 20)).expect("a MiB");
        file.read_exact_at(&mut buffer[..length], at)?;
        hash.update(&buffer[..length]);
        at += length as u64;
    }
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
