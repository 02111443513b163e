//! Where the bytes of an image come from: `disk.raw`, `disk.raw.zst` from a file or a server, or the
//! medium that the live system runs from. Each is checked against what the release key signed.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result, bail};
use keelson_disk::recipe::{From, Piece, Recipe};
use keelson_disk::sparse;
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;

use crate::progress::Progress;
use crate::table::{HEAD, Table};

const CHUNK: usize = 1 << 20;

/// An image whose head was read and whose signature was checked.
#[derive(Debug)]
pub struct Image {
    /// Its first 34 sectors.
    pub head: Vec<u8>,
    /// Its partition table.
    pub table: Table,
    /// For messages.
    pub name: String,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Raw { file: File, sha256: String },
    Packed(Packed),
    Medium { medium: File, recipe: Recipe, rest: Vec<u8> },
}

/// A packed image being read, from a file or a server.
struct Packed {
    decoder: Decoder<'static, BufReader<Hashing>>,
    /// What is unpacked already: the head.
    begun: Vec<u8>,
    bytes: Option<u64>,
    sha256: String,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed")
            .field("bytes", &self.bytes)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// Sums what passes.
struct Hashing {
    inner: Box<dyn Read>,
    hash: Sha256,
    seen: u64,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.seen += read as u64;
        Ok(read)
    }
}

impl Image {
    /// A raw image. Its sum is checked here, and again while it is written.
    pub fn raw(name: &str, mut file: File, sha256: &str, progress: &mut Progress) -> Result<Self> {
        let bytes = file.metadata()?.len();
        summed(&mut file, bytes, sha256, progress).with_context(|| format!("checking {name}"))?;
        let mut head = vec![0; HEAD];
        file.read_exact_at(&mut head, 0).with_context(|| format!("reading {name}"))?;
        Self::of(name, head, Source::Raw { file, sha256: sha256.to_owned() })
    }

    /// A packed image in a file. Its sum is checked here, and again while it is written.
    pub fn packed_file(
        name: &str,
        mut file: File,
        sha256: &str,
        progress: &mut Progress,
    ) -> Result<Self> {
        let bytes = file.metadata()?.len();
        summed(&mut file, bytes, sha256, progress).with_context(|| format!("checking {name}"))?;
        Self::packed(name, Box::new(file), Some(bytes), sha256)
    }

    /// A packed image from its start. Its sum is known to be right only when all of it was read.
    pub fn packed(
        name: &str,
        from: Box<dyn Read>,
        bytes: Option<u64>,
        sha256: &str,
    ) -> Result<Self> {
        let hashing = Hashing { inner: from, hash: Sha256::new(), seen: 0 };
        let mut decoder = Decoder::new(hashing)?;
        let mut head = vec![0; HEAD];
        decoder.read_exact(&mut head).with_context(|| format!("unpacking {name}"))?;
        let packed = Packed { decoder, begun: head.clone(), bytes, sha256: sha256.to_owned() };
        Self::of(name, head, Source::Packed(packed))
    }

    /// The image that a recipe makes of the medium. Every piece is read and checked here, and again
    /// while it is written.
    pub fn medium(
        name: &str,
        medium: File,
        recipe: Recipe,
        rest: Vec<u8>,
        progress: &mut Progress,
    ) -> Result<Self> {
        let mut head = vec![0; HEAD];
        progress.begin("checking the medium", recipe.pieces.iter().map(|piece| piece.bytes).sum());
        for piece in &recipe.pieces {
            let mut take = |at: u64, bytes: &[u8]| {
                progress.add(bytes.len() as u64);
                if at < HEAD as u64 {
                    let start = usize::try_from(at)?;
                    let length = bytes.len().min(HEAD - start);
                    head[start..start + length].copy_from_slice(&bytes[..length]);
                }
                Ok(())
            };
            read_piece(&medium, &rest, piece, &mut take)?;
        }
        progress.end();
        Self::of(name, head, Source::Medium { medium, recipe, rest })
    }

    fn of(name: &str, head: Vec<u8>, source: Source) -> Result<Self> {
        let table =
            Table::of_image(&head).with_context(|| format!("{name} has no partition table"))?;
        Ok(Self { head, table, name: name.to_owned(), source })
    }

