//! `.network` files as checked values (systemd.network(5)).

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use keelson_units::text::Remark;

use super::addressing::{AddressSection, NeighborSection, RouteSection, gateway};
use super::dhcp::{Dhcp4Section, Dhcp6Section, RaSection, UseDomains};
use super::files::{Line, Source};
use super::keys::{self, Kind};
use super::link_section::LinkSection;
use super::matching::Match;
use super::rule::RuleSection;
use super::value::{Wrong, choice, flag, list, parsed, span};
use crate::address::Prefix;
use crate::netlink::object::Rule;

/// IPv4, IPv6, both or neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families {
    /// IPv4.
    pub ipv4: bool,
    /// IPv6.
    pub ipv6: bool,
}

impl Families {
    const NEITHER: Self = Self { ipv4: false, ipv6: false };
    const ONLY4: Self = Self { ipv4: true, ipv6: false };
    const ONLY6: Self = Self { ipv4: false, ipv6: true };
    const BOTH: Self = Self { ipv4: true, ipv6: true };

    /// Reads one of systemd's words for them.
    pub fn read(value: &str) -> Result<Self, Wrong> {
        let words = [
            ("yes", Self::BOTH),
            ("true", Self::BOTH),
            ("on", Self::BOTH),
            ("1", Self::BOTH),
            ("both", Self::BOTH),
            ("no", Self::NEITHER),
            ("false", Self::NEITHER),
            ("off", Self::NEITHER),
            ("0", Self::NEITHER),
            ("none", Self::NEITHER),
            ("ipv4", Self::ONLY4),
            ("v4", Self::ONLY4),
            ("ipv6", Self::ONLY6),
            ("v6", Self::ONLY6),
        ];
        choice(value, &words)
    }
}

/// One `.network` file with its drop-ins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own that a file turns on or off"
)]
pub struct Network {
    /// The file.
    pub file: PathBuf,
    /// Its drop-ins.
    pub drop_ins: Vec<PathBuf>,
    /// Which links it is for.
    pub matching: Match,
    /// `[Link]`.
    pub link: LinkSection,
    /// `DHCP=`.
    pub dhcp: Families,
    /// `LinkLocalAddressing=`.
    pub link_local: Families,
    /// `IPv6LinkLocalAddressGenerationMode=` as the kernel numbers it.
    pub address_mode: Option<u8>,
    /// `IPv6AcceptRA=`; absent follows from what else is set.
    pub accept_ra: Option<bool>,
    /// `IPv6PrivacyExtensions=` as the kernel numbers it.
    pub privacy: Option<u8>,
    /// `IPv4Forwarding=`.
    pub forwarding4: Option<bool>,
    /// `IPv6Forwarding=`.
    pub forwarding6: Option<bool>,
    /// `DNS=`, as written: addresses, perhaps with port, link and name.
    pub dns: Vec<String>,
    /// `Domains=` without those that begin with `~`.
    pub search: Vec<String>,
    /// `Domains=` that begin with `~`, without it.
    pub routed: Vec<String>,
    /// `NTP=`.
    pub ntp: Vec<String>,
    /// Whether a default route leads out of the link without a gateway.
    pub default_route_on_device: bool,
    /// The bond or bridge it is a port of.
    pub master: Option<String>,
    /// Whether it stays a port of what it is a port of where the file names nothing.
    pub keep_master: bool,
    /// Links on top of this one: VLANs and MACVLANs of those names.
    pub upper: Vec<String>,
    /// Links whose carrier this one's follows.
    pub bind_carrier: Vec<String>,
    /// Whether static settings wait for the carrier.
    pub without_carrier: bool,
    /// How long settings stay when the carrier goes; `None` for ever.
    pub carrier_grace: Option<Duration>,
    /// Whether a lease's address stays when the lease ends.
    pub keep_dhcp: bool,
    /// `[Address]` and `Address=`.
    pub addresses: Vec<AddressSection>,
    /// `[Route]` and `Gateway=`.
    pub routes: Vec<RouteSection>,
    /// `[RoutingPolicyRule]`.
    pub rules: Vec<Rule>,
    /// `[Neighbor]`.
    pub neighbors: Vec<NeighborSection>,
    /// `[DHCPv4]`.
    pub dhcp4: Dhcp4Section,
    /// `[DHCPv6]`.
    pub dhcp6: Dhcp6Section,
    /// `[IPv6AcceptRA]`.
    pub ra: RaSection,
}

const IPV6_LEAST_MTU: u32 = 1280;

/// Flaps shorter than this do not disturb connections.
const CARRIER_GRACE: Duration = Duration::from_secs(3);

