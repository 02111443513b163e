//! What the programs of the host write to standard output and standard error.
//!
//! The macros of the standard library end the program where nobody reads or a disk is full. The log service and the
//! children of PID 1 must outlive their readers, and a command owes its user an error.
//! The functions here have the names of those macros.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::process::exit;

/// Writes a line, or several, to standard error. Nothing is broken off because nobody reads it.
pub fn eprintln(words: impl Display) {
    write_error(&format!("{words}\n"));
}

/// At once, so that lines of several processes do not mix.
fn write_error(text: &str) {
    let _unseen = io::stderr().write_all(text.as_bytes());
}

/// Writes to standard output. A reader that went away, as `| head` does when it has seen enough, is no failure: the
/// program goes on to its own status. Any other makes it end, with the reason on standard error and status 1.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln(format_args!("writing the output: {error}"));
            exit(1);
        }
    }
}
