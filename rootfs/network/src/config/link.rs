//! `.link` files as checked values (systemd.link(5)): names and the few settings that are made before a `.network`.

use std::path::PathBuf;

use keelson_units::text::Remark;

use super::files::Source;
use super::keys::{self, Kind};
use super::matching::Match;
use super::value::{Wrong, bytes, choice, parsed};
use crate::address::Mac;

/// One word of `NamePolicy=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePolicy {
    /// A name somebody gave stays.
    Keep,
    /// A name the kernel says will stay the same stays.
    Kernel,
    /// A database of udev, which there is none of.
    Database,
    /// The firmware's number of a device on the board: `eno1`.
    Onboard,
    /// The number of the slot: `ens1`.
    Slot,
    /// Where it is plugged in: `enp0s3`.
    Path,
    /// The hardware address: `enx525400123456`.
    Mac,
}

/// One `.link` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkFile {
    /// The file.
    pub file: PathBuf,
    /// Which links it is for.
    pub matching: Match,
    /// The policies in their order.
    pub policies: Vec<NamePolicy>,
    /// The name where no policy gives one.
    pub name: Option<String>,
    /// A hardware address.
    pub mac: Option<Mac>,
    /// Bytes.
    pub mtu: Option<u32>,
    /// The name in words.
    pub alias: Option<String>,
}

impl LinkFile {
    /// Reads a file. What cannot be used becomes a remark; the rest holds.
    pub fn read(source: &Source, remarks: &mut Vec<Remark>) -> Self {
        let mut file = Self { file: source.path.clone(), ..Self::default() };
        for line in &source.lines {
            let entry = &line.entry;
            let what = match file.set(&entry.section, &entry.key, &entry.value) {
                _ if entry.section.starts_with("X-") || entry.key.starts_with("X-") => continue,
                Ok(true) => continue,
                Ok(false) => keys::remark(Kind::Link, &entry.section, &entry.key),
                Err(wrong) => format!("{}= is passed over: {wrong}", entry.key),
            };
            remarks.push(Remark { place: entry.place.clone(), what });
        }
        file
    }

    fn set(&mut self, section: &str, key: &str, value: &str) -> Result<bool, Wrong> {
        const POLICIES: [(&str, NamePolicy); 7] = [
            ("keep", NamePolicy::Keep),
            ("kernel", NamePolicy::Kernel),
            ("database", NamePolicy::Database),
            ("onboard", NamePolicy::Onboard),
            ("slot", NamePolicy::Slot),
            ("path", NamePolicy::Path),
            ("mac", NamePolicy::Mac),
        ];
        match (section, key) {
            ("Match", _) => return self.matching.set(key, value),
            ("Link", "NamePolicy") => {
                self.policies = value
                    .split_whitespace()
                    .map(|word| choice(word, &POLICIES))
                    .collect::<Result<_, _>>()?;
            }
            ("Link", "Name") if value.len() > 15 || value.contains('/') => {
                return Err(format!("`{value}` is no name of at most 15 characters"));
            }
            ("Link", "Name") => self.name = Some(value.to_owned()).filter(|name| !name.is_empty()),
            ("Link", "MACAddress") => self.mac = Some(parsed(value)?),
            // The kernel's own address stays; links made by software get one when they are made.
            ("Link", "MACAddressPolicy") => {
                return choice(value, &[("none", true), ("persistent", true)]);
            }
            ("Link", "Description" | "AlternativeNamesPolicy") => {}
            ("Link", "MTUBytes") => self.mtu = Some(bytes(value)?),
            ("Link", "Alias") => self.alias = Some(value.to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }
}
