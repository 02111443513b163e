//! A unit in full, as `systemctl status` and `systemctl show` want it.

use keelson_control::{
    ActiveState, Answer, ConditionStatus, DependencyList, FrozenState, LoadState, RefusalKind,
    Remark, ResourceUse, StoredDescriptor, UnitStatus,
};
use keelson_execution::cgroup::group_path;
use keelson_jobs::{Activity, Edge, Load, UnitId};
use keelson_units::loader::Loaded;
use keelson_units::model::{Condition, UnitName};

use super::{System, kind};
use crate::control::refused;
use crate::unit::{Run, UnitRun};

impl System {
    /// The state of a unit. One that is not in memory is taken in for root only: what anybody may ask for must not stay.
    pub(super) fn status_of(&mut self, name: &str, root: bool) -> UnitStatus {
        let Ok(parsed) = name.parse::<UnitName>() else {
            return UnitStatus::new(name, LoadState::NotFound);
        };
        match self.known(&parsed) {
            Some(id) => self.status_of_known(id),
            None if root => {
                let id = self.find(&parsed);
                self.status_of_known(id)
            }
            None => self.status_of_file(&parsed),
        }
    }

    fn known(&self, name: &UnitName) -> Option<UnitId> {
        let known =
            |id: &UnitId| !matches!(self.graph.facts(*id).load, Load::Unknown | Load::NotFound);
        self.graph.id(name).filter(known)
    }

    fn status_of_file(&mut self, name: &UnitName) -> UnitStatus {
        if self.command_line.mask.contains(name) {
            return UnitStatus::new(name.as_str(), LoadState::Masked);
        }
        let mut loaded = self.read(name);
        if matches!(loaded, Loaded::Missing) && self.look_again() {
            loaded = self.read(name);
        }
        let unit = match loaded {
            Loaded::Unit(unit) => UnitRun::new(*unit),
            Loaded::Masked(_) => return UnitStatus::new(name.as_str(), LoadState::Masked),
            Loaded::Missing => return UnitStatus::new(name.as_str(), LoadState::NotFound),
        };
        // Another name of one that is there.
        if let Some(id) = self.known(&unit.unit.name) {
            return self.status_of_known(id);
        }
        let load = if unit.unit.bad.is_some() { LoadState::BadSetting } else { LoadState::Loaded };
        let mut status = UnitStatus::new(unit.unit.name.as_str(), load);
        fill_source(&mut status, &unit);
        status.active = active(Activity::Inactive);
        unit.sub_state().clone_into(&mut status.sub);
        status.conditions = conditions(&unit);
        self.fill_details(&mut status, &unit);
        super::properties::fill(&mut status, &unit);
        status
    }

    fn status_of_known(&mut self, id: UnitId) -> UnitStatus {
        let mut status = UnitStatus::new(self.graph.name(id).as_str(), self.load_word(id));
        let Some(unit) = self.unit(id) else { return status };
        fill_source(&mut status, unit);
        status.active = active(unit.activity);
        unit.sub_state().clone_into(&mut status.sub);
        unit.result().clone_into(&mut status.result);
        status.job = self.queue.job_of(id).map(|job| (job.id.0, kind(job.kind)));
        status.state_change = unit.times.state_change;
        status.inactive_exit = unit.times.inactive_exit;
        status.active_enter = unit.times.active_enter;
        status.active_exit = unit.times.active_exit;
        status.inactive_enter = unit.times.inactive_enter;
        status.condition_at = unit.checks.condition_at;
        status.condition_result = unit.checks.condition_result;
        status.assert_at = unit.checks.assert_at;
        status.assert_result = unit.checks.assert_result;
        status.conditions = conditions(unit);
        status.invocation = (!unit.invocation.is_empty()).then(|| unit.invocation.clone());
        status.dependencies = self.dependencies(id);
        status.triggers = self.names(id, Edge::Triggers);
        status.triggered_by = self.names(id, Edge::TriggeredBy);
        status.frozen = if unit.frozen { FrozenState::Frozen } else { FrozenState::Running };
        if let Some(resources) = unit.resources() {
            let path = group_path(&unit.unit.name, resources.slice.as_ref());
            let slice = resources.slice.as_ref().map_or("system.slice", |slice| slice.as_str());
            status.slice = Some(slice.to_owned());
            if let Some(grouped) = &unit.group {
                status.cgroup = Some(format!("/{}", path.display()));
                let usage = grouped.group.usage();
                status.resources = Some(ResourceUse {
                    tasks: usage.tasks,
                    memory: usage.memory,
                    memory_peak: usage.memory_peak,
                    swap: usage.swap,
                    cpu: usage.cpu_usec,
                    io_read: usage.io_read,
                    io_write: usage.io_write,
                    ..ResourceUse::default()
                });
            }
        }
        self.fill_details(&mut status, unit);
        super::properties::fill(&mut status, unit);
        status
    }

    fn names(&self, id: UnitId, edge: Edge) -> Vec<String> {
        self.graph.edges(id, edge).map(|other| self.graph.name(other).as_str().to_owned()).collect()
    }

    fn dependencies(&self, id: UnitId) -> DependencyList {
        let mut list = DependencyList::new();
        for (edge, other) in self.graph.all_edges(id) {
            let names = list.entry(edge.name().to_owned()).or_default();
            names.push(self.graph.name(other).as_str().to_owned());
        }
        list
    }

