//! Standard streams of the calling process: files, sockets, the log, the terminal.

use std::ffi::CStr;
use std::os::fd::RawFd;

use super::Outcome;
use super::raw::sys;
use crate::errno::Errno;
use crate::plan::{Control, Slot, Terminal};

/// What a terminal says to clear its screen and go home.
const CLEAR: &[u8] = b"\x1b[r\x1b[H\x1b[J";
/// The largest credential (systemd.exec(5)).
const CREDENTIAL_SIZE: i64 = 1024 * 1024;
/// How long a process waits for the terminal before it looks again.
const TERMINAL_WAIT: [i64; 2] = [0, 100_000_000];

fn store(slots: &mut [i32], slot: Slot, fd: i64) -> Outcome {
    let fd = i32::try_from(fd).map_err(|_| Errno(libc::EBADF))?;
    *slots.get_mut(slot.0).ok_or(Errno(libc::EBADF))? = fd;
    Ok(())
}

/// Opens a file into a slot.
#[expect(unsafe_code, reason = "the path is a pointer")]
pub fn open(slots: &mut [i32], path: &CStr, flags: i32, mode: u32, slot: Slot) -> Outcome {
    // SAFETY: the path ends with a NUL.
    let fd = unsafe { sys!(SYS_openat, libc::AT_FDCWD, path, flags | libc::O_CLOEXEC, mode) }?;
    store(slots, slot, fd)
}

/// Opens a file, or connects to it where it is a socket.
#[expect(unsafe_code, reason = "addresses are pointers")]
pub fn open_or_connect(
    slots: &mut [i32],
    path: &CStr,
    flags: i32,
    mode: u32,
    slot: Slot,
) -> Outcome {
    match open(slots, path, flags, mode, slot) {
        Err(Errno(libc::ENXIO)) => {}
        outcome => return outcome,
    }
    let mut address = [0_u8; 110];
    address[..2].copy_from_slice(&unix_family());
    let bytes = path.to_bytes();
    let room = address.get_mut(2..2 + bytes.len()).ok_or(Errno(libc::ENAMETOOLONG))?;
    room.copy_from_slice(bytes);
    // SAFETY: the address is as long as it says.
    unsafe {
        let fd = sys!(SYS_socket, libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0)?;
        sys!(SYS_connect, fd, address.as_ptr(), 2 + bytes.len() + 1)?;
        store(slots, slot, fd)
    }
}

/// The family of an address of a unix socket.
pub fn unix_family() -> [u8; 2] {
    u16::try_from(libc::AF_UNIX).unwrap_or(1).to_ne_bytes()
}

/// Connects a socket that does not block to the log and says whose words come; then it blocks.
#[expect(unsafe_code, reason = "addresses are pointers")]
pub fn connect_log(fd: RawFd, address: &[u8], header: &[u8]) -> Outcome {
    // SAFETY: address and header have their lengths.
    unsafe {
        sys!(SYS_connect, fd, address.as_ptr(), address.len())?;
        sys!(SYS_sendto, fd, header.as_ptr(), header.len(), libc::MSG_NOSIGNAL, 0, 0)?;
        let off = 0_i32;
        sys!(SYS_ioctl, fd, libc::FIONBIO, &raw const off)?;
        sys!(SYS_shutdown, fd, libc::SHUT_RD)?;
    }
    Ok(())
}

/// The kernel's log in place of what is in the slot; nowhere, where it is not writable.
pub fn kernel_log(slots: &mut [i32], slot: Slot) -> Outcome {
    let flags = libc::O_WRONLY | libc::O_NOCTTY;
    open(slots, c"/dev/kmsg", flags, 0, slot).or_else(|_| open(slots, c"/dev/null", flags, 0, slot))
}

/// Disconnects everybody from a terminal.
#[expect(unsafe_code, reason = "an ioctl")]
pub fn hang_up(fd: RawFd) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys!(SYS_ioctl, fd, libc::TIOCVHANGUP) }.map(drop)
}

/// Changes the owner of an open file.
#[expect(unsafe_code, reason = "the descriptor is a number here")]
pub fn chown(fd: RawFd, uid: u32) -> Outcome {
    // SAFETY: no pointers. The group stays.
    unsafe { sys!(SYS_fchown, fd, uid, u32::MAX) }.map(drop)
}

/// Makes a terminal the controlling one, with sane settings.
pub fn terminal(fd: RawFd, terminal: &Terminal) -> Outcome {
    if let Some(control) = terminal.control {
        take(fd, control)?;
    }
    if terminal.reset {
        reset(fd)?;
    }
    if let Some((rows, columns)) = terminal.size {
        resize(fd, rows, columns)?;
    }
    if terminal.clear {
        super::write(fd, CLEAR);
    }
    Ok(())
}

