//! From a link and the files to a link that is set up: matching, preparing, starting and halting.

use std::rc::Rc;
use std::time::Duration;

use keelson_units::text::Remark;

use super::Service;
use super::sysctl;
use crate::config::files::read_all;
use crate::config::keys::Kind;
use crate::config::link_section::Activation;
use crate::config::network::Network;
use crate::netlink::object::IFF_UP;
use crate::netlink::request::{self, LinkChange};
use crate::{clock, log, sysfs};

impl Service {
    /// Reads every file and tells what is passed over.
    pub(super) fn read_files(&mut self) {
        let mut remarks: Vec<Remark> = Vec::new();
        let sources = read_all(&self.root, Kind::Network, &mut remarks);
        self.networks =
            sources.iter().map(|source| Rc::new(Network::read(source, &mut remarks))).collect();
        self.read_device_files(&mut remarks);
        let networks = self.networks.iter().map(|network| (&network.file, &network.matching));
        let links = self.link_files.iter().map(|link| (&link.file, &link.matching));
        for (file, _) in networks.chain(links).filter(|(_, matching)| matching.is_empty()) {
            log::warning(format!(
                "{}: nothing valid in [Match], so it is for no link; `Name=*` is for every link",
                file.display()
            ));
        }
        remarks.iter().for_each(log::warning);
    }

    /// Finds the file for every link again, after the files were read anew.
    pub(super) fn match_all(&mut self) {
        let indices: Vec<u32> = self.links.keys().copied().collect();
        for index in indices {
            self.match_link(index);
        }
    }

    /// Finds the file for a link; where it is another than before the link is configured anew.
    pub(super) fn match_link(&mut self, index: u32) {
        let Some(managed) = self.links.get(&index) else { return };
        if managed.link.is_loopback() {
            return self.set_up_loopback(index);
        }
        let candidate = sysfs::candidate(&self.root, &managed.link);
        let found =
            self.networks.iter().find(|network| network.matching.fits(&candidate, &self.host));
        let network = found.filter(|network| !network.link.unmanaged).cloned();
        if managed.network != network {
            self.configure(index, network.as_ref());
        }
    }

