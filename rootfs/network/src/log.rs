//! Words for the journal: standard error with the level in front, as sd-daemon(3) has it.

use std::fmt::Display;

use keelson_output as output;

/// Something that happened.
pub fn info(what: impl Display) {
    say(6, what);
}

/// Something that is passed over.
pub fn warning(what: impl Display) {
    say(4, what);
}

/// Something that was not done.
pub fn error(what: impl Display) {
    say(3, what);
}

fn say(level: u8, what: impl Display) {
    output::say(format_args!("<{level}>{what}"));
}
