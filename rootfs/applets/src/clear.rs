//! `clear`: an empty screen, with the cursor at its top left.

/// ECMA-48: cursor home, erase the display; then the scroll-back of xterm's kin.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// Clears the screen.
pub fn run(_arguments: &[String]) -> Result<(), String> {
    crate::print(CLEAR)
}
