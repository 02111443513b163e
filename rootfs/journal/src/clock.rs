//! The clocks and identities of this host.

use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use crate::entry::{Id, Stamp};

/// Microseconds since 1970.
pub fn realtime() -> u64 {
    micros(ClockId::Realtime)
}

/// Microseconds since the boot.
pub fn monotonic() -> u64 {
    micros(ClockId::Monotonic)
}

fn micros(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
}

/// Now, in the boot `boot`.
pub fn stamp(boot: Id) -> Stamp {
    Stamp { realtime: realtime(), monotonic: monotonic(), boot }
}

/// This boot; zeros where /proc does not say.
pub fn boot_id() -> Id {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .and_then(|text| Id::parse(&text))
        .unwrap_or_default()
}

/// The machine `root` is of; zeros before it has an identity.
pub fn machine_id(root: &Path) -> Id {
    std::fs::read_to_string(root.join("etc/machine-id"))
        .ok()
        .and_then(|text| Id::parse(&text))
        .unwrap_or_default()
}

/// A random identity; the time where the kernel gives none.
pub fn draw_id() -> Id {
    let drawn = std::fs::read_to_string("/proc/sys/kernel/random/uuid").ok();
    drawn.and_then(|text| Id::parse(&text)).unwrap_or_else(|| {
        let passed = std::time::SystemTime::now()
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Id(passed.as_nanos().to_le_bytes())
    })
}
