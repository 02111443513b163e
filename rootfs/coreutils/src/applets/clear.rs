//! `clear`: an empty screen, with the cursor at its top left.

use std::io::Write as _;

/// ECMA-48: cursor home, erase the display; then the scroll-back of xterm's kin.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J\x1b[3J";

pub(super) fn run(_arguments: &[String]) -> Result<(), String> {
    std::io::stdout().write_all(CLEAR).map_err(|error| error.to_string())
}
