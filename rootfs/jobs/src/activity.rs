//! What a unit is doing, and when that ends its job.

use crate::{JobKind, JobResult};

/// The state of a unit that every type of unit has (`ActiveState` of systemctl(1)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// Down.
    #[default]
    Inactive,
    /// Down, after a failure.
    Failed,
    /// On the way up.
    Activating,
    /// Up.
    Active,
    /// Up, and reading its configuration again.
    Reloading,
    /// On the way down.
    Deactivating,
}

impl Activity {
    /// Up, maybe reloading.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Active | Self::Reloading)
    }

    /// Down, maybe failed.
    pub fn is_inactive(self) -> bool {
        matches!(self, Self::Inactive | Self::Failed)
    }

    /// Down or going there.
    pub fn is_inactive_or_deactivating(self) -> bool {
        self.is_inactive() || self == Self::Deactivating
    }

    /// Up or going there.
    pub fn is_active_or_activating(self) -> bool {
        self.is_active() || self == Self::Activating
    }

    /// The word of systemctl(1).
    pub fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Activating => "activating",
            Self::Active => "active",
            Self::Reloading => "reloading",
            Self::Deactivating => "deactivating",
        }
    }
}

/// What a change of a unit's activity means for its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The job goes on.
    Pending,
    /// The job is over.
    Over(JobResult),
    /// The job goes on, but the unit went another way than the job wants: treat the change as one nobody asked for
    /// (`queries::retroactive`).
    Unexpected,
}

/// Whether a job of this kind is over now that its unit is in this state.
///
/// `running` tells whether the job was handed out already; `reloaded` whether a reload that just ended succeeded.
pub fn outcome(kind: JobKind, running: bool, activity: Activity, reloaded: bool) -> Outcome {
    let down = if activity == Activity::Failed { JobResult::Failed } else { JobResult::Done };
    match kind {
        JobKind::Start | JobKind::VerifyActive => match activity {
            _ if activity.is_active() => Outcome::Over(JobResult::Done),
            Activity::Activating => Outcome::Pending,
            _ if !running => Outcome::Pending,
            _ if activity.is_inactive() => Outcome::Over(down),
            _ => Outcome::Unexpected,
        },
        JobKind::Reload | JobKind::ReloadOrStart | JobKind::TryReload => match activity {
            _ if !running => Outcome::Pending,
            Activity::Active => {
                Outcome::Over(if reloaded { JobResult::Done } else { JobResult::Failed })
            }
            Activity::Activating | Activity::Reloading => Outcome::Pending,
            _ if activity.is_inactive() => Outcome::Over(down),
            _ => Outcome::Unexpected,
        },
        JobKind::Stop | JobKind::Restart | JobKind::TryRestart => match activity {
            _ if activity.is_inactive() => Outcome::Over(JobResult::Done),
            Activity::Deactivating => Outcome::Pending,
            _ if running => Outcome::Over(JobResult::Failed),
            _ => Outcome::Pending,
        },
        JobKind::Nop => Outcome::Over(JobResult::Done),
    }
}

#[cfg(test)]
mod tests;
