use super::*;

#[test]
fn the_sub_state_says_what_is_done_and_whether_it_was_accessed() {
    let (reader, _writer) = keelson_activation::automounts::pipe().expect("a pipe");
    for (work, running, activity, expected) in [
        (Work::Rest, false, Activity::Inactive, "dead"),
        (Work::Attaching(reader), false, Activity::Activating, "mounting"),
        (Work::Rest, false, Activity::Active, "waiting"),
        (Work::Rest, true, Activity::Active, "running"),
        (Work::Detaching, false, Activity::Deactivating, "unmounting"),
        (Work::Rest, false, Activity::Failed, "failed"),
    ] {
        let run = AutomountRun { work, running, ..AutomountRun::default() };
        assert_eq!(run.sub_state(activity), expected);
    }
}

#[test]
fn the_sooner_of_its_times_is_next() {
    let [soon, late] = [1, 2].map(Duration::from_secs);
    for (deadline, next_expiry, expected) in [
        (None, None, None),
        (Some(late), None, Some(late)),
        (None, Some(late), Some(late)),
        (Some(late), Some(soon), Some(soon)),
    ] {
        let run = AutomountRun { deadline, next_expiry, ..AutomountRun::default() };
        assert_eq!(run.next_time(), expected);
    }
}
