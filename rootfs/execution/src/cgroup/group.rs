//! The group of one unit: its processes, its limits, its end.

use std::cell::RefCell;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use keelson_units::model::{Delegate, ExecSettings, ResourceSettings, UnitKind, UnitName};
use rustix::process::{Pid, Signal, kill_process};

use super::program::{Hook, attach};
use super::settings::{self, Machine};
use super::watch::{self, Events, value};
use super::{CgroupError, addresses, devices, failed, write, write_in};

/// The files of a delegated group that its user may write, but for the folder itself.
const DELEGATED_FILES: [&str; 6] = [
    "cgroup.procs",
    "cgroup.threads",
    "cgroup.subtree_control",
    "memory.oom.group",
    "memory.pressure",
    "memory.reclaim",
];

/// How many networks a unit may name.
const MOST_NETWORKS: usize = 2000;

/// A group.
#[derive(Debug)]
pub struct Group {
    path: PathBuf,
    /// The folder, open from the first look to the first process.
    folder: RefCell<Option<OwnedFd>>,
    /// Slices have no limit of tasks of their own.
    is_slice: bool,
    is_new: bool,
}

/// What a unit has used; none where the controller is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes.
    pub memory: Option<u64>,
    /// Bytes at most so far.
    pub memory_peak: Option<u64>,
    /// Bytes in swap.
    pub swap: Option<u64>,
    /// Processes and threads.
    pub tasks: Option<u64>,
    /// Microseconds of processors.
    pub cpu_usec: Option<u64>,
    /// Bytes read from devices.
    pub io_read: Option<u64>,
    /// Bytes written to devices.
    pub io_write: Option<u64>,
}

impl Group {
    pub(super) fn at(path: PathBuf, unit: &UnitName, is_new: bool) -> Self {
        let folder = RefCell::new(None);
        Self { path, folder, is_slice: unit.kind() == UnitKind::Slice, is_new }
    }

    /// Whether it was made for this unit's start and was not there before.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A descriptor of its folder that can only be named, for clone3 and the files in it.
    pub(crate) fn folder(&self) -> Result<OwnedFd, String> {
        self.folder.take().map_or_else(|| open_folder(&self.path), Ok)
    }

    /// Puts changed settings in force for a group that has those of `before`: weights and limits are written, those that
    /// are gone as they are without a setting, and changed policies are attached. Gives what did not work.
    pub fn apply(&self, before: &ResourceSettings, after: &ResourceSettings) -> Vec<CgroupError> {
        let folder = open_folder(&self.path).ok();
        let old = self.lines(before);
        let new = self.lines(after);
        let resets = settings::resets(&old, &new);
        let mut problems = self.write_lines(resets.into_iter().chain(new), folder.as_ref());
        if !after.has_policies_of(before) {
            problems.extend(self.policies(after));
        }
        problems
    }

    /// Writes weights and limits, and puts the policies of devices and addresses in force, for a group that processes are
    /// to come to. Gives what did not work.
    pub fn set_up(&self, resources: &ResourceSettings) -> Vec<CgroupError> {
        let folder = open_folder(&self.path).ok();
        let mut problems = self.write_lines(self.lines(resources), folder.as_ref());
        problems.extend(self.policies(resources));
        // A slice has no processes of its own.
        self.folder.replace(folder.filter(|_| !self.is_slice));
        problems
    }

    fn lines(&self, resources: &ResourceSettings) -> Vec<(&'static str, String)> {
        settings::lines(resources, &Machine::present(), !self.is_slice)
    }

