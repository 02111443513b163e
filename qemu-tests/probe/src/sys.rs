//! The system calls of the probe, without a C library.
//!
//! Each function gives what the kernel returned: a negative number is an error number.

#![expect(unsafe_code, reason = "system calls without a C library")]

use core::arch::asm;
use core::time::Duration;

/// `EAGAIN`, as the kernel returns it.
pub(crate) const EAGAIN: isize = -11;

/// `EROFS`, as the kernel returns it.
pub(crate) const EROFS: isize = -30;

/// A clock of `clock_gettime(2)`.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// `CLOCK_MONOTONIC`
    Wall = 1,
    /// `CLOCK_PROCESS_CPUTIME_ID`
    Process = 2,
}

/// SAFETY: the caller gives arguments that are sound for the call `number`.
unsafe fn call(number: usize, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let result: isize;
    // SAFETY: the kernel changes rax, rcx, r11 and the memory that the arguments name.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") 0,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Writes to standard output.
pub(crate) fn print(bytes: &[u8]) -> isize {
    // SAFETY: write(2) reads `bytes`.
    unsafe { call(1, 1, bytes.as_ptr() as usize, bytes.len(), 0, 0) }
}

/// Reads the beginning of a file. `path` ends in a zero byte.
pub(crate) fn read_file(path: &[u8], buffer: &mut [u8]) -> isize {
    let mut at = 0;
    // SAFETY: open(2) reads `path`, which ends in a zero byte; read(2) writes within `buffer`.
    unsafe {
        let file = call(2, path.as_ptr() as usize, 0, 0, 0, 0);
        let Ok(file) = usize::try_from(file) else { return file };
        while at < buffer.len() {
            let rest = &mut buffer[at..];
            match usize::try_from(call(0, file, rest.as_mut_ptr() as usize, rest.len(), 0, 0)) {
                Ok(0) | Err(_) => break,
                Ok(read) => at += read,
            }
        }
        call(3, file, 0, 0, 0, 0);
    }
    at.cast_signed()
}

/// Reads a symbolic link. `path` ends in a zero byte.
pub(crate) fn read_link(path: &[u8], buffer: &mut [u8]) -> isize {
    // SAFETY: readlink(2) reads `path`, which ends in a zero byte, and writes within `buffer`.
    unsafe { call(89, path.as_ptr() as usize, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0) }
}

/// Makes a folder. `path` ends in a zero byte.
pub(crate) fn make_folder(path: &[u8]) -> isize {
    // SAFETY: mkdir(2) reads `path`, which ends in a zero byte.
    unsafe { call(83, path.as_ptr() as usize, 0o700, 0, 0, 0) }
}

/// The number of this process.
pub(crate) fn pid() -> isize {
    // SAFETY: getpid(2) has no arguments.
    unsafe { call(39, 0, 0, 0, 0, 0) }
}

/// The user of this process.
pub(crate) fn uid() -> isize {
    // SAFETY: getuid(2) has no arguments.
    unsafe { call(102, 0, 0, 0, 0, 0) }
}

/// `length` bytes of new memory, written to once a page.
pub(crate) fn allocate(length: usize) -> isize {
    const READ_WRITE: usize = 3;
    const PRIVATE_ANONYMOUS_POPULATE: usize = 0x8022;
    // SAFETY: mmap(2) of new memory changes none that is in use.
    unsafe { call(9, 0, length, READ_WRITE, PRIVATE_ANONYMOUS_POPULATE, usize::MAX) }
}

/// A new process that waits until it is killed. Gives its number.
pub(crate) fn fork_waiter() -> isize {
    // SAFETY: fork(2) has no arguments; pause(2) neither. The child never returns.
    unsafe {
        match call(57, 0, 0, 0, 0, 0) {
            0 => loop {
                call(34, 0, 0, 0, 0, 0);
            },
            pid => pid,
        }
    }
}

/// Ends the process.
pub(crate) fn exit(status: u8) -> ! {
    loop {
        // SAFETY: exit_group(2) does not return.
        unsafe { call(231, usize::from(status), 0, 0, 0, 0) };
    }
}

/// The time on a clock.
pub(crate) fn time(clock: Clock) -> Duration {
    let mut spec = [0i64; 2];
    // SAFETY: clock_gettime(2) writes two numbers of 64 bits.
    unsafe { call(228, clock as usize, spec.as_mut_ptr() as usize, 0, 0, 0) };
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Duration::from_secs(part(spec[0])) + Duration::from_nanos(part(spec[1]))
}
