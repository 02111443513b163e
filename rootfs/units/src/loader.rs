//! Finds and reads units by name: search path, masks, aliases, drop-ins, templates, `.wants` folders, `/etc/fstab`
//! (systemd.unit(5), "UNIT FILE LOAD PATH").
//!
//! Listings of folders are read once and kept until [`Loader::reload`] or [`Loader::look_again`]; files are read when a
//! unit is asked for.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::facts::Facts;
use crate::fstab::{self, Generated};
use crate::model::{Relation, Unit, UnitKind, UnitName};
use crate::settings::{self, Sources};
use crate::text::{self, Place, Remark};

pub(crate) use index::resolve_link;
use index::{Found, Index};

mod drop_ins;
mod implicit;
pub(crate) mod index;
mod listing;
mod mounts;
mod targets;

pub use listing::UnitFile;

/// The search path, the first having the last word. What is above [`FSTAB_BELOW`] goes before `/etc/fstab`.
pub const SEARCH_PATH: &[&str] = &[
    "etc/systemd/system.control",
    "run/systemd/system.control",
    "run/systemd/transient",
    "run/systemd/generator.early",
    "etc/systemd/system",
    "etc/systemd/system.attached",
    "run/systemd/system",
    "run/systemd/system.attached",
    "run/systemd/generator",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "run/systemd/generator.late",
];

/// A unit file in `/usr` gives way to `/etc/fstab`, others do not.
const FSTAB_BELOW: &str = "usr";

/// The largest unit file.
const LARGEST: u64 = 4 << 20;

/// What loading a unit by name gave.
#[derive(Debug)]
pub enum Loaded {
    /// A unit, under its own name, which differs from the one asked for where that is an alias.
    Unit(Box<Unit>),
    /// Linked to `/dev/null`, or empty: the file that does it.
    Masked(PathBuf),
    /// There is no file of that name.
    Missing,
}

/// The load state as `systemctl` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadState {
    /// All is well.
    Loaded,
    /// No file.
    NotFound,
    /// Masked.
    Masked,
    /// The files say something that keeps it from starting.
    BadSetting,
}

impl LoadState {
    /// The word of `systemctl`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::NotFound => "not-found",
            Self::Masked => "masked",
            Self::BadSetting => "bad-setting",
        }
    }
}

impl Loaded {
    /// The load state.
    pub fn state(&self) -> LoadState {
        match self {
            Self::Unit(unit) if unit.bad.is_some() => LoadState::BadSetting,
            Self::Unit(_) => LoadState::Loaded,
            Self::Masked(_) => LoadState::Masked,
            Self::Missing => LoadState::NotFound,
        }
    }
}

/// Reads units below a root folder.
#[derive(Debug)]
pub struct Loader {
    root: PathBuf,
    folders: Vec<PathBuf>,
    facts: Facts,
    built_in: &'static [(&'static str, &'static str)],
    cache: Option<Cache>,
    /// Texts of templates, while they are kept.
    templates: Option<FxHashMap<PathBuf, String>>,
    /// Units that were looked at for another one and not yet asked for.
    ready: FxHashMap<UnitName, Box<Unit>>,
}

/// What is kept until the next reload.
#[derive(Debug)]
struct Cache {
    index: Index,
    fstab: BTreeMap<UnitName, Generated>,
    fstab_remarks: Vec<Remark>,
}

impl Cache {
    fn read(root: &Path, folders: &[PathBuf]) -> Self {
        let text = read(&root.join("etc/fstab")).unwrap_or_default();
        let mut fstab_remarks = Vec::new();
        let shown = Path::new("/etc/fstab");
        let fstab = fstab::units(&fstab::parse(&text, shown, &mut fstab_remarks));
        Self { index: Index::read(root, folders), fstab, fstab_remarks }
    }
}

impl Loader {
    /// A loader of the units below `root`, which is `/` but in tests.
    pub fn new(root: &Path, facts: Facts) -> Self {
        Self {
            root: root.to_owned(),
            folders: SEARCH_PATH.iter().map(|folder| root.join(folder)).collect(),
            facts,
            built_in: &[],
            cache: None,
            templates: None,
            ready: FxHashMap::default(),
        }
    }

    /// With units that are part of the program, by name and text; a file of the same name takes their place.
    #[must_use]
    pub fn with_built_in(mut self, units: &'static [(&'static str, &'static str)]) -> Self {
        self.built_in = units;
        self
    }

