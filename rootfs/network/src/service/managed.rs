//! One link as this service sees it: what the kernel says, the file for it, its clients and how far all that is.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::desired::Desired;
use crate::config::network::Network;
use crate::dhcp4;
use crate::dhcp6;
use crate::link_local4;
use crate::netlink::object::{Address, Link};
use crate::router::Router;
use crate::state::{AddressState, OperState, SetupState};

/// The DHCPv4 side.
#[derive(Debug)]
pub struct Dhcp4 {
    /// The state machine.
    pub client: dhcp4::client::Client,
    /// Its socket while it runs.
    pub socket: Option<dhcp4::socket::Socket>,
}

/// The DHCPv6 side.
#[derive(Debug)]
pub struct Dhcp6 {
    /// The state machine.
    pub client: dhcp6::client::Client,
    /// Its socket while it runs.
    pub socket: Option<dhcp6::socket::Socket>,
}

/// The search for an IPv4 link-local address.
#[derive(Debug)]
pub struct LinkLocal4 {
    /// The state machine.
    pub client: link_local4::client::Client,
    /// Its socket.
    pub socket: link_local4::socket::Socket,
}

/// A link.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Managed {
    /// What the kernel says.
    pub link: Link,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// The file for it; none leaves it alone.
    pub network: Option<Rc<Network>>,
    /// Whether the link itself was set up by the file: master, MTU, flags.
    pub prepared: bool,
    /// The bond or bridge this service made it a port of.
    pub joined: Option<u32>,
    /// Whether addresses and routes are as wished.
    pub applied: bool,
    /// What was asked for when they were last brought to what is wished.
    pub given: Desired,
    /// Whether they must be looked at again.
    pub stale: bool,
    /// The first thing that went wrong with the link itself; it stays until another file is for the link.
    pub problem: Option<String>,
    /// The first thing the kernel refused when addresses and routes were last brought to what is wished.
    pub refusal: Option<String>,
    /// Whether a route waits until its gateway can be reached.
    pub waits: bool,
    /// The MTU in bytes from before a lease set another.
    pub mtu_before: Option<u32>,
    /// The DHCPv4 client.
    pub dhcp4: Option<Dhcp4>,
    /// The last DHCPv4 lease where the file wants it kept beyond its end (`KeepConfiguration=`).
    pub kept4: Option<dhcp4::lease::Lease>,
    /// The DHCPv6 client.
    pub dhcp6: Option<Dhcp6>,
    /// The IPv4 link-local address, while one is wanted.
    pub link_local4: Option<LinkLocal4>,
    /// What routers said.
    pub router: Router,
    /// Whether the clients run: the carrier was there when last looked.
    pub running: bool,
    /// Whether it was set down since it was last looked at: routes and IPv6 addresses are gone then, even if it is up again.
    pub was_down: bool,
    /// When the settings go because the carrier is gone.
    pub grace: Option<Duration>,
    /// Whether the state file holds what is known.
    pub written: Option<String>,
}

