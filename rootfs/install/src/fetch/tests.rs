use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;

/// Answers one request after another with these: status line and headers, body. A body may be shorter
/// than its length says: then the connection is lost. Gives the URL, and in the end the requests.
fn serve(answers: Vec<(&'static str, Vec<u8>)>) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/disk.raw.zst", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let mut requests = Vec::new();
        for (head, body) in answers {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = String::new();
            for line in BufReader::new(&stream).lines() {
                let line = line.expect("a line");
                if line.is_empty() {
                    break;
                }
                request.push_str(&line.to_ascii_lowercase());
                request.push('\n');
            }
            requests.push(request);
            let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("sent");
            stream.write_all(&body).expect("sent");
        }
        requests
    });
    (url, server)
}

fn all(url: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Download::with_wait(url, Duration::from_millis(1))?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn a_lost_connection_is_taken_up_where_it_broke() {
    let (url, server) = serve(vec![
        ("200 OK\r\nContent-Length: 10\r\nETag: \"a\"", b"0123".to_vec()),
        ("503 Busy\r\nContent-Length: 0", Vec::new()),
        (
            "206 Partial Content\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10",
            b"456789".to_vec(),
        ),
    ]);
    assert_eq!(all(&url).expect("fetched"), b"0123456789");
    let requests = server.join().expect("served");
    assert!(
        requests[2].contains("range: bytes=4-") && requests[2].contains("if-range: \"a\""),
        "{requests:?}"
    );
}

#[test]
fn a_server_without_ranges_is_read_again_to_where_it_broke() {
    let whole = "200 OK\r\nContent-Length: 10";
    let (url, _) = serve(vec![(whole, b"0123".to_vec()), (whole, b"0123456789".to_vec())]);
    assert_eq!(all(&url).expect("fetched"), b"0123456789");
}

#[test]
fn what_cannot_be_fetched_is_said_and_given_up() {
    let (url, _) = serve(vec![("404 Not Found\r\nContent-Length: 0", Vec::new())]);
    assert!(format!("{:#}", all(&url).expect_err("refused")).contains("the server answers 404"));
    let (url, _) = serve(vec![
        ("200 OK\r\nContent-Length: 10\r\nETag: \"a\"", b"0123".to_vec()),
        ("200 OK\r\nContent-Length: 10\r\nETag: \"b\"", b"9876543210".to_vec()),
    ]);
    assert!(format!("{:#}", all(&url).expect_err("refused")).contains("changed on the server"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/x", listener.local_addr().expect("an address"));
    drop(listener);
    assert!(
        format!("{:#}", all(&url).expect_err("refused"))
            .contains("giving up after 5 attempts at byte 0")
    );
}

#[test]
fn a_server_that_answers_without_a_byte_is_given_up() {
    let whole = "200 OK\r\nContent-Length: 10";
    let part = "206 Partial Content\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10";
    for (first, answer, at) in [(None, whole, 0), (Some(&b"0123"[..]), part, 4)] {
        let mut answers: Vec<(&str, Vec<u8>)> =
            first.iter().map(|bytes| (whole, bytes.to_vec())).collect();
        answers.extend((0..TRIES).map(|_| (answer, Vec::new())));
        // It would be asked once more.
        answers.push((answer, b"0123456789"[at..].to_vec()));
        let (url, _) = serve(answers);
        let error = format!("{:#}", all(&url).expect_err("given up"));
        assert!(error.contains(&format!("giving up after 5 attempts at byte {at}")), "{error}");
    }
}

#[test]
fn neighbours_and_sizes() {
    assert_eq!(beside("http://x/y/disk.raw", "SHA256SUMS"), "http://x/y/SHA256SUMS");
    assert_eq!(beside("disk.raw", "SHA256SUMS"), "SHA256SUMS");
    let (url, _) = serve(vec![("200 OK\r\nContent-Length: 10", b"0123456789".to_vec())]);
    assert!(small(&url, 5).expect_err("refused").to_string().contains("more than 5 bytes"));
}
