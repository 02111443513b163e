//! Sockets of all kinds, opened, used and closed.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;

use keelson_units::model::{Listen, Socket, SocketAddress, UnitName};
use rustix::net::sockopt;

use super::{Listening, OpenError, Owner, Peer, Source, accept, accepts, close, flush, open, show};

fn unit() -> UnitName {
    "test.socket".parse().unwrap()
}

fn socket(listen: Vec<Listen>) -> Socket {
    Socket { listen, ..Socket::default() }
}

fn opened(socket: &Socket) -> Vec<Listening> {
    let mut warnings = Vec::new();
    let listening = open(&unit(), socket, &mut warnings).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    listening
}

fn unix(path: &Path) -> SocketAddress {
    SocketAddress::Unix(path.to_owned())
}

fn local(port: u16) -> SocketAddress {
    SocketAddress::Ip(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

fn port_of(listening: &Listening) -> u16 {
    let address = rustix::net::getsockname(&listening.descriptor).unwrap();
    SocketAddr::try_from(address).unwrap().port()
}

#[test]
fn a_path_is_listened_on_with_its_mode_folders_and_links() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/deep/test.sock");
    let link = folder.path().join("links/alias.sock");
    let socket = Socket {
        mode: Some(0o620),
        directory_mode: Some(0o711),
        symlinks: vec![link.clone()],
        remove_on_stop: true,
        ..socket(vec![Listen::Stream(unix(&path))])
    };
    let listening = opened(&socket);
    assert_eq!(listening[0].name, "test.socket");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o620);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o711);
    UnixStream::connect(&link).unwrap();
    close(&socket, listening, &mut Vec::new());
    assert!(!path.exists() && fs::symlink_metadata(&link).is_err());
}

#[test]
fn a_node_has_its_mode_whatever_the_umask_says() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o666, 0o600, 0o020] {
        for listen in [Listen::Stream, Listen::Datagram] {
            let path = folder.path().join("test.sock");
            let _listening =
                opened(&Socket { mode: Some(mode), ..socket(vec![listen(unix(&path))]) });
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode);
        }
    }
}

#[test]
fn the_socket_of_an_earlier_run_is_replaced_and_a_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sock");
    drop(UnixListener::bind(&path).unwrap());
    drop(opened(&socket(vec![Listen::Stream(unix(&path))])));
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    let error =
        open(&unit(), &socket(vec![Listen::Stream(unix(&path))]), &mut Vec::new()).unwrap_err();
    assert!(matches!(error, OpenError::Listen { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn every_kind_is_opened_in_the_order_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let name = format!("keelson-test-{}", std::process::id());
    let listen = vec![
        Listen::Stream(unix(&path("stream"))),
        Listen::Datagram(unix(&path("datagram"))),
        Listen::SequentialPacket(unix(&path("packet"))),
        Listen::Stream(SocketAddress::Abstract(name.clone())),
        Listen::Stream(local(0)),
        Listen::Datagram(local(0)),
        Listen::Fifo(path("fifo")),
        Listen::Special("/dev/null".into()),
        Listen::Netlink("route".into(), 0),
    ];
    let socket = Socket { descriptor_name: Some("mine".into()), ..socket(listen.clone()) };
    let listening = opened(&socket);
    assert_eq!(listening.iter().map(|one| one.listen.clone()).collect::<Vec<_>>(), listen);
    assert!(listening.iter().all(|one| one.name == "mine"));
    for one in &listening {
        let flags = rustix::fs::fcntl_getfl(one).unwrap();
        assert!(flags.contains(rustix::fs::OFlags::NONBLOCK), "{}", show(&one.listen));
        let flags = rustix::io::fcntl_getfd(one).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC), "{}", show(&one.listen));
    }
    assert!(fs::metadata(path("fifo")).unwrap().file_type().is_fifo());
    UnixDatagram::unbound().unwrap().send_to(b"x", path("datagram")).unwrap();
    TcpStream::connect((Ipv4Addr::LOCALHOST, port_of(&listening[4]))).unwrap();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    sender.send_to(b"x", (Ipv4Addr::LOCALHOST, port_of(&listening[5]))).unwrap();
}

#[test]
fn a_message_queue_has_its_sizes_and_goes_with_the_unit() {
    let name = format!("/keelson-test-{}", std::process::id());
    let socket = Socket {
        queue_messages: Some(3),
        queue_message_size: Some(64),
        remove_on_stop: true,
        ..socket(vec![Listen::MessageQueue(name.clone())])
    };
    let listening = opened(&socket);
    let mut warnings = Vec::new();
    close(&socket, listening, &mut warnings);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(crate::sys::unlink_queue(&name).is_err(), "it is gone");
}

#[test]
fn one_line_that_fails_fails_all() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = vec![Listen::Stream(unix(&folder.path().join("a"))), Listen::Stream(local(port))];
    let error = open(&unit(), &socket(listen), &mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().starts_with(&format!("listening on 127.0.0.1:{port} failed: ")),
        "{error}"
    );
    let nobody = Socket { user: Some("no such user".into()), ..socket(vec![]) };
    assert!(matches!(open(&unit(), &nobody, &mut Vec::new()), Err(OpenError::Owner(_))));
}

