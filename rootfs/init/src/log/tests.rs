use super::bounded::BoundedFile;
use super::*;

#[test]
fn the_stamp_is_that_of_the_kernel() {
    for (millis, text) in
        [(0, "[    0.000]"), (12_345, "[   12.345]"), (123_456_789, "[123456.789]")]
    {
        assert_eq!(stamp(Duration::from_millis(millis)), text);
    }
}

#[test]
fn the_file_is_put_aside_when_it_is_large_and_one_old_one_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let mut file = BoundedFile::new(&path, 10);
    for line in ["first 45\n", "2\n", "third 56789\n", "4\n"] {
        file.append(line.as_bytes()).expect("written");
    }
    let read = |path: &Path| std::fs::read_to_string(path).expect("there");
    assert_eq!(read(&path), "4\n");
    assert_eq!(read(&folder.path().join("log.1")), "third 56789\n");
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 2);
    // The size of a file that is there already counts.
    let mut again = BoundedFile::new(&folder.path().join("log.1"), 10);
    again.append(b"x\n").expect("written");
    again.append(b"y\n").expect("written");
    assert_eq!(read(&folder.path().join("log.1")), "y\n");
}

#[test]
fn a_line_that_cannot_be_written_is_an_error_and_the_next_one_tries_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("later/log");
    let mut file = BoundedFile::new(&path, 10);
    assert!(file.append(b"x\n").is_err());
    std::fs::create_dir(folder.path().join("later")).expect("made");
    assert!(file.append(b"x\n").is_ok());
}

#[test]
fn early_lines_reach_the_file_when_it_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let mut log =
        Log { console: None, kernel: None, file: None, early: Vec::new(), file_broken: false };
    log.output("a.service", "early", false);
    log.open_file(&path);
    log.say("later");
    let text = std::fs::read_to_string(&path).expect("there");
    let lines: Vec<&str> =
        text.lines().map(|line| line.split_once("] ").expect("a stamp").1).collect();
    assert_eq!(lines, ["a.service: early", "keelson: later"]);
}
