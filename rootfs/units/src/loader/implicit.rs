//! Dependencies that follow from a unit's type and settings ("Implicit Dependencies" and "Default Dependencies" of the
//! man page of each type).

use std::path::{Path, PathBuf};

use super::{Loader, mounts};
use crate::escape;
use crate::model::{
    Body, DirectoryKind, ExecSettings, Output, Protect, Relation, ResourceSettings, Socket,
    Trigger, Unit, UnitKind, UnitName,
};

/// Adds them all; those that need another unit looked at are in `targets`.
pub(super) fn add(loader: &mut Loader, unit: &mut Unit) {
    let triggered = triggered(unit);
    if let Some(name) = triggered {
        unit.dependencies.add(Relation::Triggers, name.clone());
        unit.dependencies.add(Relation::Before, name);
    }
    if let Body::Service(service) = &unit.body {
        let sockets: Vec<UnitName> = service.sockets.iter().cloned().collect();
        for name in sockets {
            unit.dependencies.add(Relation::Wants, name.clone());
            unit.dependencies.add(Relation::After, name);
        }
    }
    add_slice(unit);
    add_exec(unit);
    add_default(unit);
    mounts::add(loader, unit);
    // Nothing waits for itself.
    for names in unit.dependencies.0.values_mut() {
        names.remove(&unit.name);
    }
}

/// A name that is written in this program.
pub(super) fn fixed(name: &str) -> UnitName {
    name.parse().expect("a literal that is a unit name")
}

fn triggered(unit: &Unit) -> Option<UnitName> {
    let service = || unit.name.with_kind(UnitKind::Service);
    match &unit.body {
        Body::Socket(socket) if !socket.accept => {
            Some(socket.service.clone().unwrap_or_else(service))
        }
        Body::Timer(timer) => Some(timer.unit.clone().unwrap_or_else(service)),
        Body::Path(path) => Some(path.unit.clone().unwrap_or_else(service)),
        Body::Automount(_) => Some(unit.name.with_kind(UnitKind::Mount)),
        _ => None,
    }
}

fn resources(body: &mut Body) -> Option<&mut ResourceSettings> {
    match body {
        Body::Service(service) => Some(&mut service.resources),
        Body::Socket(socket) => Some(&mut socket.resources),
        Body::Mount(mount) => Some(&mut mount.resources),
        Body::Swap(swap) => Some(&mut swap.resources),
        _ => None,
    }
}

/// A slice stands below the slice its name says; other units in `Slice=`, an instance in the slice of its template.
fn add_slice(unit: &mut Unit) {
    let slice = if unit.name.kind() == UnitKind::Slice {
        let Some(parent) = parent_slice(&unit.name) else { return };
        parent
    } else {
        let template = unit.name.instance().is_some().then(|| {
            let prefix = escape::escape(unit.name.prefix());
            format!("system-{prefix}.slice").parse().ok()
        });
        // What PID 1 mounts itself and nothing unmounts stands beside all services.
        let extrinsic = match &unit.body {
            Body::Mount(mount) => mounts::is_extrinsic(&mount.mount_point),
            _ => false,
        };
        let Some(resources) = resources(&mut unit.body) else { return };
        if resources.slice.is_none() {
            let root = extrinsic.then(|| fixed("-.slice"));
            resources.slice = root.or(template.flatten());
        }
        resources.slice.clone().unwrap_or_else(|| fixed("system.slice"))
    };
    unit.dependencies.add(Relation::Requires, slice.clone());
    unit.dependencies.add(Relation::After, slice);
}

/// `a-b.slice` is below `a.slice`, that below `-.slice`, which is the root (systemd.slice(5)).
pub fn parent_slice(name: &UnitName) -> Option<UnitName> {
    match name.stem() {
        "-" => None,
        stem => match stem.rsplit_once('-') {
            Some((parent, _)) if !parent.is_empty() => format!("{parent}.slice").parse().ok(),
            _ => Some(fixed("-.slice")),
        },
    }
}

