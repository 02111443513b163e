//! clone3: a child in its control group from its first instruction (clone(2)).

use std::ffi::c_void;
use std::os::fd::RawFd;

use rustix::process::Pid;

use super::raw::sys;
use crate::errno::Errno;

/// `struct clone_args`.
#[repr(C)]
#[derive(Debug, Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

const CLEAR_HANDLERS: u64 = 0x1_0000_0000;
const INTO_CGROUP: u64 = 0x2_0000_0000;
/// CLONE_VM.
const SHARED: u64 = 0x100;
/// CLONE_FILES and CLONE_CHILD_CLEARTID.
const WITH_DESCRIPTORS: u64 = 0x400;
const CLEAR_NUMBER: u64 = 0x20_0000;
/// Whether a child can run in the memory of its parent here.
pub const SHARES_MEMORY: bool = cfg!(target_arch = "x86_64");

/// A process as its parent knows it.
#[derive(Debug)]
pub struct Cloned {
    /// Its number.
    pub pid: Pid,
    /// Whether it is in the control group already.
    pub in_group: bool,
}

/// Starts a child that runs `entry(argument)`, which must end the process.
///
/// With a `stack`, which a kernel without clone3 answers with ENOSYS, the child runs on it in the memory of its parent until it executes or ends: no page table is copied.
/// `group` is a descriptor of the control group's folder. With `running`, and a stack, the child has no descriptors of
/// its own at first, and the kernel makes the number 0 when it has executed or ended.
///
/// # Safety
/// `entry` never returns, and `argument` is what it expects. With a `stack`, nobody else touches that or what `argument`
/// leads to until the child has executed or ended, and `entry` changes nothing else; without one, it allocates nothing
/// unless the calling process has a single thread.
#[expect(
    unsafe_code,
    reason = "clone3 has no wrapper, and its child begins in the middle of a function"
)]
pub unsafe fn start(
    entry: unsafe extern "C" fn(*mut c_void) -> !,
    argument: *mut c_void,
    stack: Option<*mut [u128]>,
    running: Option<*mut u32>,
    namespaces: u64,
    group: Option<RawFd>,
) -> Result<Cloned, Errno> {
    let with_group = group.map(|group| (group, CLEAR_HANDLERS | INTO_CGROUP));
    let attempts = with_group.into_iter().chain([(-1, CLEAR_HANDLERS), (-1, 0)]);
    for (group, flags) in attempts {
        let mut arguments = CloneArguments {
            flags: flags | namespaces,
            exit_signal: u64::from(libc::SIGCHLD.unsigned_abs()),
            cgroup: u64::try_from(group).unwrap_or(0),
            ..CloneArguments::default()
        };
        if let Some(stack) = stack {
            arguments.flags |= SHARED;
            arguments.stack = stack.cast::<u128>() as u64;
            arguments.stack_size = (stack.len() * size_of::<u128>()) as u64;
            if let Some(running) = running {
                arguments.flags |= WITH_DESCRIPTORS | CLEAR_NUMBER;
                arguments.child_tid = running as u64;
            }
        }
        // SAFETY: the arguments outlive the call, the stack by the contract of this function.
        match unsafe { clone3(&mut arguments, entry, argument) } {
            Ok(pid) => {
                let pid = Pid::from_raw(pid).expect("the kernel numbers processes from 1");
                return Ok(Cloned { pid, in_group: flags & INTO_CGROUP != 0 });
            }
            // Only what the kernel does not know is left out on the next try.
            Err(Errno(libc::ENOSYS | libc::EINVAL | libc::E2BIG | libc::EOPNOTSUPP)) => {}
            Err(errno) => return Err(errno),
        }
    }
    if stack.is_some() {
        return Err(Errno(libc::ENOSYS));
    }
    // SAFETY: by the contract of this function; the child has its own copy of this stack and of the argument.
    let pid = unsafe { fork(entry, argument, namespaces) }?;
    Ok(Cloned { pid, in_group: false })
}

/// The call before clone3, for kernels and sandboxes that have no other.
#[expect(unsafe_code, reason = "the child goes on in the middle of this function")]
unsafe fn fork(
    entry: unsafe extern "C" fn(*mut c_void) -> !,
    argument: *mut c_void,
    namespaces: u64,
) -> Result<Pid, Errno> {
    let flags = namespaces | u64::from(libc::SIGCHLD.unsigned_abs());
    // SAFETY: no pointers; the child calls `entry` at once.
    match unsafe { sys!(SYS_clone, flags, 0, 0, 0, 0) }? {
        // SAFETY: by the contract of `start`.
        0 => unsafe { entry(argument) },
        pid => i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno(libc::EINVAL)),
    }
}

/// clone3 whose child calls `entry(argument)` on the stack it was given, or on a copy of this one.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the child must not return through the frames of its parent")]
unsafe fn clone3(
    arguments: &mut CloneArguments,
    entry: unsafe extern "C" fn(*mut c_void) -> !,
    argument: *mut c_void,
) -> Result<i32, Errno> {
    let outcome: i64;
    // SAFETY: in the parent only the registers named here change; the child leaves at once for `entry`, on a stack that
    // is aligned by the `and`.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "and rsp, -16",
            "mov rdi, {argument}",
            "call {entry}",
            "ud2",
            "2:",
            entry = in(reg) entry,
            argument = in(reg) argument,
            inlateout("rax") libc::SYS_clone3 => outcome,
            in("rdi") std::ptr::from_mut(arguments),
            in("rsi") size_of::<CloneArguments>(),
            out("rcx") _,
            out("r11") _,
        );
    }
    i32::try_from(outcome)
        .map_err(|_| Errno(libc::EINVAL))
        .and_then(|outcome| if outcome < 0 { Err(Errno(-outcome)) } else { Ok(outcome) })
}

/// clone3 with a copy of the memory, where the way of the child onto another stack is not written down.
#[cfg(not(target_arch = "x86_64"))]
#[expect(unsafe_code, reason = "clone3 has no wrapper")]
unsafe fn clone3(
    arguments: &mut CloneArguments,
    entry: unsafe extern "C" fn(*mut c_void) -> !,
    argument: *mut c_void,
) -> Result<i32, Errno> {
    arguments.flags &= !SHARED;
    (arguments.stack, arguments.stack_size) = (0, 0);
    let size = size_of::<CloneArguments>();
    // SAFETY: the child has its own copy of this stack.
    match unsafe { sys!(SYS_clone3, std::ptr::from_mut(arguments), size) }? {
        // SAFETY: by the contract of `start`.
        0 => unsafe { entry(argument) },
        pid => i32::try_from(pid).map_err(|_| Errno(libc::EINVAL)),
    }
}

/// Blocks every signal, and gives the mask there was.
#[expect(unsafe_code, reason = "signal masks have no safe wrapper")]
pub fn block_signals() -> u64 {
    let (all, mut before) = (u64::MAX, 0_u64);
    // SAFETY: both masks are eight bytes and live here. It cannot fail with valid pointers.
    let _cannot_fail = unsafe {
        sys!(SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const all, &raw mut before, 8_usize)
    };
    before
}

/// Sets the mask of blocked signals.
#[expect(unsafe_code, reason = "signal masks have no safe wrapper")]
pub fn set_signal_mask(mask: u64) {
    // SAFETY: the mask is eight bytes and lives here. It cannot fail with valid pointers.
    let _cannot_fail = unsafe {
        sys!(
            SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            std::ptr::null::<u64>(),
            8_usize
        )
    };
}
