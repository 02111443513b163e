//! What the service writes: the state of links and of the whole, leases, `resolv.conf`, the host's name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use super::Service;
use super::managed::Managed;
use crate::config::dhcp::UseDomains;
use crate::config::network::Network;
use crate::dhcp4::lease::Lease;
use crate::state::{AddressState, OnlineState, OperState, SetupState};
use crate::{identity, log, resolv};

/// Name servers, time servers and domains of a link, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    dns: Vec<String>,
    ntp: Vec<String>,
    search: Vec<String>,
    routed: Vec<String>,
}

impl Service {
    /// Writes what changed since it was written last.
    pub(super) fn write_files(&mut self) {
        let states = self.oper_states();
        let mut all = Names::default();
        let indices: Vec<u32> = self.links.keys().copied().collect();
        for index in indices {
            let Some(managed) = self.links.get_mut(&index) else { continue };
            let names = names_of(managed);
            let text = link_text(managed, states[&index], &names);
            if managed.network.is_some() && managed.is_in_use() {
                join(&mut all, names);
            }
            if managed.written.as_ref() != Some(&text) {
                put(&self.root, &format!("run/systemd/netif/links/{index}"), &text);
                managed.written = Some(text);
            }
        }
        self.put_once("run/systemd/netif/state", self.state_text(&states, &all));
        self.put_once("run/systemd/resolve/resolv.conf", resolv::text(&all.dns, &all.search));
        self.follow_hostname();
    }

    fn put_once(&mut self, path: &'static str, text: String) {
        if self.written.get(path) != Some(&text) {
            put(&self.root, path, &text);
            self.written.insert(path, text);
        }
    }

    /// The state of every link; those of bonds and bridges look at their ports.
    fn oper_states(&self) -> BTreeMap<u32, OperState> {
        let plain: Vec<(Option<u32>, OperState)> = self
            .links
            .values()
            .map(|managed| (managed.link.master, managed.oper_state(&[])))
            .collect();
        let state = |index: u32, managed: &Managed| {
            let ports: Vec<OperState> = plain
                .iter()
                .filter(|(master, _)| *master == Some(index))
                .map(|(_, state)| *state)
                .collect();
            managed.oper_state(&ports)
        };
        self.links.iter().map(|(index, managed)| (*index, state(*index, managed))).collect()
    }

    fn state_text(&self, states: &BTreeMap<u32, OperState>, all: &Names) -> String {
        let real = self.links.iter().filter(|(_, managed)| !managed.link.is_loopback());
        let oper = real.clone().map(|(index, _)| states[index]).max().unwrap_or(OperState::Off);
        let family = |ipv4: bool| {
            let state = |managed: &Managed| managed.address_state(|ip| ip.is_ipv4() == ipv4);
            real.clone().map(|(_, managed)| state(managed)).max().unwrap_or(AddressState::Off)
        };
        let required: Vec<bool> = real
            .clone()
            .filter_map(|(index, managed)| online(managed, states[index]))
            .map(|state| state == OnlineState::Online)
            .collect();
        let online = match (required.iter().any(|on| *on), required.iter().all(|on| *on)) {
            _ if required.is_empty() => OnlineState::Unknown,
            (_, true) => OnlineState::Online,
            (true, false) => OnlineState::Partial,
            (false, false) => OnlineState::Offline,
        };
        let carrier = if oper >= OperState::DegradedCarrier { "carrier" } else { "no-carrier" };
        let mut text = String::from("# This is private data. Do not parse.\n");
        let address = family(true).max(family(false));
        let _ =
            writeln!(text, "OPER_STATE={oper}\nCARRIER_STATE={carrier}\nADDRESS_STATE={address}");
        let _ = writeln!(
            text,
            "IPV4_ADDRESS_STATE={}\nIPV6_ADDRESS_STATE={}",
            family(true),
            family(false)
        );
        let _ = writeln!(text, "ONLINE_STATE={online}");
        write_names(&mut text, all);
        text
    }

    /// Takes the host's name from a lease where the host has none of its own.
    fn follow_hostname(&mut self) {
        let named = self.links.values().filter(|managed| managed.is_in_use()).find_map(|managed| {
            let lease = managed.lease4()?;
            managed.network.as_ref().filter(|network| network.dhcp4.uses.hostname)?;
            lease.hostname.clone()
        });
        if named == self.lease_hostname {
            return;
        }
        self.lease_hostname.clone_from(&named);
        if let Some(name) = named.filter(|_| identity::static_hostname(&self.root).is_none()) {
            let name = crate::names::host(&name);
            match rustix::system::sethostname(name.as_bytes()) {
                Ok(()) => log::info(format!("the host is now called {name}")),
                Err(error) => log::warning(format!("calling the host {name}: {error}")),
            }
        }
    }

    /// Removes the files of a link that is gone.
    pub(super) fn remove_files_of(&self, index: u32) {
        for folder in ["links", "leases"] {
            remove(&self.root.join(format!("run/systemd/netif/{folder}/{index}")));
        }
    }

    /// Keeps a lease for the next life of the service.
    pub(super) fn remember_lease(&self, index: u32, lease: &Lease) {
        put(&self.root, &format!("run/systemd/netif/leases/{index}"), &lease.to_text());
    }

    /// Forgets it.
    pub(super) fn forget_lease(&self, index: u32) {
        remove(&self.root.join(format!("run/systemd/netif/leases/{index}")));
    }

