//! IPv4 link-local addresses of the links that want one (`LinkLocalAddressing=`).

use std::time::Duration;

use super::Service;
use super::managed::LinkLocal4;
use crate::config::network::Network;
use crate::link_local4::client::{Action, Client};
use crate::link_local4::socket::Socket;
use crate::random::Random;
use crate::{clock, log};

/// Packets taken at once before everything else gets its turn.
const BATCH: usize = 64;

impl Service {
    /// Begins and ends the search for an address. Where DHCPv4 runs, it begins once no server has answered for some time,
    /// and ends with a lease. Without a carrier an address stays as long as the other settings (`IgnoreCarrierLoss=`).
    pub(super) fn follow_link_local4(&mut self, index: u32, network: &Network) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        let wished = network.link_local.ipv4 && managed.lease4().is_none();
        if !wished {
            let before = managed.link_local4.take();
            managed.stale |= before.is_some_and(|before| before.client.address().is_some());
            return;
        }
        let speaks_arp = managed.link.speaks_arp();
        let Some(mac) = managed.link.mac.filter(|_| speaks_arp) else { return };
        let before = managed.link_local4.take_if(|before| before.client.mac() != mac);
        managed.stale |= before.is_some();
        let dhcp = managed.dhcp4.as_ref();
        let alone = !network.dhcp.ipv4 || dhcp.is_some_and(|dhcp| dhcp.client.is_unanswered());
        if managed.link_local4.is_some() || !managed.running || !alone {
            return;
        }
        match Socket::open(index) {
            Ok(socket) => {
                let random = Random::new(u64::from(self.random.number()));
                let client = Client::new(mac, random, clock::now());
                managed.link_local4 = Some(LinkLocal4 { client, socket });
            }
            Err(error) => {
                let what = format!("opening a socket for ARP: {error}");
                if managed.problem.is_none() {
                    log::error(format!("{}: {what}", managed.link.name));
                    managed.problem = Some(what);
                }
            }
        }
    }

    /// Takes what waits on the socket of a link.
    pub(super) fn arp_readable(&mut self, index: u32) {
        for _ in 0..BATCH {
            let found = self.links.get_mut(&index).and_then(|managed| managed.link_local4.as_mut());
            let Some(link_local) = found else { return };
            // `ENETDOWN` is told once by the socket and means nothing here: the carrier tells.
            let Ok(Some(packet)) = link_local.socket.receive() else { return };
            let actions = link_local.client.received(&packet, clock::now());
            self.do_link_local4(index, actions);
        }
    }

    /// Does what is due on a link.
    pub(super) fn elapse_link_local4(&mut self, index: u32, now: Duration) {
        let found = self.links.get_mut(&index).and_then(|managed| managed.link_local4.as_mut());
        let actions = found.map(|link_local| link_local.client.elapsed(now));
        self.do_link_local4(index, actions.unwrap_or_default());
    }

    fn do_link_local4(&mut self, index: u32, actions: Vec<Action>) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        let Some(link_local) = &managed.link_local4 else { return };
        let name = &managed.link.name;
        for action in actions {
            match action {
                // One that is not sent counts all the same: a link that just went down gives ENETDOWN here.
                Action::Send(packet) => {
                    if let Err(error) = link_local.socket.send(&packet) {
                        log::warning(format!("{name}: sending ARP: {error}"));
                    }
                }
                Action::Bound(address) => {
                    log::info(format!("{name}: IPv4 link-local: {address}"));
                    managed.stale = true;
                }
                Action::Lost(address) => {
                    log::warning(format!("{name}: {address} is in use by another host"));
                    managed.stale = true;
                }
            }
        }
    }
}
