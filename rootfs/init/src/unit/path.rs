//! Watched paths at run time.

use keelson_activation::limits::Limit;
use keelson_activation::paths::Watcher;
use keelson_jobs::Activity;

use crate::events::Token;

/// A path unit.
#[derive(Debug)]
pub struct PathRun {
    /// The watches, while what they start does not run.
    pub watcher: Option<(Watcher, Token)>,
    /// How often it may start its unit.
    pub limit: Option<Limit>,
    /// What went wrong: the property `Result`.
    pub result: &'static str,
}

impl Default for PathRun {
    fn default() -> Self {
        Self { watcher: None, limit: None, result: "success" }
    }
}

impl PathRun {
    /// The word of `systemctl`'s column SUB.
    pub fn sub_state(&self, activity: Activity) -> &'static str {
        match activity {
            Activity::Failed => "failed",
            activity if !activity.is_active() => "dead",
            _ if self.watcher.is_some() => "waiting",
            _ => "running",
        }
    }
}
