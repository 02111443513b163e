//! The disk that is installed on: looked at, refused or opened.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use keelson_disk::recipe;
use keelson_format::disk::Role;

use crate::arguments::{Install, Target};
use crate::device::{Disk, Identity, Look, Readable};
use crate::disks::{self, System};
use crate::probe::{self, Content};
use crate::table::{self, Partition, Table, UNFINISHED};

/// Refuses what may not be installed on.
pub fn check(install: &Install, system: &System) -> Result<()> {
    let node = node(install);
    let shown = node.display();
    if let Target::Device(_) = install.target {
        let metadata = std::fs::metadata(node).with_context(|| {
            format!("looking at {shown} (`keelson-install list` shows the disks)")
        })?;
        if !metadata.file_type().is_block_device() {
            bail!("{shown} is no disk; --target-file writes to a file");
        }
        let number = metadata.rdev();
        let number = format!("{}:{}", rustix::fs::major(number), rustix::fs::minor(number));
        let name =
            system.name_of(&number).map_err(|reason| anyhow::anyhow!("{shown}: {reason}"))?;
        let found = system.disk(&name);
        if !found.refused.is_empty() {
            bail!("{shown} is refused: {}", found.refused.join("; "));
        }
    } else if !node.exists() {
        return Ok(());
    }
    let disk = Look::open(node).with_context(|| format!("opening {shown}"))?;
    if disk.bytes() == 0 {
        return Ok(());
    }
    let content = probe::probe(&disk);
    let labels: Vec<String> = kept(install)?.iter().map(probe::name).collect();
    disks::may_install(&content, &labels, install.wipe)
        .map_err(|reason| anyhow::anyhow!("{shown} is refused: {reason}"))
}

/// Refuses to write to what the image is read from.
pub fn is_not_the_source(install: &Install, source: &Path) -> Result<()> {
    let node = node(install);
    if !node.exists() {
        return Ok(());
    }
    let identity =
        |path: &Path| Identity::of(path).with_context(|| format!("looking at {}", path.display()));
    if identity(node)? == identity(source)? {
        bail!("{} is refused: the image is read from it", node.display());
    }
    Ok(())
}

