//! IPv4 link-local addresses: found, defended, kept and given up.

use std::net::{IpAddr, Ipv4Addr};

use keelson_network::dhcp4::options::MessageType;
use keelson_network::link_local4::socket::Socket;
use keelson_network::service::control::{Request, ask};

use crate::checks::{DHCP, served};
use crate::host::Host;

/// The IPv4 link-local address of a link.
fn link_local(host: &mut Host, name: &str) -> Option<Ipv4Addr> {
    host.addresses(name).iter().find_map(|address| match address.prefix.address {
        IpAddr::V4(found) if found.is_link_local() => Some(found),
        _ => None,
    })
}

pub fn a_link_local_address_is_found_defended_and_given_up_for_a_lease() {
    let network = "[Match]\nName=n0\n[Network]\nLinkLocalAddressing=ipv4\n";
    let (mut host, server) = served(&[("n0.network", network)]);
    host.start();
    host.wait_for("an address", |host| link_local(host, "n0").is_some());
    host.wait_for("the state", |host| host.state("n0").contains("ADMIN_STATE=configured"));
    let first = link_local(&mut host, "n0").unwrap();
    // Once is an accident of the other.
    server.claim(first);
    server.claim(first);
    host.wait_for("another address", |host| {
        link_local(host, "n0").is_some_and(|found| found != first)
    });
    server.change(|plan| plan.silent = true);
    host.write("etc/systemd/network/n0.network", &format!("{network}DHCP=ipv4\n"));
    ask(host.root.path(), &Request::Reload).unwrap();
    server.wait_for(MessageType::Discover);
    assert!(link_local(&mut host, "n0").is_some(), "no server has answered");
    server.change(|plan| plan.silent = false);
    host.wait_for("the lease alone", |host| {
        host.has_address("n0", "10.9.0.50/24") && link_local(host, "n0").is_none()
    });
    host.remove(&["n0"]);
}

pub fn a_flap_keeps_a_link_local_address_and_a_long_loss_takes_it() {
    let network = "[Match]\nName=n0\n[Network]\nLinkLocalAddressing=ipv4\nIgnoreCarrierLoss=4s\n";
    let (mut host, server) = served(&[("n0.network", network)]);
    host.start();
    host.wait_for("an address", |host| link_local(host, "n0").is_some());
    let address = link_local(&mut host, "n0");
    server.carrier(false);
    host.wait_for("no carrier", |host| host.state("n0").contains("OPER_STATE=no-carrier"));
    assert_eq!(link_local(&mut host, "n0"), address);
    server.carrier(true);
    host.wait_for("a carrier", |host| !host.state("n0").contains("OPER_STATE=no-carrier"));
    assert_eq!(link_local(&mut host, "n0"), address);
    server.carrier(false);
    host.wait_for("its end", |host| link_local(host, "n0").is_none());
    server.carrier(true);
    host.wait_for("the address again", |host| link_local(host, "n0") == address);
    host.remove(&["n0"]);
}

pub fn of_arp_only_what_names_a_link_local_address_is_heard() {
    let (mut host, server) = served(&[("n0.network", DHCP)]);
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.50/24"));
    let socket = Socket::open(host.link("n0").unwrap().index).unwrap();
    let (ours, other) = (Ipv4Addr::new(169, 254, 7, 9), Ipv4Addr::new(10, 9, 0, 1));
    let pairs = [(other, other), (ours, other), (other, other), (other, ours), (ours, ours)];
    for (sender, target) in pairs {
        server.speak_arp(sender, target);
    }
    let mut heard = Vec::new();
    host.wait_for("the last of them", |_| {
        while let Some(packet) = socket.receive().unwrap() {
            heard.push((packet.sender, packet.target));
        }
        heard.last() == Some(&(ours, ours))
    });
    assert_eq!(heard, [(ours, other), (other, ours), (ours, ours)]);
    host.remove(&["n0"]);
}
