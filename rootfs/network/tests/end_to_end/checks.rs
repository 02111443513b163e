//! What the service must do, each from an empty namespace.

use std::process::ExitCode;
use std::time::Duration;

use keelson_network::dhcp4::options::{MessageType, code};
use keelson_network::netlink::object::IFF_UP;
use keelson_network::netlink::request::{self, LinkChange};
use keelson_network::service::control::{Request, ask};
use keelson_network::wait_online::{Wish, wait};

use crate::host::Host;
use crate::link_local;
use crate::server::Server;
use crate::settings;

pub const ALL: &[(&str, fn())] = &[
    (
        "a_lease_gives_address_routes_names_and_a_state",
        a_lease_gives_address_routes_names_and_a_state,
    ),
    ("two_cards_have_a_default_route_each", two_cards_have_a_default_route_each),
    (
        "a_static_route_waits_for_the_lease_that_leads_to_it",
        a_static_route_waits_for_the_lease_that_leads_to_it,
    ),
    ("a_lease_is_renewed_by_unicast", a_lease_is_renewed_by_unicast),
    (
        "a_refused_lease_is_dropped_and_another_is_asked_for",
        a_refused_lease_is_dropped_and_another_is_asked_for,
    ),
    (
        "a_lease_nobody_renews_is_lost_and_found_again",
        a_lease_nobody_renews_is_lost_and_found_again,
    ),
    ("a_lease_that_is_to_be_kept_outlasts_its_end", a_lease_that_is_to_be_kept_outlasts_its_end),
    (
        "a_flap_keeps_the_address_and_a_long_loss_takes_it",
        a_flap_keeps_the_address_and_a_long_loss_takes_it,
    ),
    (
        "a_link_that_was_down_for_a_moment_has_everything_again",
        a_link_that_was_down_for_a_moment_has_everything_again,
    ),
    ("another_hardware_address_is_another_client", another_hardware_address_is_another_client),
    (
        "a_killed_service_takes_its_lease_over_without_a_gap",
        a_killed_service_takes_its_lease_over_without_a_gap,
    ),
    (
        "static_settings_are_made_and_taken_back_by_a_reload",
        settings::static_settings_are_made_and_taken_back_by_a_reload,
    ),
    (
        "rules_neighbours_and_routes_to_nowhere_are_taken_back",
        settings::rules_neighbours_and_routes_to_nowhere_are_taken_back,
    ),
    (
        "bridges_veth_pairs_and_upper_links_are_made",
        settings::bridges_veth_pairs_and_upper_links_are_made,
    ),
    ("kinds_this_kernel_lacks_fail_alone", settings::kinds_this_kernel_lacks_fail_alone),
    (
        "a_router_gives_an_address_a_route_and_name_servers",
        a_router_gives_an_address_a_route_and_name_servers,
    ),
    (
        "a_link_local_address_is_found_defended_and_given_up_for_a_lease",
        link_local::a_link_local_address_is_found_defended_and_given_up_for_a_lease,
    ),
    (
        "a_flap_keeps_a_link_local_address_and_a_long_loss_takes_it",
        link_local::a_flap_keeps_a_link_local_address_and_a_long_loss_takes_it,
    ),
    (
        "of_arp_only_what_names_a_link_local_address_is_heard",
        link_local::of_arp_only_what_names_a_link_local_address_is_heard,
    ),
    ("wait_online_returns_when_the_lease_is_there", wait_online_returns_when_the_lease_is_there),
];

pub const DHCP: &str = "[Match]\nName=n0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n";

/// A host with a link whose far end has a server.
pub fn served(files: &[(&str, &str)]) -> (Host, Server) {
    let mut host = Host::new(files);
    let server = Server::new();
    host.veth("n0", "f0", server.thread);
    server.serve("f0");
    (host, server)
}