/// Those of `disks` beside the target that the firmware and the initramfs cannot tell from it afterwards:
/// both look for partitions by GUIDs, and these have one of the image's.
///
/// None for a target that is not one of them: an array is made of disks, and a file is for elsewhere.
pub fn twins(install: &Install, disks: &[PathBuf], image: &Table) -> Vec<PathBuf> {
    let Target::Device(node) = &install.target else { return Vec::new() };
    let is_target = |disk: &PathBuf| match (Identity::of(disk), Identity::of(node)) {
        (Ok(disk), Ok(node)) => disk == node,
        _ => false,
    };
    let own = image.partitions();
    let is_twin = |disk: &PathBuf| {
        let table = Look::open(disk).ok().and_then(|disk| Table::of_disk(&disk));
        let partitions = table.map(|table| table.partitions()).unwrap_or_default();
        // A live medium has the same /usr, and an ESP of its own: the initramfs knows it by that.
        partitions.iter().all(|partition| partition.label != recipe::LABEL)
            && partitions.iter().any(|found| own.iter().any(|own| own.guid == found.guid))
    };
    let (target, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        disks.iter().partition(|disk| is_target(disk));
    if target.is_empty() {
        return Vec::new();
    }
    others.into_iter().filter(|disk| is_twin(disk)).cloned().collect()
}

/// The partitions of the disk that stay. Every pattern must match one, but on a disk that holds nothing.
pub fn kept(install: &Install) -> Result<Vec<Partition>> {
    let node = node(install);
    if install.save.is_empty() || !node.exists() {
        return Ok(Vec::new());
    }
    let disk = Look::open(node).with_context(|| format!("opening {}", node.display()))?;
    let content = probe::probe(&disk);
    let Some(table) = Table::of_disk(&disk) else {
        // An empty disk has nothing to keep, and the same command serves for every machine of a rack.
        if matches!(content, Content::Nothing | Content::Unfinished(_)) {
            let mut first = [0; 512];
            disk.read_at(&mut first, 0).with_context(|| format!("reading {}", node.display()))?;
            // Of a disk that shows its tables both were written before.
            if table::shows_a_table(&first) {
                bail!(
                    "{}: an interrupted installation, and the table that names the partitions it keeps cannot be read; \
                     without --save-partlabel they are lost",
                    node.display()
                );
            }
            return Ok(Vec::new());
        }
        bail!(
            "{}: partitions are kept by their labels, and it has no GUID partition table",
            node.display()
        );
    };
    let mut partitions = table.partitions();
    if let Content::Unfinished(others) = &content {
        if others.is_empty() {
            return Ok(Vec::new());
        }
        // The image's own partitions are there shortly before the end.
        partitions.retain(|partition| {
            partition.label != UNFINISHED && Role::from_label(&partition.label).is_none()
        });
    }
    let is_there =
        |glob: &&String| partitions.iter().any(|partition| matches(glob, &partition.label));
    if let Some(glob) = install.save.iter().find(|glob| !is_there(glob)) {
        let labels: Vec<String> =
            partitions.iter().map(|partition| format!("{:?}", partition.label)).collect();
        bail!(
            "{}: no partition has a label that matches {glob:?}; there are: {}",
            node.display(),
            if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
        );
    }
    partitions.retain(|partition| install.save.iter().any(|glob| matches(glob, &partition.label)));
    Ok(partitions)
}

/// The length of the target: of a disk its own, of a file what is asked for or the image's.
pub fn bytes(install: &Install, image: &Table) -> Result<u64> {
    match &install.target {
        Target::Device(node) => Ok(Look::open(node)?.bytes()),
        Target::File(path, None) => {
            let old = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            Ok(image.disk_bytes().max(old - old % 512))
        }
        Target::File(_, Some(size)) => Ok(*size),
    }
}

/// Opens it for writing; from here on nothing else can use it.
pub fn open(install: &Install, bytes: u64) -> Result<Disk> {
    let opened = match &install.target {
        Target::Device(node) => Disk::open(node),
        Target::File(path, _) => Disk::file(path, bytes),
    };
    opened.map_err(|error| not_opened(install, error))
}

/// Refuses a disk that the kernel or a program uses without sysfs saying so, as a member of a mounted
/// btrfs. Not to be asked while [`open`]'s disk is there, which is such a use.
pub fn is_free(install: &Install) -> Result<()> {
    let Target::Device(node) = &install.target else { return Ok(()) };
    Look::alone(node).map(drop).map_err(|error| not_opened(install, error))
}

fn not_opened(install: &Install, error: std::io::Error) -> anyhow::Error {
    let busy = disks::busy(&error);
    let error = anyhow::Error::from(error).context(format!("opening {}", node(install).display()));
    if busy { error.context("another program uses the disk; nothing was written") } else { error }
}

/// Looks again at what was opened: between the first look and the opening others could write to it.
pub fn check_again(
    install: &Install,
    system: &System,
    disk: &Disk,
    bytes: u64,
    old: &[Partition],
) -> Result<()> {
    let changed = || format!("{} changed meanwhile; nothing was written", node(install).display());
    ensure!(disk.bytes() == bytes, "{}: it has {} bytes and had {bytes}", changed(), disk.bytes());
    check(install, system).with_context(changed)?;
    let now = kept(install).with_context(changed)?;
    ensure!(now == old, "{}: the partitions to be kept are others", changed());
    Ok(())
}

fn node(install: &Install) -> &Path {
    match &install.target {
        Target::Device(path) | Target::File(path, _) => path,
    }
}

/// Whether a label matches a pattern of `*`, `?` and other characters, which stand for themselves.
fn matches(pattern: &str, label: &str) -> bool {
    let (pattern, label): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), label.chars().collect());
    // Where the last `*` was, and how much of the label it stands for.
    let (mut p, mut l, mut star) = (0, 0, None);
    while l < label.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, l));
                p += 1;
            }
            Some(c) if *c == '?' || *c == label[l] => (p, l) = (p + 1, l + 1),
            _ => match star {
                Some((at, taken)) => {
                    (p, l) = (at + 1, taken + 1);
                    star = Some((at, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests;
