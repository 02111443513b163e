//! Finds the image that is asked for and checks who signed it: a build's folder, a file, a server, or
//! the medium that this system was started from.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keelson_disk::platform::Overlay;
use keelson_disk::recipe::{self, From, Sealed};
use keelson_format::platform::Platform;
use keelson_format::release::Release;
use sha2::{Digest, Sha256};

use crate::arguments::Install;
use crate::device::{Look, Readable};
use crate::disks::System;
use crate::fetch::{self, Download};
use crate::image::Image;
use crate::keys::{Keys, sum_of};
use crate::progress::Progress;
use crate::table::{Partition, SECTOR, Table};

/// More than this are no sums, no manifest and no add-on.
const LARGEST: u64 = 4 << 20;
const NO_MEDIUM: &str =
    "this system was not started from an installation medium: say what to install with --image";
/// What is looked for in the folder of a build, the smaller first.
const NAMES: [&str; 2] = ["disk.raw.zst", "disk.raw"];

/// An image, and what makes it that of another platform.
#[derive(Debug)]
pub struct Opened {
    /// The image.
    pub image: Image,
    /// The file or disk that it is read from; none is a server.
    pub source: Option<PathBuf>,
    /// Bytes of it that are replaced.
    pub patches: Vec<(u64, Vec<u8>)>,
    /// Version and board, as far as they are known.
    pub version: Option<String>,
    /// The key that signed it.
    pub fingerprint: String,
}

/// Opens what `install` asks for.
pub fn open(install: &Install, system: &System, progress: &mut Progress) -> Result<Opened> {
    let keys = Keys::read(install.key.as_deref())?;
    match &install.image {
        Some(place) if is_medium(place) => of_medium(place, install.platform, &keys, progress),
        Some(place) => of_build(place, install.platform, &keys, progress),
        None => {
            let name = system.started_from.as_ref().context(NO_MEDIUM)?;
            let node = format!("/dev/{name}");
            if !is_medium(&node) {
                bail!("{NO_MEDIUM} ({node} has no partition {})", recipe::LABEL);
            }
            of_medium(&node, install.platform, &keys, progress)
        }
    }
}

/// Whether a place is the live medium, or the file of one.
fn is_medium(place: &str) -> bool {
    !fetch::is_url(place) && recipe_partition(place).is_some()
}

fn recipe_partition(place: &str) -> Option<Partition> {
    let table = Table::of_disk(&Look::open(Path::new(place)).ok()?)?;
    table.partitions().into_iter().find(|partition| partition.label == recipe::LABEL)
}