#[test]
fn options_are_set() {
    let socket = Socket {
        keep_alive: true,
        no_delay: true,
        broadcast: true,
        free_bind: true,
        reuse_port: true,
        ip_ttl: Some(7),
        ip_tos: Some(16),
        priority: Some(3),
        keep_alive_time: Some(std::time::Duration::from_secs(11)),
        keep_alive_probes: Some(4),
        pass_packet_info: true,
        timestamping: Some(true),
        receive_buffer: Some(64 << 10),
        tcp_congestion: Some("reno".into()),
        ..socket(vec![Listen::Stream(local(0))])
    };
    let listening = opened(&socket);
    let one = listening[0].as_fd();
    assert!(sockopt::socket_keepalive(one).unwrap() && sockopt::tcp_nodelay(one).unwrap());
    assert!(sockopt::socket_broadcast(one).unwrap() && sockopt::socket_reuseport(one).unwrap());
    assert!(sockopt::ip_freebind(one).unwrap());
    assert_eq!(sockopt::ip_ttl(one).unwrap(), 7);
    assert_eq!(sockopt::ip_tos(one).unwrap(), 16);
    assert_eq!(sockopt::tcp_keepidle(one).unwrap().as_secs(), 11);
    assert_eq!(sockopt::tcp_keepcnt(one).unwrap(), 4);
    assert!(sockopt::socket_recv_buffer_size(one).unwrap() >= 64 << 10);
    assert_eq!(sockopt::tcp_congestion(one).unwrap(), "reno");
}

#[test]
fn an_option_that_the_kernel_refuses_is_told_and_passed_over() {
    let socket =
        Socket { tcp_congestion: Some("no-such".into()), ..socket(vec![Listen::Stream(local(0))]) };
    let mut warnings = Vec::new();
    assert_eq!(open(&unit(), &socket, &mut warnings).unwrap().len(), 1);
    assert!(warnings[0].starts_with("setting TCPCongestion failed"), "{warnings:?}");
}

#[test]
fn credentials_come_with_messages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let socket = Socket { pass_credentials: true, ..socket(vec![Listen::Datagram(unix(&path))]) };
    let listening = opened(&socket);
    assert!(sockopt::socket_passcred(&listening[0]).unwrap());
}

#[test]
fn connections_have_the_names_of_their_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let socket = Socket {
        accept: true,
        ..socket(vec![Listen::Stream(unix(&path)), Listen::Stream(local(0))])
    };
    let listening = opened(&socket);
    assert!(listening.iter().all(|one| accepts(&socket, &one.listen)));
    assert!(accept(&listening[0]).unwrap().is_none());

    let mut client = UnixStream::connect(&path).unwrap();
    let connection = accept(&listening[0]).unwrap().unwrap();
    let (pid, uid) = (std::process::id(), rustix::process::getuid().as_raw());
    assert_eq!(connection.instance(3), format!("3-{pid}-{uid}"));
    assert_eq!(connection.source(), Some(Source::User(uid)));
    assert_eq!(connection.environment(), []);
    // Blocking, as services that know nothing of this expect.
    let mut server = UnixStream::from(connection.descriptor);
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();

    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port_of(&listening[1]))).unwrap();
    let connection = accept(&listening[1]).unwrap().unwrap();
    let (local, remote) = (client.peer_addr().unwrap(), client.local_addr().unwrap());
    assert_eq!(connection.instance(7), format!("7-{local}-{remote}"));
    let template: UnitName = "foo@.service".parse().unwrap();
    assert!(template.with_instance(&connection.instance(7)).is_ok());
    let expected =
        [("REMOTE_ADDR", "127.0.0.1".to_owned()), ("REMOTE_PORT", remote.port().to_string())];
    assert_eq!(connection.environment(), expected);
    assert_eq!(connection.source(), Some(Source::Address(remote.ip())));
}

#[test]
fn names_of_instances_are_names_of_units() {
    let peers = [
        Peer::Ip {
            local: "[::1]:22".parse().unwrap(),
            remote: "[fe80::1%3]:5000".parse().unwrap(),
        },
        Peer::Vsock { cid: 2, port: 1000 },
        Peer::Unknown,
    ];
    let template: UnitName = "foo@.service".parse().unwrap();
    for peer in peers {
        assert!(template.with_instance(&format!("0-{peer}")).is_ok(), "{peer}");
    }
}

#[test]
fn flushing_empties_and_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let (stream, datagram) = (folder.path().join("s"), folder.path().join("d"));
    let listening =
        opened(&socket(vec![Listen::Stream(unix(&stream)), Listen::Datagram(unix(&datagram))]));
    let mut client = UnixStream::connect(&stream).unwrap();
    UnixDatagram::unbound().unwrap().send_to(b"old", &datagram).unwrap();
    flush(&listening);
    assert!(accept(&listening[0]).unwrap().is_none());
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "the connection was closed");
    assert!(rustix::io::read(&listening[1], &mut [0; 8]).is_err());
    assert!(!accepts(&Socket { accept: true, ..Socket::default() }, &listening[1].listen));
}

#[test]
fn owners_are_found_by_name_and_number() {
    let root = Owner::of(Some("root"), None).unwrap();
    assert_eq!(root.user.map(rustix::fs::Uid::as_raw), Some(0));
    assert_eq!(root.group.map(rustix::fs::Gid::as_raw), Some(0));
    assert_eq!(
        Owner::of(Some("4711"), None).unwrap().user.map(rustix::fs::Uid::as_raw),
        Some(4711)
    );
    assert!(Owner::of(None, None).unwrap().is_own());
    assert!(Owner::of(None, Some("no such group")).is_err());
}

#[test]
fn lines_are_shown_as_they_are_written() {
    let rows = [
        (Listen::Stream(SocketAddress::Abstract("x".into())), "@x"),
        (Listen::Stream(SocketAddress::Vsock(u32::MAX, 5)), "vsock::5"),
        (Listen::Datagram(SocketAddress::Ip("[::]:80".parse().unwrap())), "[::]:80"),
        (Listen::Netlink("route".into(), 3), "route 3"),
    ];
    for (listen, text) in rows {
        assert_eq!(show(&listen), text);
    }
}
