use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::dhcp4::options::StaticRoute;

fn lease(address: &str, gateway: [u8; 4]) -> Lease4 {
    Lease4 {
        prefix: address.parse().unwrap(),
        server: Ipv4Addr::new(10, 0, 0, 1),
        acquired: Duration::from_secs(100),
        lifetime: Some(Duration::from_secs(1000)),
        t1: Duration::from_secs(500),
        t2: Duration::from_secs(800),
        routes: vec![StaticRoute {
            destination: "0.0.0.0/0".parse().unwrap(),
            gateway: gateway.into(),
        }],
        dns: Vec::new(),
        ntp: Vec::new(),
        domain: None,
        search: Vec::new(),
        hostname: None,
        mtu: Some(1400),
    }
}

fn desired(lease: &Lease4) -> Desired {
    let mut network = Network::empty(PathBuf::new());
    network.dhcp4.uses.mtu = true;
    of(
        &network,
        7,
        Leases { v4: Some(lease), now: Duration::from_millis(300_500), ..Leases::default() },
    )
}

#[test]
fn a_lease_gives_an_address_for_what_is_left_of_its_time() {
    let desired = desired(&lease("10.0.0.9/24", [10, 0, 0, 1]));
    assert_eq!(desired.addresses[0].lifetime, (800, 800));
    assert_eq!((desired.mtu, desired.routes.len()), (Some(1400), 1));
    let route = &desired.routes[0];
    assert_eq!((route.metric, route.protocol, route.on_link), (Some(1024), PROTOCOL_DHCP, false));
    assert_eq!(route.source, "10.0.0.9".parse().ok());
}

#[test]
fn a_leases_mtu_leaves_ipv6_possible_and_gives_way_to_that_of_the_file() {
    let lease = Lease4 { mtu: Some(600), ..lease("10.0.0.9/24", [10, 0, 0, 1]) };
    let mtu = |ipv6: bool, of_file: Option<u32>| {
        let mut network = Network::empty(PathBuf::new());
        (network.dhcp4.uses.mtu, network.link_local.ipv6, network.link.mtu) = (true, ipv6, of_file);
        of(&network, 7, Leases { v4: Some(&lease), ..Leases::default() }).mtu
    };
    let found = [mtu(true, None), mtu(false, None), mtu(true, Some(1400))];
    assert_eq!(found, [Some(1280), Some(600), None]);
}

#[test]
fn the_default_route_is_taken_as_the_rest_unless_the_file_says_otherwise() {
    let mut lease = lease("10.0.0.9/24", [10, 0, 0, 1]);
    let destination = "192.168.0.0/24".parse().unwrap();
    lease.routes.push(StaticRoute { destination, gateway: [10, 0, 0, 2].into() });
    for (routes, gateway, expected) in [
        (true, None, vec![0, 24]),
        (true, Some(false), vec![24]),
        (false, None, vec![]),
        (false, Some(true), vec![0]),
    ] {
        let mut network = Network::empty(PathBuf::new());
        (network.dhcp4.uses.routes, network.dhcp4.uses.gateway) = (routes, gateway);
        let found = of(&network, 7, Leases { v4: Some(&lease), ..Leases::default() });
        let lengths: Vec<_> = found.routes.iter().map(|route| route.destination.length).collect();
        assert_eq!(lengths, expected, "{routes} {gateway:?}");
    }
}

#[test]
fn a_link_local_address_is_of_the_link_alone() {
    let leases = Leases { link_local4: "169.254.7.9".parse().ok(), ..Leases::default() };
    let desired = of(&Network::empty(PathBuf::new()), 7, leases);
    let address = &desired.addresses[0];
    assert_eq!((address.prefix.to_string().as_str(), address.scope), ("169.254.7.9/16", 253));
    assert!(desired.routes.is_empty());
}

#[test]
fn a_router_outside_the_network_is_taken_to_be_on_the_link() {
    assert!(desired(&lease("10.0.0.9/32", [10, 0, 0, 1])).routes[0].on_link);
}

#[test]
fn what_is_as_wished_stays_and_what_is_not_goes() {
    let desired = desired(&lease("10.0.0.9/24", [10, 0, 0, 1]));
    assert_eq!(changes(&desired, &desired.addresses, &desired.routes), Changes::default());
    let old = self::desired(&lease("10.0.0.8/24", [10, 0, 0, 2]));
    let found = changes(&desired, &old.addresses, &old.routes);
    assert_eq!((&found.old_addresses, &found.old_routes), (&old.addresses, &old.routes));
    assert_eq!((&found.addresses, &found.routes), (&desired.addresses, &desired.routes));
    let found = changes(&Desired::default(), &old.addresses, &old.routes);
    assert_eq!(
        (found.old_addresses.len(), found.old_routes.len(), found.addresses.len()),
        (1, 1, 0)
    );
}

#[test]
fn a_route_with_another_mtu_is_made_anew() {
    let desired = desired(&lease("10.0.0.9/24", [10, 0, 0, 1]));
    let old = Route { mtu: Some(1400), ..desired.routes[0].clone() };
    let found = changes(&desired, &desired.addresses, std::slice::from_ref(&old));
    assert_eq!((found.old_routes, found.routes), (vec![old], desired.routes));
}

#[test]
fn a_lease_read_from_its_file_is_the_same() {
    let lease = lease("10.0.0.9/24", [10, 0, 0, 1]);
    assert_eq!(Lease4::from_text(&lease.to_text()), Some(lease));
    for text in
        ["", "ADDRESS=10.0.0.9\n", "ADDRESS=x\nPREFIXLEN=24\nSERVER_ADDRESS=10.0.0.1\nLIFETIME=5\n"]
    {
        assert_eq!(Lease4::from_text(text), None);
    }
}
