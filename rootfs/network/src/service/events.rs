//! What the kernel tells, taken into what is known.

use super::managed::Managed;
use super::{Service, ServiceError};
use crate::netlink::event::Event;
use crate::netlink::object::{Address, Link};
use crate::netlink::socket::NetlinkError;
use crate::{clock, log, router};

/// `IF_RA_OTHERCONF` and `IF_RA_MANAGED` of the kernel.
pub(super) const RA_OTHER: u32 = 0x80;
pub(super) const RA_MANAGED: u32 = 0x40;

impl Service {
    /// Takes what waits on the monitor.
    pub(super) fn news(&mut self) -> Result<(), ServiceError> {
        loop {
            match self.monitor.read() {
                Ok(events) if events.is_empty() => return Ok(()),
                Ok(events) => events.into_iter().for_each(|event| self.take(event)),
                Err(NetlinkError::Overrun) => {
                    log::warning("news of the kernel were lost; looking at everything again");
                    self.look_again()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads links and addresses from the kernel.
    pub(super) fn look_again(&mut self) -> Result<(), ServiceError> {
        let links = self.kernel.links()?;
        let addresses = self.kernel.addresses()?;
        let there = |index: &u32| links.iter().any(|link| link.index == *index);
        let gone: Vec<u32> = self.links.keys().copied().filter(|index| !there(index)).collect();
        for index in gone {
            self.forget(index);
        }
        for managed in self.links.values_mut() {
            managed.addresses.clear();
            // Nobody knows what went in between.
            managed.stale |= managed.running;
        }
        for link in links {
            self.take_link(link);
        }
        for address in addresses {
            self.take_address(address);
        }
        Ok(())
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Link(link) => self.take_link(link),
            Event::LinkGone(index) => self.forget(index),
            Event::Inet6(index, flags) => {
                if let Some(managed) = self.links.get_mut(&index) {
                    managed.link.inet6_flags = Some(flags);
                }
            }
            Event::Address(address) => self.take_address(address),
            Event::AddressGone(address) => {
                if let Some(managed) = self.links.get_mut(&address.index) {
                    managed.addresses.retain(|have| have.prefix != address.prefix);
                }
            }
            Event::RouterOptions(index, options) => self.take_router_options(index, &options),
            Event::Routes(_)
            | Event::RoutesGone(_)
            | Event::Rule(_)
            | Event::Answer(_)
            | Event::Done => {}
        }
    }

    fn take_address(&mut self, address: Address) {
        let Some(managed) = self.links.get_mut(&address.index) else { return };
        if address.flags & 0x08 != 0 {
            log::warning(format!(
                "{}: {} is in use by another host",
                managed.link.name, address.prefix
            ));
        }
        let usable = |have: &Address| have.prefix == address.prefix && !have.is_tentative();
        // It may lead to the gateway of a route that waits.
        managed.stale |= managed.waits && usable(&address) && !managed.addresses.iter().any(usable);
        managed.addresses.retain(|have| have.prefix != address.prefix);
        managed.addresses.push(address);
    }

    fn take_link(&mut self, mut link: Link) {
        let index = link.index;
        if let Some(managed) = self.links.get_mut(&index) {
            link.inet6_flags = link.inet6_flags.or(managed.link.inet6_flags);
            let changed_identity = managed.link.name != link.name || managed.link.mac != link.mac;
            // With another hardware address it is another host to a DHCP server.
            managed.was_down |=
                (managed.link.is_up() && !link.is_up()) || managed.link.mac != link.mac;
            managed.link = link;
            if changed_identity {
                self.match_link(index);
            }
            return;
        }
        self.links.insert(index, Managed::new(link));
        self.name_link(index);
        self.match_link(index);
    }

    fn forget(&mut self, index: u32) {
        if let Some(managed) = self.links.remove(&index) {
            log::info(format!("{}: gone", managed.link.name));
            self.take_back(index, &managed.given);
            self.remove_files_of(index);
        }
    }

    fn take_router_options(&mut self, index: u32, options: &[u8]) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        if managed.network.as_ref().is_some_and(|network| network.accepts_ra()) {
            managed.router.take(router::read_options(options), clock::now());
        }
    }
}