    /// The folders of unit files, the first having the last word.
    pub fn search_path(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Forgets what it has seen of the disk (`daemon-reload`).
    pub fn reload(&mut self) {
        self.cache = None;
        self.ready.clear();
    }

    /// Lists the folders of unit files again where one of them has changed, for a unit that was not found; says whether.
    pub fn look_again(&mut self) -> bool {
        let Some(cache) = &mut self.cache else { return false };
        if !cache.index.is_stale(&self.folders) {
            return false;
        }
        cache.index = Index::read(&self.root, &self.folders);
        self.ready.clear();
        true
    }

    /// Keeps the files of templates from now on, or no longer: many instances that are loaded at once read them once.
    /// Gives whether they were kept before.
    pub fn keep_templates(&mut self, keep: bool) -> bool {
        let before = self.templates.take();
        let kept = before.is_some();
        self.templates = keep.then(|| before.unwrap_or_default());
        kept
    }

    /// What is wrong in `/etc/fstab`.
    pub fn fstab_remarks(&mut self) -> &[Remark] {
        &self.cache().fstab_remarks
    }

    /// Loads a unit. Slices, devices and `-.mount` need no file.
    pub fn load(&mut self, name: &UnitName) -> Loaded {
        if let Some(mut unit) = self.ready.remove(name) {
            targets::complete(self, &mut unit);
            return Loaded::Unit(unit);
        }
        let mut loaded = self.load_alone(name);
        if let Loaded::Unit(unit) = &mut loaded {
            targets::complete(self, unit);
        }
        loaded
    }

    /// A unit that the kernel has and that may have no file: a mount of `/proc/self/mountinfo`, a swap. Drop-ins and
    /// default dependencies apply.
    pub fn load_bare(&mut self, name: &UnitName) -> Unit {
        match self.load(name) {
            Loaded::Unit(unit) => *unit,
            Loaded::Masked(_) | Loaded::Missing => self.assemble(Sources::of(name)),
        }
    }

    /// A unit from a text instead of its file; drop-ins apply.
    pub fn transient(&mut self, name: &UnitName, text: &str) -> Unit {
        let mut sources = Sources::of(name);
        let file = PathBuf::from(format!("/run/systemd/transient/{name}"));
        sources.entries = text::parse(text, &file, &mut sources.remarks);
        sources.fragment = Some(file);
        let mut unit = self.assemble(sources);
        targets::complete(self, &mut unit);
        unit
    }

    /// The file of a unit, aliases followed.
    pub fn fragment_path(&mut self, name: &UnitName) -> Option<PathBuf> {
        match self.cache().index.find(name) {
            Found::File { path, .. } => Some(path),
            Found::Masked(_) | Found::Nothing => None,
        }
    }

    /// As [`Self::load`], without what depends on other units.
    fn load_alone(&mut self, name: &UnitName) -> Loaded {
        if name.kind() == UnitKind::Scope {
            return Loaded::Missing;
        }
        let usr = self.root.join(FSTAB_BELOW);
        let cache = self.cache.get_or_insert_with(|| Cache::read(&self.root, &self.folders));
        let templates = self.templates.as_mut();
        let is_known = |path: &Path| templates.as_ref().is_some_and(|all| all.contains_key(path));
        let mut sources = match cache.index.find_unless(name, is_known) {
            Found::Masked(path) => return Loaded::Masked(path),
            Found::File { path, .. }
                if path.starts_with(&usr) && cache.fstab.contains_key(name) =>
            {
                Sources::of(name)
            }
            Found::File { name, path, metadata } => {
                let mut sources = Sources::of(&name);
                match read_template(&path, metadata, templates) {
                    Ok(text) => sources.entries = text::parse(&text, &path, &mut sources.remarks),
                    Err(what) => {
                        let place = Place { file: path.clone(), line: 1 };
                        sources.remarks.push(Remark { place, what });
                    }
                }
                sources.fragment = Some(path);
                sources
            }
            Found::Nothing => Sources::of(name),
        };
        if sources.fragment.is_none() && !self.generate(&mut sources) && !needs_no_file(name) {
            return Loaded::Missing;
        }
        let unreadable = sources.entries.is_empty().then(|| sources.remarks.first().cloned());
        let mut unit = self.assemble(sources);
        if let (Some(remark), None) = (unreadable.flatten(), &unit.bad) {
            unit.bad = Some(remark);
        }
        Loaded::Unit(Box::new(unit))
    }

    /// Fills in what `/etc/fstab` or this program has of a unit without a file.
    fn generate(&mut self, sources: &mut Sources) -> bool {
        if let Some(generated) = self.cache().fstab.get(&sources.name) {
            sources.entries.clone_from(&generated.entries);
            sources.fragment = generated.entries.first().map(|entry| entry.place.file.clone());
            return true;
        }
        let template = sources.name.template();
        let names = [Some(&sources.name), template.as_ref()];
        for name in names.into_iter().flatten() {
            let built_in = self.built_in.iter().find(|(known, _)| *known == name.as_str());
            if let Some((name, text)) = built_in {
                let file = PathBuf::from(format!("(built in) {name}"));
                sources.entries = text::parse(text, &file, &mut sources.remarks);
                sources.fragment = Some(file);
                return true;
            }
        }
        false
    }

    /// Adds aliases, drop-ins, `.wants` folders and what follows of itself.
    fn assemble(&mut self, mut sources: Sources) -> Unit {
        let cache = self.cache();
        sources.aliases = cache.index.aliases(&sources.name);
        let names: Vec<UnitName> =
            std::iter::once(&sources.name).chain(&sources.aliases).cloned().collect();
        for (path, metadata) in cache.index.drop_ins(&names) {
            if let Ok(text) = read_known(&path, metadata) {
                sources.entries.extend(text::parse(&text, &path, &mut sources.remarks));
            }
            sources.drop_ins.push(path);
        }
        let linked = cache.index.linked(&names);
        let mut unit = settings::build(sources, &self.facts);
        for (relation, name) in linked.into_iter().chain(self.wanted_by_fstab(&unit.name)) {
            unit.dependencies.add(relation, name);
        }
        implicit::add(self, &mut unit);
        unit
    }

    fn wanted_by_fstab(&mut self, name: &UnitName) -> Vec<(Relation, UnitName)> {
        let units = self.cache().fstab.iter();
        let pulled = units.flat_map(|(own, generated)| {
            let by = generated.pulled_by.iter().filter(|(puller, _)| puller == name);
            by.map(|(_, relation)| (*relation, own.clone()))
        });
        pulled.collect()
    }

    fn cache(&mut self) -> &Cache {
        self.cache.get_or_insert_with(|| Cache::read(&self.root, &self.folders))
    }

    /// Whether a mount or another unit is described by a file or by `/etc/fstab`.
    fn is_described(&mut self, name: &UnitName) -> bool {
        let cache = self.cache();
        cache.fstab.contains_key(name) || matches!(cache.index.find(name), Found::File { .. })
    }
}

/// Whether a unit is there without a file: slices, devices and the root mount.
fn needs_no_file(name: &UnitName) -> bool {
    match name.kind() {
        UnitKind::Slice => !name.as_str().contains('@'),
        UnitKind::Device => true,
        UnitKind::Mount => name.as_str() == "-.mount",
        _ => false,
    }
}

/// A text of at most [`LARGEST`] bytes; what is no UTF-8 is replaced.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    read_known(path, None)
}

