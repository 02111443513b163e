//! Classic BPF for seccomp: what is decided for each system call, as a program (seccomp(2); the kernel's
//! Documentation/userspace-api/seccomp_filter.rst).

use std::collections::BTreeMap;

/// `struct sock_filter`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What is done.
    pub code: u16,
    /// How far a jump goes if the condition holds.
    pub jt: u8,
    /// And if not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

/// Loads a word of `struct seccomp_data`.
pub const LOAD: u16 = 0x20;
/// Jumps, by equality, by order, and always.
pub const JUMP_EQUAL: u16 = 0x15;
/// Jumps if not below.
pub const JUMP_NOT_BELOW: u16 = 0x35;
/// Jumps always, by `k`.
pub const JUMP: u16 = 0x05;
/// Masks.
pub const AND: u16 = 0x54;
/// Ends.
pub const RETURN: u16 = 0x06;

/// The system call is made.
pub const ALLOW: u32 = 0x7fff_0000;
/// It is made and logged.
pub const LOG: u32 = 0x7ffc_0000;
/// The process is killed.
pub const KILL: u32 = 0x8000_0000;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

/// AUDIT_ARCH_X86_64 and AUDIT_ARCH_I386.
const X86_64: u32 = 0xc000_003e;
const I386: u32 = 0x4000_0003;
/// What numbers of x32 have in addition.
pub const X32_BIT: u32 = 0x4000_0000;

/// The action that fails with an error number.
pub fn errno(number: i32) -> u32 {
    0x0005_0000 | (number.unsigned_abs() & 0xffff)
}

/// `(low word of the argument & mask) == value`, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Which argument, from 0.
    pub argument: u8,
    /// Bits that are looked at.
    pub mask: u32,
    /// What they must be.
    pub value: u32,
    /// Whether they must be otherwise.
    pub negated: bool,
}

/// What happens if all conditions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// All of them.
    pub conditions: Vec<Condition>,
    /// What happens.
    pub action: u32,
}

/// What is decided for one system call: the first check that holds, or the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// In order.
    pub checks: Vec<Check>,
    /// Where none holds.
    pub otherwise: u32,
}

impl Decision {
    /// Always the same.
    pub fn always(action: u32) -> Self {
        Self { checks: Vec::new(), otherwise: action }
    }
}

/// Decisions for one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// By number (of x32: without its bit).
    pub calls: BTreeMap<u32, Decision>,
    /// For every other number.
    pub default: u32,
}

/// Decisions for all three architectures of an x86-64 kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// x86-64
    pub x86_64: Block,
    /// i386
    pub i386: Block,
    /// x32
    pub x32: Block,
    /// Any other architecture.
    pub other: u32,
}

/// The program of all decisions.
pub fn program(blocks: &Blocks) -> Vec<Instruction> {
    let native = search(&ranges(&blocks.x86_64, 0));
    let x32 = search(&ranges(&blocks.x32, X32_BIT));
    let mut long = vec![load(NUMBER)];
    branch(&mut long, JUMP_NOT_BELOW, X32_BIT, native, x32);
    let mut short = vec![load(NUMBER)];
    short.extend(search(&ranges(&blocks.i386, 0)));
    let mut rest = Vec::new();
    branch(&mut rest, JUMP_EQUAL, I386, vec![end(blocks.other)], short);
    let mut program = vec![load(ARCHITECTURE)];
    branch(&mut program, JUMP_EQUAL, X86_64, rest, long);
    program
}

/// Intervals, each from its number to the next.
fn ranges(block: &Block, offset: u32) -> Vec<(u32, Decision)> {
    let mut ranges: Vec<(u32, Decision)> = Vec::new();
    let mut push = |from: u32, decision: Decision| match ranges.last() {
        Some((_, last)) if *last == decision => {}
        Some((start, _)) if *start == from => {
            if let Some(last) = ranges.last_mut() {
                last.1 = decision;
            }
        }
        _ => ranges.push((from, decision)),
    };
    push(0, Decision::always(block.default));
    let mut next = 0;
    for (number, decision) in &block.calls {
        let number = number | offset;
        if number > next {
            push(next, Decision::always(block.default));
        }
        push(number, decision.clone());
        next = number + 1;
    }
    push(next, Decision::always(block.default));
    ranges
}

/// A binary search over intervals: system calls are decided in a few steps.
fn search(ranges: &[(u32, Decision)]) -> Vec<Instruction> {
    match ranges {
        [] => Vec::new(),
        [(_, decision)] => leaf(decision),
        _ => {
            let (low, high) = ranges.split_at(ranges.len() / 2);
            let mut code = Vec::new();
            branch(&mut code, JUMP_NOT_BELOW, high[0].0, search(low), search(high));
            code
        }
    }
}

fn leaf(decision: &Decision) -> Vec<Instruction> {
    let mut code = Vec::new();
    for check in &decision.checks {
        // Three instructions for each condition, then the end; a condition that does not hold skips what is left.
        let length = check.conditions.len() * 3 + 1;
        for (at, condition) in check.conditions.iter().enumerate() {
            let skip = u8::try_from(length - at * 3 - 3).expect("a call has six arguments at most");
            code.push(load(ARGUMENTS + 8 * u32::from(condition.argument)));
            code.push(Instruction { code: AND, jt: 0, jf: 0, k: condition.mask });
            let (jt, jf) = if condition.negated { (skip, 0) } else { (0, skip) };
            code.push(Instruction { code: JUMP_EQUAL, jt, jf, k: condition.value });
        }
        code.push(end(check.action));
    }
    code.push(end(decision.otherwise));
    code
}

/// `if condition { yes } else { no }`, however long they are.
fn branch(
    code: &mut Vec<Instruction>,
    condition: u16,
    k: u32,
    no: Vec<Instruction>,
    yes: Vec<Instruction>,
) {
    let length = no.len();
    if let Ok(jt) = u8::try_from(length) {
        code.push(Instruction { code: condition, jt, jf: 0, k });
    } else {
        let k_jump = u32::try_from(length).expect("programs are short");
        code.push(Instruction { code: condition, jt: 0, jf: 1, k });
        code.push(Instruction { code: JUMP, jt: 0, jf: 0, k: k_jump });
    }
    code.extend(no);
    code.extend(yes);
}

fn load(offset: u32) -> Instruction {
    Instruction { code: LOAD, jt: 0, jf: 0, k: offset }
}

fn end(action: u32) -> Instruction {
    Instruction { code: RETURN, jt: 0, jf: 0, k: action }
}

#[cfg(test)]
pub mod interpreter;
