//! Starting a process: look up, plan, clone.

use std::fmt;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::AtomicU32;

use rustix::pipe::{PipeFlags, pipe_with};

use crate::cgroup::open_folder;
use crate::child::{Child, Pending, Progress};
use crate::errno::Errno;
use crate::invocation::Invocation;
use crate::lent::Lent;
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
            let (path, folder) = match invocation.subgroup {
                Some(subgroup) => {
                    let path = group.path().join(subgroup);
                    if !path.is_dir() {
                        std::fs::create_dir(&path).map_err(SpawnError::at(Stage::Cgroup))?;
                    }
                    let folder = open_folder(&path);
                    (path, folder)
                }
                None => (group.path().to_owned(), group.folder()),
            };
            Some((folder.map_err(SpawnError::at(Stage::Cgroup))?, path))
        }
    };
    let awaited =
        invocation.awaited || !invocation.descriptors.is_empty() || invocation.connection.is_some();
    let outcome = start_copy(plan, kept, awaited, group.as_ref().map(|(fd, _)| fd));
    let (cloned, progress) = outcome.map_err(|errno| {
        let stage = if group.is_some() { Stage::Cgroup } else { Stage::Memory };
        SpawnError::new(stage, format!("starting a process: {errno}"))
    })?;
    let mut child = Child { pid: cloned.pid, progress, remarks };
    if let Some((_, path)) = group.filter(|_| !cloned.in_group) {
        let joined = std::fs::write(path.join("cgroup.procs"), cloned.pid.to_string());
        child.remarks.extend(joined.err().map(|error| format!("joining its group: {error}")));
    }
    Ok(child)
}

/// Most children have a copy of this process's memory; one with a plain plan uses the memory itself, which spares
/// copying page tables and every page that is written here meanwhile. This process does not wait for it as after
/// vfork(2): what the child does may take its time.
///
/// A child tells by a pipe that execve closes. One that uses the memory and that nobody waits for has none: it leaves
/// what it tells in the memory. It takes along only the descriptors it needs, and what is `kept` for it stays open
/// until it has executed. Descriptors of others, which may be closed and their numbers used again any time, are not for
/// such a child.
fn start_copy(
    plan: Plan,
    kept: Vec<OwnedFd>,
    awaited: bool,
    group: Option<&OwnedFd>,
) -> Result<(clone::Cloned, Progress), Errno> {
    let (namespaces, shares) = (plan.namespaces, plan.shares_memory());
    let silent = shares && clone::SHARES_MEMORY && !awaited;
    let mut pipe = if silent { None } else { Some(new_pipe()?) };
    let highest = plan.slots.iter().copied().max().unwrap_or(-1).max(2);
    let child = run::Child {
        plan,
        reports: Reports::new(),
        pipe: pipe.as_ref().map_or(-1, |(_, writer)| writer.as_raw_fd()),
        separate: if silent { u32::try_from(highest + 1).ok() } else { None },
        running: AtomicU32::new(1),
    };
    let mut lent = Lent::new(child, shares)?;
    let cloned = match start(&mut lent, namespaces, group) {
        Err(Errno(libc::ENOSYS)) if shares => {
            let (_, writer) = pipe.insert(new_pipe()?);
            lent.copy(writer.as_raw_fd());
            start(&mut lent, namespaces, group)?
        }
        outcome => outcome?,
    };
    let pending = match pipe {
        Some((reader, _)) => Pending::with_pipe(reader, lent),
        None => Pending::silent(kept, lent),
    };
    Ok((cloned, Progress::Pending(pending)))
}

fn new_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    Ok(pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?)
}

#[expect(unsafe_code, reason = "a process is started in the middle of this one")]
fn start(
    lent: &mut Lent,
    namespaces: u64,
    group: Option<&OwnedFd>,
) -> Result<clone::Cloned, Errno> {
    let before = clone::block_signals();
    let group = group.map(AsRawFd::as_raw_fd);
    let (child, stack, running) = lent.parts();
    // SAFETY: `enter` never returns, allocates nothing and takes a `Child`. Where memory is shared, `Pending` leaves
    // child and stack alone and keeps them until the child has executed or ended.
    let cloned =
        unsafe { clone::start(run::enter, child.cast(), stack, running, namespaces, group) };
    clone::set_signal_mask(before);
    cloned
}

#[cfg(test)]
mod tests;
