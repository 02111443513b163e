//! What goes to standard output and standard error, by functions with the names of the standard library's macros.

use std::fmt::Display;
use std::io::{self, Write as _};

use anyhow::{Context as _, Result};

/// Writes a line, or several, to standard output.
pub fn println(words: impl Display) -> Result<()> {
    outcome(writeln!(io::stdout(), "{words}"))
}

/// Writes a line to standard error. With nobody to read it the exit status alone tells how it went.
pub fn eprintln(words: impl Display) {
    let _unseen = writeln!(io::stderr(), "{words}");
}

/// A reader that went away, such as `plan | head`, has seen enough.
pub fn outcome(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("writing the output")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is_one() {
        let outcome = |kind| super::outcome(Err(Error::from(kind)));
        assert!(outcome(ErrorKind::BrokenPipe).is_ok());
        assert!(outcome(ErrorKind::StorageFull).is_err());
    }
}
