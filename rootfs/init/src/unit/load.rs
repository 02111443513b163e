//! Finds unit files: search path, masks, drop-ins, templates, aliases, `.wants` folders (systemd.unit(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::settings;
use super::text::{self, Entry, Place, Remark};
use super::{Kind, Unit};

/// The search path, the first having the last word.
pub const SEARCH_PATH: &[&str] = &[
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
];

/// Units that are part of this program; a file of the same name takes their place.
const BUILT_IN: &[(&str, &str)] = &[
    ("keelson-modules-load.service", include_str!("../builtin/keelson-modules-load.service")),
    ("keelson-coldplug.service", include_str!("../builtin/keelson-coldplug.service")),
    ("keelson-bless.service", include_str!("../builtin/keelson-bless.service")),
];

/// What loading a unit by name gave.
#[derive(Debug)]
pub enum Loaded {
    /// A unit, under its own name, which differs from the one asked for where that is an alias.
    Unit(Box<Unit>),
    /// Linked to `/dev/null`, or empty.
    Masked,
    /// There is no file of that name.
    Missing,
}

/// Reads units below a root folder.
#[derive(Debug)]
pub struct Loader {
    folders: Vec<PathBuf>,
    /// What was passed over so far, in the order found.
    pub remarks: Vec<Remark>,
}

impl Loader {
    /// A loader of the units below `root`, which is `/` but in tests.
    pub fn new(root: &Path) -> Self {
        Self {
            folders: SEARCH_PATH.iter().map(|folder| root.join(folder)).collect(),
            remarks: Vec::new(),
        }
    }

    /// Loads `name`. A target without a file is an empty target where a `.wants` folder names it, else missing.
    pub fn load(&mut self, name: &str) -> Loaded {
        let mut canonical = name.to_owned();
        let mut entries = None;
        match self.find(name) {
            Found::Masked => return Loaded::Masked,
            Found::File(path) => {
                if let Some(own_name) = alias_target(&path, name) {
                    canonical = own_name;
                }
                entries = self.read(&path);
            }
            Found::Nothing => {
                if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
                    let file = PathBuf::from(format!("(built in) {name}"));
                    entries = Some(text::parse(text, &file, &mut self.remarks));
                }
            }
        }
        let (wants, requires) =
            (self.linked(&canonical, "wants"), self.linked(&canonical, "requires"));
        if entries.is_none()
            && (settings::is_service(name) || (wants.is_empty() && requires.is_empty()))
        {
            return Loaded::Missing;
        }
        let mut entries = entries.unwrap_or_default();
        for path in self.drop_ins(&canonical) {
            entries.extend(self.read(&path).unwrap_or_default());
        }
        let mut unit = settings::build(&canonical, &entries, &mut self.remarks);
        unit.wants.extend(wants);
        unit.requires.extend(requires);
        Loaded::Unit(Box::new(unit))
    }

    /// Loads `names` and all they want or require, without end. Gives the units and the aliases met (alias to own name).
    pub fn load_closure(
        &mut self,
        names: &[&str],
    ) -> (BTreeMap<String, Unit>, BTreeMap<String, String>) {
        let mut units = BTreeMap::new();
        let mut aliases = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut queue: Vec<String> = names.iter().rev().map(|name| (*name).to_owned()).collect();
        while let Some(name) = queue.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if let Loaded::Unit(unit) = self.load(&name) {
                queue.extend(unit.wants.iter().chain(&unit.requires).cloned());
                if unit.name != name {
                    aliases.insert(name, unit.name.clone());
                    seen.insert(unit.name.clone());
                }
                units.insert(unit.name.clone(), *unit);
            }
        }
        complete_targets(&mut units, &aliases);
        (units, aliases)
    }

    fn find(&self, name: &str) -> Found {
        for folder in &self.folders {
            for candidate in [Some(name.to_owned()), template_of(name)].into_iter().flatten() {
                let path = folder.join(candidate);
                match fs::metadata(&path) {
                    Ok(metadata) if metadata.is_file() && metadata.len() > 0 => {
                        return Found::File(path);
                    }
                    // An empty file or a link to /dev/null masks.
                    Ok(metadata) if !metadata.is_dir() => return Found::Masked,
                    _ => {}
                }
            }
        }
        Found::Nothing
    }

    fn read(&mut self, path: &Path) -> Option<Vec<Entry>> {
        match fs::read(path) {
            Ok(bytes) => {
                Some(text::parse(&String::from_utf8_lossy(&bytes), path, &mut self.remarks))
            }
            Err(error) => {
                self.remarks.push(Remark {
                    place: Place { file: path.to_owned(), line: 1 },
                    what: format!("cannot be read: {error}"),
                });
                None
            }
        }
    }

    /// `NAME.d/*.conf` of all folders and of the template, sorted by file name, an earlier folder hiding the same name.
    fn drop_ins(&self, name: &str) -> Vec<PathBuf> {
        let mut found = BTreeMap::new();
        for owner in [template_of(name), Some(name.to_owned())].into_iter().flatten() {
            for folder in self.folders.iter().rev() {
                for path in list(&folder.join(format!("{owner}.d"))).unwrap_or_default() {
                    if let (Some("conf"), Some(file_name)) = (
                        path.extension().and_then(|extension| extension.to_str()),
                        path.file_name(),
                    ) {
                        found.insert(file_name.to_owned(), path);
                    }
                }
            }
        }
        found
            .into_values()
            .filter(|path| fs::metadata(path).is_ok_and(|metadata| metadata.is_file()))
            .collect()
    }

    fn linked(&self, name: &str, relation: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for folder in &self.folders {
            for path in list(&folder.join(format!("{name}.{relation}"))).unwrap_or_default() {
                names.extend(path.file_name().and_then(|name| name.to_str()).map(str::to_owned));
            }
        }
        names
    }
}

