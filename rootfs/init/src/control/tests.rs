use std::io::{Read, Write};

use super::*;

fn bound(folder: &tempfile::TempDir) -> (std::path::PathBuf, Server, Events) {
    let path = folder.path().join("init.sock");
    let mut events = Events::new().expect("epoll");
    let server = Server::bind(&path, &mut events).expect("bound");
    (path, server, events)
}

/// A client that has asked and waits for a job, and its number.
fn waiting(path: &Path, server: &mut Server, events: &mut Events) -> (UnixStream, u64) {
    let mut client = UnixStream::connect(path).expect("connected");
    client.write_all(&encode(&Request::ListJobs)).expect("sent");
    served(server, events);
    let number = served(server, events)[0];
    assert!(matches!(server.next_request(number), Asked::Request(..)));
    server.wait(number, vec![("a.service".into(), Part::Job(JobId(7)))], events);
    (client, number)
}

fn served(server: &mut Server, events: &mut Events) -> Vec<u64> {
    let mut clients = Vec::new();
    for source in events.wait(Some(std::time::Duration::from_secs(1))) {
        match source {
            Source::Control => server.accept(events),
            Source::Client(number) => {
                drop(server.serve(number, events));
                clients.push(number);
            }
            _ => {}
        }
    }
    clients
}

#[test]
fn a_client_is_answered_at_once_or_when_its_job_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, mut server, mut events) = bound(&folder);
    let mut client = UnixStream::connect(&path).expect("connected");
    client.write_all(&encode(&Request::ListJobs)).expect("sent");
    client.write_all(b"nonsense\n").expect("sent");
    served(&mut server, &mut events);
    let number = served(&mut server, &mut events)[0];
    assert!(
        matches!(server.next_request(number), Asked::Request(request, _) if *request == Request::ListJobs)
    );
    server.wait(number, vec![("a.service".into(), Part::Job(JobId(7)))], &mut events);
    assert!(
        matches!(server.next_request(number), Asked::Nothing),
        "answers keep the order of requests"
    );
    assert!(server.resume(&mut events).is_empty());
    server.job_ended(JobId(7), JobResult::Failed);
    assert_eq!(server.resume(&mut events), [number]);
    assert!(matches!(server.next_request(number), Asked::Bad(_)));
    let mut text = [0; 256];
    let length = client.read(&mut text).expect("an answer");
    assert!(String::from_utf8_lossy(&text[..length]).contains("failed"));
}

#[test]
fn a_crowd_of_clients_is_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, mut server, mut events) = bound(&folder);
    let clients: Vec<_> = (0..3 * CONNECTIONS)
        .map(|_| {
            let client = UnixStream::connect(&path).expect("connected");
            server.accept(&mut events);
            client
        })
        .collect();
    assert_eq!(server.clients.len(), CONNECTIONS);
    drop(clients);
    for _ in 0..CONNECTIONS {
        if !server.clients.is_empty() {
            served(&mut server, &mut events);
        }
    }
    assert!(server.clients.is_empty());
}

/// Sends without ever waiting; gives how much was taken.
fn stuffed(client: &UnixStream, bytes: &[u8]) -> usize {
    let mut sent = 0;
    while let Ok(length) = rustix::net::send(
        client,
        bytes,
        rustix::net::SendFlags::DONTWAIT | rustix::net::SendFlags::NOSIGNAL,
    ) {
        sent += length;
    }
    sent
}

#[test]
fn nothing_is_read_of_a_client_that_waits_or_does_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, mut server, mut events) = bound(&folder);
    let (client, number) = waiting(&path, &mut server, &mut events);
    assert!(stuffed(&client, &[b'x'; 4096]) > 0);
    assert!(
        events.wait(Some(std::time::Duration::ZERO)).is_empty(),
        "it wakes nobody while it waits"
    );
    assert!(!server.clients[&number].lines.has_line());
    server.job_ended(JobId(7), JobResult::Done);
    server.resume(&mut events);
    // A large answer, which it does not read.
    server.answer(number, &refused(RefusalKind::Failed, "x".repeat(4 << 20)), &mut events);
    assert!(
        events.wait(Some(std::time::Duration::ZERO)).is_empty(),
        "nor while an answer is left for it"
    );
    drop(client);
    served(&mut server, &mut events);
    assert!(server.clients.is_empty());
}

#[test]
fn one_who_waits_and_goes_away_is_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, mut server, mut events) = bound(&folder);
    let (mut client, _) = waiting(&path, &mut server, &mut events);
    client.write_all(b"more").expect("sent");
    drop(client);
    served(&mut server, &mut events);
    assert!(server.clients.is_empty());
}

#[test]
fn one_who_sends_descriptors_is_no_client() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, mut server, mut events) = bound(&folder);
    let client = UnixStream::connect(&path).expect("connected");
    let file = std::fs::File::open(folder.path()).expect("opened");
    for _ in 0..100 {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = rustix::net::SendAncillaryBuffer::new(&mut space);
        let sent = [std::os::fd::AsFd::as_fd(&file)];
        control.push(rustix::net::SendAncillaryMessage::ScmRights(&sent));
        let part = [io::IoSlice::new(b"x")];
        rustix::net::sendmsg(&client, &part, &mut control, rustix::net::SendFlags::empty())
            .expect("sent");
    }
    server.accept(&mut events);
    let number = *server.clients.keys().next().expect("a client");
    assert_eq!(server.serve(number, &mut events).len(), 1);
    assert!(server.clients.is_empty());
    // The others are closed with the connection, and that not here.
    assert_eq!(server.closing.len(), 1);
}