impl Network {
    /// The settings of a file that says nothing.
    pub fn empty(file: PathBuf) -> Self {
        Self {
            file,
            drop_ins: Vec::new(),
            matching: Match::default(),
            link: LinkSection::default(),
            dhcp: Families::NEITHER,
            link_local: Families::ONLY6,
            address_mode: None,
            accept_ra: None,
            privacy: None,
            forwarding4: None,
            forwarding6: None,
            dns: Vec::new(),
            search: Vec::new(),
            routed: Vec::new(),
            ntp: Vec::new(),
            default_route_on_device: false,
            master: None,
            keep_master: false,
            upper: Vec::new(),
            bind_carrier: Vec::new(),
            without_carrier: false,
            carrier_grace: Some(CARRIER_GRACE),
            keep_dhcp: false,
            addresses: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            neighbors: Vec::new(),
            dhcp4: Dhcp4Section::default(),
            dhcp6: Dhcp6Section::default(),
            ra: RaSection::default(),
        }
    }

    /// Reads a file. What cannot be used becomes a remark; the rest holds.
    pub fn read(source: &Source, remarks: &mut Vec<Remark>) -> Self {
        let mut network = Self::empty(source.path.clone());
        network.drop_ins.clone_from(&source.drop_ins);
        let mut parts = Parts::default();
        for line in &source.lines {
            let entry = &line.entry;
            if entry.section.starts_with("X-") || entry.key.starts_with("X-") {
                continue;
            }
            let what = match network.set(line, &mut parts) {
                Ok(true) => continue,
                Ok(false) => keys::remark(Kind::Network, &entry.section, &entry.key),
                Err(wrong) => format!("{}= is passed over: {wrong}", entry.key),
            };
            remarks.push(Remark { place: entry.place.clone(), what });
        }
        network.rules = parts.rules.iter().flat_map(RuleSection::rules).collect();
        // The bridge has the addresses; its port has one of its own only if that is asked for.
        let says = |key| source.lines.iter().any(|line| line.entry.key == key);
        if network.master.is_some() && says("Bridge") && !says("LinkLocalAddressing") {
            network.link_local = Families::NEITHER;
        }
        network
    }

    /// Whether the link is to have IPv6.
    pub fn wants_ipv6(&self) -> bool {
        let is_ipv6 = |prefix: Prefix| prefix.address.is_ipv6();
        self.link_local.ipv6
            || self.dhcp.ipv6
            || self.accept_ra == Some(true)
            || self.addresses.iter().filter_map(|section| section.prefix).any(is_ipv6)
    }

    /// An MTU in bytes as it can be: the kernel ends IPv6 on a link below the least that it allows (RFC 8200 section 5).
    pub fn possible_mtu(&self, mtu: u32) -> u32 {
        if self.wants_ipv6() { mtu.max(IPV6_LEAST_MTU) } else { mtu }
    }

    /// Whether router advertisements are listened to.
    pub fn accepts_ra(&self) -> bool {
        let port = self.master.is_some();
        self.accept_ra.unwrap_or(!port && self.link_local.ipv6 && self.forwarding6 != Some(true))
    }

    fn set(&mut self, line: &Line, parts: &mut Parts) -> Result<bool, Wrong> {
        let (key, value) = (line.entry.key.as_str(), line.entry.value.as_str());
        match line.entry.section.as_str() {
            "Match" => self.matching.set(key, value),
            "Link" => self.link.set(key, value),
            "Network" => self.set_network(key, value),
            "DHCPv4" | "DHCP" => self.dhcp4.set(key, value),
            "DHCPv6" => self.dhcp6.set(key, value),
            "IPv6AcceptRA" => self.ra.set(key, value),
            "Address" => part(&mut self.addresses, &mut parts.address, line.part).set(key, value),
            "Route" => part(&mut self.routes, &mut parts.route, line.part).set(key, value),
            "Neighbor" => part(&mut self.neighbors, &mut parts.neighbor, line.part).set(key, value),
            "RoutingPolicyRule" => {
                part(&mut parts.rules, &mut parts.rule, line.part).set(key, value)
            }
            _ => Ok(false),
        }
    }

