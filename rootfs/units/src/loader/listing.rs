//! All unit files there are, for `systemctl list-unit-files`.

use std::path::PathBuf;

use super::Loader;
use super::index::{Entry, Found};
use crate::install::{Installer, State};
use crate::model::UnitName;

/// A unit file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFile {
    /// Its name.
    pub name: UnitName,
    /// The file or link of that name; of `/etc/fstab` and built-in units where they come from.
    pub path: PathBuf,
    /// Whether it is enabled.
    pub state: State,
    /// Whether presets enable it; none where there is nothing to enable.
    pub preset: Option<bool>,
}

impl Loader {
    /// Every unit file by name, sorted; built-in units and those of `/etc/fstab` included.
    pub fn known_names(&mut self) -> Vec<UnitFile> {
        let installer = Installer::new(&self.root, false);
        let mut files = Vec::new();
        for (name, entry) in &self.cache().index.entries {
            let path = match entry {
                Entry::File(path) | Entry::Mask(path) => path.clone(),
                Entry::Alias { link, .. } => link.clone(),
            };
            files.push((name.clone(), path));
        }
        let known: std::collections::BTreeSet<UnitName> =
            files.iter().map(|(name, _)| name.clone()).collect();
        let fstab = self.cache().fstab.keys().filter(|name| !known.contains(name));
        files.extend(fstab.map(|name| (name.clone(), PathBuf::from("/etc/fstab"))));
        let built_in = self.built_in.iter().filter_map(|(name, _)| name.parse::<UnitName>().ok());
        let built_in = built_in.filter(|name| !known.contains(name));
        files.extend(
            built_in.map(|name| (name.clone(), PathBuf::from(format!("(built in) {name}")))),
        );
        files.sort();
        let one = |(name, path): (UnitName, PathBuf)| {
            let known = known.contains(&name);
            let generated = path.starts_with("/etc/fstab");
            let state = match (known, generated) {
                (true, _) => installer.state(&name),
                (false, true) => State::Generated,
                (false, false) => State::Static,
            };
            let preset = state.has_preset().then(|| installer.preset_of(&name));
            UnitFile { name, path, state, preset }
        };
        files.into_iter().map(one).collect()
    }

    /// Whether a file of that name is there.
    pub fn has_file(&mut self, name: &UnitName) -> bool {
        !matches!(self.cache().index.find(name), Found::Nothing)
    }
}
