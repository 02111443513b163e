//! Mounts of the calling process's own mount namespace.

use std::ffi::CStr;
use std::os::fd::RawFd;

use super::raw::sys;
use super::{Outcome, descriptor};
use crate::errno::Errno;
use crate::mounts::{MountAction, New};
use crate::plan::Slot;

const OPEN_TREE_CLONE: u32 = 1;
const RECURSIVE: u32 = 0x8000;
const EMPTY_PATH: u32 = 0x1000;
const CLOSE_ON_EXEC: u32 = 0o2_000_000;
const MOVE_BOTH_EMPTY: u32 = 0x04 | 0x40;
const RESOLVE_IN_ROOT: u64 = 0x10;
const FSOPEN_CLOEXEC: u32 = 1;
const FSCONFIG_SET_FLAG: u32 = 0;
const FSCONFIG_SET_STRING: u32 = 1;
const FSCONFIG_CREATE: u32 = 6;

/// Carries one out.
#[expect(unsafe_code, reason = "each is a system call on values of the plan")]
pub fn perform(slots: &mut [i32], action: &MountAction) -> Outcome {
    let at = |slot: &Slot| descriptor(slots, *slot);
    // SAFETY: paths end with a NUL and live in the plan.
    unsafe {
        match action {
            MountAction::Propagation { flags } => {
                sys!(SYS_mount, 0, c"/", 0, *flags, 0)?;
            }
            MountAction::OpenFolder { root, path, slot } => {
                let fd = match root {
                    Some(root) => look_up(at(root), path)?,
                    None => open_path(path)?,
                };
                return store(slots, *slot, fd);
            }
            MountAction::Clone { root, path, recursive, may_miss, slot } => {
                let outcome = clone_tree(at(root), path, *recursive);
                return match outcome {
                    Ok(fd) => store(slots, *slot, fd),
                    Err(Errno(libc::ENOENT)) if *may_miss => Ok(()),
                    Err(errno) => Err(errno),
                };
            }
            MountAction::Make { new, slot } => {
                return match make(new) {
                    Ok(fd) => store(slots, *slot, fd),
                    Err(_) if new.optional => Ok(()),
                    Err(errno) => Err(errno),
                };
            }
            MountAction::Attributes { slot, set, clear, recursive } => {
                let flags = EMPTY_PATH | if *recursive { RECURSIVE } else { 0 };
                return attributes(at(slot), *set, *clear, flags);
            }
            MountAction::Attach { slot, root, path, may_miss, create } => {
                return match attach(at(slot), at(root), path, create) {
                    Err(Errno(libc::ENOENT)) if *may_miss => Ok(()),
                    outcome => outcome,
                };
            }
            MountAction::Hide { root, path, may_miss, folder, file } => {
                return match hide(at(root), path, at(folder), at(file)) {
                    Err(Errno(libc::ENOENT)) if *may_miss => Ok(()),
                    outcome => outcome,
                };
            }
            MountAction::Folder { slot, name } => {
                sys!(SYS_mkdirat, at(slot), name.as_c_str(), 0o755)?;
            }
            MountAction::Node { slot, name, mode, device } => {
                sys!(SYS_mknodat, at(slot), name.as_c_str(), *mode, *device)?;
            }
            MountAction::Link { slot, name, target } => {
                sys!(SYS_symlinkat, target.as_c_str(), at(slot), name.as_c_str())?;
            }
            MountAction::ChangeRoot { slot } => {
                sys!(SYS_fchdir, at(slot))?;
                sys!(SYS_pivot_root, c".", c".")?;
                sys!(SYS_umount2, c".", libc::MNT_DETACH)?;
                sys!(SYS_chdir, c"/")?;
            }
        }
    }
    Ok(())
}

fn store(slots: &mut [i32], slot: Slot, fd: i64) -> Outcome {
    let fd = i32::try_from(fd).map_err(|_| Errno(libc::EBADF))?;
    *slots.get_mut(slot.0).ok_or(Errno(libc::EBADF))? = fd;
    Ok(())
}

fn number(fd: i64) -> RawFd {
    i32::try_from(fd).unwrap_or(-1)
}

#[expect(unsafe_code, reason = "the path is a pointer")]
fn open_path(path: &CStr) -> Result<i64, Errno> {
    // SAFETY: the path ends with a NUL.
    unsafe { sys!(SYS_openat, libc::AT_FDCWD, path, libc::O_PATH | libc::O_CLOEXEC, 0) }
}

/// Opens a path below a folder that stands for the root; links never lead out of it.
#[expect(unsafe_code, reason = "path and request are pointers")]
fn look_up(root: RawFd, path: &CStr) -> Result<i64, Errno> {
    let flags = u64::from((libc::O_PATH | libc::O_CLOEXEC).unsigned_abs());
    // `struct open_how`: flags, mode, how links are followed.
    let how = [flags, 0, RESOLVE_IN_ROOT];
    // SAFETY: the path ends with a NUL, the request has its length.
    unsafe { sys!(SYS_openat2, root, path, how.as_ptr(), 24_usize) }
}