    pub(super) fn load_word(&self, id: UnitId) -> LoadState {
        match self.graph.facts(id).load {
            Load::Loaded => LoadState::Loaded,
            Load::Unknown => LoadState::Stub,
            Load::NotFound => LoadState::NotFound,
            Load::Masked => LoadState::Masked,
            Load::BadSetting => LoadState::BadSetting,
            Load::Error => LoadState::Error,
            Load::Merged => LoadState::Merged,
        }
    }

    pub(super) fn stored(&mut self, unit: &str) -> Answer {
        let id = unit.parse().ok().and_then(|name| self.graph.id(&name));
        let Some(Run::Service(run)) = id.and_then(|id| self.unit(id)).map(|unit| &unit.run) else {
            return refused(RefusalKind::NoSuchUnit, format!("Unit {unit} not found."));
        };
        let one = |stored: &crate::unit::service::Stored| {
            let facts = rustix::fs::fstat(&stored.descriptor).ok();
            let mode = facts.as_ref().map_or(0, |facts| facts.st_mode);
            let kind = match rustix::fs::FileType::from_raw_mode(mode) {
                rustix::fs::FileType::Socket => "socket",
                rustix::fs::FileType::RegularFile => "reg",
                rustix::fs::FileType::Directory => "dir",
                rustix::fs::FileType::Fifo => "fifo",
                rustix::fs::FileType::CharacterDevice => "char",
                rustix::fs::FileType::BlockDevice => "block",
                _ => "anon",
            };
            let flags =
                rustix::fs::fcntl_getfl(&stored.descriptor).unwrap_or(rustix::fs::OFlags::RDONLY);
            let access = match flags & rustix::fs::OFlags::RWMODE {
                rustix::fs::OFlags::RDWR => "rw",
                rustix::fs::OFlags::WRONLY => "wo",
                _ => "ro",
            };
            let number = std::os::fd::AsRawFd::as_raw_fd(&stored.descriptor);
            let path = std::fs::read_link(format!("/proc/self/fd/{number}")).unwrap_or_default();
            StoredDescriptor {
                name: stored.name.clone(),
                kind: kind.to_owned(),
                inode: facts.map_or(0, |facts| facts.st_ino),
                access: access.to_owned(),
                path: path.display().to_string(),
            }
        };
        Answer::FdStore(run.store.iter().map(one).collect())
    }
}

fn fill_source(status: &mut UnitStatus, unit: &UnitRun) {
    let source = &unit.unit;
    status.names = source.aliases.iter().map(|name| name.as_str().to_owned()).collect();
    if !status.names.contains(&status.name) {
        status.names.insert(0, status.name.clone());
    }
    status.description.clone_from(&source.description);
    status.documentation.clone_from(&source.documentation);
    status.fragment = source.fragment.as_ref().map(|path| path.display().to_string());
    status.drop_ins = source.drop_ins.iter().map(|path| path.display().to_string()).collect();
    status.load_error = source.bad.as_ref().map(ToString::to_string);
    let remark = |remark: &keelson_units::text::Remark| Remark {
        file: remark.place.file.display().to_string(),
        line: u32::try_from(remark.place.line).unwrap_or(u32::MAX),
        message: remark.what.clone(),
    };
    status.remarks = source.remarks.iter().chain(&source.bad).map(remark).collect();
    status.need_reload = is_stale(unit);
}

/// Whether a file is newer than what was read of it.
fn is_stale(unit: &UnitRun) -> bool {
    let read = std::time::UNIX_EPOCH + std::time::Duration::from_micros(unit.loaded);
    let newer = |path: &std::path::PathBuf| match std::fs::metadata(path)
        .and_then(|file| file.modified())
    {
        Ok(modified) => modified > read,
        Err(_) => true,
    };
    unit.unit.fragment.iter().chain(&unit.unit.drop_ins).any(newer)
}

fn conditions(unit: &UnitRun) -> Vec<ConditionStatus> {
    let source = &unit.unit;
    let conditions = source.conditions.iter().map(|condition| ("Condition", condition));
    let all = conditions.chain(source.assertions.iter().map(|condition| ("Assert", condition)));
    all.enumerate()
        .map(|(at, (word, condition))| {
            let (name, value) = shown(condition);
            ConditionStatus {
                directive: format!("{word}{name}"),
                value,
                held: unit.checks.held.get(at).copied(),
            }
        })
        .collect()
}

/// Name and value of a condition: the names of the variants are those of the directives.
fn shown(condition: &Condition) -> (String, String) {
    let text = format!("{:?}", condition.test);
    let (name, value) = text.split_once('(').unwrap_or((&text, ""));
    let value = value.trim_end_matches(')').trim_matches('"');
    let trigger = if condition.trigger { "|" } else { "" };
    let negated = if condition.negated { "!" } else { "" };
    (name.to_owned(), format!("{trigger}{negated}{value}"))
}

/// The state in the protocol's words.
pub(super) fn active(activity: Activity) -> ActiveState {
    match activity {
        Activity::Inactive => ActiveState::Inactive,
        Activity::Failed => ActiveState::Failed,
        Activity::Activating => ActiveState::Activating,
        Activity::Active => ActiveState::Active,
        Activity::Reloading => ActiveState::Reloading,
        Activity::Deactivating => ActiveState::Deactivating,
    }
}
