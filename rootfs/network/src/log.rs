//! Words for the journal: standard error with the level in front, as sd-daemon(3) has it.

use std::fmt::Display;

/// Something that happened.
pub fn info(what: impl Display) {
    eprintln!("<6>{what}");
}

/// Something that is passed over.
pub fn warning(what: impl Display) {
    eprintln!("<4>{what}");
}

/// Something that was not done.
pub fn error(what: impl Display) {
    eprintln!("<3>{what}");
}