fn add_exec(unit: &mut Unit) {
    let exec = match &unit.body {
        Body::Service(service) => &service.exec,
        Body::Socket(socket) if has_commands(socket) => &socket.exec,
        // The root is there before anything else.
        Body::Mount(mount) if unit.name.as_str() != "-.mount" => &mount.exec,
        Body::Swap(swap) => &swap.exec,
        _ => return,
    };
    let logs = |output: Option<&Output>| match output {
        None => true,
        Some(output) => matches!(
            output,
            Output::Journal | Output::JournalAndConsole | Output::Kmsg | Output::KmsgAndConsole
        ),
    };
    let logs = logs(exec.output.as_ref()) || exec.error.as_ref().is_some_and(|e| logs(Some(e)));
    let private_tmp = exec.private_tmp == Protect::Yes;
    let paths = exec_paths(exec);
    for path in paths {
        unit.settings.mounts_for.insert(path, true);
    }
    if private_tmp {
        for path in ["/tmp", "/var/tmp"] {
            unit.settings.mounts_for.entry(path.into()).or_insert(false);
        }
        unit.dependencies.add(Relation::After, fixed("systemd-tmpfiles-setup.service"));
    }
    if logs && !unit.name.as_str().starts_with("systemd-journald") {
        unit.dependencies.add(Relation::After, fixed("systemd-journald.socket"));
    }
}

fn has_commands(socket: &Socket) -> bool {
    [&socket.start_pre, &socket.start_post, &socket.stop_pre, &socket.stop_post]
        .into_iter()
        .any(|commands| !commands.is_empty())
}

/// Paths the processes of a unit need (systemd.exec(5), "IMPLICIT DEPENDENCIES").
fn exec_paths(exec: &ExecSettings) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = exec.root_directory.iter().cloned().collect();
    let working = exec.working_directory.iter();
    paths.extend(
        working.filter(|path| path.is_absolute() && !exec.working_directory_may_miss).cloned(),
    );
    for (kind, directories) in &exec.directories {
        let base = match kind {
            DirectoryKind::Runtime => "/run",
            DirectoryKind::State => "/var/lib",
            DirectoryKind::Cache => "/var/cache",
            DirectoryKind::Logs => "/var/log",
            DirectoryKind::Configuration => "/etc",
        };
        paths.extend(directories.iter().map(|directory| Path::new(base).join(&directory.path)));
    }
    paths
}

fn add_default(unit: &mut Unit) {
    if !unit.settings.default_dependencies {
        return;
    }
    let mut add = |relations: &[Relation], name: &str| {
        for relation in relations {
            unit.dependencies.add(*relation, fixed(name));
        }
    };
    let down = &[Relation::Conflicts, Relation::Before];
    let up = &[Relation::Requires, Relation::After];
    match &unit.body {
        Body::Service(_) => {
            add(up, "sysinit.target");
            add(&[Relation::After], "basic.target");
            add(down, "shutdown.target");
        }
        Body::Socket(_) => {
            add(&[Relation::Before], "sockets.target");
            add(up, "sysinit.target");
            add(down, "shutdown.target");
        }
        Body::Timer(timer) => {
            let calendar = timer.triggers.iter().any(|t| matches!(t, Trigger::Calendar(_)));
            if calendar {
                add(&[Relation::After], "time-set.target");
                add(&[Relation::After], "time-sync.target");
            }
            add(&[Relation::Before], "timers.target");
            add(up, "sysinit.target");
            add(down, "shutdown.target");
        }
        Body::Path(_) => {
            add(&[Relation::Before], "paths.target");
            add(up, "sysinit.target");
            add(down, "shutdown.target");
        }
        Body::Automount(_) => {
            add(&[Relation::After], "local-fs-pre.target");
            add(&[Relation::Before], "local-fs.target");
            add(down, "umount.target");
        }
        Body::Swap(_) => {
            add(&[Relation::Before], "swap.target");
            add(down, "umount.target");
        }
        // These two are there as long as the machine runs.
        Body::Slice(_) if ["-.slice", "system.slice"].contains(&unit.name.as_str()) => {}
        Body::Slice(_) | Body::Target => add(down, "shutdown.target"),
        // Those of mounts depend on their options.
        Body::Mount(_) | Body::Device => {}
    }
}
