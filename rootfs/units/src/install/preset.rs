//! Presets (systemd.preset(5)).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Change, InstallError, Installer};
use crate::glob::matches as glob;
use crate::loader::index::Entry;
use crate::loader::read;
use crate::model::UnitName;

/// Where preset files are, the first having the last word.
const FOLDERS: &[&str] = &[
    "etc/systemd/system-preset",
    "run/systemd/system-preset",
    "usr/local/lib/systemd/system-preset",
    "usr/lib/systemd/system-preset",
];

/// What a preset says of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// Enable it, or of a template these instances.
    Enable(Vec<String>),
    Disable,
    Ignore,
}

impl Installer {
    /// Whether presets enable a unit.
    pub fn preset_of(&self, name: &UnitName) -> bool {
        matches!(verdict(&self.rules(), name), Verdict::Enable(_))
    }

    /// `systemctl preset`. Units without `[Install]` are passed over.
    pub fn preset(&self, names: &[UnitName]) -> Result<Vec<Change>, InstallError> {
        let rules = self.rules();
        let mut changes = Vec::new();
        for name in names {
            self.find(name)?;
            if self.has_install(name) {
                self.add_preset(&rules, name, &mut changes)?;
            }
        }
        Ok(changes)
    }

    /// `systemctl preset-all`. Masked units are left as they are.
    pub fn preset_all(&self) -> Result<Vec<Change>, InstallError> {
        let entries = self.index.entries.iter();
        let files = entries.filter(|(_, entry)| matches!(entry, Entry::File(_)));
        let mut names: Vec<UnitName> = files.map(|(name, _)| name.clone()).collect();
        names.sort();
        names.retain(|name| self.has_install(name));
        self.preset(&names)
    }

    fn add_preset(
        &self,
        rules: &[(String, Verdict)],
        name: &UnitName,
        changes: &mut Vec<Change>,
    ) -> Result<(), InstallError> {
        let planned = match verdict(rules, name) {
            Verdict::Ignore => return Ok(()),
            Verdict::Disable => self.disable(std::slice::from_ref(name))?,
            Verdict::Enable(instances) if name.is_template() && !instances.is_empty() => {
                let names = instances.iter().filter_map(|one| name.with_instance(one).ok());
                self.enable(&names.collect::<Vec<_>>())?
            }
            Verdict::Enable(_) => self.enable(std::slice::from_ref(name))?,
        };
        for change in planned {
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
        Ok(())
    }

    /// All rules in the order of the file names.
    fn rules(&self) -> Vec<(String, Verdict)> {
        let mut files: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        for folder in FOLDERS {
            let Ok(listing) = std::fs::read_dir(self.root.join(folder)) else { continue };
            for path in listing.flatten().map(|item| item.path()) {
                if path.extension().is_some_and(|extension| extension == "preset")
                    && let Some(name) = path.file_name()
                {
                    files.entry(name.to_owned()).or_insert(path);
                }
            }
        }
        let texts = files.values().filter_map(|path| read(path).ok());
        texts.flat_map(|text| text.lines().filter_map(rule).collect::<Vec<_>>()).collect()
    }
}

/// The first rule that fits counts; without one a unit is enabled.
fn verdict(rules: &[(String, Verdict)], name: &UnitName) -> Verdict {
    let template = name.template();
    let fits = |pattern: &str| {
        glob(pattern, name.as_str())
            || template.as_ref().is_some_and(|template| glob(pattern, template.as_str()))
    };
    let rule = rules.iter().find(|(pattern, _)| fits(pattern));
    rule.map_or(Verdict::Enable(Vec::new()), |(_, verdict)| verdict.clone())
}

fn rule(line: &str) -> Option<(String, Verdict)> {
    let mut words = line.split_whitespace().filter(|_| !line.trim_start().starts_with(['#', ';']));
    let verb = words.next()?;
    let pattern = words.next()?.to_owned();
    let verdict = match verb {
        "enable" => Verdict::Enable(words.map(str::to_owned).collect()),
        "disable" => Verdict::Disable,
        "ignore" => Verdict::Ignore,
        _ => return None,
    };
    Some((pattern, verdict))
}

#[cfg(test)]
mod tests;
