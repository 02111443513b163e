//! `[Timer]` (systemd.timer(5)).

use std::time::Duration;

use super::UnitName;
use crate::calendar::Calendar;

/// The `[Timer]` section.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct Timer {
    /// All triggers; the next to come elapses.
    pub triggers: Vec<Trigger>,
    /// `AccuracySec=`
    pub accuracy: Duration,
    /// `RandomizedDelaySec=`
    pub randomized_delay: Duration,
    /// `FixedRandomDelay=`
    pub fixed_random_delay: bool,
    /// `RandomizedOffsetSec=`
    pub randomized_offset: Duration,
    /// `DeferReactivation=`
    pub defer_reactivation: bool,
    /// `OnClockChange=`
    pub on_clock_change: bool,
    /// `OnTimezoneChange=`
    pub on_timezone_change: bool,
    /// `Unit=`; none is the service of the same name.
    pub unit: Option<UnitName>,
    /// `Persistent=`
    pub persistent: bool,
    /// `WakeSystem=`
    pub wake_system: bool,
    /// `RemainAfterElapse=`
    pub remain_after_elapse: bool,
}

/// One `On...=` line.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// `OnActiveSec=`: after the timer itself was activated.
    Active(Duration),
    /// `OnBootSec=`: after the machine was booted.
    Boot(Duration),
    /// `OnStartupSec=`: after the manager started.
    Startup(Duration),
    /// `OnUnitActiveSec=`: after the unit was last activated.
    UnitActive(Duration),
    /// `OnUnitInactiveSec=`: after the unit was last deactivated.
    UnitInactive(Duration),
    /// `OnCalendar=`
    Calendar(Calendar),
}

/// The defaults of systemd.timer(5).
impl Default for Timer {
    fn default() -> Self {
        Self {
            triggers: Vec::new(),
            accuracy: Duration::from_mins(1),
            randomized_delay: Duration::ZERO,
            fixed_random_delay: false,
            randomized_offset: Duration::ZERO,
            defer_reactivation: false,
            on_clock_change: false,
            on_timezone_change: false,
            unit: None,
            persistent: false,
            wake_system: false,
            remain_after_elapse: true,
        }
    }
}
