//! What services write, cut into lines.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A longer line is cut.
const LONGEST_LINE: usize = 2048;
/// What is read of one pipe before others have their turn.
const SHARE: usize = 64 << 10;

/// The reading end of a service's standard output and error.
#[derive(Debug)]
pub struct OutputPipe {
    /// The service.
    pub unit: String,
    /// Whether its lines go to the console too.
    pub console: bool,
    descriptor: OwnedFd,
    partial: Vec<u8>,
}

impl OutputPipe {
    /// A pipe whose descriptor does not block.
    pub fn new(unit: &str, descriptor: OwnedFd, console: bool) -> Self {
        Self { unit: unit.to_owned(), console, descriptor, partial: Vec::new() }
    }

    /// The descriptor to poll.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Reads what is there into `line`. False when the pipe has ended.
    pub fn read(&mut self, mut line: impl FnMut(&str)) -> bool {
        let mut buffer = [0_u8; 4096];
        let mut budget = SHARE;
        while budget > 0 {
            match rustix::io::read(&self.descriptor, &mut buffer) {
                Ok(0) | Err(rustix::io::Errno::BADF | rustix::io::Errno::IO) => {
                    self.flush(&mut line);
                    return false;
                }
                Ok(length) => {
                    budget = budget.saturating_sub(length);
                    self.take(&buffer[..length], &mut line);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        true
    }

    fn take(&mut self, bytes: &[u8], line: &mut impl FnMut(&str)) {
        for byte in bytes {
            if *byte == b'\n' || self.partial.len() >= LONGEST_LINE {
                self.flush(line);
            }
            if *byte != b'\n' {
                self.partial.push(*byte);
            }
        }
    }

    fn flush(&mut self, line: &mut impl FnMut(&str)) {
        if !self.partial.is_empty() {
            line(&printable(&self.partial));
            self.partial.clear();
        }
    }
}

/// The text with control characters, which could drive a terminal, replaced.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end_matches('\r')
        .chars()
        .map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_printable_lines() {
        let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
        rustix::io::ioctl_fionbio(&reader, true).expect("not blocking");
        let mut pipe = OutputPipe::new("a.service", reader, false);
        let mut lines = Vec::new();
        rustix::io::write(&writer, b"one\r\ntw").expect("written");
        assert!(pipe.read(|line| lines.push(line.to_owned())));
        rustix::io::write(&writer, b"o\n\n\x1b[31mred\xff\nlast").expect("written");
        drop(writer);
        assert!(!pipe.read(|line| lines.push(line.to_owned())));
        assert_eq!(lines, ["one", "two", "\u{fffd}[31mred\u{fffd}", "last"]);
    }
}
