//! The child: carries out a plan step by step and executes the program. It allocates nothing and takes no lock.

use std::ffi::c_void;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::errno::Errno;
use crate::plan::{Action, Otherwise, Plan, Slot, Step};
use crate::run::raw::sys;
use crate::run::report::Reports;
use crate::stage::Stage;

pub mod attributes;
pub mod clone;
pub mod identity;
pub mod mount;
pub mod raw;
pub mod report;
pub mod streams;
pub mod users;

/// What a child works on; it lies in its copy of the parent's memory.
#[derive(Debug)]
pub struct Child {
    /// What it does.
    pub plan: Plan,
    /// What it tells, packed.
    pub reports: Reports,
    /// Where it tells it; -1, where its parent reads `reports` themselves.
    pub pipe: RawFd,
    /// The first descriptor that it does not take along, where it has none of its own yet.
    pub separate: Option<u32>,
    /// Not 0 until it has executed or ended, where it has none of its own.
    pub running: AtomicU32,
}

type Outcome = Result<(), Errno>;

/// Whether this process is a child that was started in namespaces of its own.
static IN_NAMESPACES: AtomicBool = AtomicBool::new(false);

/// Whether this process is a child that was started here in namespaces of its own. Its number does not tell that: in a
/// PID namespace of its own it is 1.
pub fn in_namespaces() -> bool {
    IN_NAMESPACES.load(Ordering::Relaxed)
}

/// Has [`in_namespaces`] tell what `plan` says. A child without namespaces may work in its parent's memory, and leaves
/// it alone.
fn mark(plan: &Plan) {
    if plan.namespaces != 0 {
        IN_NAMESPACES.store(true, Ordering::Relaxed);
    }
}

impl Child {
    fn tell(&mut self, fatal: bool, stage: Stage, errno: Errno, subject: &[u8]) {
        let report = self.reports.push(fatal, stage, errno, subject);
        if self.pipe >= 0 {
            write(self.pipe, report);
        }
    }
}

/// The entry of a child: `argument` is a [`Child`].
///
/// # Safety
/// It is called in a new process, once.
#[expect(unsafe_code, reason = "the argument of a new process is a pointer")]
pub unsafe extern "C" fn enter(argument: *mut c_void) -> ! {
    // SAFETY: the parent hands over a `Child`, of which this process has its own copy.
    let child = unsafe { &mut *argument.cast::<Child>() };
    mark(&child.plan);
    let stage = carry_out(child);
    exit(stage.status())
}

/// Everything up to execve; gives the stage that failed.
fn carry_out(child: &mut Child) -> Stage {
    if let Err(errno) = child.separate.map_or(Ok(()), take_descriptors) {
        child.tell(true, Stage::Fds, errno, b"");
        return Stage::Fds;
    }
    let steps = std::mem::take(&mut child.plan.steps);
    let failed = perform_all(child, &steps);
    // Not freed: that would be a call of the allocator.
    child.plan.steps = steps;
    if let Some(stage) = failed {
        return stage;
    }
    if let Err(errno) = place_descriptors(child) {
        child.tell(true, Stage::Fds, errno, b"");
        return Stage::Fds;
    }
    clone::set_signal_mask(0);
    let late = std::mem::take(&mut child.plan.late);
    let failed = perform_all(child, &late);
    child.plan.late = late;
    failed.unwrap_or_else(|| execute(child))
}

fn perform_all(child: &mut Child, steps: &[Step]) -> Option<Stage> {
    for step in steps {
        let Err(errno) = perform(child, &step.action) else { continue };
        match step.otherwise {
            Otherwise::Ignore => {}
            Otherwise::Tell => child.tell(false, step.stage, errno, step.action.subject()),
            Otherwise::Fail => {
                child.tell(true, step.stage, errno, step.action.subject());
                return Some(step.stage);
            }
        }
    }
    None
}

fn perform(child: &mut Child, action: &Action) -> Outcome {
    let slots = &mut child.plan.slots;
    match action {
        Action::Open { path, flags, mode, slot } => {
            streams::open(slots, path, *flags, *mode, *slot)
        }
        Action::OpenOrConnect { path, flags, mode, slot } => {
            streams::open_or_connect(slots, path, *flags, *mode, *slot)
        }
        Action::ConnectLog { address, header, slot } => {
            match streams::connect_log(descriptor(slots, *slot), address, header) {
                Ok(()) => Ok(()),
                Err(errno) => {
                    streams::kernel_log(slots, *slot)?;
                    child.tell(false, Stage::Stdout, errno, action.subject());
                    Ok(())
                }
            }
        }
        Action::HangUp(slot) => streams::hang_up(descriptor(slots, *slot)),
        Action::Terminal(terminal) => streams::terminal(descriptor(slots, terminal.slot), terminal),
        Action::ChownSlot { slot, uid } => streams::chown(descriptor(slots, *slot), *uid),
        Action::Write { path, text } => attributes::write_file(path, text),
        Action::SetNamespace { slot, kind } => {
            users::set_namespace(descriptor(slots, *slot), *kind)
        }
        Action::Unshare(flags) => users::unshare(*flags),
        Action::LoopbackUp => users::loopback_up(),
        Action::UserNamespace { uid_map, gid_map } => users::user_namespace(uid_map, gid_map),
        Action::SocketCredential { address, name, folder, file, uid, gid } => {
            let folder = descriptor(slots, *folder);
            streams::socket_credential(address, name, folder, file, *uid, *gid)
        }
        Action::Mount(action) => mount::perform(slots, action),
        Action::Groups(_)
        | Action::Gid(_)
        | Action::Uid(_)
        | Action::SecureBits(_)
        | Action::BoundingSet(_)
        | Action::Inheritable(_)
        | Action::Capabilities { .. }
        | Action::Ambient(_)
        | Action::NoNewPrivileges
        | Action::Filter(_) => identity::perform(action),
        other => attributes::perform(other),
    }
}

