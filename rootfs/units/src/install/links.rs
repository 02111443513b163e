//! Plans that make links: enable, mask, link, default target.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Change, InstallError, Installer};
use crate::loader::index::resolve_link;
use crate::model::{Relation, UnitName};

impl Installer {
    /// `systemctl enable`
    pub fn enable(&self, names: &[UnitName]) -> Result<Vec<Change>, InstallError> {
        self.enable_without(names, &BTreeSet::new())
    }

    /// As [`Self::enable`], with these links taken as not there.
    pub(super) fn enable_without(
        &self,
        names: &[UnitName],
        gone: &BTreeSet<PathBuf>,
    ) -> Result<Vec<Change>, InstallError> {
        let mut changes = Vec::new();
        let mut seen = BTreeSet::new();
        let mut queue: Vec<(UnitName, bool)> =
            names.iter().rev().map(|name| (name.clone(), true)).collect();
        while let Some((asked, must_be)) = queue.pop() {
            let (name, path) = match self.find(&asked) {
                Ok(found) => found,
                // What `Also=` names need not be there.
                Err(InstallError::Missing(_)) if !must_be => continue,
                Err(error) => return Err(error),
            };
            if !seen.insert(name.clone()) {
                continue;
            }
            let install = self.install(&name, &path);
            let target = self.shown(&path);
            for alias in &install.aliases {
                // A template's alias of an instance and the like are no names for it.
                if alias.kind() == name.kind() && *alias != name {
                    self.add_link(&mut changes, alias.as_str(), &target, gone)?;
                }
            }
            let linked = match (name.is_template(), &install.default_instance) {
                (false, _) => Some(name.clone()),
                (true, Some(instance)) => name.with_instance(instance).ok(),
                (true, None) => None,
            };
            let relations = [
                (&install.wanted_by, "wants"),
                (&install.required_by, "requires"),
                (&install.upheld_by, "upholds"),
            ];
            for (pullers, suffix) in relations {
                for puller in pullers {
                    if let Some(linked) = &linked {
                        let place = format!("{puller}.{suffix}/{linked}");
                        self.add_link(&mut changes, &place, &target, gone)?;
                    }
                }
            }
            queue.extend(install.also.iter().rev().map(|also| (also.clone(), false)));
        }
        Ok(changes)
    }

    /// `systemctl mask`
    pub fn mask(&self, names: &[UnitName]) -> Result<Vec<Change>, InstallError> {
        let mut changes = Vec::new();
        for name in names {
            self.add_link(&mut changes, name.as_str(), Path::new("/dev/null"), &BTreeSet::new())?;
        }
        Ok(changes)
    }

    /// `systemctl link`: unit files from outside of the search path, by absolute path.
    pub fn link(&self, paths: &[PathBuf]) -> Result<Vec<Change>, InstallError> {
        let mut changes = Vec::new();
        for path in paths {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.parse::<UnitName>().ok());
            let Some(name) = name.filter(|_| path.is_absolute() && self.real(path).is_file())
            else {
                return Err(InstallError::Path(path.clone()));
            };
            self.add_link(&mut changes, name.as_str(), path, &BTreeSet::new())?;
        }
        Ok(changes)
    }

    /// `systemctl add-wants` and `add-requires`
    pub fn add_relation(
        &self,
        target: &UnitName,
        relation: Relation,
        names: &[UnitName],
    ) -> Result<Vec<Change>, InstallError> {
        let suffix = if relation == Relation::Requires { "requires" } else { "wants" };
        let mut changes = Vec::new();
        for name in names {
            let (name, path) = self.find(name)?;
            let place = format!("{target}.{suffix}/{name}");
            self.add_link(&mut changes, &place, &self.shown(&path), &BTreeSet::new())?;
        }
        Ok(changes)
    }

    /// `systemctl set-default`
    pub fn set_default(&self, target: &UnitName) -> Result<Vec<Change>, InstallError> {
        let (_, path) = self.find(target)?;
        let place = Path::new(self.folder).join("default.target");
        let target = self.shown(&path);
        Ok(vec![Change::Link { path: place, target }])
    }

    /// Adds a link in the folder of this plan, unless it is there.
    fn add_link(
        &self,
        changes: &mut Vec<Change>,
        place: &str,
        target: &Path,
        gone: &BTreeSet<PathBuf>,
    ) -> Result<(), InstallError> {
        let path = Path::new(self.folder).join(place);
        let real = self.real(&path);
        let change = Change::Link { path: path.clone(), target: target.to_owned() };
        if !gone.contains(&path)
            && let Ok(metadata) = std::fs::symlink_metadata(&real)
        {
            if !metadata.is_symlink() {
                return Err(InstallError::Exists(path));
            }
            let known = resolve_link(&self.root, &real).map(|known| self.shown(&known));
            if known.as_deref() == Some(target) {
                return Ok(());
            }
            if !self.force {
                return Err(InstallError::OtherLink(path, known.unwrap_or_default()));
            }
        }
        if !changes.contains(&change) {
            changes.push(change);
        }
        Ok(())
    }
}
