//! What the kernel is asked: each function gives the kind, the flags and the payload of one request.

use std::net::IpAddr;

use super::attribute::Writer;
use super::message::{ACK, APPEND, CREATE, DUMP, EXCLUSIVE, REPLACE};
use super::object::{Address, Neighbor, Route, Rule};
use crate::address::Mac;

/// A request without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `RTM_...`.
    pub kind: u16,
    /// `NLM_F_...`.
    pub flags: u16,
    /// What follows the header.
    pub payload: Vec<u8>,
}

/// What is to be changed of a link; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// A new name.
    pub name: Option<String>,
    /// A new hardware address.
    pub mac: Option<Mac>,
    /// Bytes.
    pub mtu: Option<u32>,
    /// The bond or bridge to join; zero leaves it.
    pub master: Option<u32>,
    /// `IFF_...` values and which of them are meant.
    pub flags: (u32, u32),
    /// How the kernel makes the link-local address: 0 from the hardware address, 1 not at all, 2 stable and private.
    pub address_mode: Option<u8>,
    /// The group number.
    pub group: Option<u32>,
    /// The name in words.
    pub alias: Option<String>,
    /// The process into whose network namespace it moves.
    pub network_namespace: Option<u32>,
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { 2 } else { 10 }
}

/// The fixed head of a link message.
pub(super) fn link_head(index: u32, flags: (u32, u32)) -> Vec<u8> {
    let mut payload = vec![0; 4];
    payload.extend(index.to_ne_bytes());
    payload.extend(flags.0.to_ne_bytes());
    payload.extend(flags.1.to_ne_bytes());
    payload
}

/// Every link.
pub fn dump_links() -> Request {
    Request { kind: 18, flags: DUMP, payload: link_head(0, (0, 0)) }
}

/// Every address.
pub fn dump_addresses() -> Request {
    Request { kind: 22, flags: DUMP, payload: vec![0; 8] }
}

/// Every route.
pub fn dump_routes() -> Request {
    Request { kind: 26, flags: DUMP, payload: vec![0; 12] }
}

/// Every rule.
pub fn dump_rules() -> Request {
    Request { kind: 34, flags: DUMP, payload: vec![0; 12] }
}

/// Changes a link.
pub fn change_link(index: u32, change: &LinkChange) -> Request {
    let mut out = Writer(link_head(index, change.flags));
    if let Some(mac) = change.mac {
        out.bytes(1, &mac.0);
    }
    if let Some(name) = &change.name {
        out.text(3, name);
    }
    if let Some(mtu) = change.mtu {
        out.u32(4, mtu);
    }
    if let Some(master) = change.master {
        out.u32(10, master);
    }
    if let Some(process) = change.network_namespace {
        out.u32(19, process);
    }
    if let Some(alias) = &change.alias {
        out.text(20, alias);
    }
    if let Some(mode) = change.address_mode {
        out.nest(26, |spec| {
            spec.nest(10, |inet6| {
                inet6.u8(8, mode);
            });
        });
    }
    if let Some(group) = change.group {
        out.u32(27, group);
    }
    Request { kind: 16, flags: ACK, payload: out.0 }
}

/// Removes a link that was made by software.
pub fn delete_link(index: u32) -> Request {
    Request { kind: 17, flags: ACK, payload: link_head(index, (0, 0)) }
}

fn address_payload(address: &Address) -> Vec<u8> {
    let ip = address.prefix.address;
    let small = u8::try_from(address.flags & 0xff).unwrap_or(0);
    let mut out = Writer(vec![family(ip), address.prefix.length, small, address.scope]);
    out.0.extend(address.index.to_ne_bytes());
    out.ip(2, ip).ip(1, address.peer.unwrap_or(ip));
    if let Some(broadcast) = address.broadcast {
        out.ip(4, broadcast);
    }
    if let Some(label) = &address.label {
        out.text(3, label);
    }
    let mut times = address.lifetime.0.to_ne_bytes().to_vec();
    times.extend(address.lifetime.1.to_ne_bytes());
    times.extend([0; 8]);
    out.bytes(6, &times).u32(8, address.flags);
    if let Some(metric) = address.metric {
        out.u32(9, metric);
    }
    out.u8(11, address.protocol);
    out.0
}

/// Adds an address, or refreshes its lifetime where it exists.
pub fn put_address(address: &Address) -> Request {
    Request { kind: 20, flags: ACK | CREATE | REPLACE, payload: address_payload(address) }
}

/// Removes an address.
pub fn delete_address(address: &Address) -> Request {
    Request { kind: 21, flags: ACK, payload: address_payload(address) }
}