#[expect(unsafe_code, reason = "descriptors are numbers here")]
fn clone_tree(root: RawFd, path: &CStr, recursive: bool) -> Result<i64, Errno> {
    let fd = look_up(root, path)?;
    let flags =
        OPEN_TREE_CLONE | CLOSE_ON_EXEC | EMPTY_PATH | if recursive { RECURSIVE } else { 0 };
    // SAFETY: the empty path stands for the descriptor, which is closed here.
    unsafe {
        let tree = sys!(SYS_open_tree, fd, c"", flags);
        sys!(SYS_close, fd)?;
        tree
    }
}

#[expect(unsafe_code, reason = "options are pointers")]
fn make(new: &New) -> Result<i64, Errno> {
    // SAFETY: texts end with a NUL and live in the plan; the context is closed here.
    unsafe {
        let context = sys!(SYS_fsopen, new.kind.as_c_str(), FSOPEN_CLOEXEC)?;
        let configured = new.options.iter().try_for_each(|(name, value)| {
            let name = name.as_c_str();
            let set = if let Some(value) = value {
                sys!(SYS_fsconfig, context, FSCONFIG_SET_STRING, name, value.as_c_str(), 0)
            } else {
                sys!(SYS_fsconfig, context, FSCONFIG_SET_FLAG, name, 0, 0)
            };
            set.map(drop)
        });
        let mounted = configured
            .and_then(|()| sys!(SYS_fsconfig, context, FSCONFIG_CREATE, 0, 0, 0))
            .and_then(|_| sys!(SYS_fsmount, context, FSOPEN_CLOEXEC, new.attributes));
        sys!(SYS_close, context)?;
        mounted
    }
}

#[expect(unsafe_code, reason = "the request is a pointer")]
fn attributes(fd: RawFd, set: u64, clear: u64, flags: u32) -> Outcome {
    if fd < 0 {
        return Ok(());
    }
    // `struct mount_attr`: set, clear, propagation, user namespace.
    let request = [set, clear, 0, 0];
    // SAFETY: the request has its length.
    unsafe { sys!(SYS_mount_setattr, fd, c"", flags, request.as_ptr(), 32_usize) }.map(drop)
}

/// Puts what is in a descriptor at a path; nothing, where there is nothing.
#[expect(unsafe_code, reason = "paths are pointers")]
fn attach(
    tree: RawFd,
    root: RawFd,
    path: &CStr,
    create: &[(std::ffi::CString, std::ffi::CString)],
) -> Outcome {
    if tree < 0 {
        return Ok(());
    }
    let target = match look_up(root, path) {
        Err(Errno(libc::ENOENT)) if !create.is_empty() => {
            make_target(tree, root, create);
            look_up(root, path)?
        }
        outcome => outcome?,
    };
    // SAFETY: empty paths stand for the descriptors, which are closed here.
    unsafe {
        let moved = sys!(SYS_move_mount, tree, c"", target, c"", MOVE_BOTH_EMPTY);
        sys!(SYS_close, target)?;
        moved.map(drop)
    }
}

/// Makes folders on the way, and the last as a folder or a file. What fails shows when the path is looked up.
#[expect(unsafe_code, reason = "names are pointers")]
fn make_target(tree: RawFd, root: RawFd, create: &[(std::ffi::CString, std::ffi::CString)]) {
    let folder = is_folder(tree).unwrap_or(true);
    for (at, (parent, name)) in create.iter().enumerate() {
        let Ok(parent) = look_up(root, parent) else { return };
        let as_folder = folder || at + 1 < create.len();
        // SAFETY: names end with a NUL; the descriptor is closed here.
        let _shows_later = unsafe {
            let _there_or_not = if as_folder {
                sys!(SYS_mkdirat, parent, name.as_c_str(), 0o755)
            } else {
                sys!(SYS_mknodat, parent, name.as_c_str(), libc::S_IFREG | 0o644, 0)
            };
            sys!(SYS_close, parent)
        };
    }
}

#[expect(unsafe_code, reason = "the answer is a pointer")]
fn is_folder(fd: RawFd) -> Result<bool, Errno> {
    // `struct statx` is 256 bytes; its mode stands at 28.
    let mut answer = [0_u8; 256];
    let flags = libc::AT_EMPTY_PATH;
    // SAFETY: the answer is as large as the kernel's.
    unsafe { sys!(SYS_statx, fd, c"", flags, libc::STATX_TYPE, answer.as_mut_ptr()) }?;
    let mode = u32::from(u16::from_ne_bytes([answer[28], answer[29]]));
    Ok(mode & libc::S_IFMT == libc::S_IFDIR)
}

/// Covers a path with a node that nobody can open.
#[expect(unsafe_code, reason = "descriptors are numbers here")]
fn hide(root: RawFd, path: &CStr, folder: RawFd, file: RawFd) -> Outcome {
    let target = look_up(root, path)?;
    let source = if is_folder(number(target))? { folder } else { file };
    let flags = OPEN_TREE_CLONE | CLOSE_ON_EXEC | EMPTY_PATH;
    // SAFETY: empty paths stand for the descriptors, which are closed here.
    unsafe {
        let tree = sys!(SYS_open_tree, source, c"", flags)?;
        let covered = attributes(number(tree), 1, 0, EMPTY_PATH)
            .and_then(|()| sys!(SYS_move_mount, tree, c"", target, c"", MOVE_BOTH_EMPTY).map(drop));
        sys!(SYS_close, tree)?;
        sys!(SYS_close, target)?;
        covered
    }
}
