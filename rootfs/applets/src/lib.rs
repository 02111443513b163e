//! What uutils has not and an administrator types, one module for each command. The program they are in is that of the
//! core utilities; here they are tested without the two hundred crates of the others.
//!
//! `run` takes the arguments after the command's name. Its error is one line for standard error, and status 1.

use std::io::Write as _;

pub mod clear;
pub mod dmesg;
pub mod free;
pub mod lsmod;
pub mod mount;
pub mod nologin;
pub mod ps;
pub mod umount;

/// Writes the output of a command.
fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout();
    // Without the flush a last line that has no end is lost in silence.
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| format!("writing the output: {error}"))
}
