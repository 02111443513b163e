//! When a change of a unit ends its job.

use super::Activity::{self, Activating, Active, Deactivating, Failed, Inactive, Reloading};
use super::Outcome::{self, Over, Pending, Unexpected};
use super::outcome;
use crate::JobKind::{self, Reload, Restart, Start, Stop};
use crate::JobResult;

const DONE: Outcome = Over(JobResult::Done);
const FAILED: Outcome = Over(JobResult::Failed);

#[test]
fn running_jobs_end_where_the_unit_arrives_or_turns_back() {
    let states = [Inactive, Failed, Activating, Active, Reloading, Deactivating];
    let rows: [(JobKind, [Outcome; 6]); 4] = [
        (Start, [DONE, FAILED, Pending, DONE, DONE, Unexpected]),
        (Stop, [DONE, DONE, FAILED, FAILED, FAILED, Pending]),
        (Restart, [DONE, DONE, FAILED, FAILED, FAILED, Pending]),
        (Reload, [DONE, FAILED, Pending, DONE, Pending, Unexpected]),
    ];
    for (kind, expected) in rows {
        let found = states.map(|activity| outcome(kind, true, activity, true));
        assert_eq!(found, expected, "{kind:?}");
    }
    assert_eq!(outcome(Reload, true, Active, false), FAILED);
}

#[test]
fn waiting_jobs_end_only_where_there_is_nothing_left_to_do() {
    let ends = |kind| -> Vec<Activity> {
        let states = [Inactive, Failed, Activating, Active, Reloading, Deactivating];
        states
            .into_iter()
            .filter(|&activity| outcome(kind, false, activity, true) != Pending)
            .collect()
    };
    assert_eq!(ends(Start), [Active, Reloading]);
    assert_eq!(ends(Stop), [Inactive, Failed]);
    assert_eq!(ends(Reload), []);
}

#[test]
fn states_have_the_words_of_systemctl() {
    let words = [Inactive, Failed, Activating, Active, Reloading, Deactivating].map(Activity::name);
    assert_eq!(words, ["inactive", "failed", "activating", "active", "reloading", "deactivating"]);
}