    fn write_lines(
        &self,
        lines: impl IntoIterator<Item = (&'static str, String)>,
        folder: Option<&OwnedFd>,
    ) -> Vec<CgroupError> {
        let outcomes = lines.into_iter().map(|(file, text)| match folder {
            Some(folder) => write_in(folder, &self.path, file, &text),
            None => write(&self.path.join(file), &text),
        });
        outcomes.filter_map(Result::err).collect()
    }

    /// Attaches the programs of devices and addresses. Those of an earlier call stay in force too, until the group is
    /// removed: what one of them refuses is refused.
    fn policies(&self, resources: &ResourceSettings) -> Vec<CgroupError> {
        let mut programs = Vec::new();
        if let Some(rules) = devices::rules(resources) {
            programs.push((Hook::Device, devices::program(&rules)));
        }
        let networks = |words: &[String]| -> Vec<_> {
            words.iter().flat_map(|word| addresses::networks(word)).collect()
        };
        let (allow, deny) = (networks(&resources.ip_allow), networks(&resources.ip_deny));
        if !deny.is_empty() {
            for hook in [Hook::Ingress, Hook::Egress] {
                programs.push((hook, addresses::program(hook, &allow, &deny)));
            }
        }
        // More would be too far to jump over, and the kernel would refuse the whole.
        if allow.len() + deny.len() > MOST_NETWORKS {
            let source = std::io::Error::from_raw_os_error(libc::E2BIG);
            let step = "attaching the networks of";
            return vec![CgroupError { step, path: self.path.clone(), source }];
        }
        let attached = programs.into_iter().map(|(hook, code)| attach(&self.path, hook, &code));
        attached
            .filter_map(Result::err)
            .map(|errno| CgroupError {
                step: "attaching a program to",
                path: self.path.clone(),
                source: std::io::Error::from_raw_os_error(errno.0),
            })
            .collect()
    }

    /// Hands the group over: controllers for the groups in it, the group that processes go to, and the owner. Without
    /// `Delegate=` it does nothing.
    pub fn delegate(&self, resources: &ResourceSettings, uid: u32, gid: u32) -> Vec<CgroupError> {
        if resources.delegate == Delegate::No {
            return Vec::new();
        }
        let mut problems = Vec::new();
        let mut folders = vec![self.path.clone()];
        if let Some(subgroup) = &resources.delegate_subgroup {
            let folder = self.path.join(subgroup);
            if !folder.is_dir() {
                problems.extend(failed("making", &folder, fs::create_dir(&folder)).err());
            }
            folders.push(folder);
        }
        for folder in folders {
            let files = DELEGATED_FILES.iter().map(|file| folder.join(file));
            for path in files.chain([folder.clone()]).filter(|path| path.exists()) {
                let outcome = std::os::unix::fs::chown(&path, Some(uid), Some(gid));
                problems.extend(failed("giving away", &path, outcome).err());
            }
        }
        problems
    }

    /// Lets the user of a unit write its pressure file.
    pub(crate) fn chown_pressure(&self, _: &ExecSettings, uid: u32, gid: u32) -> Option<String> {
        let path = self.path.join("memory.pressure");
        let outcome = std::os::unix::fs::chown(&path, Some(uid), Some(gid));
        let missing =
            outcome.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        if missing {
            None
        } else {
            failed("giving away", &path, outcome).err().map(|e| e.to_string())
        }
    }

    /// Whether no process is left in the group and those below it. A group that is not there has none.
    pub fn is_empty(&self) -> bool {
        match fs::read_to_string(self.path.join("cgroup.events")) {
            Ok(text) => value(&text, "populated") != Some(1),
            Err(error) => {
                error.kind() == std::io::ErrorKind::NotFound
                    || error.raw_os_error() == Some(libc::ENODEV)
            }
        }
    }

    /// The processes of the group and of those below it.
    pub fn processes(&self) -> Vec<Pid> {
        let files = with_descendants(&self.path).into_iter().map(|path| path.join("cgroup.procs"));
        let texts = files.filter_map(|file| fs::read_to_string(file).ok());
        texts.flat_map(|text| pids(&text)).collect()
    }

    /// Sends a signal to every process of the group and of those below it.
    pub fn signal(&self, signal: Signal) {
        for pid in self.processes() {
            // A process that has gone meanwhile needs no signal.
            let _gone = kill_process(pid, signal);
        }
    }

    /// Kills every process of the group and of those below it at once.
    pub fn kill(&self) -> Result<(), CgroupError> {
        write(&self.path.join("cgroup.kill"), "1")
    }

    /// Stops every process, or lets them go on.
    pub fn freeze(&self, frozen: bool) -> Result<(), CgroupError> {
        write(&self.path.join("cgroup.freeze"), if frozen { "1" } else { "0" })
    }

    /// Whether the kernel kills the whole group when it is out of memory.
    pub fn oom_group(&self, whole: bool) -> Result<(), CgroupError> {
        write(&self.path.join("memory.oom.group"), if whole { "1" } else { "0" })
    }

    /// A descriptor that tells when the last process has gone.
    pub fn events(&self) -> Result<Events, CgroupError> {
        Events::open(&self.path)
    }

    /// How many processes of it and the groups below it were killed for want of memory since it was made.
    pub fn oom_kills(&self) -> u64 {
        watch::oom_kills(&fs::read_to_string(self.path.join("memory.events")).unwrap_or_default())
    }

    /// `$MEMORY_PRESSURE_WATCH` and `$MEMORY_PRESSURE_WRITE` (systemd's MEMORY_PRESSURE).
    pub fn pressure_environment(&self, resources: &ResourceSettings) -> Vec<(String, String)> {
        let file = self.path.join("memory.pressure");
        if resources.memory_pressure_watch == Some(false) || !has_pressure() {
            return Vec::new();
        }
        settings::pressure_environment(resources, &file)
    }

    /// What it has used.
    pub fn usage(&self) -> Usage {
        let text = |file: &str| fs::read_to_string(self.path.join(file)).ok();
        let number = |file: &str| text(file)?.trim().parse().ok();
        let io = text("io.stat");
        let sum = |key: &str| io.as_deref().map(|text| settings::sum_of(text, key));
        Usage {
            memory: number("memory.current"),
            memory_peak: number("memory.peak"),
            swap: number("memory.swap.current"),
            tasks: number("pids.current"),
            cpu_usec: text("cpu.stat").and_then(|text| value(&text, "usage_usec")),
            io_read: sum("rbytes="),
            io_write: sum("wbytes="),
        }
    }

    /// Removes the group and those below it; one that still has processes stays, and is found again by the next start.
    pub fn remove(&self) {
        for folder in with_descendants(&self.path).iter().rev() {
            let _busy = fs::remove_dir(folder);
        }
    }
}

/// Opens a folder for its place alone.
pub(crate) fn open_folder(path: &Path) -> Result<OwnedFd, String> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map_err(|error| format!("opening {}: {error}", path.display()))
}

/// Whether this kernel tells of pressure, looked at once.
fn has_pressure() -> bool {
    static PRESENT: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *PRESENT.get_or_init(|| Path::new("/proc/pressure/memory").exists())
}

fn pids(text: &str) -> Vec<Pid> {
    text.lines().filter_map(|line| line.parse().ok().and_then(Pid::from_raw)).collect()
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
