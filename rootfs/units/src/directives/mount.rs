//! Directives of `[Mount]`; `[Automount]`; `[Swap]`; `[Scope]`.

use super::{Row, ignored, implemented};

/// [Mount] (systemd.mount(5))
pub(super) const MOUNT: &[Row] = &[
    implemented("What"),
    implemented("Where"),
    implemented("Options"),
    implemented("Type"),
    implemented("TimeoutSec"),
    implemented("DirectoryMode"),
    implemented("SloppyOptions"),
    implemented("LazyUnmount"),
    implemented("ForceUnmount"),
    implemented("ReadWriteOnly"),
];

/// [Automount] (systemd.automount(5))
pub(super) const AUTOMOUNT: &[Row] = &[
    implemented("Where"),
    implemented("ExtraOptions"),
    implemented("DirectoryMode"),
    implemented("TimeoutIdleSec"),
];

/// [Swap] (systemd.swap(5))
pub(super) const SWAP: &[Row] = &[
    implemented("What"),
    implemented("Priority"),
    implemented("Options"),
    implemented("TimeoutSec"),
];

/// [Scope] (systemd.scope(5))
pub(super) const SCOPE: &[Row] = &[
    ignored(
        "RuntimeMaxSec",
        "scopes are made by programs, not by files, and there is nobody to ask for one",
    ),
    ignored(
        "RuntimeRandomizedExtraSec",
        "scopes are made by programs, not by files, and there is nobody to ask for one",
    ),
    ignored(
        "TimeoutStopSec",
        "scopes are made by programs, not by files, and there is nobody to ask for one",
    ),
    ignored(
        "OOMPolicy",
        "scopes are made by programs, not by files, and there is nobody to ask for one",
    ),
];
