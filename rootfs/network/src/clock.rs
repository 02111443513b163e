//! Points in time: counted from the boot, suspended time included, so that leases end on time after a sleep.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Now.
pub fn now() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