fn a_lease_gives_address_routes_names_and_a_state() {
    let (mut host, server) = served(&[("n0.network", DHCP)]);
    server.change(|plan| {
        // 192.168.7.0/24 by 10.9.0.2, and the default route by 10.9.0.1 (RFC 3442).
        let routes = vec![24, 192, 168, 7, 10, 9, 0, 2, 0, 10, 9, 0, 1];
        plan.options.extend([(code::CLASSLESS_ROUTES, routes), (code::MTU, vec![5, 120])]);
    });
    host.start();
    let request = server.wait_for(MessageType::Request);
    assert_eq!(request.options[&code::REQUESTED], [10, 9, 0, 50]);
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    host.wait_for("the routes", |host| {
        host.has_route("n0", "0.0.0.0/0", "10.9.0.1")
            && host.has_route("n0", "192.168.7.0/24", "10.9.0.2")
    });
    host.wait_for("the state", |host| {
        let state = host.state("n0");
        state.contains("OPER_STATE=routable") && state.contains("ADMIN_STATE=configured")
    });
    assert!(host.read("run/systemd/resolve/resolv.conf").contains("nameserver 10.9.0.53\n"));
    assert!(host.read("run/systemd/netif/state").contains("ONLINE_STATE=online\n"));
    host.remove(&["n0"]);
}

fn two_cards_have_a_default_route_each() {
    let route = "[Route]\nDestination=2001:db8:5::/48\nGateway=fe80::1\n";
    let network = DHCP.replace("Name=n0", "Name=n*") + "IgnoreCarrierLoss=no\n" + route;
    let (mut host, server) = served(&[("n.network", &network)]);
    let second = Server::new();
    second.change(|plan| plan.address = [10, 9, 0, 51].into());
    host.veth("n1", "f1", second.thread);
    second.serve("f1");
    host.start();
    let routes = |host: &mut Host, name| {
        let ipv6 = host.has_route(name, "2001:db8:5::/48", "fe80::1");
        (host.has_route(name, "0.0.0.0/0", "10.9.0.1"), ipv6)
    };
    for name in ["n0", "n1"] {
        host.wait_for("the lease", |host| host.state(name).contains("DHCP4_ADDRESS="));
    }
    for name in ["n0", "n1"] {
        host.wait_for("its routes", |host| routes(host, name) == (true, true));
    }
    assert_eq!(routes(&mut host, "n0"), (true, true));
    server.carrier(false);
    host.wait_for("the end of one", |host| routes(host, "n0") == (false, false));
    assert_eq!(routes(&mut host, "n1"), (true, true), "the other stays");
    host.remove(&["n0", "n1"]);
}

fn a_static_route_waits_for_the_lease_that_leads_to_it() {
    // The address beside it makes the link be set up before the lease.
    let route = "Address=10.7.0.2/24\n[Route]\nDestination=192.168.9.0/24\nGateway=10.9.0.1\n";
    let (mut host, server) = served(&[("n0.network", &format!("{DHCP}{route}"))]);
    server.change(|plan| plan.silent = true);
    host.start();
    host.wait_for("the first address", |host| host.has_address("n0", "10.7.0.2/24"));
    server.wait_for(MessageType::Discover);
    assert!(host.state("n0").contains("ADMIN_STATE=configuring"));
    server.change(|plan| plan.silent = false);
    host.wait_for("the route", |host| host.has_route("n0", "192.168.9.0/24", "10.9.0.1"));
    host.wait_for("the state", |host| host.state("n0").contains("ADMIN_STATE=configured"));
    host.remove(&["n0"]);
}

fn a_lease_is_renewed_by_unicast() {
    let (mut host, server) = served(&[("n0.network", DHCP)]);
    server.change(|plan| (plan.lease, plan.t1, plan.t2) = (20, 1, 15));
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    loop {
        let request = server.wait_for(MessageType::Request);
        if !request.client.is_unspecified() {
            assert_eq!(request.client.octets(), [10, 9, 0, 50]);
            assert!(
                !request.options.contains_key(&code::REQUESTED)
                    && !request.options.contains_key(&code::SERVER_ID)
            );
            break;
        }
    }
    assert!(host.has_address("n0", "10.9.0.50/24"));
    host.remove(&["n0"]);
}

fn a_refused_lease_is_dropped_and_another_is_asked_for() {
    let (mut host, server) = served(&[("n0.network", DHCP)]);
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    server.change(|plan| plan.refuses = true);
    ask(host.root.path(), &Request::Renew("n0".to_owned())).unwrap();
    host.wait_for("its end", |host| !host.has_address("n0", "10.9.0.50/24"));
    assert!(!host.has_route("n0", "0.0.0.0/0", "10.9.0.1"));
    server.change(|plan| (plan.refuses, plan.address) = (false, [10, 9, 0, 51].into()));
    host.wait_for("another", |host| host.has_address("n0", "10.9.0.51/24"));
    host.remove(&["n0"]);
}