    fn set_network(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "Description" => {}
            "DHCP" => self.dhcp = Families::read(value)?,
            "LinkLocalAddressing" => {
                // systemd's old names for what is now always done: IPv4 only where DHCPv4 gives nothing.
                self.link_local = match value {
                    "fallback" => Families::BOTH,
                    "ipv4-fallback" => Families::ONLY4,
                    value => Families::read(value)?,
                }
            }
            "IPv6AcceptRA" => self.accept_ra = Some(flag(value)?),
            "IPv6LinkLocalAddressGenerationMode" => {
                let modes = [("eui64", 0), ("none", 1), ("stable-privacy", 2), ("random", 3)];
                self.address_mode = Some(choice(value, &modes)?);
            }
            "IPv6PrivacyExtensions" => {
                self.privacy = match value {
                    "kernel" => None,
                    "prefer-public" => Some(1),
                    other => Some(if flag(other)? { 2 } else { 0 }),
                };
            }
            "IPForward" => {
                let families = Families::read(value)?;
                (self.forwarding4, self.forwarding6) = (Some(families.ipv4), Some(families.ipv6));
            }
            "IPv4Forwarding" => self.forwarding4 = Some(flag(value)?),
            "IPv6Forwarding" => self.forwarding6 = Some(flag(value)?),
            "IPMasquerade" => return masquerade(value),
            "Address" if value.is_empty() => self.addresses.clear(),
            "Address" => self.addresses.push(AddressSection::of(parsed(value)?)),
            "Gateway" if value.is_empty() => self.routes.clear(),
            "Gateway" => self.routes.push(RouteSection::through(gateway(value)?)),
            "DefaultRouteOnDevice" => self.default_route_on_device = flag(value)?,
            "DNS" => add(&mut self.dns, value, server),
            "NTP" => add(&mut self.ntp, value, |name| Some(name.to_owned())),
            "Domains" => self.set_domains(value),
            "UseDomains" => {
                let domains = if flag(value)? { UseDomains::Search } else { UseDomains::No };
                for uses in [&mut self.dhcp4.uses, &mut self.dhcp6.uses, &mut self.ra.uses] {
                    uses.domains = domains;
                }
            }
            "Bond" | "Bridge" => {
                self.master = Some(value.to_owned()).filter(|name| !name.is_empty());
            }
            "KeepMaster" => self.keep_master = flag(value)?,
            "VLAN" | "MACVLAN" | "VXLAN" => {
                add(&mut self.upper, value, |name| Some(name.to_owned()));
            }
            "BindCarrier" => self.bind_carrier = list(value)?,
            "ConfigureWithoutCarrier" => self.without_carrier = flag(value)?,
            "IgnoreCarrierLoss" => {
                self.carrier_grace = match keelson_units::value::boolean(value) {
                    Some(true) => None,
                    Some(false) => Some(Duration::ZERO),
                    None => span(value)?,
                };
            }
            "KeepConfiguration" => {
                self.keep_dhcp =
                    matches!(value, "dhcp") || keelson_units::value::boolean(value) == Some(true);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_domains(&mut self, value: &str) {
        if value.is_empty() {
            self.search.clear();
            self.routed.clear();
        }
        for word in value.split_whitespace() {
            match word.strip_prefix('~') {
                Some("." | "") => self.routed.push(".".to_owned()),
                Some(domain) => self.routed.extend(crate::names::checked(domain)),
                None => self.search.extend(crate::names::checked(word)),
            }
        }
    }
}

/// Which part each list's last element came from.
#[derive(Default)]
struct Parts {
    address: Option<usize>,
    route: Option<usize>,
    rule: Option<usize>,
    rules: Vec<RuleSection>,
    neighbor: Option<usize>,
}

/// The element of this part, a new one where the part is new.
fn part<'a, T: Default>(list: &'a mut Vec<T>, last: &mut Option<usize>, part: usize) -> &'a mut T {
    if list.is_empty() || *last != Some(part) {
        list.push(T::default());
        *last = Some(part);
    }
    list.last_mut().expect("an element was just pushed or was there")
}

fn add(list: &mut Vec<String>, value: &str, check: fn(&str) -> Option<String>) {
    if value.is_empty() {
        list.clear();
    }
    list.extend(value.split_whitespace().filter_map(check));
}

/// A name server as `resolv.conf` can hold it: its address, without port, link and server name.
fn server(text: &str) -> Option<String> {
    let text = text.split('#').next().unwrap_or(text);
    let text = match text.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or(inner),
        None => text.split('%').next().unwrap_or(text),
    };
    let plain = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    plain.or_else(with_port).map(|address| address.to_string())
}

/// Masquerading needs a packet filter, which this service does not write.
fn masquerade(value: &str) -> Result<bool, Wrong> {
    match value {
        "no" | "false" | "off" | "0" => Ok(true),
        _ => Err("masquerading is left to nftables; write a rule there".to_owned()),
    }
}

#[cfg(test)]
mod tests;
