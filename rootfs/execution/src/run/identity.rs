//! User, groups, capabilities and system call filters of the calling process.

use super::Outcome;
use super::raw::sys;
use crate::errno::Errno;
use crate::plan::Action;
use crate::seccomp::bpf::Instruction;

const CAPABILITY_VERSION: u32 = 0x2008_0522;
/// More than the kernel has; it says EINVAL for those it does not know.
const HIGHEST_CAPABILITY: u32 = 63;
const SET_MODE_FILTER: u32 = 1;

/// Carries out the steps that belong here.
#[expect(unsafe_code, reason = "each is a system call on values of the plan")]
pub fn perform(action: &Action) -> Outcome {
    // SAFETY: pointers are to the plan, with their lengths.
    unsafe {
        match action {
            Action::Groups(groups) => sys!(SYS_setgroups, groups.len(), groups.as_ptr())?,
            Action::Gid(gid) => sys!(SYS_setresgid, *gid, *gid, *gid)?,
            Action::Uid(uid) => sys!(SYS_setresuid, *uid, *uid, *uid)?,
            Action::SecureBits(bits) => sys!(SYS_prctl, libc::PR_SET_SECUREBITS, *bits)?,
            Action::NoNewPrivileges => sys!(SYS_prctl, libc::PR_SET_NO_NEW_PRIVS, 1)?,
            Action::Filter(program) => return filter(program),
            Action::BoundingSet(kept) => return bounding_set(*kept),
            Action::Inheritable(mask) => return inheritable(*mask),
            Action::Capabilities { permitted, effective } => {
                return capabilities(*permitted, *effective);
            }
            Action::Ambient(mask) => return ambient(*mask),
            _ => return Err(Errno(libc::ENOSYS)),
        };
    }
    Ok(())
}

#[expect(unsafe_code, reason = "prctl has no wrapper here")]
fn bounding_set(kept: u64) -> Outcome {
    for capability in (0..=HIGHEST_CAPABILITY).filter(|number| kept >> number & 1 == 0) {
        // SAFETY: no pointers.
        match unsafe { sys!(SYS_prctl, libc::PR_CAPBSET_DROP, capability) } {
            Err(Errno(libc::EINVAL)) => break,
            outcome => outcome?,
        };
    }
    Ok(())
}

/// capset: `header` is version and process, `data` effective, permitted, inheritable for the low and the high half.
#[expect(unsafe_code, reason = "capget and capset take pointers")]
fn inheritable(mask: u64) -> Outcome {
    let header = [CAPABILITY_VERSION, 0];
    let mut data = [0_u32; 6];
    let (low, high) = halves(mask);
    // SAFETY: header and data are as large as version 3 has them.
    unsafe {
        sys!(SYS_capget, header.as_ptr(), data.as_mut_ptr())?;
        (data[2], data[5]) = (low & data[1], high & data[4]);
        sys!(SYS_capset, header.as_ptr(), data.as_ptr())?;
    }
    Ok(())
}

#[expect(unsafe_code, reason = "capget and capset take pointers")]
fn capabilities(permitted: u64, effective: u64) -> Outcome {
    let header = [CAPABILITY_VERSION, 0];
    let mut data = [0_u32; 6];
    let (permitted, effective) = (halves(permitted), halves(effective));
    // SAFETY: header and data are as large as version 3 has them.
    unsafe {
        sys!(SYS_capget, header.as_ptr(), data.as_mut_ptr())?;
        (data[1], data[4]) = (permitted.0 & data[1], permitted.1 & data[4]);
        (data[0], data[3]) = (effective.0 & data[1], effective.1 & data[4]);
        sys!(SYS_capset, header.as_ptr(), data.as_ptr())?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a number")]
fn halves(mask: u64) -> (u32, u32) {
    (mask as u32, (mask >> 32) as u32)
}

#[expect(unsafe_code, reason = "prctl has no wrapper here")]
fn ambient(mask: u64) -> Outcome {
    for capability in (0..=HIGHEST_CAPABILITY).filter(|number| mask >> number & 1 == 1) {
        // SAFETY: no pointers.
        unsafe { sys!(SYS_prctl, libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, capability) }?;
    }
    Ok(())
}

/// `struct sock_fprog`
#[repr(C)]
struct Program {
    length: u16,
    instructions: *const Instruction,
}

#[expect(unsafe_code, reason = "seccomp takes a pointer")]
fn filter(program: &[Instruction]) -> Outcome {
    let length = u16::try_from(program.len()).map_err(|_| Errno(libc::E2BIG))?;
    let program = Program { length, instructions: program.as_ptr() };
    // SAFETY: the program is as long as it says and lives in the plan.
    unsafe { sys!(SYS_seccomp, SET_MODE_FILTER, 0, &raw const program) }?;
    Ok(())
}
