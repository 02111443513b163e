//! Words for the journal: standard error with the level in front, as sd-daemon(3) has it.

use std::fmt::Display;

use keelson_output as output;

/// Something that happened.
pub fn info(what: impl Display) {
    line(6, what);
}

/// Something that is passed over.
pub fn warning(what: impl Display) {
    line(4, what);
}

/// Something that was not done.
pub fn error(what: impl Display) {
    line(3, what);
}

fn line(level: u8, what: impl Display) {
    output::eprintln(format_args!("<{level}>{what}"));
}
