//! Limits, scheduling and the like of the calling process.

use std::ffi::CStr;

use super::Outcome;
use super::raw::sys;
use crate::errno::Errno;
use crate::plan::Action;

const SET_PERSONALITY_MASK: u64 = 0xffff_ffff;
const IOPRIO_WHO_PROCESS: i32 = 1;
const KEYCTL_JOIN_SESSION_KEYRING: i32 = 1;
const KEYCTL_SETPERM: i32 = 5;
const KEYCTL_LINK: i32 = 8;
const SESSION_KEYRING: i32 = -3;
const USER_KEYRING: i32 = -4;
/// Possessor all, user view, read, search (keyrings(7)).
const KEYRING_PERMISSIONS: u32 = 0x3f0b_0000;

/// `struct sched_attr` of its first version.
#[repr(C)]
struct SchedulerAttributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// Carries out the steps that belong here.
#[expect(unsafe_code, reason = "each is a system call on values of the plan")]
pub fn perform(action: &Action) -> Outcome {
    // SAFETY: pointers are to the plan or to values here, with their lengths.
    unsafe {
        match action {
            Action::SetSid => match sys!(SYS_setsid) {
                // It leads a session already.
                Ok(_) | Err(Errno(libc::EPERM)) => return Ok(()),
                Err(errno) => return Err(errno),
            },
            Action::SigPipe { ignored } => return sig_pipe(*ignored),
            Action::Limit { resource, soft, hard } => return limit(*resource, *soft, *hard),
            Action::Nice(level) => sys!(SYS_setpriority, 0, 0, *level),
            Action::Scheduler { policy, flags, nice, priority } => {
                let attributes = SchedulerAttributes {
                    size: 48,
                    policy: *policy,
                    flags: *flags,
                    nice: *nice,
                    priority: *priority,
                    runtime: 0,
                    deadline: 0,
                    period: 0,
                };
                sys!(SYS_sched_setattr, 0, &raw const attributes, 0)
            }
            Action::Affinity(mask) => {
                sys!(SYS_sched_setaffinity, 0, mask.len() * 8, mask.as_ptr())
            }
            Action::MemoryPolicy { mode, nodes } => {
                // The kernel takes one bit less than it is told.
                let bits = if nodes.is_empty() { 0 } else { nodes.len() * 64 + 1 };
                sys!(SYS_set_mempolicy, *mode, nodes.as_ptr(), bits)
            }
            Action::IoPriority(priority) => {
                sys!(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, *priority)
            }
            Action::TimerSlack(nanoseconds) => {
                sys!(SYS_prctl, libc::PR_SET_TIMERSLACK, *nanoseconds)
            }
            Action::Personality(domain) => {
                sys!(SYS_personality, *domain & SET_PERSONALITY_MASK)
            }
            Action::Keyring { linked } => return keyring(*linked),
            Action::Umask(mask) => sys!(SYS_umask, *mask),
            Action::Chdir(path) => sys!(SYS_chdir, path.as_c_str()),
            _ => return Err(Errno(libc::ENOSYS)),
        }?;
    }
    Ok(())
}

/// Writes the whole text to a file that is there.
#[expect(unsafe_code, reason = "path and buffer are pointers")]
pub fn write_file(path: &CStr, text: &[u8]) -> Outcome {
    // SAFETY: the path ends with a NUL, the buffer has its length; the descriptor is closed here.
    unsafe {
        let fd = sys!(SYS_openat, libc::AT_FDCWD, path, libc::O_WRONLY | libc::O_CLOEXEC, 0)?;
        let written = sys!(SYS_write, fd, text.as_ptr(), text.len());
        sys!(SYS_close, fd)?;
        written.map(drop)
    }
}

/// The handler, flags, restorer and mask of `struct sigaction` as the kernel has it.
#[expect(unsafe_code, reason = "the action is a pointer")]
fn sig_pipe(ignored: bool) -> Outcome {
    let action = [u64::from(ignored), 0, 0, 0];
    // SAFETY: SIG_DFL is 0 and SIG_IGN is 1; the structure is as large as the kernel's.
    unsafe {
        let none = std::ptr::null::<u64>();
        sys!(SYS_rt_sigaction, libc::SIGPIPE, action.as_ptr(), none, 8_usize)?;
    }
    Ok(())
}

/// Sets a limit; what is above what this process may have is cut down to that.
#[expect(unsafe_code, reason = "limits are pointers")]
fn limit(resource: u32, soft: u64, hard: u64) -> Outcome {
    let wanted = [soft, hard];
    let mut present = [0_u64; 2];
    // SAFETY: both are a `struct rlimit64`.
    unsafe {
        let none = std::ptr::null_mut::<u64>();
        match sys!(SYS_prlimit64, 0, resource, wanted.as_ptr(), none) {
            Err(Errno(libc::EPERM)) => {}
            outcome => return outcome.map(drop),
        }
        sys!(SYS_prlimit64, 0, resource, std::ptr::null::<u64>(), present.as_mut_ptr())?;
        let cut = [soft.min(present[1]), hard.min(present[1])];
        sys!(SYS_prlimit64, 0, resource, cut.as_ptr(), none)?;
    }
    Ok(())
}

/// A session keyring of its own (`KeyringMode=private`), with the user's keyring linked in (`shared`).
#[expect(unsafe_code, reason = "keyctl has no wrapper")]
fn keyring(linked: bool) -> Outcome {
    // SAFETY: no pointers but a null name, which stands for an anonymous keyring.
    unsafe {
        match sys!(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) {
            // A kernel without keyrings, a container without the right to them, or a full quota.
            Err(Errno(libc::ENOSYS | libc::EPERM | libc::EACCES | libc::EDQUOT)) => return Ok(()),
            outcome => outcome?,
        };
        sys!(SYS_keyctl, KEYCTL_SETPERM, SESSION_KEYRING, KEYRING_PERMISSIONS)?;
        if linked {
            sys!(SYS_keyctl, KEYCTL_LINK, USER_KEYRING, SESSION_KEYRING)?;
        }
    }
    Ok(())
}
