//! Which jobs become one.

use super::JobKind::{
    self, Nop, Reload, ReloadOrStart, Restart, Start, Stop, TryReload, TryRestart, VerifyActive,
};
use crate::Activity::{self, Active, Deactivating, Inactive, Reloading};

const COLLAPSED: [JobKind; 6] = [Start, VerifyActive, Stop, Reload, Restart, Nop];

#[test]
fn two_jobs_become_the_one_that_does_both() {
    let rows = [
        (Start, VerifyActive, Active, Some(Start)),
        (Start, Reload, Active, Some(Reload)),
        (Start, Reload, Inactive, Some(Start)),
        (Start, Restart, Active, Some(Restart)),
        (VerifyActive, Reload, Active, Some(Reload)),
        (VerifyActive, Restart, Active, Some(Restart)),
        (Reload, Restart, Active, Some(Restart)),
        (Stop, Stop, Active, Some(Stop)),
        (Stop, Start, Active, None),
        (Stop, Restart, Active, None),
        (Stop, VerifyActive, Active, None),
        (Stop, Nop, Active, Some(Stop)),
    ];
    for (first, second, activity, merged) in rows {
        assert_eq!(first.merge(second, activity), merged, "{first:?} {second:?}");
        assert_eq!(second.merge(first, activity), merged, "{second:?} {first:?}");
        assert_eq!(first.conflicts(second), merged.is_none());
    }
}

#[test]
fn merging_knows_no_order() {
    for activity in [Active, Inactive] {
        for (a, b, c) in COLLAPSED
            .iter()
            .flat_map(|&a| COLLAPSED.iter().flat_map(move |&b| COLLAPSED.map(|c| (a, b, c))))
        {
            let left = a.merge(b, activity).and_then(|ab| ab.merge(c, activity));
            let right = b.merge(c, activity).and_then(|bc| a.merge(bc, activity));
            assert_eq!(left, right, "{a:?} {b:?} {c:?} {activity:?}");
        }
    }
}

#[test]
fn kinds_with_an_if_come_to_one_without() {
    let rows = [
        (TryRestart, Inactive, Nop),
        (TryRestart, Deactivating, Nop),
        (TryRestart, Active, Restart),
        (TryReload, Inactive, Nop),
        (TryReload, Active, Reload),
        (ReloadOrStart, Inactive, Start),
        (ReloadOrStart, Active, Reload),
        (Stop, Inactive, Stop),
    ];
    for (kind, activity, collapsed) in rows {
        assert_eq!(kind.collapse(activity), collapsed);
    }
}

#[test]
fn a_job_is_void_where_the_unit_is_there_already() {
    let void: fn(JobKind) -> Vec<Activity> = |kind| {
        let all =
            [Inactive, Activity::Failed, Activity::Activating, Active, Reloading, Deactivating];
        all.into_iter().filter(|&activity| kind.is_redundant(activity)).collect()
    };
    assert_eq!(void(Start), [Active, Reloading]);
    assert_eq!(void(VerifyActive), [Active, Reloading]);
    assert_eq!(void(Stop), [Inactive, Activity::Failed]);
    assert_eq!(void(Reload), [Reloading]);
    assert_eq!(void(Restart), []);
    assert_eq!(void(Nop).len(), 6);
}
