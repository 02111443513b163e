//! Brings addresses, routes, rules and neighbours of a link to what is wished.

use super::Service;
use super::desired::{self, Desired, Leases};
use super::managed::Managed;
use crate::clock;
use crate::config::network::Network;
use crate::log;
use crate::netlink::event::is_ours;
use crate::netlink::object::{Address, Route, Rule};
use crate::netlink::request::{self, LinkChange};
use crate::netlink::socket::NetlinkError;

const EEXIST: i32 = 17;
/// `ENETUNREACH` and `EHOSTUNREACH`: nothing leads to the gateway yet. A lease or a router may bring what does.
const UNREACHABLE: [i32; 2] = [101, 113];
/// `ESRCH`, `EADDRNOTAVAIL`, `ENODEV`, `ENETDOWN`: it is gone already.
pub(super) const GONE: [i32; 5] = [3, 99, 19, 100, 2];

impl Service {
    /// Applies the file and the leases of a link.
    pub(super) fn apply(&mut self, index: u32, network: &Network) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        (managed.stale, managed.refusal, managed.waits) = (false, None, false);
        let desired = wished(managed, network);
        self.fit_mtu(index, desired.mtu);
        let mut applied = self.replace(index, &desired);
        applied &= self.add_rules(index, &desired.rules);
        for neighbor in &desired.neighbors {
            applied &=
                self.tried(index, "adding a neighbour", &request::put_neighbor(neighbor), &[]);
        }
        if let Some(managed) = self.links.get_mut(&index) {
            managed.applied = applied;
        }
    }

    /// Removes everything this service gave the link, but a lease that is to be kept and the MTU: to change that takes the
    /// carrier away from some cards, which would have the lease's set again when it is back.
    pub(super) fn drop_settings(&mut self, index: u32) {
        let Some(managed) = self.links.get(&index) else { return };
        let keeps = managed.network.as_deref().filter(|network| network.keep_dhcp);
        let kept = keeps.map(|network| wished(managed, network).of_leases());
        self.replace(index, &kept.unwrap_or_default());
        if let Some(managed) = self.links.get_mut(&index) {
            managed.applied = false;
        }
    }

    /// Sets the MTU of a lease, or without one that from before.
    pub(super) fn fit_mtu(&mut self, index: u32, of_lease: Option<u32>) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        let mtu = match of_lease {
            Some(mtu) => {
                managed.mtu_before = managed.mtu_before.or(managed.link.mtu);
                Some(managed.link.possible_mtu(mtu))
            }
            None => managed.mtu_before.take(),
        };
        let Some(mtu) = mtu.filter(|mtu| managed.link.mtu != Some(*mtu)) else { return };
        let change = LinkChange { mtu: Some(mtu), ..LinkChange::default() };
        match self.kernel.ask(&request::change_link(index, &change)) {
            Ok(()) => managed.link.mtu = Some(mtu),
            // What a server wishes of the hardware is no fault of the configuration.
            Err(error) => {
                log::warning(format!("{}: setting the MTU to {mtu}: {error}", managed.link.name));
            }
        }
    }

    fn replace(&mut self, index: u32, desired: &Desired) -> bool {
        if let Some(managed) = self.links.get_mut(&index) {
            let before = std::mem::replace(&mut managed.given, desired.clone());
            self.take_back(index, &before);
        }
        let routes: Vec<Route> = match self.kernel.routes() {
            Ok(routes) => routes
                .into_iter()
                .filter(|r| r.index == Some(index) && is_ours(r.protocol))
                .collect(),
            Err(error) => {
                log::error(format!("reading the routes: {error}"));
                return false;
            }
        };
        // Not what the monitor told so far: what was added a moment ago may have to go.
        let addresses: Vec<Address> = match self.kernel.addresses() {
            Ok(addresses) => {
                addresses.into_iter().filter(|a| a.index == index && is_ours(a.protocol)).collect()
            }
            Err(error) => {
                log::error(format!("reading the addresses: {error}"));
                return false;
            }
        };
        let changes = desired::changes(desired, &addresses, &routes);
        for route in &changes.old_routes {
            self.tried(index, "removing a route", &request::delete_route(route), &GONE);
        }
        for address in &changes.old_addresses {
            self.tried(index, "removing an address", &request::delete_address(address), &GONE);
        }
        let mut applied = true;
        for address in &changes.addresses {
            applied &= self.tried(
                index,
                &format!("adding {}", address.prefix),
                &request::put_address(address),
                &[],
            );
        }
        for route in &changes.routes {
            applied &= self.add_route(index, route);
        }
        applied
    }

    fn add_rules(&mut self, index: u32, rules: &[Rule]) -> bool {
        if rules.is_empty() {
            return true;
        }
        // The kernel takes a rule without a priority for a new one each time.
        let there = self.kernel.rules().unwrap_or_default();
        let new = rules.iter().filter(|rule| !there.iter().any(|have| rule.made(have)));
        let tried = |rule| self.tried(index, "adding a rule", &request::add_rule(rule), &[EEXIST]);
        new.map(tried).fold(true, |all, done| all & done)
    }

    /// A route whose gateway cannot be reached waits; it is tried again with the next lease or address.
    fn add_route(&mut self, index: u32, route: &Route) -> bool {
        let Err(error) = self.kernel.ask(&request::add_route(route)) else { return true };
        match error.number() {
            Some(EEXIST) => return true,
            Some(number) if UNREACHABLE.contains(&number) && route.gateway.is_some() => {
                if let Some(managed) = self.links.get_mut(&index) {
                    managed.waits = true;
                }
            }
            _ => self.told(index, &format!("adding the route to {}", route.destination), &error),
        }
        false
    }

    /// Asks; refusals in `fine` are none.
    pub(super) fn tried(
        &mut self,
        index: u32,
        what: &str,
        request: &request::Request,
        fine: &[i32],
    ) -> bool {
        let Err(error) = self.kernel.ask(request) else { return true };
        if error.number().is_some_and(|number| fine.contains(&number)) {
            return true;
        }
        self.told(index, what, &error);
        false
    }

    fn told(&mut self, index: u32, what: &str, error: &NetlinkError) {
        if let Some(managed) = self.links.get_mut(&index) {
            let problem = format!("{what}: {error}");
            log::error(format!("{}: {problem}", managed.link.name));
            managed.refusal.get_or_insert(problem);
        }
    }
}

/// What a link is to have now.
fn wished(managed: &Managed, network: &Network) -> Desired {
    let leases = Leases {
        v4: managed.lease4(),
        v6: managed.dhcp6.as_ref().and_then(|dhcp| dhcp.client.lease()),
        link_local4: managed.link_local4.as_ref().and_then(|found| found.client.address()),
        now: clock::now(),
    };
    desired::of(network, managed.link.index, leases)
}
