use proptest::prelude::*;

use super::attribute::{Attributes, Writer};
use super::event::{self, Event};
use super::message::{Message, Messages, encode};
use super::object::{Address, Route, Rule};
use super::request;

fn read_back(request: &request::Request) -> Option<Event> {
    let bytes = encode(request.kind, request.flags, 9, &request.payload);
    let message = Messages(&bytes).next().unwrap();
    assert_eq!((message.sequence, message.kind), (9, request.kind));
    event::read(&message)
}

#[test]
fn addresses_and_routes_are_read_as_they_were_written() {
    for text in ["10.0.0.2/24", "2001:db8::2/64", "fe80::1/64", "10.0.0.2/32"] {
        let mut address = Address::new(7, text.parse().unwrap());
        address.metric = Some(1024);
        address.lifetime = (60, 90);
        assert_eq!(read_back(&request::put_address(&address)), Some(Event::Address(address)));
    }
    for (destination, gateway) in
        [("10.0.0.0/8", Some("10.1.0.1")), ("::/0", Some("fe80::1")), ("0.0.0.0/0", None)]
    {
        let mut route =
            Route::new(7, destination.parse().unwrap(), gateway.map(|ip| ip.parse().unwrap()));
        (route.metric, route.mtu, route.table, route.on_link) = (Some(7), Some(1400), 1000, true);
        assert_eq!(read_back(&request::add_route(&route)), Some(Event::Routes(vec![route])));
    }
}

#[test]
fn a_port_that_leaves_its_bridge_is_not_gone() {
    let mut message = request::delete_link(7);
    assert_eq!(read_back(&message), Some(Event::LinkGone(7)));
    message.payload[0] = 7;
    assert_eq!(read_back(&message), None);
}

#[test]
fn rules_are_read_as_they_were_written() {
    let narrow = Rule {
        ipv6: true,
        from: "2001:db8::/32".parse().ok(),
        to: "2001:db8:1::/48".parse().ok(),
        incoming: Some("n0".to_owned()),
        outgoing: Some("n1".to_owned()),
        mark: Some((5, 0xff)),
        priority: Some(100),
        table: 1000,
        action: 1,
        tos: 8,
        inverted: true,
        suppressed_length: Some(0),
        protocol: Some(6),
        source_ports: Some((1024, 2048)),
        destination_ports: Some((53, 53)),
        users: Some((0, 999)),
    };
    for rule in [narrow, Rule { table: 254, action: 8, ..Rule::default() }] {
        assert_eq!(read_back(&request::add_rule(&rule)), Some(Event::Rule(rule.clone())));
        let have = Rule { priority: rule.priority.or(Some(32765)), ..rule.clone() };
        assert!(rule.made(&have) && !rule.made(&Rule { table: 7, ..have }));
    }
}

#[test]
fn an_mtu_keeps_to_the_limits_of_the_driver() {
    let mut link = Writer(request::link_head(7, (0, 0)));
    link.text(3, "n0").u32(50, 68).u32(51, 1500);
    let request = request::Request { kind: 16, flags: 0, payload: link.0 };
    let Some(Event::Link(mut link)) = read_back(&request) else { panic!("no link") };
    assert_eq!([9000, 1400, 20].map(|mtu| link.possible_mtu(mtu)), [1500, 1400, 68]);
    link.mtu_limits = (0, 0);
    assert_eq!(link.possible_mtu(9000), 9000);
}

#[test]
fn a_route_is_added_beside_those_of_other_links() {
    let route = Route::new(7, "0.0.0.0/0".parse().unwrap(), "10.0.0.1".parse().ok());
    let flags = super::message::ACK | super::message::CREATE | super::message::APPEND;
    assert_eq!(request::add_route(&route).flags, flags);
}

#[test]
fn an_ipv6_route_with_several_ways_is_as_many_routes() {
    let way = |index, gateway: &str| Route {
        on_link: index == 8,
        ..Route::new(index, "2001:db8::/32".parse().unwrap(), gateway.parse().ok())
    };
    let ways = vec![way(7, "fe80::1"), way(8, "fe80::2")];
    let mut message = request::add_route(&Route { index: None, ..way(0, "") });
    let mut hops = Vec::new();
    for way in &ways {
        let mut hop = Writer(vec![28, 0, if way.on_link { 4 } else { 0 }, 0]);
        hop.0.extend(way.index.unwrap().to_ne_bytes());
        hop.ip(5, way.gateway.unwrap());
        hops.extend(hop.0);
    }
    let mut payload = Writer(message.payload);
    payload.bytes(9, &hops);
    message.payload = payload.0;
    assert_eq!(read_back(&message), Some(Event::Routes(ways)));
}

#[test]
fn an_error_is_an_answer_with_its_number() {
    let bytes = encode(super::message::ERROR, 0, 3, &(-17_i32).to_ne_bytes());
    assert_eq!(event::read(&Messages(&bytes).next().unwrap()), Some(Event::Answer(17)));
}

#[test]
fn nested_attributes_are_walked_and_broken_ones_end_the_walk() {
    let mut writer = Writer::default();
    writer.text(3, "eth0").nest(18, |info| {
        info.text(1, "vlan").u16(2, 5);
    });
    let found: Vec<_> = Attributes(&writer.0).collect();
    assert_eq!((found[0].text().as_str(), found[1].kind), ("eth0", 18));
    assert_eq!(found[1].nested().map(|inner| inner.kind).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(Attributes(&writer.0[..8]).count(), 0);
    assert_eq!(Attributes(&[0; 16]).count(), 0);
}

proptest! {
    #[test]
    fn random_messages_never_panic(kind in 0_u16..80, noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = event::read(&Message { kind, sequence: 0, payload: &noise });
    }

    #[test]
    fn random_datagrams_never_panic_and_end(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        for message in Messages(&noise) {
            let _ = event::read(&message);
        }
    }
}
