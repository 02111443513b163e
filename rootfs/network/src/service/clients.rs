//! The DHCP clients of a link and their sockets: starting, halting, doing what the state machines say.

use std::time::Duration;

use super::Service;
use super::events::{RA_MANAGED, RA_OTHER};
use super::managed::{Dhcp4, Dhcp6, Managed};
use crate::config::addressing::Gateway;
use crate::config::dhcp::{ClientId, WithoutRa};
use crate::config::network::Network;
use crate::dhcp4::client::{Action as Action4, Client as Client4};
use crate::dhcp4::lease::Lease;
use crate::dhcp4::options::code;
use crate::dhcp4::settings::Settings as Settings4;
use crate::dhcp4::socket::Socket as Socket4;
use crate::dhcp6::client::{Action as Action6, Client as Client6, Mode, Settings as Settings6};
use crate::dhcp6::socket::Socket as Socket6;
use crate::{clock, identity, log, solicit};

/// Packets taken from one socket before everything else gets its turn, however many come.
const BATCH: usize = 64;

impl Service {
    /// The carrier is there: asks for addresses, with what is held or remembered.
    pub(super) fn start_clients(&mut self, index: u32, network: &Network) {
        if network.accepts_ra()
            && let Some(managed) = self.links.get(&index)
            && managed.link_local6().is_some()
            && let Err(error) = solicit::send(&managed.link.name, index)
        {
            // The kernel asks too; this one only makes up for what was advertised before the service began.
            log::warning(format!("{}: asking for routers: {error}", managed.link.name));
        }
        let found = self.links.get_mut(&index).and_then(|managed| managed.link_local4.as_mut());
        if let Some(link_local) = found {
            link_local.client.resume(clock::now());
        }
        self.adopt6(index, network);
        if !network.dhcp.ipv4 {
            return;
        }
        let settings = self.settings4(index, network);
        let Some(managed) = self.links.get_mut(&index) else { return };
        let Some(settings) = settings else {
            return log::warning(format!(
                "{}: no Ethernet address, so no DHCPv4",
                managed.link.name
            ));
        };
        if managed.dhcp4.take_if(|dhcp| !dhcp.client.adopt(&settings)).is_some() {
            (managed.kept4, managed.stale) = (None, true);
            self.forget_lease(index);
        }
        let remembered = self.remembered_lease(index);
        let Some(managed) = self.links.get_mut(&index) else { return };
        let random = crate::random::Random::new(
            u64::from(self.random.number()) << 32 | u64::from(self.random.number()),
        );
        let dhcp = managed
            .dhcp4
            .get_or_insert_with(|| Dhcp4 { client: Client4::new(settings, random), socket: None });
        if network.keep_dhcp && managed.kept4.is_none() {
            managed.kept4.clone_from(&remembered);
        }
        let remembered = remembered.filter(|_| dhcp.client.lease().is_none());
        let actions = dhcp.client.start(clock::now(), remembered);
        self.do_dhcp4(index, actions);
    }

    fn settings4(&self, index: u32, network: &Network) -> Option<Settings4> {
        let mac = self.links.get(&index)?.link.mac?;
        let section = &network.dhcp4;
        let iaid = section.iaid.unwrap_or_else(|| identity::iaid(mac));
        let hostname = section.hostname.clone().or_else(|| identity::static_hostname(&self.root));
        let mut wanted = vec![code::SUBNET_MASK, code::DNS, code::DOMAIN, code::BROADCAST];
        let uses = &section.uses;
        let leads_to_router =
            network.routes.iter().any(|route| route.gateway == Some(Gateway::Dhcp4));
        let optional = [
            (uses.routes, [code::CLASSLESS_ROUTES].as_slice()),
            (uses.takes_gateway() || leads_to_router, &[code::ROUTER]),
            (uses.routes, &[code::STATIC_ROUTE]),
            (uses.hostname, &[code::HOSTNAME]),
            (uses.mtu, &[code::MTU]),
            (uses.ntp, &[code::NTP]),
            (true, &[code::DOMAIN_SEARCH, code::T1, code::T2]),
        ];
        wanted
            .extend(optional.iter().filter(|(wish, _)| *wish).flat_map(|(_, codes)| codes.iter()));
        wanted.extend(&section.request_options);
        Some(Settings4 {
            mac,
            client_id: Some(match section.client_id {
                ClientId::Mac => [&[1], mac.0.as_slice()].concat(),
                ClientId::Duid => identity::client_id(&self.duid, iaid),
            }),
            hostname: hostname.filter(|_| section.send_hostname),
            vendor_class: section.vendor_class.clone(),
            user_class: section.user_class.clone(),
            wanted,
            rapid_commit: section.rapid_commit,
            broadcast: section.request_broadcast,
            attempts: section.attempts,
        })
    }

