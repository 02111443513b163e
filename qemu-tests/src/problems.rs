//! Console lines that no healthy boot has.

use crate::console::Line;

/// Each stands for a defect wherever it appears.
const PATTERNS: [&str; 31] = [
    // The kernel
    "Kernel panic",
    "Oops:",
    "BUG:",
    "WARNING: CPU:",
    "Call Trace:",
    "general protection fault",
    "unable to handle",
    "segfault at",
    "trap invalid opcode",
    "soft lockup",
    "hard LOCKUP",
    "blocked for more than",
    "Out of memory:",
    "oom-kill:",
    "Unknown symbol",
    "module verification failed",
    // Disks and file systems
    "I/O error",
    "device-mapper: table:",
    "is corrupted",
    "verity: corrupt",
    "erofs (device",
    "EXT4-fs error",
    "EXT4-fs warning",
    "recovery complete",
    "Backup GPT header not",
    "size extends beyond EOD",
    // The initramfs and PID 1
    "REFUSED",
    "panicked at",
    "Failed to start",
    "failed with result",
    "entered failed state",
];

/// Lines of the kernel that hold a pattern and are no defects.
const HARMLESS: [&str; 1] = ["erofs (device dm-0): mounted with root inode"];

/// The lines that stand for a defect, without those that hold one of the `expected` texts.
pub fn problems<'a>(lines: &'a [Line], expected: &[&str]) -> Vec<&'a str> {
    let holds = |line: &str, texts: &[&str]| texts.iter().any(|text| line.contains(text));
    lines
        .iter()
        .map(|line| line.text.as_str())
        .filter(|line| holds(line, &PATTERNS))
        .filter(|line| !holds(line, &HARMLESS) && !holds(line, expected))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn defects_are_found_and_expected_ones_are_not() {
        let line =
            |text: &str| Line { text: text.into(), wall: Duration::ZERO, cpu: Duration::ZERO };
        let lines = [
            line("[    1.0] erofs (device dm-0): mounted with root inode @ nid 36."),
            line("[    2.0] device-mapper: verity: 254:2: data block 3 is corrupted"),
            line("[    2.1] Kernel panic - not syncing: dm-verity device corrupted"),
            line("all is well"),
        ];
        assert_eq!(problems(&lines, &[]), [&lines[1].text, &lines[2].text]);
        assert_eq!(problems(&lines, &["verity"]), Vec::<&str>::new());
    }
}
