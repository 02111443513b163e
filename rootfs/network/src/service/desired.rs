//! What a link is to have, from its file and its leases. Pure: the kernel is `apply`'s matter.

use std::net::{IpAddr, Ipv4Addr};

use crate::address::Prefix;
use crate::config::network::Network;
use crate::dhcp4::lease::Lease as Lease4;
use crate::dhcp6::lease::Lease as Lease6;
use crate::netlink::object::{Address, Neighbor, PROTOCOL_DHCP, Route, Rule};

/// Addresses and routes of one link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// The addresses.
    pub addresses: Vec<Address>,
    /// The routes, those without a gateway first.
    pub routes: Vec<Route>,
    /// The rules of the file.
    pub rules: Vec<Rule>,
    /// The fixed neighbours of the file.
    pub neighbors: Vec<Neighbor>,
    /// The MTU a lease sets.
    pub mtu: Option<u32>,
}

impl Desired {
    /// Only what comes from leases.
    #[must_use]
    pub fn of_leases(mut self) -> Self {
        self.addresses.retain(|address| address.protocol == PROTOCOL_DHCP);
        self.routes.retain(|route| route.protocol == PROTOCOL_DHCP);
        Self { addresses: self.addresses, routes: self.routes, mtu: self.mtu, ..Self::default() }
    }
}

/// What the leases of a link are; times are counted from the boot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leases<'a> {
    /// DHCPv4.
    pub v4: Option<&'a Lease4>,
    /// DHCPv6.
    pub v6: Option<&'a Lease6>,
    /// The IPv4 link-local address.
    pub link_local4: Option<Ipv4Addr>,
    /// Now.
    pub now: std::time::Duration,
}

/// Everything a link is to have.
pub fn of(network: &Network, index: u32, leases: Leases<'_>) -> Desired {
    let mut desired = Desired {
        addresses: network.addresses.iter().filter_map(|section| section.on(index)).collect(),
        rules: network.rules.clone(),
        neighbors: network.neighbors.iter().filter_map(|section| section.on(index)).collect(),
        ..Desired::default()
    };
    let router = leases.v4.and_then(router_of);
    desired.routes.extend(network.routes.iter().filter_map(|section| section.on(index, router)));
    if network.default_route_on_device {
        let everywhere = Prefix { address: Ipv4Addr::UNSPECIFIED.into(), length: 0 };
        desired.routes.push(Route::new(index, everywhere, None));
    }
    if let Some(lease) = leases.v4 {
        from_dhcp4(&mut desired, network, index, lease, leases.now);
    }
    if let Some(lease) = leases.v6.filter(|_| network.dhcp6.use_address) {
        from_dhcp6(&mut desired, index, lease, leases.now);
    }
    if let Some(address) = leases.link_local4 {
        let prefix = Prefix { address: address.into(), length: 16 };
        desired.addresses.push(Address::new(index, prefix));
    }
    // A gateway can be reached only once the route to its network stands.
    desired.routes.sort_by_key(|route| (route.gateway.is_some(), route.clone()));
    desired.routes.dedup();
    desired
}

fn router_of(lease: &Lease4) -> Option<IpAddr> {
    lease
        .routes
        .iter()
        .find(|route| route.destination.length == 0)
        .map(|route| route.gateway.into())
}

fn from_dhcp4(
    desired: &mut Desired,
    network: &Network,
    index: u32,
    lease: &Lease4,
    now: std::time::Duration,
) {
    let uses = &network.dhcp4.uses;
    let mut address = Address::new(index, lease.prefix);
    address.protocol = PROTOCOL_DHCP;
    address.metric = Some(uses.metric);
    if let Some(end) = lease.expiry().filter(|_| !network.keep_dhcp) {
        let left = seconds(end.saturating_sub(now));
        address.lifetime = (left, left);
    }
    desired.addresses.push(address);
    if uses.mtu && network.link.mtu.is_none() {
        desired.mtu = lease.mtu.map(|mtu| network.possible_mtu(mtu.into()));
    }
    for given in &lease.routes {
        let is_default = given.destination.length == 0;
        if !(if is_default { uses.takes_gateway() } else { uses.routes }) {
            continue;
        }
        let gateway = Some(IpAddr::from(given.gateway)).filter(|gateway| !gateway.is_unspecified());
        let mut route = Route::new(index, given.destination, gateway);
        route.protocol = PROTOCOL_DHCP;
        route.source = Some(lease.prefix.address);
        route.metric = Some(uses.metric);
        route.table = uses.table;
        // Clouds give addresses of `/32` whose router is on the link all the same.
        route.on_link = gateway.is_some_and(|gateway| {
            Prefix { address: gateway, length: lease.prefix.length }.network()
                != lease.prefix.network()
        });
        desired.routes.push(route);
    }
}

