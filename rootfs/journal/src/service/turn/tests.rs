use std::io::Write;
use std::os::unix::net::{UnixDatagram, UnixStream};

use super::*;
use crate::entry::{Entry, Id};
use crate::store::directory;
use crate::store::reader::{Direction, Query, Reader, Source};
use crate::store::verify;

const MACHINE: &str = "0123456789abcdef0123456789abcdef";

/// A host in a folder, run as an ordinary user.
struct Host {
    root: tempfile::TempDir,
    config: Config,
}

impl Host {
    fn new(text: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["etc", "proc/sys/kernel", "run/systemd/units", "dev", "var/log"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        std::fs::write(root.path().join("etc/machine-id"), MACHINE).unwrap();
        std::fs::write(root.path().join("proc/sys/kernel/hostname"), "testhost\n").unwrap();
        let (mut config, mut remarks) = (Config::default(), Vec::new());
        config.apply(text, Path::new("journald.conf"), &mut remarks);
        assert!(remarks.is_empty(), "{remarks:?}");
        Self { root, config }
    }

    fn start(&self) -> Service {
        self.start_with(Vec::new())
    }

    fn start_with(&self, passed: Vec<(String, OwnedFd)>) -> Service {
        let inputs = Inputs::open(self.root.path(), passed).unwrap();
        Service::open(self.root.path(), &self.config, &[], inputs, Manager::new(None)).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn stream(&self, unit: &str) -> UnixStream {
        let mut stream = UnixStream::connect(self.path("run/systemd/journal/stdout")).unwrap();
        stream.write_all(format!("prog\n{unit}\n6\n1\n0\n0\n0\n").as_bytes()).unwrap();
        stream
    }

    fn send(&self, socket: &str, bytes: &[u8]) {
        let path = self.path("run/systemd/journal").join(socket);
        UnixDatagram::unbound().unwrap().send_to(bytes, path).unwrap();
    }

    fn entries(&self) -> Vec<Entry> {
        let machine = Id::parse(MACHINE);
        let sources = directory::folders(self.root.path(), machine).into_iter().map(Source::Folder);
        let mut reader = Reader::open(&sources.collect::<Vec<_>>());
        reader.start(Query::default(), Direction::Forward);
        std::iter::from_fn(|| reader.next_entry().unwrap()).collect()
    }

    fn messages(&self) -> Vec<String> {
        self.entries().iter().map(|entry| entry.text("MESSAGE").unwrap_or("?").to_owned()).collect()
    }
}

/// Turns until nothing is ready any more.
fn settle(service: &mut Service) {
    for _ in 0..50 {
        service.turn(Some(Duration::from_millis(1))).unwrap();
    }
}

#[test]
fn streams_datagrams_and_syslog_lines_become_entries() {
    let host = Host::new("");
    let mut service = host.start();
    let mut stream = host.stream("a.service");
    stream.write_all(b"plain\n<3>wrong\n\npart").unwrap();
    host.send("socket", b"MESSAGE=native\nPRIORITY=2\nEXTRA=1\n_PID=9\n");
    host.send("dev-log", b"<13>Oct 11 22:14:15 su[42]: syslog\n");
    settle(&mut service);
    drop(stream);
    settle(&mut service);
    let entries = host.entries();
    let find =
        |text: &str| entries.iter().find(|entry| entry.text("MESSAGE") == Some(text)).unwrap();
    assert_eq!(find("plain").text("_SYSTEMD_UNIT"), Some("a.service"));
    assert_eq!(find("plain").text("SYSLOG_IDENTIFIER"), Some("prog"));
    assert_eq!(find("plain").text("_HOSTNAME"), Some("testhost"));
    assert_eq!((find("plain").priority(), find("wrong").priority()), (Some(6), Some(3)));
    assert_eq!(find("part").text("_LINE_BREAK"), Some("eof"));
    let own = std::process::id().to_string();
    assert_eq!(
        (find("native").text("_PID"), find("native").text("EXTRA")),
        (Some(own.as_str()), Some("1"))
    );
    assert_eq!(
        (find("syslog").text("SYSLOG_PID"), find("syslog").text("_TRANSPORT")),
        (Some("42"), Some("syslog"))
    );
    assert_eq!(entries.len(), 5);
}

#[test]
fn a_service_that_is_killed_loses_no_line_and_stores_none_twice() {
    let host = Host::new("");
    let mut stream_ends = None;
    let mut sockets = Vec::new();
    let mut stream = None;
    for round in 0..5 {
        let mut service = host.start_with(std::mem::take(&mut sockets));
        let stream = stream.get_or_insert_with(|| host.stream("a.service"));
        settle(&mut service);
        stream.write_all(format!("one {round}\ntwo {round}\nbeginning ").as_bytes()).unwrap();
        settle(&mut service);
        stream.write_all(format!("and end {round}\n").as_bytes()).unwrap();
        // What the manager keeps are further handles of the same sockets; the service is then dropped as it is.
        let keep = |socket: &OwnedFd| socket.try_clone().unwrap();
        sockets.push(("systemd-journald.socket".to_owned(), keep(&service.inputs.streams)));
        for kept in service.streams.values() {
            sockets.push(("stdout-1".to_owned(), kept.as_fd().try_clone_to_owned().unwrap()));
        }
        stream_ends = Some(stream.try_clone().unwrap());
    }
    drop((stream, stream_ends));
    let mut service = host.start_with(sockets);
    settle(&mut service);
    let found: Vec<String> = host.messages();
    let mut wanted = Vec::new();
    for round in 0..5 {
        wanted.extend([
            format!("one {round}"),
            format!("two {round}"),
            format!("beginning and end {round}"),
        ]);
    }
    assert_eq!(found, wanted);
    assert!(host.entries().iter().all(|entry| entry.text("_SYSTEMD_UNIT") == Some("a.service")));
}

#[test]
fn a_line_in_single_bytes_and_one_without_end_are_stored() {
    let host = Host::new("[Journal]\nLineMax=100\n");
    let mut service = host.start();
    let mut stream = host.stream("a.service");
    for byte in b"slowly\n" {
        stream.write_all(&[*byte]).unwrap();
        settle(&mut service);
    }
    stream.write_all(&[b'x'; 250]).unwrap();
    stream.write_all(b"\nnext\n").unwrap();
    settle(&mut service);
    let x = |count| "x".repeat(count);
    assert_eq!(host.messages(), ["slowly".to_owned(), x(100), x(100), x(50), "next".to_owned()]);
    stream.write_all(b"zero\0").unwrap();
    settle(&mut service);
    let breaks: Vec<_> =
        host.entries().iter().map(|entry| entry.text("_LINE_BREAK").map(str::to_owned)).collect();
    let [long, nul] = ["line-max", "nul"].map(|text| Some(text.to_owned()));
    assert_eq!(breaks, [None, long.clone(), long, None, None, nul]);
}

#[test]
fn a_line_ends_where_another_process_writes_on() {
    let host = Host::new("");
    let mut service = host.start();
    let mut stream = host.stream("a.service");
    settle(&mut service);
    let other = |stream: &UnixStream| {
        let output = OwnedFd::from(stream.try_clone().unwrap());
        let mut child = std::process::Command::new("echo").arg("done").stdout(output).spawn();
        let child = child.as_mut().unwrap();
        assert!(child.wait().unwrap().success());
        child.id().to_string()
    };
    stream.write_all(b"seen ").unwrap();
    settle(&mut service);
    let first = other(&stream);
    settle(&mut service);
    stream.write_all(b"whole\nunseen ").unwrap();
    let second = other(&stream);
    stream.write_all(b"last").unwrap();
    drop(stream);
    settle(&mut service);
    let own = std::process::id().to_string();
    let told = |name: &str| {
        let value = |entry: &Entry| entry.text(name).map(str::to_owned);
        host.entries().iter().map(value).collect::<Vec<_>>()
    };
    assert_eq!(host.messages(), ["seen", "done", "whole", "unseen", "done", "last"]);
    let change = Some("pid-change".to_owned());
    let breaks = [change.clone(), None, None, change, None, Some("eof".to_owned())];
    assert_eq!(told("_LINE_BREAK"), breaks);
    let writers = [&own, &first, &own, &own, &second, &own].map(|pid| Some(pid.clone()));
    assert_eq!(told("_PID"), writers);
}

#[test]
fn a_stream_that_ends_within_its_header_is_closed() {
    let host = Host::new("");
    let mut service = host.start();
    let mut stream = UnixStream::connect(host.path("run/systemd/journal/stdout")).unwrap();
    stream.write_all(b"prog\n").unwrap();
    settle(&mut service);
    assert_eq!(service.streams.len(), 1);
    drop(stream);
    settle(&mut service);
    assert_eq!(service.streams.len(), 0);
}

#[test]
fn a_new_stream_is_read_to_its_end_before_the_service_ends() {
    let host = Host::new("");
    let mut service = host.start();
    let mut stream = host.stream("a.service");
    stream.write_all(b"first\nsecond\n").unwrap();
    service.end();
    assert_eq!(host.messages(), ["first", "second"]);
}

#[test]
fn bytes_that_fill_the_socket_before_the_first_look_do_not_stop_it() {
    let host = Host::new("");
    let mut service = host.start();
    let mut stream = host.stream("a.service");
    settle(&mut service);
    stream.set_nonblocking(true).unwrap();
    let fill = |stream: &mut UnixStream| {
        (0..100_000).take_while(|_| stream.write_all(b".").is_ok()).count()
    };
    let first = fill(&mut stream);
    assert!(first >= super::super::streams::PIECE);
    settle(&mut service);
    let second = fill(&mut stream);
    assert!(second > 0);
    settle(&mut service);
    stream.write_all(b"\n").unwrap();
    settle(&mut service);
    assert_eq!(host.messages(), [".".repeat(first + second)]);
}

#[test]
fn connections_over_the_limit_are_closed_and_the_rest_goes_on() {
    let host = Host::new("");
    let mut service = host.start();
    let mut held = host.stream("held.service");
    settle(&mut service);
    let uid = rustix::process::geteuid().as_raw();
    // Root's own are counted together only.
    let most = if uid == 0 { 300 } else { MAX_USER_STREAMS };
    let mut more = Vec::new();
    for _ in 0..300 {
        more.push(host.stream("a.service"));
        service.turn(Some(Duration::ZERO)).unwrap();
    }
    settle(&mut service);
    assert!(service.streams.len() <= most.max(301));
    assert!(uid == 0 || service.streams.len() == MAX_USER_STREAMS);
    let waits = rustix::net::accept(&service.inputs.streams);
    assert!(waits.is_err(), "nothing keeps the listener ready");
    held.write_all(b"still here\n").unwrap();
    settle(&mut service);
    assert_eq!(host.messages(), ["still here"]);
}

#[test]
fn what_was_suppressed_is_told_at_the_end() {
    let host = Host::new("[Journal]\nRateLimitBurst=10\nRateLimitIntervalSec=1h\n");
    let mut service = host.start();
    let mut stream = host.stream("noisy.service");
    let lines: String = (0..1_000).map(|number| format!("line {number}\n")).collect();
    stream.write_all(lines.as_bytes()).unwrap();
    settle(&mut service);
    service.end();
    let stored = host.messages().iter().filter(|text| text.starts_with("line")).count();
    let told = host.messages().into_iter().find(|text| text.starts_with("Suppressed")).unwrap();
    assert_eq!(told, format!("Suppressed {} messages from noisy.service", 1_000 - stored));
}

#[test]
fn lines_that_a_server_missed_are_told_of_once_and_at_the_end() {
    let host = Host::new("[Journal]\nX-ForwardToRemote=tcp://127.0.0.1:1\nX-RemoteQueueSize=10\n");
    let mut service = host.start();
    let mut stream = host.stream("a.service");
    for number in 0..5 {
        stream.write_all(format!("line {number}\n").as_bytes()).unwrap();
        settle(&mut service);
    }
    let told = || -> Vec<String> {
        let counts = |entry: &Entry| entry.text("JOURNAL_NOT_FORWARDED").map(str::to_owned);
        host.entries().iter().filter_map(counts).collect()
    };
    assert_eq!(told(), ["1"]);
    service.end();
    assert_eq!(told(), ["1", "4"]);
}

#[test]
fn a_datagram_longer_than_the_window_is_taken_whole() {
    let host = Host::new("");
    let mut service = host.start();
    let (socket, text) = (UnixDatagram::unbound().unwrap(), "x".repeat(WINDOW + 1000));
    rustix::net::sockopt::set_socket_send_buffer_size_force(&socket, 4 << 20).ok();
    let path = host.path("run/systemd/journal/socket");
    // An ordinary user's buffer does not take one that long.
    if socket.send_to(format!("MESSAGE={text}\n").as_bytes(), path).is_ok() {
        settle(&mut service);
        assert_eq!(host.messages(), [text]);
    }
}

#[test]
fn what_the_log_says_of_itself_is_not_for_ordinary_users_to_say() {
    let host = Host::new("");
    let mut service = host.start();
    let own = rustix::process::geteuid().as_raw();
    let bytes = b"MESSAGE=hi\nJOURNAL_VACUUMED_TO=9\nJOURNAL_LOST=9\n\nJOURNAL_LOST_REASON=x\n";
    service.buffer[..bytes.len()].copy_from_slice(bytes);
    for (uid, names) in [(own, 4), (own + 1000, 1)] {
        let credentials = Some(Credentials { pid: 1, uid, gid: 0 });
        let received = Received { length: bytes.len(), credentials, ..Received::default() };
        let lines = service.native(received);
        assert_eq!(lines.iter().map(|line| line.fields.len()).sum::<usize>(), names, "{uid}");
    }
}

#[test]
fn the_first_look_at_the_kernels_ring_counts_what_went_before() {
    let host = Host::new("");
    std::fs::write(host.path("dev/kmsg"), "6,10,5,-;hello\n").unwrap();
    let mut service = host.start();
    settle(&mut service);
    assert!(host.entries().iter().any(|entry| entry.text("JOURNAL_LOST") == Some("10")));
}

#[test]
fn the_log_moves_from_memory_to_the_disk_and_stays_there() {
    let host = Host::new("");
    let mut service = host.start();
    host.send("socket", b"MESSAGE=early\n");
    settle(&mut service);
    assert!(host.path("run/log/journal").join(MACHINE).join("system.klog").exists());
    assert!(!host.path("var/log/journal").exists());
    service.answer(Request::Flush);
    assert!(!host.path("run/log/journal").join(MACHINE).exists());
    host.send("socket", b"MESSAGE=late\n");
    settle(&mut service);
    drop(service);
    let mut service = host.start();
    host.send("socket", b"MESSAGE=after\n");
    settle(&mut service);
    assert!(!host.path("run/log/journal").join(MACHINE).exists());
    assert_eq!(host.messages(), ["early", "late", "after"]);
    let checked = verify::folder(&host.path("var/log/journal").join(MACHINE)).unwrap();
    assert!(checked.iter().all(|checked| checked.problems.is_empty()), "{checked:?}");
}

#[test]
fn a_disk_that_refuses_leaves_the_log_in_memory_until_it_takes_it() {
    let host = Host::new("");
    let mut service = host.start();
    // A file where the folder should be refuses even root.
    std::fs::write(host.path("var/log/journal"), b"").unwrap();
    host.send("socket", b"MESSAGE=one\n");
    settle(&mut service);
    service.answer(Request::Flush);
    host.send("socket", b"MESSAGE=two\n");
    settle(&mut service);
    let found = host.messages();
    assert!(found.contains(&"one".to_owned()) && found.contains(&"two".to_owned()));
    assert!(found.iter().any(|text| text.starts_with("The log stays in memory")), "{found:?}");
    std::fs::remove_file(host.path("var/log/journal")).unwrap();
    service.answer(Request::Flush);
    assert_eq!(host.messages()[0], "one");
    assert!(host.path("var/log/journal").join(MACHINE).exists());
}

#[test]
fn a_unit_over_its_rate_is_cut_and_the_gap_is_told() {
    let host = Host::new("[Journal]\nRateLimitBurst=10\nRateLimitIntervalSec=100ms\n");
    let mut service = host.start();
    let mut stream = host.stream("noisy.service");
    let lines: String = (0..1_000).map(|number| format!("line {number}\n")).collect();
    stream.write_all(lines.as_bytes()).unwrap();
    let told = |host: &Host| {
        let lost =
            |entry: &Entry| entry.text("JOURNAL_LOST").and_then(|text| text.parse::<usize>().ok());
        host.entries().iter().filter_map(lost).sum::<usize>()
    };
    for _ in 0..1_000 {
        service.turn(Some(Duration::from_millis(5))).unwrap();
        if told(&host) > 0 {
            break;
        }
    }
    let stored = host.messages().iter().filter(|text| text.starts_with("line")).count();
    assert_eq!(stored + told(&host), 1_000);
    assert!(host.messages().iter().any(|text| text.starts_with("Suppressed")));
}

#[test]
fn cut_off_datagrams_are_counted() {
    let host = Host::new("");
    let mut service = host.start();
    host.send("socket", b"MESSAGE=ok\nBIN\n\x09\0\0");
    settle(&mut service);
    assert_eq!(host.messages()[0], "ok");
    assert!(
        host.entries().iter().any(|entry| entry.text("JOURNAL_LOST_REASON") == Some("malformed"))
    );
}

#[test]
fn requests_are_answered_after_what_came_before_them() {
    let host = Host::new("");
    let mut service = host.start();
    let root = host.root.path().to_owned();
    host.send("socket", b"MESSAGE=before\n");
    let client = std::thread::spawn(move || control::ask(&root, Request::Flush));
    while !client.is_finished() {
        service.turn(Some(Duration::from_millis(5))).unwrap();
    }
    client.join().unwrap().unwrap();
    assert_eq!(host.messages(), ["before"]);
    service.end();
    assert!(!control::path(host.root.path()).exists());
}

#[test]
fn crash_records_of_the_kernel_are_taken_in_when_asked_for_and_kept() {
    let host = Host::new("");
    let record = host.path("sys/fs/pstore/dmesg-efi-1");
    std::fs::create_dir_all(record.parent().unwrap()).unwrap();
    std::fs::write(&record, "Panic#1 Part1\n<0>[ 1.0] Kernel panic\n").unwrap();
    let mut service = host.start();
    assert_eq!(host.messages(), [""; 0], "their drivers have not come yet");
    service.answer(Request::CrashRecords);
    let entries = host.entries();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].priority(), Some(2));
    let panic = &entries[1];
    assert_eq!(panic.text("MESSAGE"), Some("[ 1.0] Kernel panic"));
    assert_eq!((panic.priority(), panic.text("PSTORE_FILE")), (Some(0), Some("dmesg-efi-1")));
    assert!(!record.exists());
    assert_eq!(std::fs::read_dir(host.path("var/lib/systemd/pstore")).unwrap().count(), 1);
    service.answer(Request::CrashRecords);
    assert_eq!(host.entries().len(), 2);
}