    /// Gives every part that may hold data, in order, and ends with an error where the whole was not
    /// what the release key signed.
    pub fn stream(
        self,
        progress: &mut Progress,
        each: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let name = self.name;
        match self.source {
            Source::Raw { file, sha256 } => raw(&file, &sha256, progress, each),
            Source::Packed(packed) => unpack(packed, progress, each),
            Source::Medium { medium, recipe, rest } => {
                progress.begin("writing", recipe.pieces.iter().map(|piece| piece.bytes).sum());
                for piece in &recipe.pieces {
                    read_piece(&medium, &rest, piece, &mut |at, bytes| {
                        progress.add(bytes.len() as u64);
                        each(at, bytes)
                    })?;
                }
                Ok(())
            }
        }
        .with_context(|| format!("writing {name}"))?;
        progress.end();
        Ok(())
    }
}

fn raw(
    file: &File,
    sha256: &str,
    progress: &mut Progress,
    each: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let bytes = file.metadata()?.len();
    progress.begin("writing", bytes);
    let zeroes = vec![0; CHUNK];
    let (mut hash, mut hashed) = (Sha256::new(), 0);
    let mut failure = None;
    let skip = |hash: &mut Sha256, mut from: u64, to: u64| {
        while from < to {
            let piece = usize::try_from((to - from).min(CHUNK as u64)).expect("at most a chunk");
            hash.update(&zeroes[..piece]);
            from += piece as u64;
        }
    };
    sparse::for_each_data_chunk(file, 0..bytes, |at, chunk| {
        skip(&mut hash, hashed, at);
        hash.update(chunk);
        hashed = at + chunk.len() as u64;
        progress.set(hashed);
        each(at, chunk).map_err(|error| {
            failure = Some(error);
            std::io::Error::other("writing failed")
        })
    })
    .map_err(|error| failure.take().unwrap_or_else(|| error.into()))?;
    skip(&mut hash, hashed, bytes);
    compare(&hash.finalize(), sha256)
}

fn unpack(
    packed: Packed,
    progress: &mut Progress,
    each: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let Packed { mut decoder, begun, bytes, sha256 } = packed;
    progress.begin("writing", bytes.unwrap_or(0));
    let mut buffer = begun;
    buffer.resize(CHUNK, 0);
    let (mut filled, mut at) = (HEAD, 0);
    loop {
        while filled < CHUNK {
            let read = decoder.read(&mut buffer[filled..]).context("unpacking")?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        each(at, &buffer[..filled])?;
        progress.set(decoder.get_ref().get_ref().seen);
        at += filled as u64;
        if filled < CHUNK {
            break;
        }
        filled = 0;
    }
    let mut rest = decoder.finish();
    std::io::copy(&mut rest, &mut std::io::sink())?;
    compare(&rest.into_inner().hash.finalize(), &sha256)
}

/// Reads a piece, and says at its end whether it was what the recipe says.
fn read_piece(
    medium: &File,
    rest: &[u8],
    piece: &Piece,
    each: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut done = 0;
    while done < piece.bytes {
        let length =
            usize::try_from((piece.bytes - done).min(CHUNK as u64)).expect("at most a chunk");
        match piece.from {
            From::Medium(from) => {
                medium
                    .read_exact_at(&mut buffer[..length], from + done)
                    .context("reading the medium")?;
            }
            From::Rest(from) => {
                let start = usize::try_from(from + done)?;
                let bytes =
                    rest.get(start..start + length).context("the recipe has less than it says")?;
                buffer[..length].copy_from_slice(bytes);
            }
        }
        hash.update(&buffer[..length]);
        each(piece.at + done, &buffer[..length])?;
        done += length as u64;
    }
    compare(&hash.finalize(), &piece.sha256)
}

fn summed(file: &mut File, bytes: u64, sha256: &str, progress: &mut Progress) -> Result<()> {
    progress.begin("checking the image", bytes);
    let mut buffer = vec![0; CHUNK];
    let (mut hash, mut at) = (Sha256::new(), 0);
    loop {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        at += read as u64;
        progress.set(at);
    }
    progress.end();
    compare(&hash.finalize(), sha256)
}

fn compare(found: &[u8], expected: &str) -> Result<()> {
    let found = hex::encode(found);
    if found != expected {
        bail!(
            "its SHA-256 is {found} and the signed one {expected}: it is damaged or not the one that was signed"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
