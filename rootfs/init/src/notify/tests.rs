use super::*;
use proptest::prelude::*;

#[test]
fn messages_are_parsed_line_by_line() {
    let text = "READY=1\nSTATUS=up\nMAINPID=42\nX_OWN=1\nnonsense\nERRNO=2\nWATCHDOG=trigger\n\
                WATCHDOG_USEC=1000\nEXTEND_TIMEOUT_USEC=2000\nFDSTORE=1\nFDNAME=a b\nFDPOLL=0\nBARRIER=1\n\
                RELOADING=1\nMONOTONIC_USEC=3\nSTOPPING=1";
    assert_eq!(
        Message::parse(text.as_bytes()),
        Message {
            ready: true,
            reloading: true,
            stopping: true,
            monotonic: Some(Duration::from_micros(3)),
            status: Some("up".to_owned()),
            errno: Some(2),
            main_pid: Pid::from_raw(42),
            beat: Some(Beat::Trigger),
            watchdog_interval: Some(Duration::from_millis(1)),
            extend_timeout: Some(Duration::from_millis(2)),
            store: Store::Add,
            store_name: Some("a b".to_owned()),
            store_unpolled: true,
            barrier: true,
        }
    );
    for text in [
        &b"READY=0\nMAINPID=-x\n\xff"[..],
        b"MAINPID=1",
        b"MAINPID=-3",
        b"FDNAME=a:b",
        b"FDNAME=\x01",
    ] {
        assert_eq!(Message::parse(text), Message::default(), "{text:?}");
    }
}

#[test]
fn a_message_arrives_with_its_sender() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let notify = NotifySocket::bind(&path).expect("a socket");
    assert!(notify.receive().is_none());
    let client = UnixDatagram::unbound().expect("a client");
    client.send_to(b"READY=1", &path).expect("sending");
    client.send_to(&vec![b'x'; LONGEST + 1], &path).expect("sending");
    client.send_to(b"STOPPING=1", &path).expect("sending");
    let first = notify.receive().expect("a message");
    assert_eq!((first.sender, first.message.ready), (rustix::process::getpid(), true));
    let second = notify.receive().expect("the one that is too long is passed over");
    assert!(second.message.stopping);
    assert!(notify.receive().is_none());
}

proptest! {
    #[test]
    fn random_bytes_are_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _message = Message::parse(&bytes);
    }
}
