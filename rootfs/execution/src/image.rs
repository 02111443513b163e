//! Program, arguments and environment in the form execve takes, made before the fork.

use std::ffi::{CString, c_char};
use std::path::Path;
use std::ptr;

/// Room for a process number.
const PID_DIGITS: usize = 11;

/// What execve gets.
#[derive(Debug, Default)]
pub struct Image {
    /// Paths that are tried in turn.
    candidates: Vec<CString>,
    /// The strings, each with its NUL.
    block: Vec<u8>,
    /// Where each argument begins in `block`.
    arguments: Vec<usize>,
    /// Where each assignment begins in `block`.
    environment: Vec<usize>,
    /// Where in `block` the child's number is written.
    pids: Vec<usize>,
    /// Room for the pointers of both lists.
    pointers: Pointers,
}

/// Pointers into the block, filled in by the child.
#[derive(Debug, Default)]
struct Pointers(Vec<*const c_char>);

/// An argument or variable with a NUL in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an argument or variable has a NUL character in it")]
pub struct NulError;

impl Image {
    /// Puts the lists into one block. `pids` are names of variables whose value is the process number of the child.
    pub fn new(
        candidates: &[impl AsRef<str>],
        arguments: &[String],
        environment: &[(String, String)],
        pids: &[&str],
    ) -> Result<Self, NulError> {
        let mut image = Self::default();
        for candidate in candidates {
            image.candidates.push(CString::new(candidate.as_ref()).map_err(|_| NulError)?);
        }
        for argument in arguments {
            let at = image.append(argument.as_bytes())?;
            image.arguments.push(at);
        }
        for (name, value) in environment {
            let at = image.append(format!("{name}={value}").as_bytes())?;
            image.environment.push(at);
        }
        for name in pids {
            let at = image.append(format!("{name}={}", " ".repeat(PID_DIGITS)).as_bytes())?;
            image.environment.push(at);
            image.pids.push(at + name.len() + 1);
        }
        let count = image.arguments.len() + image.environment.len() + 2;
        image.pointers.0 = vec![ptr::null(); count];
        Ok(image)
    }

    fn append(&mut self, text: &[u8]) -> Result<usize, NulError> {
        if text.contains(&0) {
            return Err(NulError);
        }
        let at = self.block.len();
        self.block.extend_from_slice(text);
        self.block.push(0);
        Ok(at)
    }

    /// The paths to try.
    pub fn candidates(&self) -> &[CString] {
        &self.candidates
    }

    /// Writes the process number and gives `argv` and `envp`. No memory is allocated.
    pub fn finish(&mut self, pid: u32) -> (*const *const c_char, *const *const c_char) {
        for &at in &self.pids {
            let Some(room) = self.block.get_mut(at..at + PID_DIGITS) else { continue };
            write_number(room, pid);
        }
        let base = self.block.as_ptr();
        let lists = self.arguments.iter().map(Some).chain([None]);
        let lists = lists.chain(self.environment.iter().map(Some)).chain([None]);
        for (pointer, at) in self.pointers.0.iter_mut().zip(lists) {
            *pointer = at.map_or(ptr::null(), |&at| base.wrapping_add(at).cast());
        }
        let argv = self.pointers.0.as_ptr();
        (argv, argv.wrapping_add(self.arguments.len() + 1))
    }
}

/// Writes a number and a NUL; `room` has at least [`PID_DIGITS`] bytes.
fn write_number(room: &mut [u8], number: u32) {
    let mut digits = [0_u8; PID_DIGITS];
    let (mut rest, mut count) = (number, 0);
    loop {
        digits[count] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        count += 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    for (target, digit) in room.iter_mut().zip(digits[..count].iter().rev()) {
        *target = *digit;
    }
    if let Some(end) = room.get_mut(count) {
        *end = 0;
    }
}

/// Where a program may be: itself if it has a slash, else in each of the folders.
pub fn candidates(program: &str, folders: &[impl AsRef<Path>]) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    folders.iter().map(|folder| folder.as_ref().join(program).display().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_their_end() {
        for number in [0, 7, 10, 4_194_304, u32::MAX] {
            let mut room = [b' '; PID_DIGITS];
            write_number(&mut room, number);
            assert!(room.starts_with(format!("{number}\0").as_bytes()), "{number}");
        }
    }

    #[test]
    fn programs_without_a_slash_are_looked_for_in_every_folder() {
        assert_eq!(candidates("/bin/x", &["/usr/bin"]), ["/bin/x"]);
        assert_eq!(candidates("x", &["/usr/bin", "/bin"]), ["/usr/bin/x", "/bin/x"]);
    }
}
