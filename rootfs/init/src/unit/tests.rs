use std::collections::BTreeSet;

use keelson_activation::timers::Elapse;
use keelson_control::SUB_STATES;
use keelson_jobs::Activity;

use super::automount::{AutomountRun, Work as AutomountWork};
use super::mount::{MountRun, Work};
use super::path::PathRun;
use super::socket::State as SocketState;
use super::timer::TimerRun;
use crate::service::State;

const ACTIVITIES: [Activity; 6] = [
    Activity::Inactive,
    Activity::Failed,
    Activity::Activating,
    Activity::Active,
    Activity::Reloading,
    Activity::Deactivating,
];

fn listed(kind: &str) -> BTreeSet<&'static str> {
    let (_, words) = SUB_STATES.iter().find(|(other, _)| *other == kind).expect(kind);
    words.iter().copied().collect()
}

#[test]
fn the_list_of_states_holds_those_of_timers_paths_and_mounts() {
    let works = [Work::Rest, Work::Mounting, Work::Unmounting];
    let mounts = |works: &[Work], [up, rising, falling]: [&'static str; 3]| -> BTreeSet<_> {
        let runs = works.iter().map(|work| MountRun { work: *work, ..MountRun::default() });
        runs.flat_map(|run| ACTIVITIES.map(|one| run.sub_state(one, up, rising, falling))).collect()
    };
    let all = [&works[..], &[Work::Remounting]].concat();
    assert_eq!(mounts(&all, ["mounted", "mounting", "unmounting"]), listed("mount"));
    assert_eq!(mounts(&works, ["active", "activating", "deactivating"]), listed("swap"));
    let elapse = Elapse { real: Some(std::time::Duration::ZERO), ..Elapse::default() };
    let timers = [
        TimerRun::default(),
        TimerRun { running: true, ..TimerRun::default() },
        TimerRun { elapse, ..TimerRun::default() },
    ];
    let timers = timers.iter().flat_map(|run| ACTIVITIES.map(|one| run.sub_state(one)));
    assert_eq!(timers.collect::<BTreeSet<_>>(), listed("timer"));
    // One that watches needs an event loop.
    let mut paths: BTreeSet<_> =
        ACTIVITIES.iter().map(|one| PathRun::default().sub_state(*one)).collect();
    paths.insert("waiting");
    assert_eq!(paths, listed("path"));
    let points = [
        AutomountRun::default(),
        AutomountRun { running: true, ..AutomountRun::default() },
        AutomountRun { work: AutomountWork::GivenUp, ..AutomountRun::default() },
        AutomountRun { work: AutomountWork::Detaching, ..AutomountRun::default() },
    ];
    let mut points: BTreeSet<_> =
        points.iter().flat_map(|run| ACTIVITIES.map(|one| run.sub_state(one))).collect();
    // One that is mounted holds a pipe.
    points.insert("mounting");
    assert_eq!(points, listed("automount"));
}

#[test]
fn the_list_of_states_holds_those_of_services_and_sockets() {
    let services = [
        State::Dead,
        State::Condition,
        State::StartPre,
        State::Start,
        State::StartPost,
        State::Running,
        State::Exited,
        State::Reload,
        State::ReloadSignal,
        State::ReloadNotify,
        State::Stop,
        State::StopWatchdog,
        State::StopSigterm,
        State::StopSigkill,
        State::StopPost,
        State::FinalWatchdog,
        State::FinalSigterm,
        State::FinalSigkill,
        State::Failed,
        State::AutoRestart,
        State::AutoRestartQueued,
    ];
    assert_eq!(services.map(State::as_str).into_iter().collect::<BTreeSet<_>>(), listed("service"));
    let sockets = [
        SocketState::Dead,
        SocketState::StartPre,
        SocketState::StartPost,
        SocketState::Listening,
        SocketState::Running,
        SocketState::StopPre,
        SocketState::StopPost,
        SocketState::Failed,
    ];
    assert_eq!(
        sockets.map(SocketState::as_str).into_iter().collect::<BTreeSet<_>>(),
        listed("socket")
    );
}
