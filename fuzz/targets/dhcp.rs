//! Packets of DHCPv4, DHCPv6, ARP and router advertisements.

#![no_main]

use std::time::Duration;

use keelson_network::dhcp4::lease::Lease;
use keelson_network::dhcp4::{frame, options, packet};
use keelson_network::{dhcp6, link_local4, names, router};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = frame::read(data);
    if let Ok(packet) = packet::Packet::read(data) {
        let _ = (options::routes(&packet), options::domain_search(&packet));
        if let Some(lease) = Lease::of(&packet, Duration::ZERO) {
            let _ = Lease::from_text(&lease.to_text());
        }
        let _ = packet::Packet::read(&packet.write());
    }
    let options = dhcp6::packet::Options::read(data);
    let _ = options.addresses(23);
    let _ = dhcp6::packet::Options::read(&options.write());
    let _ = dhcp6::packet::Message::read(data).map(|message| message.write());
    let _ = link_local4::arp::Packet::read(data).map(|packet| packet.write());
    let _ = (router::read_options(data), names::read_list(data));
});
