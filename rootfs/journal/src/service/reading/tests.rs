use super::*;

fn left(texts: &[&str]) -> Reading {
    let texts = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    Reading { file: None, left: Some(("1:2".to_owned(), texts)) }
}

#[test]
fn lines_that_were_stored_are_known_once_and_in_their_order() {
    let mut reading = left(&["a", "b", "a"]);
    assert!(!reading.was_stored("9:9", b"a"));
    assert!(reading.was_stored("1:2", b"a"));
    assert!(!reading.was_stored("1:2", b"dropped by its level"));
    assert!(reading.was_stored("1:2", b"b"));
    assert!(reading.was_stored("1:2", b"a"));
    assert!(!reading.was_stored("1:2", b"a"));
}

#[test]
fn after_the_first_look_every_line_is_new() {
    let mut reading = left(&["a"]);
    reading.forget("9:9");
    reading.forget("1:2");
    assert!(!reading.was_stored("1:2", b"a"));
}

#[test]
fn the_file_tells_only_of_a_reading_that_did_not_end() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("run/systemd/journal")).unwrap();
    let text = || std::fs::read_to_string(root.path().join("run/systemd/journal/reading")).unwrap();
    let reading = Reading::open(root.path(), Id::default(), Id::default());
    reading.begin("8:1234");
    assert_eq!(parse(&text()).unwrap().1, "8:1234");
    reading.end();
    assert_eq!(parse(&text()), None);
    reading.begin("8:9");
    assert_eq!(parse(&text()).unwrap().1, "8:9");
}