/// The text of a unit file; that of a template, where those are kept, from where it is or to there.
fn read_template(
    path: &Path,
    metadata: Option<Metadata>,
    templates: Option<&mut FxHashMap<PathBuf, String>>,
) -> Result<String, String> {
    let is_template = path.file_stem().is_some_and(|stem| stem.as_encoded_bytes().ends_with(b"@"));
    let Some(templates) = templates.filter(|_| is_template) else {
        return read_known(path, metadata);
    };
    if let Some(text) = templates.get(path) {
        return Ok(text.clone());
    }
    let text = read_known(path, metadata)?;
    templates.insert(path.to_owned(), text.clone());
    Ok(text)
}

/// The same of a file whose metadata may be known already.
fn read_known(path: &Path, metadata: Option<Metadata>) -> Result<String, String> {
    use std::io::Read;
    let wrong = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = metadata.map_or_else(|| std::fs::metadata(path), Ok).map_err(wrong)?;
    let size = usize::try_from(metadata.len().min(LARGEST)).unwrap_or(0);
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err("cannot be read: no file, or too large".to_owned());
    }
    let mut file = std::fs::File::open(path).map_err(wrong)?;
    let mut bytes = vec![0; size];
    let mut used = 0;
    // As long as it was a moment ago: its end needs no call of its own.
    while used < size {
        match file.read(&mut bytes[used..]).map_err(wrong)? {
            0 => break,
            count => used += count,
        }
    }
    Ok(String::from_utf8_lossy(&bytes[..used]).into_owned())
}

#[cfg(test)]
mod tests;
