use std::io::{Read, Write};

use super::*;

fn served(server: &mut Server, events: &mut Events) -> Vec<u64> {
    let mut clients = Vec::new();
    for source in events.wait(Some(std::time::Duration::from_secs(1))) {
        match source {
            Source::Control => server.accept(events),
            Source::Client(number) => {
                server.serve(number, events);
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
    let path = folder.path().join("init.sock");
    let mut events = Events::new().expect("epoll");
    let mut server = Server::bind(&path, &mut events).expect("bound");
    let mut client = UnixStream::connect(&path).expect("connected");
    client.write_all(&encode(&Request::ListJobs)).expect("sent");
    client.write_all(b"nonsense\n").expect("sent");
    served(&mut server, &mut events);
    let number = served(&mut server, &mut events)[0];
    assert!(
        matches!(server.next_request(number), Asked::Request(request, _) if *request == Request::ListJobs)
    );
    server.wait(number, vec![("a.service".into(), Part::Job(JobId(7)))]);
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
    let path = folder.path().join("init.sock");
    let mut events = Events::new().expect("epoll");
    let mut server = Server::bind(&path, &mut events).expect("bound");
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
