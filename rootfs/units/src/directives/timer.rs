//! Directives of `[Timer]`; `[Path]`.

use super::{Row, ignored, implemented};

/// [Timer] (systemd.timer(5))
pub(super) const TIMER: &[Row] = &[
    implemented("OnCalendar"),
    implemented("OnActiveSec"),
    implemented("OnBootSec"),
    implemented("OnStartupSec"),
    implemented("OnUnitActiveSec"),
    implemented("OnUnitInactiveSec"),
    implemented("OnClockChange"),
    ignored(
        "OnTimezoneChange",
        "nobody watches the time zone; a reload or a set clock counts anew",
    ),
    implemented("Persistent"),
    ignored("WakeSystem", "the machine does not sleep"),
    implemented("RemainAfterElapse"),
    implemented("FixedRandomDelay"),
    implemented("DeferReactivation"),
    implemented("AccuracySec"),
    implemented("RandomizedDelaySec"),
    implemented("Unit"),
    implemented("RandomizedOffsetSec"),
];

/// [Path] (systemd.path(5))
pub(super) const PATH: &[Row] = &[
    implemented("PathExists"),
    implemented("PathExistsGlob"),
    implemented("PathChanged"),
    implemented("PathModified"),
    implemented("DirectoryNotEmpty"),
    implemented("Unit"),
    implemented("MakeDirectory"),
    implemented("DirectoryMode"),
    implemented("TriggerLimitIntervalSec"),
    implemented("TriggerLimitBurst"),
];
