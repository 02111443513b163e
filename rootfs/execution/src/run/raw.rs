//! System calls of the child, without libc's wrappers: those allocate, take locks or speak to other threads.

use std::ffi::CStr;

use crate::errno::Errno;

/// An argument of a system call.
pub trait Argument {
    /// As the register holds it.
    fn raw(self) -> libc::c_long;
}

impl Argument for i32 {
    fn raw(self) -> libc::c_long {
        libc::c_long::from(self)
    }
}

impl Argument for u32 {
    fn raw(self) -> libc::c_long {
        libc::c_long::from(self)
    }
}

impl Argument for i64 {
    fn raw(self) -> libc::c_long {
        self
    }
}

impl Argument for u64 {
    fn raw(self) -> libc::c_long {
        self.cast_signed()
    }
}

impl Argument for usize {
    fn raw(self) -> libc::c_long {
        self.cast_signed() as libc::c_long
    }
}

impl Argument for &CStr {
    fn raw(self) -> libc::c_long {
        self.as_ptr() as libc::c_long
    }
}

impl<T> Argument for *const T {
    fn raw(self) -> libc::c_long {
        self as libc::c_long
    }
}

impl<T> Argument for *mut T {
    fn raw(self) -> libc::c_long {
        self as libc::c_long
    }
}

/// Makes a system call; what it gives, or its errno. The thread's `errno` is left alone: a child that uses its parent's
/// memory has its parent's, too.
///
/// # Safety
/// Pointers among the arguments must be what the call expects, and live as long as it runs.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the system call itself")]
pub unsafe fn call(number: libc::c_long, arguments: [libc::c_long; 6]) -> Result<i64, Errno> {
    let [a, b, c, d, e, f] = arguments;
    let outcome: i64;
    // SAFETY: by the contract of this function; the kernel changes the registers named here alone.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number => outcome,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    match outcome {
        -4095..0 => Err(Errno(i32::try_from(-outcome).unwrap_or(libc::EINVAL))),
        _ => Ok(outcome),
    }
}

/// The same by libc, where no child uses its parent's memory.
///
/// # Safety
/// As above.
#[cfg(not(target_arch = "x86_64"))]
#[expect(unsafe_code, reason = "the system call itself")]
pub unsafe fn call(number: libc::c_long, arguments: [libc::c_long; 6]) -> Result<i64, Errno> {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: by the contract of this function.
    let outcome = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if outcome < 0 { Err(Errno::last()) } else { Ok(outcome) }
}

/// `sys!(SYS_name, argument...)`: a system call with up to six arguments, to be used where `unsafe` is allowed.
macro_rules! sys {
    ($number:ident $(, $argument:expr)* $(,)?) => {{
        let mut arguments = [0 as libc::c_long; 6];
        let given = [$($crate::run::raw::Argument::raw($argument)),*];
        let given: &[libc::c_long] = &given;
        arguments[..given.len()].copy_from_slice(given);
        $crate::run::raw::call(libc::$number, arguments)
    }};
}
pub(crate) use sys;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "a system call")]
    fn a_call_that_fails_gives_its_error_and_leaves_errno_alone() {
        assert!(std::fs::metadata("/nowhere/at/all").is_err());
        // SAFETY: no pointers.
        let outcome = unsafe { sys!(SYS_close, -1) };
        assert_eq!(outcome, Err(Errno(libc::EBADF)));
        assert_eq!(Errno::last(), Errno(libc::ENOENT));
    }
}
