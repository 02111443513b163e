use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::clock;
use crate::entry::{Id, field};
use crate::service::config::Remote as Server;

fn line(text: &str) -> Vec<Field> {
    vec![
        field("MESSAGE", text),
        field("PRIORITY", "4"),
        field("SYSLOG_IDENTIFIER", "prog"),
        field("_PID", "7"),
    ]
}

fn stamp() -> Stamp {
    Stamp { realtime: 1_709_210_096_123_456, monotonic: 0, boot: Id::default() }
}

/// Reads messages as RFC 6587 frames them and hands them on.
fn read_frames(stream: impl Read, found: &std::sync::mpsc::Sender<String>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = Vec::new();
        if stream.read_until(b' ', &mut length).unwrap_or(0) == 0 {
            return;
        }
        let length: usize = std::str::from_utf8(&length).unwrap().trim().parse().unwrap();
        let mut message = vec![0; length];
        stream.read_exact(&mut message).unwrap();
        found.send(String::from_utf8(message).unwrap()).unwrap();
    }
}

fn forwarders(root: &Path, server: Server, queue: usize) -> Forwarders {
    let certificates = PathBuf::from("/ca.pem");
    Forwarders::new(
        root,
        &Config { remote: Some(server), remote_queue: queue, certificates, ..Config::default() },
    )
}

fn offer(forward: &mut Forwarders, text: &str) -> u64 {
    let mut lost = Lost::default();
    forward.forward(&line(text), &stamp(), Also::default(), &mut lost);
    lost.take_not_forwarded().len() as u64
}

/// Drives the connection until so many messages have arrived.
fn collect(forward: &mut Forwarders, found: &Receiver<String>, count: usize) -> Vec<String> {
    let mut messages = Vec::new();
    let end = clock::monotonic() + 20_000_000;
    while messages.len() < count && clock::monotonic() < end {
        forward.drive(clock::monotonic());
        messages.extend(found.recv_timeout(std::time::Duration::from_millis(5)));
    }
    messages
}

#[test]
fn entries_are_sent_over_tcp_as_rfc_5424_says() {
    let root = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, found) = channel();
    std::thread::spawn(move || read_frames(listener.accept().unwrap().0, &sender));
    let mut forward =
        forwarders(root.path(), Server { host: "127.0.0.1".to_owned(), port, tls: false }, 1 << 16);
    assert_eq!(offer(&mut forward, "first") + offer(&mut forward, "second line"), 0);
    let messages = collect(&mut forward, &found, 2);
    assert_eq!(messages[0], "<28>1 2024-02-29T12:34:56.123456Z - prog 7 - - first");
    assert!(messages[1].ends_with("- - second line"));
}

#[test]
fn entries_are_sent_over_tls_to_a_server_the_certificates_vouch_for() {
    let root = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(root.path().join("ca.pem"), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, found) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        read_frames(
            StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream),
            &sender,
        );
    });
    let mut forward =
        forwarders(root.path(), Server { host: "localhost".to_owned(), port, tls: true }, 1 << 20);
    let wanted: Vec<String> = (0..500).map(|number| format!("line {number}")).collect();
    for text in &wanted {
        assert_eq!(offer(&mut forward, text), 0);
    }
    let messages = collect(&mut forward, &found, wanted.len());
    let texts: Vec<&str> =
        messages.iter().map(|message| message.split(" - - ").last().unwrap()).collect();
    assert_eq!(texts, wanted);
}

#[test]
fn a_server_that_never_answers_a_handshake_is_given_up_and_meanwhile_wakes_nobody() {
    let root = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(root.path().join("ca.pem"), made.cert.pem()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut forward =
        forwarders(root.path(), Server { host: "localhost".to_owned(), port, tls: true }, 1 << 16);
    assert_eq!(offer(&mut forward, "a line"), 0);
    let end = clock::monotonic() + 20_000_000;
    while forward.waiting().is_none() && clock::monotonic() < end {
        assert_eq!(forward.drive(clock::monotonic()), None);
        std::thread::yield_now();
    }
    forward.drive(clock::monotonic());
    assert!(matches!(forward.waiting(), Some((_, false))), "there is nothing to write");
    let due = forward.next_due();
    assert!(due <= clock::monotonic() + 10_000_000);
    let note = forward.drive(due).expect("a note");
    assert!(note.contains("handshake"), "{note}");
    assert!(forward.waiting().is_none());
}

#[test]
fn a_full_queue_is_counted_and_a_server_that_is_away_is_told_once() {
    let root = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut forward =
        forwarders(root.path(), Server { host: "127.0.0.1".to_owned(), port, tls: false }, 200);
    let lost: u64 = (0..10).map(|_| offer(&mut forward, "a line")).sum();
    assert!((1..10).contains(&lost), "{lost}");
    let end = clock::monotonic() + 20_000_000;
    let mut notes = Vec::new();
    while notes.is_empty() && clock::monotonic() < end {
        notes.extend(forward.drive(clock::monotonic()));
        std::thread::yield_now();
    }
    assert!(notes[0].starts_with(&format!("Forwarding to 127.0.0.1:{port} failed")), "{notes:?}");
    let now = clock::monotonic();
    assert!(
        forward.next_due() > now && forward.next_due() <= now + 1_100_000,
        "the next try waits"
    );
}

#[test]
fn the_console_gets_lines_that_are_important_enough() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("dev")).unwrap();
    std::fs::write(root.path().join("dev/console"), b"").unwrap();
    let console = Forward { on: true, max_level: 4 };
    let mut forward = Forwarders::new(root.path(), &Config { console, ..Config::default() });
    offer(&mut forward, "seen");
    let quiet = [field("MESSAGE", "not seen"), field("PRIORITY", "6")];
    forward.forward(&quiet, &stamp(), Also::default(), &mut Lost::default());
    assert_eq!(
        std::fs::read_to_string(root.path().join("dev/console")).unwrap(),
        "prog[7]: seen\r\n"
    );
}

#[test]
fn the_console_gets_no_escapes_and_no_lines_that_are_made_up() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("tty"), b"").unwrap();
    let console = Forward { on: true, max_level: 7 };
    let config = Config { console, tty: PathBuf::from("/tty"), ..Config::default() };
    let mut forward = Forwarders::new(root.path(), &config);
    let fields =
        [field("MESSAGE", "a\tb\x1b[2J\nsshd: ok\x7f"), field("SYSLOG_IDENTIFIER", "x\r\n")];
    forward.forward(&fields, &stamp(), Also::default(), &mut Lost::default());
    let text = std::fs::read_to_string(root.path().join("tty")).unwrap();
    assert_eq!(text, "x? : a\tb?[2J sshd: ok?\r\n");
}
