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
    write(1, bytes)
}

/// Writes to a descriptor.
pub(crate) fn write(descriptor: usize, bytes: &[u8]) -> isize {
    // SAFETY: write(2) reads `bytes`.
    unsafe { call(1, descriptor, bytes.as_ptr() as usize, bytes.len(), 0, 0) }
}

/// Closes a descriptor.
pub(crate) fn close(descriptor: usize) {
    // SAFETY: close(2) touches no memory.
    unsafe { call(3, descriptor, 0, 0, 0, 0) };
}

/// Reads the beginning of an open file.
pub(crate) fn read_at_start(descriptor: usize, buffer: &mut [u8]) -> isize {
    // SAFETY: pread64(2) writes within `buffer`.
    unsafe { call(17, descriptor, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0) }
}

/// A file in memory.
pub(crate) fn memory_file() -> isize {
    // SAFETY: memfd_create(2) reads the name, which ends in a zero byte.
    unsafe { call(319, c"probe".as_ptr() as usize, 0, 0, 0, 0) }
}

/// Accepts a connection.
pub(crate) fn accept(listener: usize) -> isize {
    // SAFETY: accept4(2) without an address writes nothing.
    unsafe { call(288, listener, 0, 0, 0, 0) }
}

/// A datagram socket that leads to `path`, where `@` at its start is the abstract namespace.
pub(crate) fn connect_datagram(path: &[u8]) -> isize {
    // struct sockaddr_un: AF_UNIX, then the path.
    let mut address = [0_u8; 110];
    address[0] = 1;
    for (to, from) in address[2..].iter_mut().zip(path) {
        *to = *from;
    }
    if address[2] == b'@' {
        address[2] = 0;
    }
    // SAFETY: socket(2) has no memory; connect(2) reads `address` up to the length given.
    unsafe {
        let socket = call(41, 1, 2, 0, 0, 0);
        let Ok(descriptor) = usize::try_from(socket) else { return socket };
        let length = (2 + path.len()).min(address.len());
        match call(42, descriptor, address.as_ptr() as usize, length, 0, 0) {
            0 => socket,
            error => error,
        }
    }
}

/// Sends a datagram with a descriptor (`SCM_RIGHTS`).
pub(crate) fn send_descriptor(socket: usize, text: &[u8], descriptor: usize) -> isize {
    let vector = [text.as_ptr() as usize, text.len()];
    // struct cmsghdr: the length, level SOL_SOCKET and type SCM_RIGHTS, then the descriptor.
    let control = [20, 1 | 1 << 32, descriptor];
    // struct msghdr: name, vector, control, flags.
    let message =
        [0, 0, vector.as_ptr() as usize, 1, control.as_ptr() as usize, size_of_val(&control), 0];
    // SAFETY: sendmsg(2) reads the message and what it points to, all of which is alive.
    unsafe { call(46, socket, message.as_ptr() as usize, 0, 0, 0) }
}

/// Lets SIGTERM do nothing.
pub(crate) fn ignore_sigterm() {
    // struct kernel_sigaction: SIG_IGN, no flags, no restorer, an empty mask.
    let action = [1_usize, 0, 0, 0];
    // SAFETY: rt_sigaction(2) reads `action`.
    unsafe { call(13, 15, action.as_ptr() as usize, 0, 8, 0) };
}

/// Makes this process the leader of a new session.
pub(crate) fn new_session() {
    // SAFETY: setsid(2) has no arguments.
    unsafe { call(112, 0, 0, 0, 0, 0) };
}

/// A copy of this process. Gives 0 in the copy.
pub(crate) fn fork() -> isize {
    // SAFETY: fork(2) has no arguments, and there is one thread.
    unsafe { call(57, 0, 0, 0, 0, 0) }
}

/// Waits until the process is killed.
pub(crate) fn wait() -> ! {
    loop {
        // SAFETY: pause(2) has no arguments.
        unsafe { call(34, 0, 0, 0, 0, 0) };
    }
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

/// Removes an empty folder. `path` ends in a zero byte.
pub(crate) fn remove_folder(path: &[u8]) -> isize {
    // SAFETY: rmdir(2) reads `path`, which ends in a zero byte.
    unsafe { call(84, path.as_ptr() as usize, 0, 0, 0, 0) }
}

/// A descriptor of a folder that can only be named, for this program alone. `path` ends in a zero byte.
pub(crate) fn open_folder(path: &[u8]) -> isize {
    const PATH_DIRECTORY_CLOEXEC: usize = 0x29_0000;
    // SAFETY: open(2) reads `path`, which ends in a zero byte.
    unsafe { call(2, path.as_ptr() as usize, PATH_DIRECTORY_CLOEXEC, 0, 0, 0) }
}

/// Starts this program again in the control group of a folder, as the leader of a session, so that it waits. Gives its
/// number.
pub(crate) fn start_waiter(group: usize) -> isize {
    const INTO_CGROUP: u64 = 0x2_0000_0000;
    const SIGCHLD: u64 = 17;
    // struct clone_args: flags first, then the signal of its end as the fifth, and the group as the last.
    let arguments = [INTO_CGROUP, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, group as u64];
    // SAFETY: clone3(2) reads `arguments`, and without a stack the copy goes on with a copy of this one.
    let pid = unsafe { call(435, arguments.as_ptr() as usize, size_of_val(&arguments), 0, 0, 0) };
    if pid != 0 {
        return pid;
    }
    new_session();
    let words = [c"probe".as_ptr(), c"wait".as_ptr(), core::ptr::null()];
    let nothing = [core::ptr::null::<u8>()];
    let program = c"/proc/self/exe".as_ptr();
    // SAFETY: execve(2) reads the path and the lists, which end in null pointers.
    unsafe { call(59, program as usize, words.as_ptr() as usize, nothing.as_ptr() as usize, 0, 0) };
    exit(1)
}

/// Kills a child and waits for its end.
pub(crate) fn kill(pid: usize) {
    const SIGKILL: usize = 9;
    // SAFETY: kill(2) has no memory; wait4(2) writes nothing where it is given no place.
    unsafe {
        call(62, pid, SIGKILL, 0, 0, 0);
        call(61, pid, 0, 0, 0, 0);
    }
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
    match fork() {
        0 => wait(),
        pid => pid,
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
