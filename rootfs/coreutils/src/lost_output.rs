//! The end of a utility whose output nobody takes. Those that print by the macros of the standard library would abort.

use std::panic;
use std::process::exit;

use keelson_output::eprintln;
use uucore::error::get_exit_code;

/// Has a write of the utility `name` that fails end it: without a word where the reader of its output went away, else
/// with status 1.
pub(crate) fn end_quietly(name: &'static str) {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |information| {
        let words = information.payload_as_str().unwrap_or_default();
        match ending(words) {
            Some(Ending::NoReader) => exit(get_exit_code()),
            Some(Ending::Unheard) => exit(1),
            Some(Ending::Lost(reason)) => {
                eprintln(format_args!("{name}: writing the output: {reason}"));
                exit(1);
            }
            None => hook(information),
        }
    }));
}

/// Why a write failed.
#[derive(Debug, PartialEq, Eq)]
enum Ending<'a> {
    /// The reader of standard output has seen enough.
    NoReader,
    /// An error has no reader.
    Unheard,
    /// What was written to takes nothing.
    Lost(&'a str),
}

/// From the words of a panic: those of the macros, and those of `unwrap`, which name no stream. `None` for any other.
fn ending(words: &str) -> Option<Ending<'_>> {
    let output = words.strip_prefix("failed printing to stdout: ");
    let is_error = words.starts_with("failed printing to stderr: ");
    let is_unread = words.contains("Broken pipe") || words.contains("BrokenPipe");
    match output {
        Some(reason) if reason.starts_with("Broken pipe") => Some(Ending::NoReader),
        Some(reason) => Some(Ending::Lost(reason)),
        None if is_error || is_unread => Some(Ending::Unheard),
        None if words.contains("kind: StorageFull") => {
            Some(Ending::Lost("No space left on device"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests;
