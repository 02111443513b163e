use std::io::Read;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};

use super::*;

/// A pipe with a name in `folder` that takes no byte more, as a console; and its reading end.
fn full(folder: &Path, patience: Duration) -> (Console, File) {
    let path = folder.join("console");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let reader = File::from(open(&path, flags, Mode::empty()).unwrap());
    let mut console = Console { patience, left: Duration::ZERO, ..Console::new(path) };
    while console.write(&[b'.'; 4096]) {}
    assert!(console.stuck);
    console.stuck = false;
    console.begin_turn();
    (console, reader)
}

#[test]
fn a_line_waits_until_the_console_has_taken_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut console, mut reader) = full(folder.path(), Duration::from_mins(1));
    // More than a pipe holds.
    let line: Vec<u8> = (0..100_000_u32).map(|place| b'a' + (place % 26) as u8).collect();
    let wanted = line.clone();
    let writer = thread::spawn(move || assert!(console.write(&line)));
    let mut found: Vec<u8> = Vec::new();
    while !writer.is_finished() || found.len() < wanted.len() {
        let mut piece = [0; 512];
        match reader.read(&mut piece) {
            Ok(length) => found.extend(piece[..length].iter().filter(|byte| **byte != b'.')),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    writer.join().unwrap();
    assert_eq!(found, wanted);
}

#[test]
fn a_console_that_nobody_reads_is_waited_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut console, mut reader) = full(folder.path(), Duration::from_millis(5));
    assert!(!console.write(b"lost\r\n"));
    assert_eq!(console.left, Duration::ZERO, "the first line waited as long as it may");
    console.begin_turn();
    assert_eq!(console.left, Duration::ZERO, "the next turn does not wait");
    assert!(!console.write(b"lost too\r\n"));
    let mut text = [0; 4096];
    while reader.read(&mut text).is_ok_and(|length| length > 0) {}
    assert!(console.write(b"taken\r\n"));
    console.begin_turn();
    assert_eq!(console.left, console.patience, "after a line that got through, lines wait again");
}