    /// Takes a file for a link, or none.
    pub(super) fn configure(&mut self, index: u32, network: Option<&Rc<Network>>) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        let before = managed.network.take();
        if let Some(network) = network {
            log::info(format!("{}: configured by {}", managed.link.name, network.file.display()));
        } else {
            log::info(format!("{}: no file is for it", managed.link.name));
        }
        managed.network = network.cloned();
        (managed.prepared, managed.applied, managed.grace) = (false, false, None);
        (managed.problem, managed.refusal, managed.waits) = (None, None, false);
        let keeps_lease = network.is_some_and(|now| {
            before.as_ref().is_some_and(|then| {
                then.dhcp == now.dhcp && then.dhcp4.client_id == now.dhcp4.client_id
            })
        });
        if let Some(before) = before.as_deref().filter(|_| !keeps_lease) {
            self.stop_clients(index, before);
        }
        if network.is_none() && before.is_some() {
            self.drop_settings(index);
            self.fit_mtu(index, None);
        }
        if let Some(managed) = self.links.get_mut(&index) {
            managed.running = false;
            let keeps = network.is_some_and(|network| network.keep_dhcp);
            managed.kept4 = managed.lease4().filter(|_| keeps).cloned();
            managed.link_local4.take_if(|_| network.is_none());
        }
    }

    /// One step towards what is wished.
    pub(super) fn settle_link(&mut self, index: u32) {
        let Some(managed) = self.links.get(&index) else { return };
        let Some(network) = managed.network.clone() else { return };
        if !managed.prepared && managed.problem.is_none() {
            self.prepare(index, &network);
        }
        let Some(managed) = self.links.get_mut(&index) else { return };
        if !managed.prepared {
            return;
        }
        if managed.was_down && managed.link.is_up() {
            (managed.was_down, managed.applied) = (false, false);
            if managed.running {
                self.lost_carrier(index, &network);
            }
        }
        let Some(managed) = self.links.get_mut(&index) else { return };
        let active = managed.link.has_carrier() && managed.link.master.is_none();
        match (active, managed.running) {
            (true, false) => {
                (managed.running, managed.grace, managed.stale) = (true, None, true);
                log::info(format!("{}: has a carrier", managed.link.name));
                self.start_clients(index, &network);
            }
            (false, true) => self.lost_carrier(index, &network),
            _ => {}
        }
        if network.without_carrier
            && !active
            && let Some(managed) = self.links.get_mut(&index).filter(|managed| !managed.applied)
        {
            managed.stale = true;
        }
        self.follow_router(index, &network);
        self.follow_link_local4(index, &network);
        self.follow_policy(index, &network);
        if self.links.get(&index).is_some_and(|managed| managed.stale) {
            self.apply(index, &network);
        }
    }

    fn lost_carrier(&mut self, index: u32, network: &Network) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        log::info(format!("{}: lost its carrier", managed.link.name));
        managed.running = false;
        managed.grace = network.carrier_grace.map(|grace| clock::now() + grace);
        self.pause_clients(index);
    }

    /// The carrier stayed away: the settings go, the clients forget.
    pub(super) fn grace_over(&mut self, index: u32, now: Duration) {
        let Some(managed) = self.links.get_mut(&index) else { return };
        if managed.grace.is_none_or(|end| now < end) {
            return;
        }
        managed.grace = None;
        managed.router = crate::router::Router::default();
        if !managed.network.as_ref().is_some_and(|network| network.without_carrier) {
            managed.link_local4 = None;
            self.drop_settings(index);
        }
    }

    /// Sets the link itself up. Waits for a master or an upper link that is not there yet.
    fn prepare(&mut self, index: u32, network: &Network) {
        let master = match &network.master {
            Some(name) => match self.index_of(name) {
                Some(master) => Some(master),
                None => return,
            },
            None => None,
        };
        self.make_upper_links(index, network);
        let Some(managed) = self.links.get(&index) else { return };
        let (name, link) = (managed.link.name.clone(), managed.link.clone());
        for (path, value) in sysctl::wishes(network, &name) {
            match sysctl::write(&path, &value) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => log::warning(format!("{name}: writing {value} to {path}: {error}")),
            }
        }
        let mut change = LinkChange {
            mac: network.link.mac.filter(|mac| link.mac != Some(*mac)),
            mtu: network
                .link
                .mtu
                .map(|mtu| network.possible_mtu(mtu))
                .filter(|mtu| link.mtu != Some(*mtu)),
            flags: network.link.flags(),
            group: network.link.group,
            address_mode: match (network.link_local.ipv6, network.address_mode) {
                _ if link.inet6_flags.is_none() => None,
                (false, _) => Some(1),
                (true, mode) => mode,
            },
            ..LinkChange::default()
        };
        if let Some(master) = master.filter(|master| link.master != Some(*master)) {
            change.master = Some(master);
            // A bond takes only ports that are down.
            if link.is_up() {
                self.ask(index, "setting it down", &request::change_link(index, &down()));
            }
        } else if self.leaves_master(index, network) {
            change.master = Some(0);
        }
        if change != LinkChange::default()
            && !self.ask(index, "changing the link", &request::change_link(index, &change))
        {
            return;
        }
        // The clients begin before the kernel tells of it.
        if let Some(managed) = self.links.get_mut(&index) {
            managed.link.mac = change.mac.or(managed.link.mac);
            managed.link.mtu = change.mtu.or(managed.link.mtu);
            if let Some(master) = change.master {
                managed.link.master = Some(master).filter(|master| *master != 0);
                managed.joined = managed.link.master;
            }
            managed.mtu_before.take_if(|_| network.link.mtu.is_some());
        }
        let wish = match network.link.activation {
            Activation::Up | Activation::AlwaysUp => Some(up()),
            Activation::Down | Activation::AlwaysDown => Some(down()),
            Activation::Manual | Activation::Bound => None,
        };
        if let Some(wish) = wish
            && !self.ask(index, "setting it up or down", &request::change_link(index, &wish))
        {
            return;
        }
        if let Some(managed) = self.links.get_mut(&index) {
            managed.prepared = true;
        }
    }

    /// Whether it is a port that its file no longer says it is. What others made it a port of is theirs.
    fn leaves_master(&self, index: u32, network: &Network) -> bool {
        let Some(managed) = self.links.get(&index) else { return false };
        let Some(master) = managed.link.master else { return false };
        let made = || {
            let name = self.links.get(&master).map(|managed| &managed.link.name);
            self.netdevs.iter().any(|netdev| Some(&netdev.name) == name)
        };
        network.master.is_none()
            && !network.keep_master
            && (managed.joined == Some(master) || made())
    }

    /// `always-up`, `always-down` and `bound`: brings the link back when somebody else changed it.
    fn follow_policy(&mut self, index: u32, network: &Network) {
        let Some(managed) = self.links.get(&index) else { return };
        let carrier = |name: &String| {
            self.links.values().any(|m| m.link.name == *name && m.link.has_carrier())
        };
        let wanted = match network.link.activation {
            Activation::AlwaysUp => true,
            Activation::AlwaysDown => false,
            _ if !network.bind_carrier.is_empty() => network.bind_carrier.iter().any(carrier),
            _ => return,
        };
        if managed.link.is_up() != wanted {
            let change = if wanted { up() } else { down() };
            self.ask(
                index,
                "following its activation policy",
                &request::change_link(index, &change),
            );
        }
    }

    fn set_up_loopback(&mut self, index: u32) {
        if self.links.get(&index).is_some_and(|managed| !managed.link.is_up()) {
            self.ask(index, "setting it up", &request::change_link(index, &up()));
        }
    }

    /// The index of a link by its name.
    pub(super) fn index_of(&self, name: &str) -> Option<u32> {
        self.links
            .values()
            .find(|managed| managed.link.name == name)
            .map(|managed| managed.link.index)
    }

    /// Asks the kernel for something on a link; a refusal is told and kept for `networkctl status`.
    pub(super) fn ask(&mut self, index: u32, what: &str, request: &request::Request) -> bool {
        let Err(error) = self.kernel.ask(request) else { return true };
        if let Some(managed) = self.links.get_mut(&index) {
            let problem = format!("{what}: {error}");
            log::error(format!("{}: {problem}", managed.link.name));
            managed.problem.get_or_insert(problem);
        }
        false
    }
}

/// Sets a link up.
pub fn up() -> LinkChange {
    LinkChange { flags: (IFF_UP, IFF_UP), ..LinkChange::default() }
}

/// Sets a link down.
pub fn down() -> LinkChange {
    LinkChange { flags: (0, IFF_UP), ..LinkChange::default() }
}