fn a_lease_nobody_renews_is_lost_and_found_again() {
    let network = format!("{DHCP}[DHCPv4]\nUseMTU=yes\n");
    let (mut host, server) = served(&[("n0.network", &network)]);
    server.change(|plan| (plan.lease, plan.t1, plan.t2) = (4, 1, 2));
    server.change(|plan| plan.options.push((code::MTU, 1400_u16.to_be_bytes().to_vec())));
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    assert_eq!(host.link("n0").unwrap().mtu, Some(1400));
    server.change(|plan| plan.silent = true);
    host.wait_for("its end", |host| !host.has_address("n0", "10.9.0.50/24"));
    host.wait_for("its MTU's end", |host| host.link("n0").unwrap().mtu == Some(1500));
    host.wait_for("the state", |host| host.state("n0").contains("ADMIN_STATE=configuring"));
    server.change(|plan| (plan.silent, plan.lease, plan.t1, plan.t2) = (false, 3600, 1800, 3000));
    host.wait_for("the address again", |host| host.has_address("n0", "10.9.0.50/24"));
    host.remove(&["n0"]);
}

fn a_lease_that_is_to_be_kept_outlasts_its_end() {
    let network =
        format!("{DHCP}Address=10.7.0.2/24\nKeepConfiguration=dhcp\nIgnoreCarrierLoss=no\n");
    let (mut host, server) = served(&[("n0.network", &network)]);
    server.change(|plan| (plan.lease, plan.t1, plan.t2) = (3, 1, 2));
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    server.change(|plan| plan.silent = true);
    server.forget();
    // Servers are looked for again once the lease is over.
    server.wait_for(MessageType::Discover);
    let is_there = |host: &mut Host| {
        host.has_address("n0", "10.9.0.50/24") && host.has_route("n0", "0.0.0.0/0", "10.9.0.1")
    };
    assert!(is_there(&mut host));
    server.carrier(false);
    host.wait_for("the end of the rest", |host| !host.has_address("n0", "10.7.0.2/24"));
    assert!(is_there(&mut host));
    host.kill();
    server.carrier(true);
    host.start();
    host.wait_for("the rest", |host| host.has_address("n0", "10.7.0.2/24"));
    assert!(is_there(&mut host), "also in another life of the service");
    host.remove(&["n0"]);
}

fn a_flap_keeps_the_address_and_a_long_loss_takes_it() {
    let network = format!("{DHCP}IgnoreCarrierLoss=2s\n");
    let (mut host, server) = served(&[("n0.network", &network)]);
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    server.forget();
    server.carrier(false);
    host.wait_for("no carrier", |host| host.state("n0").contains("OPER_STATE=no-carrier"));
    server.carrier(true);
    // The lease is confirmed with its address in hand.
    let request = server.wait_for(MessageType::Request);
    assert_eq!(request.options[&code::REQUESTED], [10, 9, 0, 50]);
    assert!(host.has_address("n0", "10.9.0.50/24"));
    host.wait_for("the route", |host| host.has_route("n0", "0.0.0.0/0", "10.9.0.1"));
    server.carrier(false);
    host.wait_for("its end", |host| !host.has_address("n0", "10.9.0.50/24"));
    host.wait_for("the end of its name servers", |host| {
        let text = host.read("run/systemd/resolve/resolv.conf");
        !text.is_empty() && !text.contains("10.9.0.53")
    });
    server.carrier(true);
    host.wait_for("the address again", |host| host.has_address("n0", "10.9.0.50/24"));
    host.remove(&["n0"]);
}

fn a_link_that_was_down_for_a_moment_has_everything_again() {
    let network = format!("{DHCP}Address=2001:db8::7/64\n");
    let (mut host, _server) = served(&[("n0.network", &network)]);
    host.start();
    let is_whole = |host: &mut Host| {
        host.has_address("n0", "2001:db8::7/64") && host.has_route("n0", "0.0.0.0/0", "10.9.0.1")
    };
    host.wait_for("the settings", is_whole);
    let index = host.link("n0").unwrap().index;
    host.unheard(|host| {
        for flags in [0, IFF_UP] {
            let change = LinkChange { flags: (flags, IFF_UP), ..LinkChange::default() };
            host.kernel.ask(&request::change_link(index, &change)).unwrap();
        }
        host.wait_for("the carrier", |host| host.link("n0").is_some_and(|link| link.has_carrier()));
        assert!(!is_whole(host));
    });
    host.wait_for("the settings again", is_whole);
    host.remove(&["n0"]);
}

