//! The devices that were there before anybody listened.

use std::fs;
use std::path::Path;

use super::uevent::{Uevent, from_file};

/// The subsystems whose devices units wait for. For devices of others, `present` tells whether they are there.
pub const SUBSYSTEMS: [&str; 6] = ["block", "net", "tty", "tpmrm", "virtio-ports", "sound"];

/// The devices of these subsystems, as messages that say `add`, by path: a disk comes before its partitions.
/// `root` is where /sys is looked for, `/` but for tests.
pub fn coldplug(root: &Path, subsystems: &[&str]) -> Vec<Uevent> {
    let mut events: Vec<Uevent> =
        subsystems.iter().flat_map(|subsystem| class(root, subsystem)).collect();
    events.sort_by(|a, b| a.sys_path.cmp(&b.sys_path));
    events
}

fn class(root: &Path, subsystem: &str) -> Vec<Uevent> {
    let sys = root.join("sys");
    let Ok(entries) = fs::read_dir(sys.join("class").join(subsystem)) else { return Vec::new() };
    let Ok(sys) = fs::canonicalize(&sys) else { return Vec::new() };
    let paths = entries.flatten().filter_map(|entry| fs::canonicalize(entry.path()).ok());
    let events = paths.filter(|path| !is_spare(path)).filter_map(|path| {
        let text = fs::read_to_string(path.join("uevent")).ok()?;
        let below = path.strip_prefix(&sys).ok()?;
        from_file(&format!("/{}", below.to_str()?), subsystem, &text)
    });
    events.collect()
}

/// The kernel always has 63 virtual consoles; nobody waits for those above the twelfth.
fn is_spare(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let number = name
        .and_then(|name| name.strip_prefix("tty"))
        .and_then(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| number > 12)
}
