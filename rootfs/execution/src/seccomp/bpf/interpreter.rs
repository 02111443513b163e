//! Runs a program as the kernel would, for tests.

use super::{
    AND, I386, Instruction, JUMP, JUMP_EQUAL, JUMP_NOT_BELOW, LOAD, RETURN, X32_BIT, X86_64,
};

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the architecture of its name")]
pub enum Architecture {
    X86_64,
    I386,
    X32,
}

/// What the program says of a call.
pub fn run(
    program: &[Instruction],
    architecture: Architecture,
    number: u32,
    arguments: &[u32],
) -> u32 {
    let (audit, number) = match architecture {
        Architecture::X86_64 => (X86_64, number),
        Architecture::I386 => (I386, number),
        Architecture::X32 => (X86_64, number | X32_BIT),
    };
    let (mut at, mut sum) = (0, 0);
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        match code {
            LOAD => {
                sum = match k {
                    0 => number,
                    4 => audit,
                    k => {
                        let index = usize::try_from((k - 16) / 8).expect("small");
                        arguments.get(index).copied().unwrap_or(0)
                    }
                }
            }
            AND => sum &= k,
            JUMP => at += usize::try_from(k).expect("small"),
            JUMP_EQUAL => at += usize::from(if sum == k { jt } else { jf }),
            JUMP_NOT_BELOW => at += usize::from(if sum >= k { jt } else { jf }),
            RETURN => return k,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}
