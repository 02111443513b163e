//! Kinds of jobs: which can be one job, which are void, and which of two ordered ones runs first.

use crate::Activity;

/// What a job does to its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Brings it up.
    Start,
    /// Fails where it is not up.
    VerifyActive,
    /// Takes it down.
    Stop,
    /// Makes it read its configuration.
    Reload,
    /// Takes it down and brings it up.
    Restart,
    /// Restarts it if it is up.
    TryRestart,
    /// Reloads it if it is up.
    TryReload,
    /// Reloads it if it is up, else starts it.
    ReloadOrStart,
    /// Nothing.
    Nop,
}

impl JobKind {
    /// The word of `systemctl list-jobs`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::VerifyActive => "verify-active",
            Self::Stop => "stop",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::TryRestart => "try-restart",
            Self::TryReload => "try-reload",
            Self::ReloadOrStart => "reload-or-start",
            Self::Nop => "nop",
        }
    }

    /// The kind without an if: what it comes to in this state.
    #[must_use]
    pub fn collapse(self, activity: Activity) -> Self {
        let down = activity.is_inactive_or_deactivating();
        match self {
            Self::TryRestart | Self::TryReload if down => Self::Nop,
            Self::ReloadOrStart if down => Self::Start,
            Self::TryRestart => Self::Restart,
            Self::TryReload | Self::ReloadOrStart => Self::Reload,
            kind => kind,
        }
    }

    /// The one job that does what both do, in this state; none where they contradict each other.
    ///
    /// Both must be collapsed already.
    pub fn merge(self, other: Self, activity: Activity) -> Option<Self> {
        use JobKind::{Nop, Reload, ReloadOrStart, Restart, Start, Stop, VerifyActive};
        Some(match (self, other) {
            (a, b) if a == b => a,
            (Nop, kind) | (kind, Nop) => kind,
            (Stop, _) | (_, Stop) => return None,
            (Restart, _) | (_, Restart) => Restart,
            (Start, Reload) | (Reload, Start) => ReloadOrStart.collapse(activity),
            (Start, _) | (_, Start) => Start,
            (Reload, _) | (_, Reload) => Reload,
            _ => VerifyActive,
        })
    }

    /// Whether the two contradict each other.
    pub fn conflicts(self, other: Self) -> bool {
        (self == Self::Stop) != (other == Self::Stop) && self != Self::Nop && other != Self::Nop
    }

    /// Whether a job of this kind changes nothing in this state.
    pub fn is_redundant(self, activity: Activity) -> bool {
        match self {
            Self::Start | Self::VerifyActive => activity.is_active(),
            Self::Stop => activity.is_inactive(),
            Self::Reload => activity == Activity::Reloading,
            Self::Nop => true,
            Self::Restart | Self::TryRestart | Self::TryReload | Self::ReloadOrStart => false,
        }
    }

    /// Whether it begins by taking the unit down.
    pub(crate) fn takes_down(self) -> bool {
        matches!(self, Self::Stop | Self::Restart | Self::TryRestart)
    }
}

/// Of two units, the first ordered before the second, whether the first one's job runs first.
///
/// What is taken down goes before what is brought up, and in the reverse order.
pub(crate) fn earlier_runs_first(later: JobKind) -> bool {
    !later.takes_down()
}

#[cfg(test)]
mod tests;