#[test]
fn the_kernels_ring_is_read_on_from_its_mark() {
    let host = Host::new("");
    // One record a read, as the kernel gives them, cannot be had from a file: the first alone counts here.
    std::fs::write(host.path("dev/kmsg"), "6,10,5,-;hello\n").unwrap();
    std::fs::create_dir_all(host.path("run/systemd/journal")).unwrap();
    std::fs::write(host.path("run/systemd/journal/kernel-seqnum"), "7").unwrap();
    let mut service = host.start();
    settle(&mut service);
    let entries = host.entries();
    assert_eq!(entries[0].text("_TRANSPORT"), Some("kernel"));
    assert_eq!(entries[0].text("SYSLOG_IDENTIFIER"), Some("kernel"));
    assert_eq!(
        entries[1].text("MESSAGE"),
        Some("Missed 3 messages: overwritten in the kernel's ring before they were read")
    );
    drop(service);
    let mut service = host.start();
    settle(&mut service);
    assert_eq!(host.entries().len(), 2);
}

#[test]
fn lines_that_a_killed_service_stored_but_left_in_the_socket_are_not_stored_again() {
    let host = Host::new("");
    let mut service = host.start();
    let mut stream = host.stream("a.service");
    stream.write_all(b"one\n<7>two\n").unwrap();
    settle(&mut service);
    let id = host.entries()[0].text("_STREAM_ID").unwrap().to_owned();
    let kept = service.streams.values().next().unwrap().as_fd().try_clone_to_owned().unwrap();
    let listener = service.inputs.streams.try_clone().unwrap();
    drop(service);
    // As a SIGKILL between storing and taking out leaves it.
    std::fs::write(host.path("run/systemd/journal/reading"), format!("+{:020} {id}\n", 0)).unwrap();
    stream.write_all(b"one\n<7>two\nthree\none\n").unwrap();
    let passed = [("systemd-journald.socket", listener), ("stdout-1", kept)];
    let passed = passed.map(|(name, socket)| (name.to_owned(), socket)).into();
    let mut service = host.start_with(passed);
    settle(&mut service);
    stream.write_all(b"two\n").unwrap();
    settle(&mut service);
    assert_eq!(host.messages(), ["one", "two", "three", "one", "two"]);
}

#[test]
fn a_log_that_no_store_takes_is_told_in_the_kernels_ring() {
    let host = Host::new("[Journal]\nReadKMsg=no\n");
    std::fs::write(host.path("run/log"), b"no folder").unwrap();
    std::fs::write(host.path("dev/kmsg"), b"").unwrap();
    let mut service = host.start();
    host.send("socket", b"MESSAGE=lost\n");
    settle(&mut service);
    let ring = std::fs::read_to_string(host.path("dev/kmsg")).unwrap();
    assert!(ring.contains("The log cannot be kept in memory"), "{ring}");
    assert!(ring.contains("The log is kept nowhere"), "{ring}");
}
