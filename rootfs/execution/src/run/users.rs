//! Namespaces but those of mounts: entered, made, and given their maps.

use std::ffi::CStr;
use std::os::fd::RawFd;

use super::Outcome;
use super::attributes::write_file;
use super::raw::sys;
use crate::errno::Errno;

/// SIOCGIFFLAGS and SIOCSIFFLAGS (netdevice(7)).
const GET_FLAGS: u64 = 0x8913;
const SET_FLAGS: u64 = 0x8914;

/// Enters new namespaces.
#[expect(unsafe_code, reason = "unshare changes what other threads see; there are none")]
pub fn unshare(flags: u64) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys!(SYS_unshare, flags) }.map(drop)
}

/// Enters a namespace.
#[expect(unsafe_code, reason = "the descriptor is a number here")]
pub fn set_namespace(fd: RawFd, kind: u64) -> Outcome {
    // SAFETY: no pointers.
    unsafe { sys!(SYS_setns, fd, kind) }.map(drop)
}

/// Brings `lo` up.
#[expect(unsafe_code, reason = "the request is a pointer")]
pub fn loopback_up() -> Outcome {
    // `struct ifreq`: the name, then the flags.
    let mut request = [0_u8; 40];
    request[..2].copy_from_slice(b"lo");
    // SAFETY: the request is as large as the kernel's; the descriptor is closed here.
    unsafe {
        let fd = sys!(SYS_socket, libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)?;
        let outcome = sys!(SYS_ioctl, fd, GET_FLAGS, request.as_mut_ptr()).and_then(|_| {
            request[16] |= u8::try_from(libc::IFF_UP).unwrap_or(1);
            sys!(SYS_ioctl, fd, SET_FLAGS, request.as_ptr())
        });
        sys!(SYS_close, fd)?;
        outcome.map(drop)
    }
}

/// A new user namespace. Maps of several users must be written from its parent: a process forked before does it.
#[expect(unsafe_code, reason = "a fork and two pipes without memory")]
pub fn user_namespace(uid_map: &[u8], gid_map: &[u8]) -> Outcome {
    let (mut ready, mut done) = ([-1_i32; 2], [-1_i32; 2]);
    // SAFETY: pipes are pairs of numbers; the forked process only makes system calls and ends itself.
    unsafe {
        sys!(SYS_pipe2, ready.as_mut_ptr(), libc::O_CLOEXEC)?;
        sys!(SYS_pipe2, done.as_mut_ptr(), libc::O_CLOEXEC)?;
        let parent = sys!(SYS_getpid)?;
        // The bare call, with no signal at the end: it is waited for here.
        let helper = sys!(SYS_clone, 0, 0, 0, 0, 0)?;
        if helper == 0 {
            sys!(SYS_close, ready[1])?;
            let mut byte = 0_u8;
            let began = sys!(SYS_read, ready[0], &raw mut byte, 1);
            let outcome = match began {
                Ok(1) => write_maps(parent, uid_map, gid_map),
                Ok(_) => Err(Errno(libc::ECANCELED)),
                Err(errno) => Err(errno),
            };
            let code = outcome.err().map_or(0, |errno| errno.0);
            let _unheard = sys!(SYS_write, done[1], &raw const code, 4);
            loop {
                let _never = sys!(SYS_exit_group, 0);
            }
        }
        sys!(SYS_close, ready[0])?;
        sys!(SYS_close, done[1])?;
        let outcome = sys!(SYS_unshare, libc::CLONE_NEWUSER).and_then(|_| {
            sys!(SYS_write, ready[1], c"x", 1)?;
            let mut code = libc::EIO;
            sys!(SYS_read, done[0], &raw mut code, 4)?;
            if code == 0 { Ok(0) } else { Err(Errno(code)) }
        });
        sys!(SYS_close, ready[1])?;
        sys!(SYS_close, done[0])?;
        let none = std::ptr::null::<i32>();
        sys!(SYS_wait4, helper, none, libc::__WALL, none)?;
        outcome.map(drop)
    }
}

fn write_maps(pid: i64, uid_map: &[u8], gid_map: &[u8]) -> Outcome {
    for (file, text) in [(&b"/uid_map\0"[..], uid_map), (b"/gid_map\0", gid_map)] {
        let mut path = [0_u8; 48];
        let length = proc_path(&mut path, pid, file);
        let path = CStr::from_bytes_with_nul(&path[..length]).map_err(|_| Errno(libc::EINVAL))?;
        write_file(path, text)?;
    }
    Ok(())
}

/// `/proc/PID` and a file with its NUL; gives the length with the NUL.
fn proc_path(path: &mut [u8; 48], pid: i64, file: &[u8]) -> usize {
    path[..6].copy_from_slice(b"/proc/");
    let mut digits = 1;
    while digits < 10 && pid / 10_i64.pow(digits) > 0 {
        digits += 1;
    }
    let mut at = 6;
    for place in (0..digits).rev() {
        path[at] = b'0' + u8::try_from(pid / 10_i64.pow(place) % 10).unwrap_or(0);
        at += 1;
    }
    path[at..at + file.len()].copy_from_slice(file);
    at + file.len()
}

#[cfg(test)]
mod tests {
    use super::proc_path;

    #[test]
    fn paths_below_proc_are_written_without_memory() {
        for pid in [1_i64, 9, 10, 12345, 4_194_304] {
            let mut path = [0; 48];
            let length = proc_path(&mut path, pid, b"/uid_map\0");
            assert_eq!(&path[..length], format!("/proc/{pid}/uid_map\0").as_bytes());
        }
    }
}
