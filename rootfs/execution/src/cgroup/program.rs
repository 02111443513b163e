//! BPF programs of a control group: made instruction by instruction, loaded, and attached (bpf(2)).

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use crate::errno::Errno;
use crate::run::raw::sys;

const PROG_LOAD: u32 = 5;
const PROG_ATTACH: u32 = 8;
/// Groups below may have programs of their own; all must agree.
const ALLOW_MULTI: u32 = 2;

/// What a program is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Every opening or making of a device node.
    Device,
    /// Every packet that comes in.
    Ingress,
    /// Every packet that goes out.
    Egress,
}

impl Hook {
    /// Type of program, and where it is attached.
    fn numbers(self) -> (u32, u32) {
        match self {
            Self::Device => (15, 6),
            Self::Ingress => (8, 0),
            Self::Egress => (8, 1),
        }
    }
}

/// `struct bpf_insn`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What is done.
    pub code: u8,
    /// Destination in the low half, source in the high.
    pub registers: u8,
    /// How far, or where.
    pub offset: i16,
    /// The operand.
    pub immediate: i32,
}

/// `destination = *(u32 *)(source + offset)`
pub const LOAD: u8 = 0x61;
/// `destination = source`
pub const MOVE: u8 = 0xbf;
/// `*(u32 *)(destination + offset) = source`
pub const STORE: u8 = 0x63;
/// `destination = immediate`
pub const SET: u8 = 0xb7;
/// `destination += immediate`
pub const ADD: u8 = 0x07;
/// `destination &= immediate`, 32 bits.
pub const AND: u8 = 0x54;
/// `destination >>= immediate`
pub const SHIFT_RIGHT: u8 = 0x77;
/// Jumps if the low 32 bits are not the immediate.
pub const JUMP_UNLIKE: u8 = 0x56;
/// Jumps if the registers differ.
pub const JUMP_UNLIKE_REGISTER: u8 = 0x5d;
/// Calls a function of the kernel.
pub const CALL: u8 = 0x85;
/// Ends with register 0.
pub const EXIT: u8 = 0x95;

/// A program in the making.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    code: Vec<Instruction>,
    /// Jumps that lead to the end of the present rule.
    open: Vec<usize>,
}

impl Assembler {
    /// Adds an instruction.
    pub fn add(&mut self, code: u8, destination: u8, source: u8, offset: i16, immediate: i32) {
        let registers = destination | source << 4;
        self.code.push(Instruction { code, registers, offset, immediate });
    }

    /// Leaves the present rule unless the low 32 bits of the register are the value.
    pub fn leave_unless(&mut self, register: u8, value: u32) {
        self.open.push(self.code.len());
        self.add(JUMP_UNLIKE, register, 0, 0, value.cast_signed());
    }

    /// Leaves the present rule unless both registers are the same.
    pub fn leave_unless_same(&mut self, register: u8, other: u8) {
        self.open.push(self.code.len());
        self.add(JUMP_UNLIKE_REGISTER, register, other, 0, 0);
    }

    /// Ends the program with a verdict.
    pub fn verdict(&mut self, allowed: bool) {
        self.add(SET, 0, 0, 0, i32::from(allowed));
        self.add(EXIT, 0, 0, 0, 0);
    }

    /// The present rule ends here.
    pub fn end_rule(&mut self) {
        let here = self.code.len();
        for at in self.open.drain(..) {
            self.code[at].offset = i16::try_from(here - at - 1).expect("a rule is short");
        }
    }

    /// Begins a block that is passed over unless the low 32 bits of the register are the value.
    pub fn begin_block(&mut self, register: u8, value: u32) -> usize {
        self.add(JUMP_UNLIKE, register, 0, 0, value.cast_signed());
        self.code.len() - 1
    }

    /// The block ends here. One that is too long to be passed over is cut off by the kernel's check.
    pub fn end_block(&mut self, begin: usize) {
        self.code[begin].offset = i16::try_from(self.code.len() - begin - 1).unwrap_or(i16::MIN);
    }

    /// All of it.
    pub fn finish(self) -> Vec<Instruction> {
        self.code
    }
}

/// Loads a program and attaches it to the group in a folder.
pub fn attach(group: &Path, hook: Hook, code: &[Instruction]) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(group, flags, Mode::empty())?;
    let program = load(hook, code)?;
    bpf_attach(&folder, &program, hook)
}

/// The head of `union bpf_attr` for BPF_PROG_LOAD.
#[repr(C)]
struct LoadRequest {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    attach_kind: u32,
}

#[expect(unsafe_code, reason = "bpf has no wrapper")]
fn load(hook: Hook, code: &[Instruction]) -> Result<OwnedFd, Errno> {
    let (kind, attach_kind) = hook.numbers();
    let request = LoadRequest {
        kind,
        count: u32::try_from(code.len()).map_err(|_| Errno(libc::E2BIG))?,
        instructions: code.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
        name: *b"keelson_unit\0\0\0\0",
        interface: 0,
        attach_kind,
    };
    // SAFETY: the request has its length and leads to the code and a text with a NUL; the descriptor is new.
    unsafe {
        let fd = sys!(SYS_bpf, PROG_LOAD, &raw const request, size_of::<LoadRequest>())?;
        Ok(OwnedFd::from_raw_fd(i32::try_from(fd).map_err(|_| Errno(libc::EBADF))?))
    }
}

#[expect(unsafe_code, reason = "bpf has no wrapper")]
fn bpf_attach(folder: &OwnedFd, program: &OwnedFd, hook: Hook) -> Result<(), Errno> {
    let (_, place) = hook.numbers();
    let number = |fd: &OwnedFd| fd.as_raw_fd().unsigned_abs();
    let request = [number(folder), number(program), place, ALLOW_MULTI];
    // SAFETY: the request has its length.
    unsafe { sys!(SYS_bpf, PROG_ATTACH, request.as_ptr(), 16_usize) }.map(drop)
}

#[cfg(test)]
pub mod interpreter;