impl Managed {
    /// A link nothing was done with.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            addresses: Vec::new(),
            network: None,
            prepared: false,
            joined: None,
            applied: false,
            given: Desired::default(),
            stale: false,
            problem: None,
            refusal: None,
            waits: false,
            mtu_before: None,
            dhcp4: None,
            kept4: None,
            dhcp6: None,
            link_local4: None,
            router: Router::default(),
            running: false,
            was_down: false,
            grace: None,
            written: None,
        }
    }

    /// The next point in time at which something is due.
    pub fn deadline(&self) -> Option<Duration> {
        let dhcp4 = self.dhcp4.as_ref().and_then(|dhcp| dhcp.client.deadline());
        let dhcp6 = self.dhcp6.as_ref().and_then(|dhcp| dhcp.client.deadline());
        let link_local4 = self.link_local4.as_ref().and_then(|found| found.client.deadline());
        [dhcp4, dhcp6, link_local4, self.router.deadline(), self.grace].into_iter().flatten().min()
    }

    /// A link-local IPv6 address that can be used, if there is one.
    pub fn link_local6(&self) -> Option<&Address> {
        self.addresses
            .iter()
            .find(|a| a.prefix.address.is_ipv6() && a.prefix.is_link_local() && !a.is_tentative())
    }

    /// How far the addresses of a family reach.
    pub fn address_state(&self, family: impl Fn(IpAddr) -> bool) -> AddressState {
        let usable = |a: &&Address| {
            family(a.prefix.address) && !a.is_tentative() && !a.prefix.address.is_loopback()
        };
        let state = |a: &Address| match a.scope {
            0 => AddressState::Routable,
            1..=253 => AddressState::Degraded,
            _ => AddressState::Off,
        };
        self.addresses.iter().filter(usable).map(state).max().unwrap_or(AddressState::Off)
    }

    /// What the link can do (networkctl(1)). `ports` are the states of its ports.
    pub fn oper_state(&self, ports: &[OperState]) -> OperState {
        if !self.link.is_up() {
            return OperState::Off;
        }
        if !self.link.has_carrier() {
            return OperState::NoCarrier;
        }
        if self.link.oper_state == 5 {
            return OperState::Dormant;
        }
        if self.link.master.is_some() {
            return OperState::Enslaved;
        }
        let broken = ports.iter().any(|port| *port < OperState::Carrier);
        match (self.address_state(|_| true), broken) {
            (AddressState::Routable, _) => OperState::Routable,
            (AddressState::Degraded, _) => OperState::Degraded,
            (AddressState::Off, true) => OperState::DegradedCarrier,
            (AddressState::Off, false) => OperState::Carrier,
        }
    }

    /// The DHCPv4 lease in use.
    pub fn lease4(&self) -> Option<&dhcp4::lease::Lease> {
        self.dhcp4.as_ref().and_then(|dhcp| dhcp.client.lease()).or(self.kept4.as_ref())
    }

    /// Whether what the file and the leases say of the rest of the network counts: name servers behind a pulled cable
    /// would only be waited for. It counts as long as the addresses stay.
    pub fn is_in_use(&self) -> bool {
        let without_carrier = self.network.as_ref().is_some_and(|network| network.without_carrier);
        self.running || self.applied || self.grace.is_some() || without_carrier
    }

    /// What went wrong.
    pub fn trouble(&self) -> Option<&str> {
        self.problem.as_deref().or(self.refusal.as_deref())
    }

    /// How far this service is with it.
    pub fn setup_state(&self) -> SetupState {
        let Some(network) = &self.network else { return SetupState::Unmanaged };
        if self.trouble().is_some() {
            return SetupState::Failed;
        }
        let down = matches!(
            network.link.activation,
            crate::config::link_section::Activation::Down
                | crate::config::link_section::Activation::AlwaysDown
        );
        if self.prepared && (down || self.link.master.is_some()) {
            return SetupState::Configured;
        }
        let duplicate_checks =
            self.addresses.iter().any(|a| a.flags & 0x40 != 0 && a.protocol != 2);
        let needs_link_local =
            network.link_local.ipv6 && self.link_local6().is_none() && !self.ipv6_is_off();
        let ready = self.prepared
            && self.applied
            && !duplicate_checks
            && !needs_link_local
            && self.is_served(network);
        if ready { SetupState::Configured } else { SetupState::Configuring }
    }

    /// Whether the dynamic protocols gave something, or none is wanted, or static addresses make up for them.
    fn is_served(&self, network: &Network) -> bool {
        let bound4 = self.lease4().is_some();
        let bound6 = self.dhcp6.as_ref().is_some_and(|dhcp| dhcp.client.lease().is_some());
        let from_router = self
            .addresses
            .iter()
            .any(|a| a.prefix.address.is_ipv6() && a.scope == 0 && a.protocol == 2);
        let link_local4 = self.link_local4.as_ref().and_then(|found| found.client.address());
        let wants_link_local4 = network.link_local.ipv4 && self.link.speaks_arp();
        let wanted = network.dhcp.ipv4 || network.dhcp.ipv6 || wants_link_local4;
        let given = bound4 || bound6 || from_router || link_local4.is_some();
        !wanted || !network.addresses.is_empty() || given
    }

    /// IPv6 may be off for the whole host or link; then there is no link-local address to wait for.
    fn ipv6_is_off(&self) -> bool {
        self.link.inet6_flags.is_none()
    }
}

#[cfg(test)]
mod tests;