    /// Halts the clients while the carrier is away.
    pub(super) fn pause_clients(&mut self, index: u32) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        if let Some(dhcp) = &mut managed.dhcp4 {
            dhcp.client.pause();
            dhcp.socket = None;
        }
        if let Some(dhcp) = &mut managed.dhcp6 {
            dhcp.client.pause();
            dhcp.socket = None;
        }
        if let Some(link_local) = &mut managed.link_local4 {
            link_local.client.pause();
        }
    }

    /// Ends the clients; the leases are given back where the file they were taken by wants it.
    pub(super) fn stop_clients(&mut self, index: u32, network: &Network) {
        if network.dhcp4.send_release {
            let actions = self
                .links
                .get_mut(&index)
                .and_then(|m| m.dhcp4.as_mut())
                .map(|dhcp| dhcp.client.release());
            self.do_dhcp4(index, actions.unwrap_or_default());
        }
        if network.dhcp6.send_release {
            let actions = self
                .links
                .get_mut(&index)
                .and_then(|m| m.dhcp6.as_mut())
                .map(|dhcp| dhcp.client.release());
            self.do_dhcp6(index, actions.unwrap_or_default());
        }
        if let Some(managed) = self.links.get_mut(&index) {
            (managed.dhcp4, managed.dhcp6, managed.kept4) = (None, None, None);
            managed.stale = true;
        }
        self.forget_lease(index);
    }

    /// Asks for everything to be renewed, for `networkctl renew`.
    pub(super) fn renew(&mut self, index: u32) {
        let now = clock::now();
        let Some(managed) = self.links.get_mut(&index) else { return };
        let actions4 =
            managed.dhcp4.as_mut().map(|dhcp| dhcp.client.renew(now)).unwrap_or_default();
        let actions6 =
            managed.dhcp6.as_mut().map(|dhcp| dhcp.client.renew(now)).unwrap_or_default();
        self.do_dhcp4(index, actions4);
        self.do_dhcp6(index, actions6);
    }

    /// Starts DHCPv6, or goes from information alone to addresses, as the routers and the file want it.
    pub(super) fn follow_router(&mut self, index: u32, network: &Network) {
        let Some(managed) = self.links.get(&index) else { return };
        let Some(mode) = mode6(managed, network) else { return };
        let serves = managed.dhcp6.as_ref().is_some_and(|dhcp| dhcp.client.serves(mode));
        if serves || !managed.running || managed.link_local6().is_none() {
            return;
        }
        let Some(settings) = self.settings6(index, network) else { return };
        let random = crate::random::Random::new(
            u64::from(self.random.number()) << 32 | u64::from(self.random.number()),
        );
        let Some(managed) = self.links.get_mut(&index) else { return };
        let dhcp = managed
            .dhcp6
            .get_or_insert_with(|| Dhcp6 { client: Client6::new(settings, random), socket: None });
        let actions = dhcp.client.start(mode, clock::now());
        self.do_dhcp6(index, actions);
    }

    fn settings6(&self, index: u32, network: &Network) -> Option<Settings6> {
        let mac = self.links.get(&index)?.link.mac?;
        let section = &network.dhcp6;
        let hostname = section.hostname.clone().or_else(|| identity::static_hostname(&self.root));
        Some(Settings6 {
            duid: self.duid.clone(),
            iaid: section.iaid.unwrap_or_else(|| identity::iaid(mac)),
            rapid_commit: section.rapid_commit,
            hostname: hostname.filter(|_| section.send_hostname),
        })
    }

    /// Gives a running client the settings of the file, or ends it where it would be another one.
    fn adopt6(&mut self, index: u32, network: &Network) {
        let Some(settings) = self.settings6(index, network) else { return };
        let Some(managed) = self.links.get_mut(&index) else { return };
        let ended = managed.dhcp6.take_if(|dhcp| !dhcp.client.adopt(&settings));
        managed.stale |= ended.is_some();
    }

    /// Takes what waits on a DHCPv4 socket.
    pub(super) fn dhcp4_readable(&mut self, index: u32) {
        for _ in 0..BATCH {
            let Some(dhcp) = self.links.get_mut(&index).and_then(|managed| managed.dhcp4.as_mut())
            else {
                return;
            };
            let Some(socket) = &dhcp.socket else { return };
            match socket.receive() {
                Ok(Some(packet)) => {
                    let actions = dhcp.client.received(&packet, clock::now());
                    self.do_dhcp4(index, actions);
                }
                // `ENETDOWN` and `ECONNREFUSED` are told once by the socket and mean nothing here: timers go on.
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Takes what waits on a DHCPv6 socket.
    pub(super) fn dhcp6_readable(&mut self, index: u32) {
        for _ in 0..BATCH {
            let Some(dhcp) = self.links.get_mut(&index).and_then(|managed| managed.dhcp6.as_mut())
            else {
                return;
            };
            let Some(socket) = &dhcp.socket else { return };
            match socket.receive() {
                Ok(Some(message)) => {
                    let actions = dhcp.client.received(&message, clock::now());
                    self.do_dhcp6(index, actions);
                }
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Does what is due on a link.
    pub(super) fn elapse_link(&mut self, index: u32, now: Duration) {
        self.grace_over(index, now);
        let Some(managed) = self.links.get_mut(&index) else { return };
        managed.router.elapsed(now);
        let actions4 =
            managed.dhcp4.as_mut().map(|dhcp| dhcp.client.elapsed(now)).unwrap_or_default();
        let actions6 =
            managed.dhcp6.as_mut().map(|dhcp| dhcp.client.elapsed(now)).unwrap_or_default();
        self.do_dhcp4(index, actions4);
        self.do_dhcp6(index, actions6);
        self.elapse_link_local4(index, now);
    }

    fn do_dhcp4(&mut self, index: u32, actions: Vec<Action4>) {
        for action in actions {
            let Some(managed) = self.links.get_mut(&index) else { return };
            let name = managed.link.name.clone();
            match action {
                Action4::Broadcast(packet) => {
                    report(&name, "DHCPv4", send4(managed, &packet, None));
                }
                Action4::Unicast(server, packet) => {
                    report(&name, "DHCPv4", send4(managed, &packet, Some(server)));
                }
                Action4::Bound(lease) => {
                    tell_lease(&name, &lease);
                    managed.stale = true;
                    let keeps = managed.network.as_ref().is_some_and(|network| network.keep_dhcp);
                    managed.kept4 = keeps.then(|| lease.clone());
                    self.remember_lease(index, &lease);
                }
                Action4::Lost(loss) => {
                    log::warning(format!("{name}: DHCPv4: {loss}"));
                    managed.stale = true;
                    if managed.kept4.is_none() {
                        self.forget_lease(index);
                    }
                }
            }
        }
        self.fit_socket4(index);
    }

    /// A packet socket is open only while it must be: it sees every packet of the link.
    fn fit_socket4(&mut self, index: u32) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        let name = managed.link.name.clone();
        let Some(dhcp) = &mut managed.dhcp4 else { return };
        let wants_packets = dhcp.client.needs_packet_socket();
        let fits = match &dhcp.socket {
            Some(Socket4::Packets(..)) => wants_packets,
            Some(Socket4::Datagrams(_)) => !wants_packets,
            None => !managed.running,
        };
        if !fits {
            let opened =
                if wants_packets { Socket4::packets(index) } else { Socket4::datagrams(&name) };
            match opened {
                Ok(socket) => dhcp.socket = Some(socket),
                Err(error) => log::error(format!("{name}: opening a socket for DHCPv4: {error}")),
            }
        }
    }

    fn do_dhcp6(&mut self, index: u32, actions: Vec<Action6>) {
        for action in actions {
            let Some(managed) = self.links.get_mut(&index) else { return };
            let name = managed.link.name.clone();
            match action {
                Action6::Send(message) => {
                    let Some(dhcp) = &mut managed.dhcp6 else { return };
                    if dhcp.socket.is_none() {
                        match Socket6::open(&name, index) {
                            Ok(socket) => dhcp.socket = Some(socket),
                            Err(error) => {
                                log::error(format!("{name}: opening a socket for DHCPv6: {error}"));
                            }
                        }
                    }
                    if let Some(socket) = &dhcp.socket {
                        report(&name, "DHCPv6", socket.send(&message));
                    }
                }
                Action6::Bound(lease) => {
                    let addresses: Vec<_> =
                        lease.addresses.iter().map(|a| a.address.to_string()).collect();
                    log::info(format!(
                        "{name}: DHCPv6: {}",
                        if addresses.is_empty() {
                            "information".to_owned()
                        } else {
                            addresses.join(", ")
                        }
                    ));
                    managed.stale = true;
                }
                Action6::Lost => {
                    log::warning(format!("{name}: DHCPv6: the lease is lost"));
                    managed.stale = true;
                }
            }
        }
    }
}

/// What the routers and the file want of DHCPv6; `None` is nothing.
fn mode6(managed: &Managed, network: &Network) -> Option<Mode> {
    let flags = managed.link.inet6_flags.unwrap_or(0);
    if network.accepts_ra() && network.ra.dhcp6_client != Some(false) {
        if flags & RA_MANAGED != 0 {
            return Some(Mode::Addresses);
        }
        if flags & RA_OTHER != 0 {
            return Some(Mode::Information);
        }
        // IF_RA_RCVD: a router spoke and asks for nothing.
        if network.ra.dhcp6_client.is_none() && flags & 0x20 != 0 {
            return Some(Mode::Addresses);
        }
    }
    match network.dhcp6.without_ra {
        _ if !network.dhcp.ipv6 => None,
        WithoutRa::No => (!network.accepts_ra()).then_some(Mode::Addresses),
        WithoutRa::Solicit => Some(Mode::Addresses),
        WithoutRa::Information => Some(Mode::Information),
    }
}

fn send4(
    managed: &mut Managed,
    packet: &crate::dhcp4::packet::Packet,
    server: Option<std::net::Ipv4Addr>,
) -> std::io::Result<()> {
    let (name, index) = (&managed.link.name, managed.link.index);
    let Some(dhcp) = &mut managed.dhcp4 else { return Ok(()) };
    // Renewal and release go by the address the link has; the rest cannot.
    let by_datagram = !packet.client.is_unspecified();
    let fits = match &dhcp.socket {
        Some(Socket4::Packets(..)) => !by_datagram,
        Some(Socket4::Datagrams(_)) => by_datagram,
        None => false,
    };
    if !fits {
        dhcp.socket =
            Some(if by_datagram { Socket4::datagrams(name)? } else { Socket4::packets(index)? });
    }
    dhcp.socket.as_ref().map_or(Ok(()), |socket| socket.send(packet, server))
}

fn report(name: &str, protocol: &str, result: std::io::Result<()>) {
    if let Err(error) = result {
        // Sent again when its time comes; a link that just went down gives ENETDOWN here.
        log::warning(format!("{name}: sending {protocol}: {error}"));
    }
}

fn tell_lease(name: &str, lease: &Lease) {
    let time = lease
        .lifetime
        .map_or_else(|| "for ever".to_owned(), |time| format!("for {} s", time.as_secs()));
    log::info(format!("{name}: DHCPv4: {} from {} {time}", lease.prefix, lease.server));
}
