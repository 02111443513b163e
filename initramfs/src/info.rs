//! What the initramfs leaves for later programs to read: what was booted, and when it began.

use std::fs;
use std::path::Path;

use keelson_format::boot::{self, BootInfo};
use rustix::time::Timespec;

use crate::console;
use crate::refuse::{Failure, doing};

/// Writes [`boot::PATH`].
pub(crate) fn write(info: &BootInfo) -> Result<(), Failure> {
    let what = || format!("writing {}", boot::PATH);
    let mut text = serde_json::to_string_pretty(info).map_err(doing(what()))?;
    text.push('\n');
    if let Some(folder) = Path::new(boot::PATH).parent() {
        fs::create_dir_all(folder).map_err(doing(what()))?;
    }
    fs::write(boot::PATH, text).map_err(doing(what()))
}

/// Writes [`boot::STARTED`], which `systemd-analyze` alone reads; a failure is only said.
pub(crate) fn write_start(began: Timespec) {
    let microseconds = began.tv_sec * 1_000_000 + began.tv_nsec / 1000;
    fs::write(boot::STARTED, microseconds.to_string())
        .map_err(doing(format!("writing {}", boot::STARTED)))
        .unwrap_or_else(console::warn);
}