/// Targets are reached after what they pull in, unless that is ordered after them (systemd.target(5)).
/// Targets that are only named by orderings become empty ones, so that what stands before them stands before
/// what comes after them.
fn complete_targets(units: &mut BTreeMap<String, Unit>, aliases: &BTreeMap<String, String>) {
    let named: BTreeSet<String> = units
        .values()
        .flat_map(|unit| unit.after.iter().chain(&unit.before))
        .filter(|name| {
            settings::is_target(name) && !units.contains_key(*name) && !aliases.contains_key(*name)
        })
        .cloned()
        .collect();
    for name in named {
        let unit = settings::build(&name, &[], &mut Vec::new());
        units.insert(name, unit);
    }
    let pulled: Vec<(String, String)> = units
        .values()
        .filter(|unit| matches!(unit.kind, Kind::Target))
        .flat_map(|unit| {
            unit.wants.iter().chain(&unit.requires).map(|name| (unit.name.clone(), name.clone()))
        })
        .collect();
    for (target, name) in pulled {
        let name = aliases.get(&name).unwrap_or(&name).clone();
        let later = units.get(&name).is_some_and(|unit| unit.after.contains(&target));
        if let (false, Some(target)) = (later, units.get_mut(&target)) {
            target.after.insert(name);
        }
    }
}

enum Found {
    File(PathBuf),
    Masked,
    Nothing,
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

/// `foo@.service` of `foo@bar.service`.
fn template_of(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    let (instance, suffix) = rest.rsplit_once('.')?;
    (!instance.is_empty()).then(|| format!("{prefix}@.{suffix}"))
}

/// The name of the file a unit link leads to, where it is another unit and no template.
fn alias_target(path: &Path, name: &str) -> Option<String> {
    let target = fs::canonicalize(path).ok()?;
    let own_name = target.file_name()?.to_str()?;
    let same_type = Path::new(own_name).extension() == Path::new(name).extension();
    (own_name != name && same_type && !own_name.contains('@')).then(|| own_name.to_owned())
}

#[cfg(test)]
mod tests;
