//! The provisioning configuration: fetched, checked, and made the content of the partition OEM.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use keelson_disk::fat::{self, Entry, Volume};
use keelson_disk::sparse;
use rustix::fs::MemfdFlags;
use serde_json::Value;

use crate::fetch;
use crate::table::{Partition, SECTOR};

/// The file on the partition. Installed systems look for it.
pub const NAME: &str = "config.ign";
/// More than this is no configuration for a partition of this size.
const LARGEST: u64 = 4 << 20;
/// The program of a Keelson system that knows all of the specification.
const PROVISION: &str = "/usr/lib/keelson/provision";

/// Fetches a configuration and checks it.
pub fn read(place: &str) -> Result<Vec<u8>> {
    let bytes = fetch::small(place, LARGEST)?;
    check(&bytes).with_context(|| format!("{place} is no Ignition configuration"))?;
    if std::path::Path::new(PROVISION).exists() {
        check_whole(&bytes).with_context(|| format!("checking {place}"))?;
    }
    Ok(bytes)
}

/// What every configuration has: an object with `ignition.version` 3.
fn check(bytes: &[u8]) -> Result<()> {
    let value: Value = serde_json::from_slice(bytes)?;
    let version =
        value.get("ignition").and_then(|ignition| ignition.get("version")).and_then(Value::as_str);
    match version {
        Some(version) if version.starts_with("3.") => Ok(()),
        Some(version) => bail!("it is of specification {version}; 3.0 to 3.5 are understood"),
        None => bail!("it has no `ignition.version`"),
    }
}

/// Lets the provisioner of this system check all of it; what it says goes to standard error.
fn check_whole(bytes: &[u8]) -> Result<()> {
    let mut child = Command::new(PROVISION)
        .args(["--check", "--config", "/proc/self/fd/0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("running the provisioner")?;
    let mut input = child.stdin.take().context("running the provisioner")?;
    input.write_all(bytes)?;
    drop(input);
    if !child.wait()?.success() {
        bail!("it would be refused at the first boot");
    }
    Ok(())
}

/// The content of the partition with this configuration: what is not zero, by its place on the disk.
pub fn volume(config: &[u8], oem: &Partition) -> Result<Vec<(u64, Vec<u8>)>> {
    let bytes = oem.end() - oem.start();
    let memory = File::from(rustix::fs::memfd_create("oem", MemfdFlags::CLOEXEC)?);
    memory.set_len(bytes)?;
    let id = keelson_format::guid::derived(&["oem", &oem.guid.to_string()]).as_fields().0;
    let hidden_sectors =
        u32::try_from(oem.start() / SECTOR).context("the partition OEM lies too far behind")?;
    let volume = Volume { bytes, id, label: "OEM".parse()?, hidden_sectors };
    fat::write(&memory, 0, &volume, &[Entry::file(NAME, config.to_vec())])?;
    let mut pieces = Vec::new();
    sparse::for_each_data_chunk(&memory, 0..bytes, |at, chunk| {
        for (index, grain) in chunk.chunks(4096).enumerate() {
            if !sparse::is_zero(grain) {
                pieces.push((oem.start() + at + index as u64 * 4096, grain.to_vec()));
            }
        }
        Ok(())
    })?;
    Ok(pieces)
}

#[cfg(test)]
mod tests;
