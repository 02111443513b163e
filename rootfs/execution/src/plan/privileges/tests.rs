use keelson_units::model::{CallFilter, Command, ExecSettings, FilterStep};

use super::*;
use crate::plan::Plan;

fn late(exec: &ExecSettings, identity: &Identity, change: fn(&mut Command)) -> Vec<Action> {
    let mut command = Command {
        words: Vec::new(),
        may_fail: false,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: false,
        shell: false,
    };
    change(&mut command);
    let mut made = Prepared { plan: Plan::default(), kept: Vec::new(), remarks: Vec::new() };
    plan(&Invocation::new("a.service", &command, exec), identity, &mut made).expect("a plan");
    made.plan.late.into_iter().map(|step| step.action).collect()
}

fn core() -> Identity {
    Identity { user: None, uid: Some(500), gid: Some(500), groups: Some(vec![500]) }
}

#[test]
fn root_without_settings_keeps_everything() {
    assert!(late(&ExecSettings::default(), &Identity::default(), |_| {}).is_empty());
}

#[test]
fn ambient_capabilities_are_kept_over_the_change_of_user() {
    let exec = ExecSettings {
        ambient_capabilities: 1 << 10,
        capability_bounding_set: Some(1 << 10),
        no_new_privileges: true,
        ..ExecSettings::default()
    };
    let expected = [
        Action::BoundingSet(1 << 10),
        Action::Inheritable(1 << 10),
        Action::SecureBits(KEEP_CAPABILITIES),
        Action::Uid(500),
        Action::Ambient(1 << 10),
        Action::NoNewPrivileges,
    ];
    assert_eq!(late(&exec, &core(), |_| {}), expected);
}

fn refusing(name: &str) -> ExecSettings {
    let steps = vec![FilterStep { add: true, name: name.to_owned(), errno: None }];
    ExecSettings {
        system_call_filter: Some(CallFilter { allow: false, steps }),
        ..ExecSettings::default()
    }
}

#[test]
fn a_user_keeps_what_loads_filters_until_they_are_loaded() {
    let exec = ExecSettings {
        ambient_capabilities: 1 << 10,
        capability_bounding_set: Some(1 << 10),
        ..refusing("@mount")
    };
    let mut found = late(&exec, &core(), |_| {});
    let filter = found.remove(6);
    assert!(matches!(filter, Action::Filter(_)), "{filter:?}");
    let expected = [
        Action::BoundingSet(1 << 10 | LOADING),
        Action::Inheritable(1 << 10),
        Action::SecureBits(KEEP_CAPABILITIES),
        Action::Uid(500),
        Action::Ambient(1 << 10),
        Action::Capabilities { permitted: 1 << 10 | LOADING, effective: LOADING },
        Action::BoundingSet(1 << 10),
        Action::Capabilities { permitted: 1 << 10, effective: 0 },
    ];
    assert_eq!(found, expected);
    // Without ambient ones nothing is left.
    let found = late(&refusing("@mount"), &core(), |_| {});
    assert_eq!(found.last(), Some(&Action::Capabilities { permitted: 0, effective: 0 }));
}

#[test]
fn a_user_whose_filter_forbids_that_gains_no_new_privileges() {
    for name in ["@privileged", "capset", "prctl"] {
        let found = late(&refusing(name), &core(), |_| {});
        assert!(matches!(
            &found[..],
            [Action::Uid(500), Action::NoNewPrivileges, Action::Filter(_)]
        ));
    }
}

#[test]
fn root_loads_filters_as_it_is() {
    let exec = ExecSettings { capability_bounding_set: Some(0), ..refusing("@mount") };
    let found = late(&exec, &Identity::default(), |_| {});
    assert!(matches!(&found[..], [Action::BoundingSet(0), Action::Filter(_)]), "{found:?}");
}

#[test]
fn prefixes_leave_out_user_and_sandbox() {
    let exec = ExecSettings { no_new_privileges: true, ..ExecSettings::default() };
    assert!(late(&exec, &core(), |command| command.privileged = true).is_empty());
    let kept = late(&exec, &core(), |command| command.keep_user = true);
    assert_eq!(kept, [Action::NoNewPrivileges]);
}

#[test]
fn protections_take_capabilities_away() {
    let exec = ExecSettings {
        private_devices: true,
        protect_kernel_modules: true,
        protect_kernel_logs: true,
        protect_clock: true,
        ..ExecSettings::default()
    };
    let gone = [16, 17, 25, 27, 34, 35].iter().fold(ALL, |kept, number| kept & !(1 << number));
    assert_eq!(bounding_set(&exec), gone);
}
