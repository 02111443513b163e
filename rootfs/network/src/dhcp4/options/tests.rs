use super::*;
use crate::address::Mac;

fn with(options: &[(u8, &[u8])]) -> Packet {
    let mut packet = Packet::request(1, Mac([0; 6]));
    packet.options.extend(options.iter().map(|(code, value)| (*code, value.to_vec())));
    packet
}

fn shown(packet: &Packet) -> Vec<String> {
    routes(packet).iter().map(|route| format!("{} {}", route.destination, route.gateway)).collect()
}

#[test]
fn classless_routes_take_the_place_of_the_router_unless_they_are_malformed() {
    let router = (code::ROUTER, &[10, 0, 0, 1][..]);
    for (value, expected) in [
        (&[0, 10, 0, 0, 2][..], &["0.0.0.0/0 10.0.0.2"][..]),
        (&[24, 192, 168, 1, 0, 0, 0, 0], &["192.168.1.0/24 0.0.0.0"]),
        (&[17, 10, 27, 129, 10, 0, 0, 2], &["10.27.128.0/17 10.0.0.2"]),
        (&[33, 1, 2, 3, 4, 5, 10, 0, 0, 2], &["0.0.0.0/0 10.0.0.1"]),
        (&[24, 192], &["0.0.0.0/0 10.0.0.1"]),
        (&[], &["0.0.0.0/0 10.0.0.1"]),
    ] {
        assert_eq!(shown(&with(&[router, (code::CLASSLESS_ROUTES, value)])), expected, "{value:?}");
    }
}

#[test]
fn old_static_routes_have_the_length_of_their_class() {
    let value = [10, 1, 2, 3, 10, 0, 0, 2, 192, 168, 1, 9, 10, 0, 0, 3, 0, 0, 0, 0, 1, 1, 1, 1];
    assert_eq!(
        shown(&with(&[(code::STATIC_ROUTE, &value)])),
        ["10.0.0.0/8 10.0.0.2", "192.168.1.0/24 10.0.0.3"]
    );
}

#[test]
fn names_that_are_none_are_absent() {
    for (value, expected) in [
        (&b"host"[..], Some("host")),
        (b"host.example.org\0", Some("host.example.org")),
        (b"$(reboot)", None),
        (b"a\nnameserver 6.6.6.6", None),
        (b"\xff", None),
        (b"", None),
    ] {
        assert_eq!(
            name(&with(&[(code::HOSTNAME, value)]), code::HOSTNAME).as_deref(),
            expected,
            "{value:?}"
        );
    }
}
