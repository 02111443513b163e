//! The tree of groups: slices, units, and the controllers that are on in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use keelson_units::model::{Delegate, ResourceSettings, UnitKind, UnitName};
use rustix::process::Pid;

use super::group::Group;
use super::{CgroupError, failed, settings, write};

/// Where the hierarchy is mounted.
const MOUNT_POINT: &str = "/sys/fs/cgroup";
/// Controllers every unit has: they cost little, and a fork bomb or a leak is held without a setting.
const ALWAYS: [&str; 2] = ["memory", "pids"];
/// Controllers that are handed on by `Delegate=yes`, those of systemd.resource-control(5). They are then on in every
/// group beside the unit's, which the kernel makes slower the more there are.
const DELEGATED: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];

/// The mounted hierarchy, or the lack of it.
#[derive(Debug)]
pub struct Hierarchy {
    root: Option<PathBuf>,
    available: BTreeSet<String>,
    /// Controllers turned on below a folder, so that it is not asked again for every unit.
    enabled: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Hierarchy {
    /// The hierarchy of the system; without one, groups are absent and units run without limits.
    pub fn open() -> Self {
        Self::at(PathBuf::from(MOUNT_POINT))
    }

    /// The hierarchy (or a part of it) at a folder.
    pub fn at(root: PathBuf) -> Self {
        let controllers = fs::read_to_string(root.join("cgroup.controllers"));
        let available = controllers.as_deref().unwrap_or_default().split_whitespace();
        let available = available.map(str::to_owned).collect();
        Self { root: controllers.is_ok().then_some(root), available, enabled: BTreeMap::new() }
    }

    /// Whether there is a hierarchy.
    pub fn is_present(&self) -> bool {
        self.root.is_some()
    }

    /// Its folder, or where it would be.
    pub fn root(&self) -> &Path {
        self.root.as_deref().unwrap_or(Path::new(MOUNT_POINT))
    }

    /// Moves this process to `init.scope`, so that the root's controllers can be turned on, and makes the slice of
    /// services. Gives what did not work; none of it is fatal.
    pub fn prepare(&mut self) -> Vec<CgroupError> {
        let Some(root) = self.root.clone() else { return Vec::new() };
        let mut problems = Vec::new();
        let scope = root.join("init.scope");
        problems.extend(failed("making", &scope, make(&scope)).err());
        problems.extend(write(&scope.join("cgroup.procs"), "0").err());
        let always = ALWAYS.iter().copied().collect();
        problems.extend(self.enable(&root, &always));
        let slice = root.join("system.slice");
        problems.extend(failed("making", &slice, make(&slice)).err());
        problems.extend(self.enable(&slice, &always));
        problems
    }

    /// Makes (or finds) the group of a unit, and those of its slices, with the controllers its settings need. None
    /// without a hierarchy.
    pub fn create(
        &mut self,
        unit: &UnitName,
        resources: &ResourceSettings,
    ) -> Result<Option<Group>, CgroupError> {
        let Some(root) = self.root.clone() else { return Ok(None) };
        let relative = group_path(unit, resources.slice.as_ref());
        let needed = needed(resources);
        let whole = root.join(&relative);
        // Mostly all but the last is there, with its controllers.
        if relative.parent().is_some_and(|parent| self.is_ready(&root.join(parent), &needed))
            && fs::create_dir(&whole).is_ok()
        {
            return Ok(Some(Group::at(whole, unit, true)));
        }
        let mut folder = root;
        let mut new = false;
        for component in relative.components() {
            // A controller that the kernel refuses shows in the limit that cannot be written.
            drop(self.enable(&folder, &needed));
            folder.push(component);
            new = failed("making", &folder, make(&folder))?;
            if new {
                // Made again after it was removed: nothing is on in it.
                self.enabled.remove(&folder);
            }
        }
        Ok(Some(Group::at(folder, unit, new)))
    }

    /// Turns on what changed settings of a group need. A controller that the kernel refuses shows in the limit that cannot
    /// be written.
    pub fn turn_on(&mut self, group: &Group, resources: &ResourceSettings) {
        let Some(relative) =
            self.root.as_ref().and_then(|root| group.path().strip_prefix(root).ok())
        else {
            return;
        };
        let needed = needed(resources);
        let parents: Vec<PathBuf> = relative.ancestors().skip(1).map(Path::to_owned).collect();
        for parent in parents.iter().rev() {
            let folder = self.root().join(parent);
            drop(self.enable(&folder, &needed));
        }
    }

    /// Whether the controllers were turned on in a folder, as far as there are any.
    fn is_ready(&self, folder: &Path, wanted: &BTreeSet<&str>) -> bool {
        self.enabled.get(folder).is_some_and(|enabled| {
            wanted.iter().all(|name| enabled.contains(*name) || !self.available.contains(*name))
        })
    }

    /// Turns controllers on for the groups in a folder.
    fn enable(&mut self, folder: &Path, wanted: &BTreeSet<&str>) -> Vec<CgroupError> {
        let enabled = self.enabled.entry(folder.to_owned()).or_default();
        let missing: Vec<&str> = wanted
            .iter()
            .copied()
            .filter(|name| self.available.contains(*name) && !enabled.contains(*name))
            .collect();
        let file = folder.join("cgroup.subtree_control");
        let all: Vec<String> = missing.iter().map(|name| format!("+{name}")).collect();
        if all.is_empty() {
            return Vec::new();
        }
        enabled.extend(missing.iter().map(|name| (*name).to_owned()));
        if write(&file, &all.join(" ")).is_ok() {
            return Vec::new();
        }
        // One that is refused takes the others down with it.
        all.iter().filter_map(|name| write(&file, name).err()).collect()
    }

    /// The innermost unit whose group (or a group below it) a process is in.
    pub fn unit_of(&self, pid: Pid) -> Option<String> {
        self.root.as_ref()?;
        let text = fs::read_to_string(format!("/proc/{}/cgroup", pid.as_raw_nonzero())).ok()?;
        unit_in(&text).map(str::to_owned)
    }
}

/// The controllers of a unit's group.
fn needed(resources: &ResourceSettings) -> BTreeSet<&str> {
    let mut needed: BTreeSet<&str> = ALWAYS.into_iter().collect();
    needed.extend(settings::controllers(resources));
    needed.extend(delegated(resources));
    needed
}

/// The controllers that `Delegate=` names.
fn delegated(resources: &ResourceSettings) -> Vec<&str> {
    match &resources.delegate {
        Delegate::No => Vec::new(),
        Delegate::All => DELEGATED.to_vec(),
        Delegate::Controllers(names) => names.iter().map(String::as_str).collect(),
    }
}

/// The path of a unit's group below the root: `system.slice/a.service`, and `a.slice/a-b.slice` for `a-b.slice`.
pub fn group_path(unit: &UnitName, slice: Option<&UnitName>) -> PathBuf {
    if unit.kind() == UnitKind::Slice {
        return slice_path(unit.stem());
    }
    let parent = match slice {
        Some(slice) => slice_path(slice.stem()),
        None => PathBuf::from("system.slice"),
    };
    parent.join(escaped(unit.as_str()))
}

fn slice_path(stem: &str) -> PathBuf {
    let mut path = PathBuf::new();
    if stem == "-" {
        return path;
    }
    let dashes = stem.match_indices('-').map(|(at, _)| at);
    for end in dashes.chain([stem.len()]) {
        path.push(format!("{}.slice", &stem[..end]));
    }
    path
}

/// Names that the kernel uses itself get a `_` in front (systemd's CGROUP_DELEGATION).
fn escaped(name: &str) -> String {
    let first = name.split_once('.').map_or(name, |(first, _)| first);
    let taken = name.starts_with(['_', '.'])
        || first == "cgroup"
        || name == "notify_on_release"
        || name == "release_agent"
        || name == "tasks";
    if taken { format!("_{name}") } else { name.to_owned() }
}

/// The innermost unit in the text of `/proc/PID/cgroup`: the last part that has a unit's suffix and is no slice, up to
/// the first that has none.
pub fn unit_in(text: &str) -> Option<&str> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let found = path.split('/').find(|part| {
        let suffix = part.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        UnitKind::ALL.iter().any(|kind| *kind != UnitKind::Slice && kind.suffix() == suffix)
    })?;
    Some(found.strip_prefix('_').unwrap_or(found))
}

/// Whether it was not there.
fn make(folder: &Path) -> io::Result<bool> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        outcome => outcome.map(|()| true),
    }
}
