use std::os::fd::{AsFd, AsRawFd};

use rustix::process::{WaitOptions, waitpid};

use super::*;

#[test]
fn descriptors_of_others_are_closed_by_a_child() {
    let file = tempfile::tempfile().expect("a file");
    let number = file.as_raw_fd();
    let path = format!("/proc/self/fd/{number}");
    let inode = rustix::fs::fstat(&file).expect("it is open").st_ino;
    let child = close(vec![file.into()]).expect("a child does it");
    waitpid(Some(child), WaitOptions::empty()).expect("it ends");
    // Another test may have got the number meanwhile.
    let gone = rustix::fs::stat(&path).is_ok_and(|facts| facts.st_ino == inode);
    assert!(!gone, "the table of descriptors is shared");
}

#[test]
fn pipes_are_closed_at_once() {
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    assert!(close(vec![writer]).is_none());
    assert_eq!(rustix::io::read(&reader, &mut [0_u8; 1]), Ok(0));
}

#[test]
fn a_child_has_what_is_kept_and_nothing_else_and_is_of_the_same_process_group() {
    let pipes: Vec<_> = (0..3).map(|_| rustix::pipe::pipe().expect("a pipe")).collect();
    let kept = [pipes[2].1.as_fd(), pipes[0].0.as_fd()];
    let open = |one: &OwnedFd| rustix::io::fcntl_getfd(one).is_ok();
    let group = rustix::process::getpgrp();
    let forked = fork(&kept, || {
        let right = open(&pipes[2].1)
            && open(&pipes[0].0)
            && !pipes[1..2].iter().any(|(reader, writer)| open(reader) || open(writer))
            && !open(&pipes[0].1)
            && rustix::process::getpgrp() == group;
        i32::from(!right)
    })
    .expect("a child");
    let (_, status) =
        waitpid(Some(forked.pid), WaitOptions::empty()).expect("it ends").expect("it has ended");
    assert_eq!(status.exit_status(), Some(0));
}

#[test]
fn a_child_keeps_nothing_open_and_its_words_come_back() {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("one");
    let number = writer.as_raw_fd();
    let forked = fork(&[], || {
        let open = std::path::Path::new(&format!("/proc/self/fd/{number}")).exists();
        i32::from(open)
    })
    .expect("a child");
    let (_, status) =
        waitpid(Some(forked.pid), WaitOptions::empty()).expect("it ends").expect("it has ended");
    assert_eq!(status.exit_status(), Some(0));
    drop((reader, writer));
}
