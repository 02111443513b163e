use super::*;

fn image(digest: &str) -> ImageId {
    ImageId { digest: digest.to_owned(), target: "here name".to_owned() }
}

fn made(id: &str) -> Made {
    let [kind, place, command] = ["snapshot", "here", "rm it"].map(str::to_owned);
    Made { kind, id: id.to_owned(), place, command, whole: false }
}

#[test]
fn what_was_noted_is_there_in_the_next_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state");
    let state = StateFile::open(&path, image("1")).expect("a state");
    assert!(!path.exists(), "nothing was made and a file is there");
    state.made(made("s1")).expect("room");
    state.note("token", "t").expect("room");
    (0..40).for_each(|piece| state.done(piece).expect("room"));
    state.finished("snapshot", "here").expect("room");
    let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let next = StateFile::open(&path, image("1")).expect("a state");
    assert!(next.find("snapshot", "here").is_some_and(|made| made.whole && made.id == "s1"));
    assert_eq!(next.noted("token").as_deref(), Some("t"));
    assert!(next.is_done(39) && !next.is_done(40));
    let other = StateFile::open(&path, image("2")).expect_err("another image");
    assert!(other.to_string().contains("another image"), "{other}");
    next.removed(&made("s1")).expect("room");
    next.restart(&["token"]).expect("room");
    assert!(!next.is_done(39) && next.noted("token").is_none());
    assert_eq!(next.standing(), []);
    next.close().expect("removed");
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_state_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state");
    let later = r#"{"schema":2,"image":{"digest":"","target":""},"made":[],"notes":{},"done":[]}"#;
    for text in ["", "{}", "[1]", later] {
        std::fs::write(&path, text).expect("room");
        let error = StateFile::open(&path, image("1")).expect_err("no state").to_string();
        assert!(error.contains("safe to delete"), "{error}");
    }
}
