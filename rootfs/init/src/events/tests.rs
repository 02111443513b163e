use super::*;

#[test]
fn a_pipe_that_has_left_makes_no_events_though_a_copy_is_open() {
    let mut events = Events::new().expect("epoll");
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    let source = Source::Pending(std::num::NonZeroI32::MIN);
    let token = events.add(source, &reader).expect("it is added");
    // As a process that was forked meanwhile holds one.
    let copy = reader.try_clone().expect("a copy");
    drop(writer);
    assert_eq!(events.wait(Some(Duration::ZERO)), [source]);
    events.remove(token, &reader);
    drop(reader);
    let mut batch: Vec<epoll::Event> = Vec::with_capacity(1);
    epoll::wait(&events.epoll, spare_capacity(&mut batch), Some(&Timespec::default()))
        .expect("epoll");
    assert!(batch.is_empty(), "the hang-up of the copy would come for ever");
    drop(copy);
}
