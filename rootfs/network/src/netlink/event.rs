//! What the kernel says, read into values. Anything that cannot be read is no event; nothing here can fail.

use std::net::IpAddr;

use super::attribute::{Attribute, Attributes, ip_of};
use super::message::{DONE, ERROR, Message};
use super::object::{Address, Link, PROTOCOL_STATIC, Route, Rule};
use crate::address::{Mac, Prefix, full_length};

const INET6: u8 = 10;

/// One message of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A link appeared or changed.
    Link(Link),
    /// A link is gone.
    LinkGone(u32),
    /// The IPv6 side of a link changed: its index and `IF_RA_...` flags.
    Inet6(u32, u32),
    /// An address appeared or changed.
    Address(Address),
    /// An address is gone.
    AddressGone(Address),
    /// Routes appeared or changed; several where they share their destination and metric (IPv6).
    Routes(Vec<Route>),
    /// Routes are gone.
    RoutesGone(Vec<Route>),
    /// A rule that this service may have made.
    Rule(Rule),
    /// Options of a router advertisement the kernel leaves to programs: the link and the option bytes.
    RouterOptions(u32, Vec<u8>),
    /// The answer to a request: zero or an error number.
    Answer(i32),
    /// A dump is complete.
    Done,
}

/// Reads one message; `None` for what is of no interest here.
pub fn read(message: &Message<'_>) -> Option<Event> {
    match message.kind {
        ERROR => message.error().map(Event::Answer),
        DONE => Some(Event::Done),
        16 => link(message.payload),
        // A port that leaves its bridge is told of in the bridges' own family.
        17 if message.payload.first() == Some(&0) => {
            index_at(message.payload, 4).map(Event::LinkGone)
        }
        20 => address(message.payload).map(Event::Address),
        21 => address(message.payload).map(Event::AddressGone),
        24 => routes(message.payload).map(Event::Routes),
        25 => routes(message.payload).map(Event::RoutesGone),
        32 => rule(message.payload).map(Event::Rule),
        68 => router_options(message.payload),
        _ => None,
    }
}

fn index_at(payload: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(payload.get(at..at + 4)?.try_into().ok()?))
}

fn link(payload: &[u8]) -> Option<Event> {
    let attributes = Attributes(payload.get(16..)?);
    let index = index_at(payload, 4)?;
    if payload[0] == INET6 {
        let protocol = attributes.into_iter().find(|a| a.kind == 12)?;
        return Some(Event::Inet6(index, inet6_flags(protocol)?));
    }
    // Bridges tell of their ports in messages of their own family, which hold no whole link.
    if payload[0] != 0 {
        return None;
    }
    let mut link = Link {
        index,
        hardware: u16::from_ne_bytes([payload[2], payload[3]]),
        flags: index_at(payload, 8)?,
        ..Link::default()
    };
    for attribute in attributes {
        link_attribute(&mut link, attribute);
    }
    (!link.name.is_empty()).then_some(Event::Link(link))
}

fn link_attribute(link: &mut Link, attribute: Attribute<'_>) {
    match attribute.kind {
        1 => link.mac = Mac::from_bytes(attribute.value),
        3 => link.name = attribute.text(),
        4 => link.mtu = attribute.u32(),
        10 => link.master = attribute.u32(),
        16 => link.oper_state = attribute.u8().unwrap_or(0),
        18 => link.kind = attribute.nested().find(|a| a.kind == 1).map(Attribute::text),
        23 => link.traffic = traffic(attribute.value),
        26 => {
            let inet6 = attribute.nested().find(|a| a.kind == u16::from(INET6));
            link.inet6_flags = inet6.and_then(inet6_flags);
        }
        50 => link.mtu_limits.0 = attribute.u32().unwrap_or(0),
        51 => link.mtu_limits.1 = attribute.u32().unwrap_or(0),
        52 => {
            link.alternative_names =
                attribute.nested().filter(|a| a.kind == 53).map(Attribute::text).collect();
        }
        54 => link.permanent_mac = Mac::from_bytes(attribute.value),
        _ => {}
    }
}

fn inet6_flags(protocol: Attribute<'_>) -> Option<u32> {
    protocol.nested().find(|a| a.kind == 1)?.u32()
}

/// The octet counters stand third and fourth in `rtnl_link_stats64`.
fn traffic(bytes: &[u8]) -> Option<(u64, u64)> {
    let word = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    Some((word(16)?, word(24)?))
}

fn address(payload: &[u8]) -> Option<Address> {
    let index = index_at(payload, 4)?;
    let (mut local, mut other, mut broadcast) = (None, None, None);
    let mut flags = u32::from(payload[2]);
    let mut lifetime = (u32::MAX, u32::MAX);
    let (mut protocol, mut metric, mut label) = (0, None, None);
    for attribute in Attributes(payload.get(8..)?) {
        match attribute.kind {
            1 => other = attribute.ip(),
            2 => local = attribute.ip(),
            3 => label = Some(attribute.text()),
            4 => broadcast = attribute.ip(),
            6 => lifetime = (index_at(attribute.value, 0)?, index_at(attribute.value, 4)?),
            8 => flags = attribute.u32()?,
            9 => metric = attribute.u32(),
            11 => protocol = attribute.u8()?,
            _ => {}
        }
    }
    let own = local.or(other)?;
    let prefix = checked(own, payload[1])?;
    let peer = other.filter(|other| *other != own);
    Some(Address {
        index,
        prefix,
        peer,
        broadcast,
        flags,
        scope: payload[3],
        lifetime,
        protocol,
        metric,
        label,
    })
}

