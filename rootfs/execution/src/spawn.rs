//! Starting a process: look up, plan, clone.

use std::fmt;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::pipe::{PipeFlags, pipe_with};

use crate::child::{Child, Progress};
use crate::errno::Errno;
use crate::invocation::Invocation;
use crate::plan::Plan;
use crate::prepare::{self, Prepared};
use crate::run::report::Reports;
use crate::run::{self, clone};
use crate::runtime::Runtime;
use crate::stage::Stage;

/// Why nothing was started.
#[derive(Debug)]
pub struct SpawnError {
    /// What the exit status would be, had there been a process.
    pub stage: Stage,
    /// Why, in words.
    pub what: String,
}

impl SpawnError {
    /// An error at a stage.
    pub(crate) fn new(stage: Stage, what: impl fmt::Display) -> Self {
        Self { stage, what: what.to_string() }
    }

    /// The same, for `map_err`.
    pub(crate) fn at<E: fmt::Display>(stage: Stage) -> impl Fn(E) -> Self {
        move |error| Self::new(stage, error)
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed at step {}: {}", self.stage.name(), self.what)
    }
}

impl std::error::Error for SpawnError {}

/// Starts a command of a unit.
///
/// What the unit's processes share is kept in `runtime`. An error means that there is no process; a failure between
/// the fork and the program's first instruction is told by [`Child::poll`], and the process exits with its status.
pub fn spawn(invocation: &Invocation<'_>, runtime: &mut Runtime) -> Result<Child, SpawnError> {
    let Prepared { plan, kept, remarks } = prepare::prepare(invocation, runtime)?;
    let group = match invocation.group {
        None => None,
        Some(group) => {
            let path = match invocation.subgroup {
                Some(subgroup) => group.path().join(subgroup),
                None => group.path().to_owned(),
            };
            if invocation.subgroup.is_some() && !path.is_dir() {
                std::fs::create_dir(&path).map_err(SpawnError::at(Stage::Cgroup))?;
            }
            Some((open_folder(&path).map_err(SpawnError::at(Stage::Cgroup))?, path))
        }
    };
    let outcome = start_copy(plan, group.as_ref().map(|(fd, _)| fd));
    drop(kept);
    let (cloned, progress) = outcome.map_err(|errno| {
        let stage = if group.is_some() { Stage::Cgroup } else { Stage::Memory };
        SpawnError::new(stage, format!("starting a process: {errno}"))
    })?;
    let mut child = Child { pid: cloned.pid, pidfd: cloned.pidfd, progress, remarks };
    if let Some((_, path)) = group.filter(|_| !cloned.in_group) {
        let joined = std::fs::write(path.join("cgroup.procs"), cloned.pid.to_string());
        child.remarks.extend(joined.err().map(|error| format!("joining its group: {error}")));
    }
    Ok(child)
}

fn open_folder(path: &Path) -> Result<OwnedFd, String> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map_err(|error| format!("opening {}: {error}", path.display()))
}

/// The child has a copy of the memory, and tells by a pipe that execve closes. To share the memory until then (vfork)
/// would save copying a few page tables, and make this process wait for its turn behind everything it has started.
fn start_copy(plan: Plan, group: Option<&OwnedFd>) -> Result<(clone::Cloned, Progress), Errno> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    let namespaces = plan.namespaces;
    let mut child = run::Child { plan, reports: Reports::new(), pipe: writer.as_raw_fd() };
    let cloned = start(&mut child, namespaces, group)?;
    Ok((cloned, Progress::Pending(reader)))
}

#[expect(unsafe_code, reason = "a process is started in the middle of this one")]
fn start(
    child: &mut run::Child,
    namespaces: u64,
    group: Option<&OwnedFd>,
) -> Result<clone::Cloned, Errno> {
    let before = clone::block_signals();
    let argument = std::ptr::from_mut(child).cast();
    let group = group.map(AsRawFd::as_raw_fd);
    // SAFETY: `enter` never returns, allocates nothing and takes a `Child` of its own copy of the memory.
    let cloned = unsafe { clone::start(run::enter, argument, false, namespaces, group) };
    clone::set_signal_mask(before);
    cloned
}

#[cfg(test)]
mod tests;
