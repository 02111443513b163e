//! The formats of the disk, all in one pass over `disk.raw`.

use std::collections::BTreeSet;

use fs_err as fs;
use keelson_disk::formats::{self, Form, Job, Machine};
use keelson_disk::platform::Overlay;
use keelson_format::guid;
use keelson_format::platform::Platform;

use super::formats::Source;
use super::{BuildError, Format, Wanted};

/// zstd level of `disk.raw.zst`: nearly all of the image is compressed already.
const ZSTD_LEVEL: i32 = 9;
/// zstd level of the clusters of `disk.qcow2`.
const QCOW2_LEVEL: i32 = 3;

/// Makes those of `wanted` that hold the disk.
pub(super) fn convert(source: &Source<'_>, wanted: &BTreeSet<Wanted>) -> Result<(), BuildError> {
    let jobs: Vec<Job> = wanted
        .iter()
        .filter_map(|wanted| job(source, *wanted).transpose())
        .collect::<Result<_, _>>()?;
    formats::write(&source.folder.join("disk.raw"), &jobs)?;
    let is_measured = wanted.iter().any(|wanted| wanted.format == Format::RawZst);
    if is_measured { within_budget(source) } else { Ok(()) }
}

/// What is to be written for a format; `None` where it is there or holds no disk.
fn job(source: &Source<'_>, wanted: Wanted) -> Result<Option<Job>, BuildError> {
    let form = match wanted.format {
        Format::Raw if wanted.platform.is_some() => Form::Raw,
        Format::Ec2 => Form::Raw,
        Format::RawZst => Form::Zst { level: ZSTD_LEVEL },
        Format::RawBmap => Form::Bmap,
        Format::Qcow2 => Form::Qcow2 { level: QCOW2_LEVEL },
        Format::Vmdk => Form::VmdkStream,
        Format::VmdkSparse => Form::VmdkSparse,
        Format::Ova => Form::Ova(Machine {
            name: "Keelson".to_owned(),
            version: source.plan.version.to_string(),
        }),
        Format::Vhd => Form::Vhd,
        Format::Vhdx => Form::Vhdx,
        Format::Gce => Form::Gce,
        Format::Raw | Format::Iso | Format::Pxe | Format::Netboot | Format::Installer => {
            return Ok(None);
        }
    };
    let release = source.release;
    // disk.raw is that of metal.
    let platform = wanted.disk_of().unwrap_or(Platform::Metal);
    let overlay = if platform == Platform::Metal {
        Overlay::nothing()
    } else {
        Overlay::read(&release.platform, platform, source.folder)?
    };
    let root_hash = release.usr.root_hash.to_string();
    let names = ["image", &release.disk.guid.to_string(), &root_hash, platform.id()];
    let to = source.folder.join(wanted.artifact());
    Ok(Some(Job { form, to, overlay, identity: guid::derived(&names) }))
}

/// Refuses a `disk.raw.zst` that is over the board's budget.
fn within_budget(source: &Source<'_>) -> Result<(), BuildError> {
    let Some(budget) = source.plan.disk.compressed_limit else { return Ok(()) };
    let path = source.folder.join(Format::RawZst.artifact());
    let size = if path.exists() { fs::metadata(path)?.len() } else { 0 };
    if size <= budget.bytes() {
        return Ok(());
    }
    Err(BuildError::TooLarge {
        what: "disk.raw.zst",
        size,
        over: size - budget.bytes(),
        limit: format!("the board's budget of {budget}"),
        largest: Vec::new(),
    })
}
