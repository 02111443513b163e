//! Plans that remove: disable, unmask, reenable, revert.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Change, InstallError, Installer, PERSISTENT, RUNTIME};
use crate::loader::index::resolve_link;
use crate::model::UnitName;

impl Installer {
    /// `systemctl disable`: all links to the unit's file go, also those made by hand, in `/etc` and `/run`.
    pub fn disable(&self, names: &[UnitName]) -> Result<Vec<Change>, InstallError> {
        let mut own = BTreeSet::new();
        let mut queue = names.to_vec();
        while let Some(name) = queue.pop() {
            match self.find(&name) {
                Err(InstallError::Missing(_)) if names.contains(&name) => {
                    return Err(InstallError::Missing(name));
                }
                // A masked unit may have links; a missing one of `Also=` has none.
                Err(_) => {
                    own.insert(name);
                }
                Ok((found, path)) => {
                    if own.insert(found.clone()) {
                        queue.extend(self.install(&found, &path).also);
                    }
                }
            }
        }
        let mut changes = Vec::new();
        for folder in self.folders_of_links() {
            for link in self.links(&folder) {
                if self.leads_to(&link, &own) {
                    changes.push(Change::Remove(self.shown(&link)));
                }
            }
        }
        Ok(changes)
    }

    /// `systemctl reenable`
    pub fn reenable(&self, names: &[UnitName]) -> Result<Vec<Change>, InstallError> {
        let mut changes = self.disable(names)?;
        let gone = changes.iter().filter_map(|change| match change {
            Change::Remove(path) => Some(path.clone()),
            _ => None,
        });
        let gone: BTreeSet<PathBuf> = gone.collect();
        changes.extend(self.enable_without(names, &gone)?);
        Ok(changes)
    }

    /// `systemctl unmask`
    pub fn unmask(&self, names: &[UnitName]) -> Vec<Change> {
        let path = |name: &UnitName| Path::new(self.folder).join(name.as_str());
        let masked = names.iter().map(path).filter(|path| self.is_mask(&self.real(path)));
        masked.map(Change::Remove).collect()
    }

    /// `systemctl revert`: drop-ins and masks go, and the unit's own file where the system brings one.
    pub fn revert(&self, names: &[UnitName]) -> Vec<Change> {
        let mut changes = Vec::new();
        for name in names {
            let vendor = ["usr/local/lib/systemd/system", "usr/lib/systemd/system"];
            let shipped =
                vendor.iter().any(|folder| self.root.join(folder).join(name.as_str()).exists());
            for folder in
                [PERSISTENT, RUNTIME, "/etc/systemd/system.control", "/run/systemd/system.control"]
            {
                let path = Path::new(folder).join(name.as_str());
                let there = std::fs::symlink_metadata(self.real(&path)).is_ok();
                if there && (shipped || self.is_mask(&self.real(&path))) {
                    changes.push(Change::Remove(path));
                }
                let drop_ins = Path::new(folder).join(format!("{name}.d"));
                let Ok(listing) = std::fs::read_dir(self.real(&drop_ins)) else { continue };
                let mut files: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
                files.sort();
                changes.extend(files.iter().map(|file| Change::Remove(self.shown(file))));
                changes.push(Change::RemoveFolder(drop_ins));
            }
        }
        changes
    }

    pub(super) fn is_mask(&self, path: &Path) -> bool {
        resolve_link(&self.root, path).is_some_and(|target| target == self.root.join("dev/null"))
    }

    /// The folders an administrator's links are in, and those of units in them.
    pub(super) fn folders_of_links(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for top in [PERSISTENT, RUNTIME] {
            let top = self.real(Path::new(top));
            let Ok(listing) = std::fs::read_dir(&top) else { continue };
            let mut below: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
            below.retain(|path| {
                let suffix = path.extension().and_then(|suffix| suffix.to_str());
                path.is_dir()
                    && suffix.is_some_and(|s| ["wants", "requires", "upholds"].contains(&s))
            });
            below.sort();
            folders.push(top);
            folders.extend(below);
        }
        folders
    }

    /// The links in a folder that may be of units, masks left out.
    pub(super) fn links(&self, folder: &Path) -> Vec<PathBuf> {
        let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut links: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
        links.retain(|link| link.is_symlink() && !self.is_mask(link));
        links.sort();
        links
    }

    /// Whether a link has the name of one of the units, or leads to its file. An instance counts for its template.
    pub(super) fn leads_to(&self, link: &Path, names: &BTreeSet<UnitName>) -> bool {
        let own = link.file_name().and_then(|name| name.to_str());
        let target = resolve_link(&self.root, link);
        let target = target.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        let counts = |name: Option<&str>| {
            let name: Option<UnitName> = name.and_then(|name| name.parse().ok());
            name.is_some_and(|name| {
                let template = name.template();
                names.contains(&name) || template.is_some_and(|template| names.contains(&template))
            })
        };
        counts(own) || counts(target)
    }
}
