//! `[Address]`, `[Route]` and `[Neighbor]` (systemd.network(5)).

use std::net::IpAddr;

use super::dhcp::table;
use super::value::{Wrong, choice, flag, named_number, number, parsed};
use crate::address::{Mac, Prefix};
use crate::netlink::object::{Address, Neighbor, Route, TABLE_LOCAL, TABLE_MAIN};

/// `[Address]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSection {
    /// `Address=`.
    pub prefix: Option<Prefix>,
    peer: Option<IpAddr>,
    broadcast: Broadcast,
    metric: Option<u32>,
    scope: Option<u32>,
    flags: u32,
    deprecated: bool,
    label: Option<String>,
}

/// `Broadcast=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Broadcast {
    /// The last address of the network.
    #[default]
    Derived,
    /// None.
    No,
    /// This one.
    To(IpAddr),
}

const NO_DAD: u32 = 0x02;
const HOME: u32 = 0x10;
const MANAGE_TEMPORARY: u32 = 0x100;
const NO_PREFIX_ROUTE: u32 = 0x200;
const SCOPES: [(&str, u32); 3] = [("global", 0), ("link", 253), ("host", 254)];
/// The widest scopes the kernel takes for routes to the host itself and to everybody on the link.
const HOST_SCOPE: u8 = 254;
const LINK_SCOPE: u8 = 253;

impl AddressSection {
    /// A section with just the address.
    pub fn of(prefix: Prefix) -> Self {
        Self { prefix: Some(prefix), ..Self::default() }
    }

    /// Sets a key; `false` where this section does nothing with it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        let mut bit = |flag_bit: u32, on: bool| {
            self.flags = if on { self.flags | flag_bit } else { self.flags & !flag_bit };
        };
        match key {
            "Address" => self.prefix = Some(parsed(value)?),
            "Peer" => self.peer = Some(parsed::<Prefix>(value)?.address),
            "Broadcast" => {
                self.broadcast = match keelson_units::value::boolean(value) {
                    Some(true) => Broadcast::Derived,
                    Some(false) => Broadcast::No,
                    None => Broadcast::To(parsed(value)?),
                };
            }
            "RouteMetric" => self.metric = Some(number(value)?),
            "Scope" => self.scope = Some(named_number(value, &SCOPES)?),
            "Label" if value.len() < 16 => self.label = Some(value.to_owned()),
            "Label" => return Err(format!("`{value}` has more than 15 characters")),
            "PreferredLifetime" => {
                self.deprecated =
                    choice(value, &[("forever", false), ("infinity", false), ("0", true)])?;
            }
            "AddPrefixRoute" => bit(NO_PREFIX_ROUTE, !flag(value)?),
            "HomeAddress" => bit(HOME, flag(value)?),
            "ManageTemporaryAddress" => bit(MANAGE_TEMPORARY, flag(value)?),
            "DuplicateAddressDetection" => {
                let off = choice(
                    value,
                    &[("ipv6", false), ("both", false), ("none", true), ("ipv4", true)],
                )?;
                bit(NO_DAD, off);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The address for a link.
    pub fn on(&self, index: u32) -> Option<Address> {
        let prefix = self.prefix?;
        let mut address = Address::new(index, prefix);
        address.peer = self.peer;
        match self.broadcast {
            Broadcast::Derived => {}
            Broadcast::No => address.broadcast = None,
            Broadcast::To(broadcast) => address.broadcast = Some(broadcast),
        }
        if self.peer.is_some() {
            address.broadcast = None;
        }
        address.metric = self.metric;
        address.flags = self.flags;
        address.label.clone_from(&self.label);
        if let Some(scope) = self.scope {
            address.scope = u8::try_from(scope).unwrap_or(0);
        }
        if self.deprecated {
            address.lifetime.0 = 0;
        }
        Some(address)
    }
}

/// Where `Gateway=` leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// A next hop.
    To(IpAddr),
    /// The router of the DHCPv4 lease.
    Dhcp4,
}

/// `[Route]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteSection {
    destination: Option<Prefix>,
    /// `Gateway=`.
    pub gateway: Option<Gateway>,
    source: Option<IpAddr>,
    metric: Option<u32>,
    table: Option<u32>,
    scope: Option<u32>,
    kind: Option<u8>,
    on_link: bool,
    mtu: Option<u32>,
}

const KINDS: [(&str, u8); 8] = [
    ("unicast", 1),
    ("local", 2),
    ("broadcast", 3),
    ("anycast", 4),
    ("multicast", 5),
    ("blackhole", 6),
    ("unreachable", 7),
    ("prohibit", 8),
];

impl RouteSection {
    /// A default route.
    pub fn through(gateway: Gateway) -> Self {
        Self { gateway: Some(gateway), ..Self::default() }
    }

    /// Sets a key; `false` where this section does nothing with it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "Destination" => self.destination = Some(parsed::<Prefix>(value)?.network()),
            "Gateway" => self.gateway = Some(gateway(value)?),
            "PreferredSource" => self.source = Some(parsed(value)?),
            "Metric" => self.metric = Some(number(value)?),
            "Table" => self.table = Some(table(value)?),
            "Scope" => self.scope = Some(named_number(value, &SCOPES)?),
            "Type" => self.kind = Some(choice(value, &KINDS)?),
            "GatewayOnLink" => self.on_link = flag(value)?,
            "MTUBytes" => self.mtu = Some(super::value::bytes(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The route for a link; `None` while the lease its gateway comes from is not there, or where it names nothing.
    pub fn on(&self, index: u32, dhcp4_router: Option<IpAddr>) -> Option<Route> {
        let gateway = match self.gateway {
            Some(Gateway::To(gateway)) => Some(gateway),
            Some(Gateway::Dhcp4) => Some(dhcp4_router?),
            None => None,
        };
        let destination = self.destination.or_else(|| gateway.map(Prefix::default_of))?;
        let mut route = Route::new(index, destination, gateway);
        route.kind = self.kind.unwrap_or(1);
        if (6..=8).contains(&route.kind) {
            route.index = None;
        }
        route.scope = match route.kind {
            1 => route.scope,
            2 => HOST_SCOPE,
            3..=5 => LINK_SCOPE,
            _ => 0,
        };
        route.source = self.source;
        route.metric = self.metric;
        let usual = if (2..=4).contains(&route.kind) { TABLE_LOCAL } else { TABLE_MAIN };
        route.table = self.table.unwrap_or(usual);
        route.on_link = self.on_link;
        route.mtu = self.mtu;
        if let Some(scope) = self.scope {
            route.scope = u8::try_from(scope).unwrap_or(0);
        }
        Some(route)
    }
}

/// An address or `_dhcp4`.
pub fn gateway(value: &str) -> Result<Gateway, Wrong> {
    if value == "_dhcp4" { Ok(Gateway::Dhcp4) } else { parsed(value).map(Gateway::To) }
}

/// `[Neighbor]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NeighborSection {
    address: Option<IpAddr>,
    mac: Option<Mac>,
}

impl NeighborSection {
    /// Sets a key; `false` where this section does nothing with it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "Address" => self.address = Some(parsed(value)?),
            "LinkLayerAddress" | "MACAddress" => self.mac = Some(parsed(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The neighbour on a link, if both its addresses are there.
    pub fn on(self, index: u32) -> Option<Neighbor> {
        Some(Neighbor { index, address: self.address?, mac: self.mac? })
    }
}