fn route_payload(route: &Route) -> Vec<u8> {
    let table = u8::try_from(route.table).unwrap_or(252);
    let mut out = Writer(vec![
        family(route.destination.address),
        route.destination.length,
        0,
        0,
        table,
        route.protocol,
        route.scope,
        route.kind,
    ]);
    out.0.extend(if route.on_link { 4_u32 } else { 0 }.to_ne_bytes());
    if route.destination.length > 0 {
        out.ip(1, route.destination.address);
    }
    if let Some(index) = route.index {
        out.u32(4, index);
    }
    if let Some(gateway) = route.gateway {
        out.ip(5, gateway);
    }
    if let Some(metric) = route.metric {
        out.u32(6, metric);
    }
    if let Some(source) = route.source {
        out.ip(7, source);
    }
    if let Some(mtu) = route.mtu {
        out.nest(8, |metrics| {
            metrics.u32(2, mtu);
        });
    }
    out.u32(15, route.table);
    out.0
}

/// Adds a route; one that exists is an error, which the caller passes over.
///
/// It stands beside others with the same destination and metric. A replacement would take away that of another link:
/// IPv4 does not look at the link to find what it replaces.
pub fn add_route(route: &Route) -> Request {
    Request { kind: 24, flags: ACK | CREATE | APPEND, payload: route_payload(route) }
}

/// Removes a route.
pub fn delete_route(route: &Route) -> Request {
    Request { kind: 25, flags: ACK, payload: route_payload(route) }
}

fn rule_payload(rule: &Rule) -> Vec<u8> {
    let family = if rule.ipv6 { 10 } else { 2 };
    let length = |prefix: Option<crate::address::Prefix>| prefix.map_or(0, |prefix| prefix.length);
    let table = u8::try_from(rule.table).unwrap_or(252);
    let mut out = Writer(vec![
        family,
        length(rule.to),
        length(rule.from),
        rule.tos,
        table,
        0,
        0,
        rule.action,
    ]);
    // FIB_RULE_INVERT
    out.0.extend(if rule.inverted { 2_u32 } else { 0 }.to_ne_bytes());
    if let Some(to) = rule.to {
        out.ip(1, to.address);
    }
    if let Some(from) = rule.from {
        out.ip(2, from.address);
    }
    if let Some(name) = &rule.incoming {
        out.text(3, name);
    }
    if let Some(priority) = rule.priority {
        out.u32(6, priority);
    }
    if let Some((mark, mask)) = rule.mark {
        out.u32(10, mark).u32(16, mask);
    }
    if let Some(length) = rule.suppressed_length {
        out.u32(14, length);
    }
    if let Some(name) = &rule.outgoing {
        out.text(17, name);
    }
    if let Some((first, last)) = rule.users {
        out.bytes(20, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
    }
    if let Some(protocol) = rule.protocol {
        out.u8(22, protocol);
    }
    for (kind, ports) in [(23, rule.source_ports), (24, rule.destination_ports)] {
        if let Some((first, last)) = ports {
            out.bytes(kind, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
        }
    }
    out.u32(15, rule.table).u8(21, super::object::PROTOCOL_STATIC);
    out.0
}

/// Adds a rule; one that exists is an error, which the caller passes over.
pub fn add_rule(rule: &Rule) -> Request {
    Request { kind: 32, flags: ACK | CREATE | EXCLUSIVE, payload: rule_payload(rule) }
}

/// Removes a rule.
pub fn delete_rule(rule: &Rule) -> Request {
    Request { kind: 33, flags: ACK, payload: rule_payload(rule) }
}

fn neighbor_payload(neighbor: &Neighbor) -> Vec<u8> {
    let mut out = Writer(vec![family(neighbor.address), 0, 0, 0]);
    out.0.extend(neighbor.index.to_ne_bytes());
    // NUD_PERMANENT, no flags, unicast.
    out.0.extend(0x80_u16.to_ne_bytes());
    out.0.extend([0, 1]);
    out.ip(1, neighbor.address).bytes(2, &neighbor.mac.0);
    out.0
}

/// Adds a permanent neighbour, or replaces it.
pub fn put_neighbor(neighbor: &Neighbor) -> Request {
    Request { kind: 28, flags: ACK | CREATE | REPLACE, payload: neighbor_payload(neighbor) }
}

/// Removes a neighbour.
pub fn delete_neighbor(neighbor: &Neighbor) -> Request {
    Request { kind: 29, flags: ACK, payload: neighbor_payload(neighbor) }
}
