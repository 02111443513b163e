//! Links that software makes, the names of links, and the files the kernel's command line asks for.

use std::fs;

use keelson_units::text::Remark;

use super::Service;
use super::files::put;
use super::links::down;
use crate::config::files::read_all;
use crate::config::keys::Kind;
use crate::config::link::LinkFile;
use crate::config::netdev::Netdev;
use crate::config::network::Network;
use crate::netlink::kinds;
use crate::netlink::request::{self, LinkChange};
use crate::{kernel_command_line, log, predictable, sysfs};

const EEXIST: i32 = 17;

impl Service {
    /// Writes the files for `ip=` and its kin. They are written at every start, so a change of the command line holds.
    pub(super) fn write_command_line_files(&self) {
        let mut problems = Vec::new();
        let files = kernel_command_line::files(&self.host.command_line, &mut problems);
        problems.iter().for_each(log::warning);
        if files.is_empty() {
            return;
        }
        let folder = self.root.join("run/systemd/network");
        if let Err(error) = fs::create_dir_all(&folder) {
            return log::error(format!("making {}: {error}", folder.display()));
        }
        for (name, text) in files {
            put(&self.root, &format!("run/systemd/network/{name}"), &text);
        }
    }

    /// Reads `.netdev` and `.link` files.
    pub(super) fn read_device_files(&mut self, remarks: &mut Vec<Remark>) {
        let sources = read_all(&self.root, Kind::Netdev, remarks);
        self.netdevs = sources.iter().filter_map(|source| Netdev::read(source, remarks)).collect();
        let sources = read_all(&self.root, Kind::Link, remarks);
        self.link_files = sources.iter().map(|source| LinkFile::read(source, remarks)).collect();
    }

    /// Makes the links that stand on no other.
    pub(super) fn make_netdevs(&mut self) {
        for netdev in self.netdevs.clone().iter().filter(|netdev| !netdev.needs_link()) {
            self.make(netdev, None);
        }
    }

    /// Makes the links a `.network` names on top of its own.
    pub(super) fn make_upper_links(&mut self, index: u32, network: &Network) {
        for name in &network.upper {
            match self.netdevs.iter().find(|netdev| netdev.name == *name).cloned() {
                Some(netdev) => self.make(&netdev, Some(index)),
                None => {
                    log::warning(format!(
                        "{}: no .netdev is called {name}",
                        network.file.display()
                    ));
                }
            }
        }
    }

    fn make(&mut self, netdev: &Netdev, below: Option<u32>) {
        if !netdev.matching.fits_host(&self.host) {
            return;
        }
        match self.kernel.ask(&kinds::create(netdev, below)) {
            Ok(()) => log::info(format!("{}: made by {}", netdev.name, netdev.file.display())),
            Err(error) if error.number() == Some(EEXIST) => self.update(netdev),
            Err(error) => {
                log::error(format!("{}: making {}: {error}", netdev.file.display(), netdev.name));
            }
        }
    }

    /// A bridge that is there takes its settings while it runs; other kinds keep what they were made with.
    fn update(&mut self, netdev: &Netdev) {
        let Some(index) = self.index_of(&netdev.name) else { return };
        if let Some(request) = kinds::update(netdev, index) {
            self.ask(index, "changing its settings", &request);
        }
    }

    /// Gives a new link the name and the settings of the first `.link` that fits; the loopback keeps its own.
    pub(super) fn name_link(&mut self, index: u32) {
        let found = self.links.get(&index).filter(|managed| !managed.link.is_loopback());
        let Some(link) = found.map(|managed| managed.link.clone()) else { return };
        let candidate = sysfs::candidate(&self.root, &link);
        let Some(file) =
            self.link_files.iter().find(|file| file.matching.fits(&candidate, &self.host)).cloned()
        else {
            return;
        };
        let by_policy = || {
            let off = self.host.command_line.iter().any(|word| word == "net.ifnames=0");
            let names = file
                .policies
                .iter()
                .filter_map(|policy| predictable::name(&self.root, &link, *policy));
            names.into_iter().next().filter(|_| !off)
        };
        let name = by_policy().or_else(|| file.name.clone()).filter(|name| *name != link.name);
        let change = LinkChange {
            name: name.clone(),
            mac: file.mac.filter(|mac| link.mac != Some(*mac)),
            mtu: file.mtu.filter(|mtu| link.mtu != Some(*mtu)),
            alias: file.alias.clone(),
            ..LinkChange::default()
        };
        if change == LinkChange::default() {
            return;
        }
        // A link that is up takes no new name from older kernels.
        if name.is_some() && link.is_up() {
            self.ask(index, "setting it down", &request::change_link(index, &down()));
        }
        if self.ask(index, "naming the link", &request::change_link(index, &change))
            && let Some(managed) = self.links.get_mut(&index)
            && let Some(name) = name
        {
            log::info(format!("{}: is now called {name}", link.name));
            managed.link.name = name;
        }
    }
}