/// The descriptor in a slot, -1 where there is none.
pub fn descriptor(slots: &[i32], slot: Slot) -> RawFd {
    slots.get(slot.0).copied().unwrap_or(-1)
}

/// Copies of the parent's descriptors below `end`. The others, which execve would have to close one by one, are left
/// with the parent.
#[expect(unsafe_code, reason = "descriptors are numbers here")]
fn take_descriptors(end: u32) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys!(SYS_close_range, end, u32::MAX, libc::CLOSE_RANGE_UNSHARE) }.map(drop)
}

/// Puts streams at 0 to 2 and those handed on from 3, and has the rest closed by execve.
#[expect(unsafe_code, reason = "descriptors are numbers here")]
fn place_descriptors(child: &mut Child) -> Outcome {
    let first_free = 3 + i32::try_from(child.plan.passed.len()).unwrap_or(i32::MAX - 3);
    let above = |fd: RawFd| -> Result<RawFd, Errno> {
        if fd < 0 || fd >= first_free {
            return Ok(fd);
        }
        // SAFETY: no pointers.
        let copy = unsafe { sys!(SYS_fcntl, fd, libc::F_DUPFD_CLOEXEC, first_free) }?;
        i32::try_from(copy).map_err(|_| Errno(libc::EBADF))
    };
    let mut standard = [-1; 3];
    for (target, slot) in standard.iter_mut().zip(child.plan.standard) {
        *target = above(slot.map_or(-1, |slot| descriptor(&child.plan.slots, slot)))?;
    }
    for fd in &mut child.plan.passed {
        *fd = above(*fd)?;
    }
    child.pipe = above(child.pipe)?;
    let sources = standard.iter().chain(&child.plan.passed);
    for (target, &source) in (0_i32..).zip(sources) {
        if source >= 0 {
            // SAFETY: no pointers.
            unsafe { sys!(SYS_dup3, source, target, 0) }?;
        }
    }
    // SAFETY: no pointers.
    unsafe { sys!(SYS_close_range, first_free, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }?;
    Ok(())
}

/// execve of the first candidate there is.
#[expect(unsafe_code, reason = "execve takes pointers")]
fn execute(child: &mut Child) -> Stage {
    // SAFETY: no pointers; it cannot fail.
    let pid = unsafe { sys!(SYS_getpid) }.unwrap_or(0);
    let (argv, envp) = child.plan.image.finish(u32::try_from(pid).unwrap_or(0));
    let mut worst = Errno(libc::ENOENT);
    for candidate in child.plan.image.candidates() {
        // SAFETY: path and lists end with NUL and live in the plan.
        let outcome = unsafe { sys!(SYS_execve, candidate.as_c_str(), argv, envp) };
        match outcome {
            Err(Errno(libc::ENOENT | libc::ENOTDIR)) | Ok(_) => {}
            Err(errno) => worst = errno,
        }
    }
    let last = child.plan.image.candidates().last().map(|path| (path.as_ptr(), path.count_bytes()));
    // SAFETY: the path lives in the plan, which `tell` does not change.
    let subject = last.map_or(&[][..], |(start, length)| unsafe {
        std::slice::from_raw_parts(start.cast::<u8>(), length)
    });
    child.tell(true, Stage::Exec, worst, subject);
    Stage::Exec
}

#[expect(unsafe_code, reason = "the buffer is a pointer")]
fn write(fd: RawFd, bytes: &[u8]) {
    // SAFETY: the buffer lives here. A parent that has gone needs no report.
    let _unheard = unsafe { sys!(SYS_write, fd, bytes.as_ptr(), bytes.len()) };
}

#[expect(unsafe_code, reason = "exit without the destructors of the parent's memory")]
fn exit(status: i32) -> ! {
    loop {
        // SAFETY: it ends this process; its destructors are the parent's to run.
        let _never = unsafe { sys!(SYS_exit_group, status) };
    }
}

#[cfg(test)]
mod tests;