fn another_hardware_address_is_another_client() {
    let (mut host, server) = served(&[("n0.network", DHCP)]);
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    server.change(|plan| plan.address = [10, 9, 0, 51].into());
    server.forget();
    let network = format!("{DHCP}[Link]\nMACAddress=02:00:00:00:00:77\n");
    host.write("etc/systemd/network/n0.network", &network);
    ask(host.root.path(), &Request::Reload).unwrap();
    let discover = server.wait_for(MessageType::Discover);
    assert_eq!(discover.mac.to_string(), "02:00:00:00:00:77");
    host.wait_for("its own lease", |host| {
        host.has_address("n0", "10.9.0.51/24") && !host.has_address("n0", "10.9.0.50/24")
    });
    host.remove(&["n0"]);
}

fn a_killed_service_takes_its_lease_over_without_a_gap() {
    let (mut host, server) = served(&[("n0.network", DHCP)]);
    host.start();
    host.wait_for("the lease", |host| host.state("n0").contains("DHCP4_ADDRESS=10.9.0.50/24"));
    host.kill();
    assert!(host.has_address("n0", "10.9.0.50/24"), "the kernel keeps it");
    server.forget();
    host.start();
    let request = server.wait_for(MessageType::Request);
    assert_eq!(request.options[&code::REQUESTED], [10, 9, 0, 50]);
    assert!(!request.options.contains_key(&code::SERVER_ID), "INIT-REBOOT names no server");
    assert!(
        host.has_address("n0", "10.9.0.50/24") && host.has_route("n0", "0.0.0.0/0", "10.9.0.1")
    );
    host.remove(&["n0"]);
}

fn wait_online_returns_when_the_lease_is_there() {
    let (mut host, server) = served(&[("n0.network", DHCP)]);
    server.change(|plan| plan.silent = true);
    host.start();
    server.wait_for(MessageType::Discover);
    let wish = Wish { timeout: Some(Duration::from_millis(300)), quiet: true, ..Wish::default() };
    assert_ne!(wait(host.root.path(), &wish), ExitCode::SUCCESS);
    server.change(|plan| plan.silent = false);
    let wish = Wish { timeout: Some(Duration::from_secs(30)), ..wish };
    assert_eq!(wait(host.root.path(), &wish), ExitCode::SUCCESS);
    assert!(host.has_address("n0", "10.9.0.50/24"));
    host.remove(&["n0"]);
}

fn a_router_gives_an_address_a_route_and_name_servers() {
    let network = "[Match]\nName=n0\n[Network]\nIPv6AcceptRA=yes\n[IPv6AcceptRA]\nUseDomains=yes\n";
    let (mut host, server) = served(&[("n0.network", network)]);
    host.start();
    // Hop limit 64, no flags, a router for 1800 s; the prefix 2001:db8:7::/64; a name server; a domain.
    let mut bytes = vec![134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([3, 4, 64, 0xc0, 0, 0, 14, 16, 0, 0, 14, 16, 0, 0, 0, 0]);
    bytes.extend("2001:db8:7::".parse::<std::net::Ipv6Addr>().unwrap().octets());
    bytes.extend([25, 3, 0, 0, 0, 0, 14, 16]);
    bytes.extend("2001:db8:7::53".parse::<std::net::Ipv6Addr>().unwrap().octets());
    bytes.extend([
        31, 3, 0, 0, 0, 0, 14, 16, 7, b'e', b'x', b'a', b'm', b'p', b'l', b'e', 3, b'o', b'r',
        b'g', 0, 0, 0, 0,
    ]);
    host.wait_for("the address and the route", |host| {
        server.advertise(bytes.clone());
        host.addresses("n0")
            .iter()
            .any(|a| a.prefix.to_string().starts_with("2001:db8:7:") && !a.is_tentative())
            && host
                .routes("n0")
                .iter()
                .any(|route| route.destination.length == 0 && route.gateway.is_some())
    });
    host.wait_for("the names", |host| {
        let text = host.read("run/systemd/resolve/resolv.conf");
        text.contains("nameserver 2001:db8:7::53\n") && text.contains("search example.org\n")
    });
    host.wait_for("the state", |host| host.state("n0").contains("ADMIN_STATE=configured"));
    host.remove(&["n0"]);
}
