//! Control groups, version 2: one group per service, its limits, its processes (kernel: Documentation/admin-guide/cgroup-v2.rst).

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// Where the hierarchy is mounted.
pub const MOUNT_POINT: &str = "/sys/fs/cgroup";
/// The controllers that are turned on for services and containers, where the kernel has them.
const CONTROLLERS: &[&str] = &["cpu", "cpuset", "io", "memory", "pids", "hugetlb", "misc"];

/// What went wrong with a group.
#[derive(Debug, thiserror::Error)]
#[error("control group: {step} {}: {source}", path.display())]
pub struct CgroupError {
    step: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn failed<T>(step: &'static str, path: &Path, outcome: io::Result<T>) -> Result<T, CgroupError> {
    outcome.map_err(|source| CgroupError { step, path: path.to_owned(), source })
}

/// The mounted hierarchy, or the lack of it.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    root: Option<PathBuf>,
}

impl Hierarchy {
    /// The hierarchy at [`MOUNT_POINT`]; without one, groups are absent and services run without limits.
    pub fn open() -> Self {
        let root = PathBuf::from(MOUNT_POINT);
        Self { root: root.join("cgroup.controllers").exists().then_some(root) }
    }

    /// Whether there is a hierarchy.
    pub fn is_present(&self) -> bool {
        self.root.is_some()
    }

    /// Moves this process to `init.scope` and turns the controllers on in the root and in `system.slice`.
    /// Gives what did not work; none of it is fatal.
    pub fn prepare(&self) -> Vec<CgroupError> {
        let Some(root) = &self.root else { return Vec::new() };
        let mut problems = Vec::new();
        let scope = root.join("init.scope");
        let slice = root.join("system.slice");
        for folder in [&scope, &slice] {
            problems.extend(failed("making", folder, make(folder)).err());
        }
        let file = scope.join("cgroup.procs");
        problems.extend(failed("joining", &file, fs::write(&file, "0")).err());
        for folder in [root, &slice] {
            problems.extend(enable_controllers(folder));
        }
        problems
    }

    /// Makes (or finds) the group of a service; `None` without a hierarchy.
    pub fn service(&self, name: &str) -> Result<Option<Cgroup>, CgroupError> {
        let Some(root) = &self.root else { return Ok(None) };
        let path = root.join("system.slice").join(name);
        failed("making", &path, make(&path))?;
        Ok(Some(Cgroup { path }))
    }

    /// The name of the service whose group (or a group below it) a process is in.
    pub fn service_of(&self, pid: Pid) -> Option<String> {
        self.root.as_ref()?;
        let text = fs::read_to_string(format!("/proc/{}/cgroup", pid.as_raw_nonzero())).ok()?;
        service_in(&text).map(str::to_owned)
    }
}

/// The service in the text of `/proc/PID/cgroup`.
fn service_in(text: &str) -> Option<&str> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::/system.slice/"))?;
    path.split('/').next()
}

fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

fn enable_controllers(folder: &Path) -> Vec<CgroupError> {
    let available = fs::read_to_string(folder.join("cgroup.controllers")).unwrap_or_default();
    let file = folder.join("cgroup.subtree_control");
    CONTROLLERS
        .iter()
        .filter(|name| available.split_whitespace().any(|one| one == **name))
        .filter_map(|name| {
            failed("turning controllers on in", &file, fs::write(&file, format!("+{name}"))).err()
        })
        .collect()
}

/// The group of one service.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Writes limits, file by file. Gives those that did not work.
    pub fn limit(&self, settings: &BTreeMap<&'static str, String>) -> Vec<CgroupError> {
        settings
            .iter()
            .filter_map(|(file, text)| {
                let path = self.path.join(file);
                failed("setting", &path, fs::write(&path, text)).err()
            })
            .collect()
    }

    /// `cgroup.procs`, open for a child to write `0` to and so join.
    pub fn open_procs(&self) -> Result<File, CgroupError> {
        let path = self.path.join("cgroup.procs");
        failed("opening", &path, OpenOptions::new().write(true).open(&path))
    }

    /// Whether no process is left in the group and those below it. A group that cannot be read has none.
    pub fn is_empty(&self) -> bool {
        fs::read_to_string(self.path.join("cgroup.events"))
            .map_or(true, |text| !text.contains("populated 1"))
    }

    /// The processes of the group itself, not of those below it.
    pub fn processes(&self) -> Vec<Pid> {
        let text = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok().and_then(Pid::from_raw)).collect()
    }

    /// Sends a signal to every process of the group and of those below it.
    pub fn signal(&self, signal: Signal) {
        for folder in with_descendants(&self.path) {
            for pid in (Self { path: folder }).processes() {
                // A process that has gone meanwhile needs no signal.
                let _gone = kill_process(pid, signal);
            }
        }
    }

    /// Kills every process of the group and of those below it at once.
    pub fn kill(&self) -> Result<(), CgroupError> {
        let path = self.path.join("cgroup.kill");
        failed("killing", &path, fs::write(&path, "1"))
    }

    /// Removes the group and those below it; one that still has processes stays.
    pub fn remove(&self) {
        for folder in with_descendants(&self.path).iter().rev() {
            // It is busy while a container outlives the service (`KillMode=process`), and is reused then.
            let _busy = fs::remove_dir(folder);
        }
    }
}

/// `folder` and all below it, parents first.
fn with_descendants(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::service_in;

    #[test]
    fn the_service_of_a_process_is_read_from_its_group() {
        for (text, expected) in [
            ("0::/system.slice/ssh.service\n", Some("ssh.service")),
            ("0::/system.slice/containerd.service/kubepods/x\n", Some("containerd.service")),
            ("1:name=systemd:/x\n0::/system.slice/a.service\n", Some("a.service")),
            ("0::/init.scope\n", None),
            ("", None),
        ] {
            assert_eq!(service_in(text), expected, "{text:?}");
        }
    }
}