    /// The lease an earlier life kept.
    pub(super) fn remembered_lease(&self, index: u32) -> Option<Lease> {
        let text =
            fs::read_to_string(self.root.join(format!("run/systemd/netif/leases/{index}"))).ok()?;
        Lease::from_text(&text)
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            log::warning(format!("removing {}: {error}", path.display()));
        }
        _ => {}
    }
}

/// Writes a file whole or not at all.
pub(super) fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    let new = path.with_added_extension("new");
    if let Err(error) = fs::write(&new, text).and_then(|()| fs::rename(&new, &path)) {
        log::warning(format!("writing {}: {error}", path.display()));
    }
}

/// What a link's file and leases give in names.
fn names_of(managed: &Managed) -> Names {
    let Some(network) = &managed.network else { return Names::default() };
    let mut names = Names {
        dns: network.dns.clone(),
        ntp: network.ntp.clone(),
        search: network.search.clone(),
        routed: network.routed.clone(),
    };
    from_leases(&mut names, managed, network);
    names
}

fn from_leases(names: &mut Names, managed: &Managed, network: &Network) {
    if let Some(lease) = managed.lease4() {
        let uses = &network.dhcp4.uses;
        names.dns.extend(lease.dns.iter().filter(|_| uses.dns).map(ToString::to_string));
        names.ntp.extend(lease.ntp.iter().filter(|_| uses.ntp).map(ToString::to_string));
        domains(names, uses.domains, lease.domain.iter().chain(&lease.search));
    }
    if let Some(lease) = managed.dhcp6.as_ref().and_then(|dhcp| dhcp.client.lease()) {
        let uses = &network.dhcp6.uses;
        names.dns.extend(lease.dns.iter().filter(|_| uses.dns).map(ToString::to_string));
        names.ntp.extend(lease.ntp.iter().filter(|_| uses.ntp).cloned());
        domains(names, uses.domains, lease.search.iter());
    }
    let uses = &network.ra.uses;
    names.dns.extend(managed.router.dns().iter().filter(|_| uses.dns).map(|server| {
        // A link-local server is reached only with its link.
        if server.is_unicast_link_local() {
            format!("{server}%{}", managed.link.name)
        } else {
            server.to_string()
        }
    }));
    domains(names, uses.domains, managed.router.domains().iter());
}

fn domains<'a>(names: &mut Names, uses: UseDomains, given: impl Iterator<Item = &'a String>) {
    match uses {
        UseDomains::No => {}
        UseDomains::Search => names.search.extend(given.cloned()),
        UseDomains::Route => names.routed.extend(given.cloned()),
    }
}

fn join(all: &mut Names, names: Names) {
    for (list, more) in [
        (&mut all.dns, names.dns),
        (&mut all.ntp, names.ntp),
        (&mut all.search, names.search),
        (&mut all.routed, names.routed),
    ] {
        for item in more {
            if !list.contains(&item) {
                list.push(item);
            }
        }
    }
}

/// Whether a link that is waited for is there; `None` where it is not waited for.
fn online(managed: &Managed, oper: OperState) -> Option<OnlineState> {
    let network = managed.network.as_ref().filter(|network| network.link.required)?;
    let range = network.link.required_state.unwrap_or_default();
    let ready = range.holds(oper) && managed.setup_state() == SetupState::Configured;
    Some(if ready { OnlineState::Online } else { OnlineState::Offline })
}

fn write_names(text: &mut String, names: &Names) {
    let lines = [
        ("DNS", &names.dns),
        ("NTP", &names.ntp),
        ("DOMAINS", &names.search),
        ("ROUTE_DOMAINS", &names.routed),
    ];
    for (key, list) in lines.into_iter().filter(|(_, list)| !list.is_empty()) {
        let _ = writeln!(text, "{key}={}", list.join(" "));
    }
}

/// The text of `links/N`.
fn link_text(managed: &Managed, oper: OperState, names: &Names) -> String {
    let mut text = String::from("# This is private data. Do not parse.\n");
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{key}={value}");
        }
    };
    line("ADMIN_STATE", managed.setup_state().word());
    line("OPER_STATE", oper.word());
    line("CARRIER_STATE", if oper >= OperState::DegradedCarrier { "carrier" } else { oper.word() });
    line("ADDRESS_STATE", managed.address_state(|_| true).word());
    line("IPV4_ADDRESS_STATE", managed.address_state(|ip| ip.is_ipv4()).word());
    line("IPV6_ADDRESS_STATE", managed.address_state(|ip| ip.is_ipv6()).word());
    let Some(network) = &managed.network else { return text };
    line("ONLINE_STATE", online(managed, oper).map_or("", OnlineState::word));
    line("REQUIRED_FOR_ONLINE", if network.link.required { "yes" } else { "no" });
    if let Some(range) = network.link.required_state {
        line("REQUIRED_OPER_STATE_FOR_ONLINE", &format!("{}:{}", range.least, range.most));
    }
    line("REQUIRED_FAMILY_FOR_ONLINE", network.link.required_family.word());
    line("ACTIVATION_POLICY", network.link.activation.word());
    line("NETWORK_FILE", &network.file.to_string_lossy());
    let drop_ins: Vec<_> = network.drop_ins.iter().map(|path| path.to_string_lossy()).collect();
    line("NETWORK_FILE_DROPINS", &drop_ins.join(":"));
    if let Some(lease) = managed.lease4() {
        line("DHCP_LEASE", &format!("/run/systemd/netif/leases/{}", managed.link.index));
        line("DHCP4_ADDRESS", &lease.prefix.to_string());
        line("DHCP4_SERVER", &lease.server.to_string());
    }
    line("PROBLEM", managed.trouble().unwrap_or_default());
    write_names(&mut text, names);
    text
}