#[expect(unsafe_code, reason = "ioctls")]
fn take(fd: RawFd, control: Control) -> Outcome {
    loop {
        // SAFETY: no pointers but the time to wait, which lives here.
        unsafe {
            match sys!(SYS_ioctl, fd, libc::TIOCSCTTY, i32::from(control == Control::Force)) {
                Err(Errno(libc::EPERM)) if control == Control::Wait => {
                    let none = std::ptr::null_mut::<i64>();
                    let _interrupted = sys!(SYS_nanosleep, TERMINAL_WAIT.as_ptr(), none);
                }
                outcome => return outcome.map(drop),
            }
        }
    }
}

/// `struct termios` as the kernel has it.
#[repr(C)]
#[derive(Default)]
struct Termios {
    input: u32,
    output: u32,
    control: u32,
    local: u32,
    line: u8,
    characters: [u8; 19],
}

/// Interrupt, quit, erase, kill, end of file, time, minimum, swtc, start, stop, suspend, end of line, reprint, discard,
/// word erase, literal next, second end of line (termios(3)).
const CHARACTERS: [u8; 17] =
    [3, 0o34, 0o177, 0o25, 4, 0, 1, 0, 0o21, 0o23, 0o32, 0, 0o22, 0o17, 0o27, 0o26, 0];

#[expect(unsafe_code, reason = "ioctls")]
fn reset(fd: RawFd) -> Outcome {
    let mut settings = Termios::default();
    // SAFETY: the structure is the kernel's.
    unsafe {
        sys!(SYS_ioctl, fd, libc::TCGETS, &raw mut settings)?;
        settings.input &=
            !(libc::IGNBRK | libc::BRKINT | libc::ISTRIP | libc::INLCR | libc::IGNCR | libc::IUCLC);
        settings.input |= libc::ICRNL | libc::IMAXBEL | libc::IUTF8;
        settings.output |= libc::ONLCR | libc::OPOST;
        settings.control |= libc::CREAD;
        settings.local = libc::ISIG
            | libc::ICANON
            | libc::IEXTEN
            | libc::ECHO
            | libc::ECHOE
            | libc::ECHOK
            | libc::ECHOCTL
            | libc::ECHOKE;
        settings.characters[..CHARACTERS.len()].copy_from_slice(&CHARACTERS);
        sys!(SYS_ioctl, fd, libc::TCSETS, &raw const settings)?;
    }
    Ok(())
}

#[expect(unsafe_code, reason = "an ioctl")]
fn resize(fd: RawFd, rows: u16, columns: u16) -> Outcome {
    let size = [rows, columns, 0, 0];
    // SAFETY: `struct winsize` is four such numbers.
    unsafe { sys!(SYS_ioctl, fd, libc::TIOCSWINSZ, size.as_ptr()) }.map(drop)
}

/// Reads a credential from a socket into a new file that only its user can read. The socket is bound to a name that
/// tells who asks for what (systemd.exec(5), `LoadCredential=`).
#[expect(unsafe_code, reason = "addresses and buffers are pointers")]
pub fn socket_credential(
    address: &[u8],
    name: &[u8],
    folder: RawFd,
    file: &CStr,
    uid: u32,
    gid: u32,
) -> Outcome {
    let mut buffer = [0_u8; 4096];
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
    let mut total = 0;
    // SAFETY: addresses and buffer have their lengths; the buffer is wiped.
    let outcome = unsafe {
        let socket = sys!(SYS_socket, libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0)?;
        sys!(SYS_bind, socket, name.as_ptr(), name.len())?;
        sys!(SYS_connect, socket, address.as_ptr(), address.len())?;
        let target = sys!(SYS_openat, folder, file, flags, 0o400)?;
        let outcome = loop {
            let count = match sys!(SYS_read, socket, buffer.as_mut_ptr(), buffer.len()) {
                Ok(0) => break Ok(()),
                Ok(count) => count,
                Err(errno) => break Err(errno),
            };
            total += count;
            if total > CREDENTIAL_SIZE {
                break Err(Errno(libc::E2BIG));
            }
            if let Err(errno) = sys!(SYS_write, target, buffer.as_ptr(), count) {
                break Err(errno);
            }
        };
        sys!(SYS_fchown, target, uid, gid)?;
        sys!(SYS_close, target)?;
        sys!(SYS_close, socket)?;
        outcome
    };
    buffer.fill(0);
    std::hint::black_box(&buffer);
    outcome
}