fn of_build(
    place: &str,
    platform: Option<Platform>,
    keys: &Keys,
    progress: &mut Progress,
) -> Result<Opened> {
    let is_folder = place.ends_with('/') || Path::new(place).is_dir();
    let place =
        if is_folder && !place.ends_with('/') { format!("{place}/") } else { place.to_owned() };
    let sums = fetch::small(&fetch::beside(&place, "SHA256SUMS"), LARGEST)?;
    let signature = fetch::small(&fetch::beside(&place, "SHA256SUMS.sig"), LARGEST)?;
    let fingerprint =
        keys.check(&sums, &signature).with_context(|| format!("SHA256SUMS beside {place}"))?;
    let sums = String::from_utf8(sums).context("SHA256SUMS is no text")?;
    let mut names = NAMES.into_iter();
    let name = if is_folder {
        names
            .find(|name| sum_of(&sums, name).is_some())
            .context("SHA256SUMS names neither disk.raw.zst nor disk.raw")?
            .to_owned()
    } else {
        place.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let place = fetch::beside(&place, &name);
    let sum = sum_of(&sums, &name)
        .with_context(|| format!("SHA256SUMS does not name {name}"))?
        .to_owned();
    let signed = |file: &str| -> Result<Vec<u8>> {
        let bytes = fetch::small(&fetch::beside(&place, file), LARGEST)?;
        let sum =
            sum_of(&sums, file).with_context(|| format!("SHA256SUMS does not name {file}"))?;
        if hex::encode(Sha256::digest(&bytes)) != sum {
            bail!("{file} beside {place} is damaged or not the one that was signed");
        }
        Ok(bytes)
    };
    let patches = match platform {
        None | Some(Platform::Metal) => Vec::new(),
        Some(platform) => {
            let release: Release = serde_json::from_slice(&signed("release.json")?)
                .context("release.json is not understood")?;
            overlay(&release, platform, &signed)?
        }
    };
    let image = match (fetch::is_url(&place), name.ends_with(".zst")) {
        (false, false) => Image::raw(&place, open_file(&place)?, &sum, progress)?,
        (false, true) => Image::packed_file(&place, open_file(&place)?, &sum, progress)?,
        (true, true) => {
            let download = Download::begin(&place)?;
            let bytes = download.bytes;
            Image::packed(&place, Box::new(download), bytes, &sum)?
        }
        (true, false) => bail!("{place}: from a server only packed images are taken: disk.raw.zst"),
    };
    let version =
        sums.lines().next().and_then(|line| line.strip_prefix("# Keelson ")).map(str::to_owned);
    let source = (!fetch::is_url(&place)).then(|| place.into());
    Ok(Opened { image, source, patches, version, fingerprint })
}

fn overlay(
    release: &Release,
    platform: Platform,
    signed: &dyn Fn(&str) -> Result<Vec<u8>>,
) -> Result<Vec<(u64, Vec<u8>)>> {
    let mut artifacts = BTreeMap::new();
    for name in release.platform.iter().map(|range| range.artifact(platform)) {
        artifacts.insert(name.clone(), signed(&name)?);
    }
    let found = |name: &str| Ok(artifacts.get(name).cloned().unwrap_or_default());
    let overlay = Overlay::with(&release.platform, platform, found)?;
    Ok(overlay.patches().map(|(at, bytes)| (at, bytes.to_vec())).collect())
}

fn of_medium(
    place: &str,
    platform: Option<Platform>,
    keys: &Keys,
    progress: &mut Progress,
) -> Result<Opened> {
    let partition = recipe_partition(place).context(NO_MEDIUM)?;
    let medium = open_file(place)?;
    let sealed =
        Sealed::read(&medium, partition.start()).with_context(|| format!("reading {place}"))?;
    let fingerprint = keys
        .check(&sealed.signed, &sealed.signature)
        .with_context(|| format!("the recipe on {place}"))?;
    let (recipe, rest) = sealed.open()?;
    let patches = match platform {
        None | Some(Platform::Metal) => Vec::new(),
        Some(platform) => {
            let pieces = recipe
                .platforms
                .get(platform.id())
                .with_context(|| format!("the medium cannot install for {platform}"))?;
            let bytes = |piece: &recipe::Piece| match piece.from {
                From::Rest(from) => {
                    let start = usize::try_from(from).ok()?;
                    Some((
                        piece.at,
                        rest.get(start..start + usize::try_from(piece.bytes).ok()?)?.to_vec(),
                    ))
                }
                From::Medium(_) => None,
            };
            pieces
                .iter()
                .map(bytes)
                .collect::<Option<Vec<_>>>()
                .context("the recipe has less than it says")?
        }
    };
    let version = Some(format!("{} {}", recipe.version, recipe.board));
    let last = recipe.pieces.iter().filter_map(|piece| match piece.from {
        From::Medium(at) => Some(at + piece.bytes),
        From::Rest(_) => None,
    });
    if last.max().unwrap_or(0) > Look::open(Path::new(place))?.bytes().next_multiple_of(SECTOR) {
        bail!("{place} is shorter than its recipe says: the medium is cut off");
    }
    let image = Image::medium(place, medium, recipe, rest, progress)
        .with_context(|| format!("reading {place}"))?;
    Ok(Opened { image, source: Some(place.into()), patches, version, fingerprint })
}

fn open_file(place: &str) -> Result<File> {
    File::open(place).with_context(|| format!("opening {place}"))
}
