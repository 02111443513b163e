//! Lines `PROBE key=value`, each written in one piece.

use crate::sys;

/// A line being made. What does not fit is cut off.
pub(crate) struct Line {
    bytes: [u8; 512],
    length: usize,
}

impl Line {
    /// `PROBE key=`
    pub(crate) fn new(key: &str) -> Self {
        Self { bytes: [0; 512], length: 0 }.text(b"PROBE ").text(key.as_bytes()).text(b"=")
    }

    /// Adds bytes as they are.
    pub(crate) fn text(mut self, text: &[u8]) -> Self {
        for byte in text {
            // One byte stays free for the end of the line.
            if self.length + 1 < self.bytes.len() {
                self.bytes[self.length] = *byte;
                self.length += 1;
            }
        }
        self
    }

    /// Adds a number in decimal.
    pub(crate) fn number(self, number: isize) -> Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = number.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b"0123456789"[rest % 10];
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 { self.text(b"-") } else { self }.text(&digits[at..])
    }

    /// Ends the line and writes it to standard output.
    pub(crate) fn print(mut self) {
        self.bytes[self.length] = b'\n';
        sys::print(&self.bytes[..=self.length]);
    }
}