fn from_dhcp6(desired: &mut Desired, index: u32, lease: &Lease6, now: std::time::Duration) {
    for given in &lease.addresses {
        let left = |lifetime: u32| match lifetime {
            u32::MAX => u32::MAX,
            lifetime => {
                let end = lease.acquired + std::time::Duration::from_secs(lifetime.into());
                seconds(end.saturating_sub(now))
            }
        };
        if left(given.valid) == 0 {
            continue;
        }
        let mut address = Address::new(index, Prefix::host(given.address.into()));
        address.protocol = PROTOCOL_DHCP;
        address.lifetime = (left(given.preferred), left(given.valid));
        desired.addresses.push(address);
    }
}

/// Whole seconds, rounded up, short of "for ever".
fn seconds(time: std::time::Duration) -> u32 {
    u32::try_from(time.as_secs() + u64::from(time.subsec_nanos() > 0))
        .unwrap_or(u32::MAX - 1)
        .min(u32::MAX - 1)
}

/// What is to be done so that what is there becomes what is wished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Routes to remove.
    pub old_routes: Vec<Route>,
    /// Addresses to remove.
    pub old_addresses: Vec<Address>,
    /// Addresses to add or refresh.
    pub addresses: Vec<Address>,
    /// Routes to add.
    pub routes: Vec<Route>,
}

/// Compares. `addresses` and `routes` are what the kernel has on this link and what this service may remove.
pub fn changes(desired: &Desired, addresses: &[Address], routes: &[Route]) -> Changes {
    let same_address = |a: &Address, b: &Address| a.prefix == b.prefix && a.peer == b.peer;
    let settled = |wish: &Address| {
        let is = |have: &&Address| same_address(have, wish) && have.protocol == wish.protocol;
        addresses.iter().find(is).is_some_and(|have| have.lifetime == wish.lifetime)
    };
    Changes {
        old_routes: unwanted(routes, &desired.routes, same_route),
        old_addresses: unwanted(addresses, &desired.addresses, same_address),
        addresses: desired.addresses.iter().filter(|wish| !settled(wish)).cloned().collect(),
        routes: desired
            .routes
            .iter()
            .filter(|wish| !routes.iter().any(|have| same_route(have, wish)))
            .cloned()
            .collect(),
    }
}

/// Whether `have`, a route of the kernel, is what `wish` asks for. The link is the caller's matter.
pub fn same_route(have: &Route, wish: &Route) -> bool {
    let metric = |route: &Route| {
        route.metric.unwrap_or(if route.destination.address.is_ipv6() { 1024 } else { 0 })
    };
    // IPv6 routes have no scope.
    let scope = |route: &Route| (!route.destination.address.is_ipv6()).then_some(route.scope);
    let of = |route: &Route| {
        let Route { destination, gateway, table, kind, on_link, mtu, .. } = *route;
        (destination, gateway, table, kind, on_link, mtu, metric(route), scope(route))
    };
    of(have) == of(wish) && wish.source.is_none_or(|source| have.source == Some(source))
}

fn unwanted<T: Clone>(there: &[T], wished: &[T], same: impl Fn(&T, &T) -> bool) -> Vec<T> {
    there.iter().filter(|have| !wished.iter().any(|wish| same(have, wish))).cloned().collect()
}

#[cfg(test)]
mod tests;
