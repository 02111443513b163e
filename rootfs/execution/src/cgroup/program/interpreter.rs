//! Runs a program as the kernel would, for tests: the context is words, a packet is bytes on the stack's place.

use super::{
    ADD, AND, CALL, EXIT, Instruction, JUMP_UNLIKE, JUMP_UNLIKE_REGISTER, LOAD, MOVE, SET,
    SHIFT_RIGHT, STORE,
};

/// Where the stack is, for addresses.
const STACK: u64 = 1 << 32;
/// Where the context is.
const CONTEXT: u64 = 2 << 32;

/// What the program says. `context` holds its words; `packet` is what `bpf_skb_load_bytes` reads.
pub fn run(program: &[Instruction], context: &[u32], packet: &[u8]) -> bool {
    let mut registers = [0_u64; 11];
    (registers[1], registers[10]) = (CONTEXT, STACK);
    let mut stack = [0_u8; 64];
    let mut at = 0_usize;
    loop {
        let Instruction { code, registers: both, offset, immediate } = program[at];
        let (to, from) = (usize::from(both & 15), usize::from(both >> 4));
        at += 1;
        let value = i64::from(immediate).cast_unsigned();
        let jump = |at: usize| at.checked_add_signed(isize::from(offset)).expect("inside");
        match code {
            LOAD => {
                let address = registers[from].wrapping_add_signed(i64::from(offset));
                registers[to] = u64::from(if address >= CONTEXT {
                    context[usize::try_from((address - CONTEXT) / 4).expect("small")]
                } else {
                    let start = usize::try_from(address + 64 - STACK).expect("small");
                    let bytes: [u8; 4] = stack[start..start + 4].try_into().expect("four");
                    u32::from_ne_bytes(bytes)
                });
            }
            STORE => {
                let address = registers[to].wrapping_add_signed(i64::from(offset));
                let start = usize::try_from(address + 64 - STACK).expect("small");
                let value = u32::try_from(registers[from]).expect("a word");
                stack[start..start + 4].copy_from_slice(&value.to_ne_bytes());
            }
            MOVE => registers[to] = registers[from],
            SET => registers[to] = value,
            ADD => registers[to] = registers[to].wrapping_add(value),
            AND => registers[to] &= u64::from(immediate.cast_unsigned()),
            SHIFT_RIGHT => registers[to] >>= value,
            JUMP_UNLIKE => {
                if registers[to] & 0xffff_ffff != u64::from(immediate.cast_unsigned()) {
                    at = jump(at);
                }
            }
            JUMP_UNLIKE_REGISTER => {
                if registers[to] != registers[from] {
                    at = jump(at);
                }
            }
            CALL => {
                let place = usize::try_from(registers[3] + 64 - STACK).expect("small");
                let [from, length] =
                    [2, 4].map(|at| usize::try_from(registers[at]).expect("small"));
                registers[0] = match packet.get(from..from + length) {
                    Some(bytes) => {
                        stack[place..place + length].copy_from_slice(bytes);
                        0
                    }
                    None => u64::MAX,
                };
            }
            EXIT => return registers[0] == 1,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}
