use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::thread;

use super::*;
use crate::{RefusalKind, decode_request};

/// Answers each request in turn with the bytes given, then closes.
fn server(path: &Path, answers: Vec<Vec<u8>>) -> thread::JoinHandle<Vec<Request>> {
    let listener = UnixListener::bind(path).expect("a socket");
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
        let mut asked = Vec::new();
        for answer in answers {
            let mut line = Vec::new();
            reader.read_until(b'\n', &mut line).expect("a line");
            asked.push(decode_request(&line).expect("a request"));
            (&stream).write_all(&answer).expect("the client reads");
        }
        asked
    })
}

#[test]
fn each_request_gets_its_answer_on_one_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let refusal = Refusal { kind: RefusalKind::AccessDenied, message: "Access denied".into() };
    let served = server(
        &path,
        vec![
            encode(&Answer::Done),
            encode(&Answer::Refused(refusal)),
            encode(&Answer::LogLevel(6)),
        ],
    );
    let mut client = Client::connect_to(&path).expect("connected");
    assert_eq!(client.ask(&Request::DaemonReload).expect("answered"), Answer::Done);
    let error = client.ask(&Request::ListUnits).expect_err("refused");
    assert_eq!(error.to_string(), "Access denied");
    assert_eq!(client.ask(&Request::LogLevel).expect("answered"), Answer::LogLevel(6));
    assert_eq!(served.join().expect("served").len(), 3);
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let served = server(&path, vec![b"{\"v\":1,".to_vec()]);
    let mut client = Client::connect_to(&path).expect("connected");
    assert!(matches!(client.ask(&Request::ListUnits), Err(ClientError::Closed)));
    served.join().expect("served");
    assert!(matches!(
        Client::connect_to(&folder.path().join("none")),
        Err(ClientError::Connect { .. })
    ));
}