fn checked(address: IpAddr, length: u8) -> Option<Prefix> {
    (length <= full_length(address)).then_some(Prefix { address, length })
}

fn routes(payload: &[u8]) -> Option<Vec<Route>> {
    let flags = index_at(payload, 8)?;
    // A route the kernel cloned for one destination is no configuration.
    if flags & 0x200 != 0 {
        return None;
    }
    let any = ip_of(if payload[0] == INET6 { &[0; 16] } else { &[0; 4] })?;
    let mut route = Route {
        index: None,
        destination: checked(any, payload[1])?,
        gateway: None,
        source: None,
        metric: None,
        table: u32::from(payload[4]),
        protocol: payload[5],
        scope: payload[6],
        kind: payload[7],
        on_link: flags & 4 != 0,
        mtu: None,
    };
    let mut hops = Vec::new();
    for attribute in Attributes(payload.get(12..)?) {
        match attribute.kind {
            1 => route.destination = checked(attribute.ip()?, payload[1])?,
            4 => route.index = attribute.u32(),
            5 => route.gateway = attribute.ip(),
            6 => route.metric = attribute.u32(),
            7 => route.source = attribute.ip(),
            9 => hops = next_hops(attribute.value),
            8 => route.mtu = attribute.nested().find(|a| a.kind == 2).and_then(Attribute::u32),
            15 => route.table = attribute.u32()?,
            _ => {}
        }
    }
    if hops.is_empty() {
        return Some(vec![route]);
    }
    let through = |hop: Hop| Route {
        index: Some(hop.index),
        gateway: hop.gateway,
        on_link: hop.on_link,
        ..route.clone()
    };
    Some(hops.into_iter().map(through).collect())
}

/// One way of a route that has several.
struct Hop {
    index: u32,
    gateway: Option<IpAddr>,
    on_link: bool,
}

/// The ways in `RTA_MULTIPATH`: the kernel makes one route of IPv6 routes that differ in these alone.
fn next_hops(mut bytes: &[u8]) -> Vec<Hop> {
    let mut hops = Vec::new();
    while let [low, high, ..] = *bytes {
        let length = usize::from(u16::from_ne_bytes([low, high]));
        let Some(hop) = bytes.get(..length).filter(|_| length >= 8) else { break };
        if let Some(index) = index_at(hop, 4) {
            let gateway = Attributes(&hop[8..]).find(|a| a.kind == 5).and_then(Attribute::ip);
            hops.push(Hop { index, gateway, on_link: hop[2] & 4 != 0 });
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

fn rule(payload: &[u8]) -> Option<Rule> {
    let attributes = Attributes(payload.get(12..)?);
    attributes.clone().find(|a| a.kind == 21 && a.u8() == Some(PROTOCOL_STATIC))?;
    let ports = |a: Attribute<'_>| {
        let port = |at: usize| Some(u16::from_ne_bytes(a.value.get(at..at + 2)?.try_into().ok()?));
        Some((port(0)?, port(2)?))
    };
    let mut rule = Rule {
        ipv6: payload[0] == INET6,
        tos: payload[3],
        table: u32::from(payload[4]),
        action: payload[7],
        inverted: index_at(payload, 8)? & 2 != 0,
        ..Rule::default()
    };
    for a in attributes {
        match a.kind {
            1 => rule.to = checked(a.ip()?, payload[1]),
            2 => rule.from = checked(a.ip()?, payload[2]),
            3 => rule.incoming = Some(a.text()),
            6 => rule.priority = a.u32(),
            10 => rule.mark = Some((a.u32()?, rule.mark.map_or(u32::MAX, |(_, mask)| mask))),
            14 => rule.suppressed_length = a.u32().filter(|length| *length != u32::MAX),
            15 => rule.table = a.u32()?,
            16 => rule.mark = Some((rule.mark.map_or(0, |(mark, _)| mark), a.u32()?)),
            17 => rule.outgoing = Some(a.text()),
            20 => rule.users = Some((index_at(a.value, 0)?, index_at(a.value, 4)?)),
            22 => rule.protocol = a.u8(),
            23 => rule.source_ports = ports(a),
            24 => rule.destination_ports = ports(a),
            _ => {}
        }
    }
    Some(rule)
}

fn router_options(payload: &[u8]) -> Option<Event> {
    let header = payload.get(..16)?;
    let length = usize::from(u16::from_ne_bytes([header[2], header[3]]));
    // 134 is a router advertisement.
    (header[0] == INET6 && header[8] == 134).then_some(Event::RouterOptions(
        index_at(payload, 4)?,
        payload.get(16..16 + length)?.to_vec(),
    ))
}

/// Whether a route or address was made by this service, in this life or an earlier one.
pub fn is_ours(protocol: u8) -> bool {
    matches!(protocol, PROTOCOL_STATIC | super::object::PROTOCOL_DHCP)
}
