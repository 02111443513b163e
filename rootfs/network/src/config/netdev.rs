//! `.netdev` files as checked values (systemd.netdev(5)): links that software makes.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use keelson_units::text::Remark;

use super::files::Source;
use super::keys::{self, Kind};
use super::matching::Match;
use super::value::{Wrong, bytes, choice, flag, named_number, number, parsed, span};
use crate::address::Mac;

/// What a link is made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// Kinds without settings of their own here: `dummy`, `ifb`, `vcan`, `nlmon`.
    Plain(&'static str),
    /// A VLAN on top of a link.
    Vlan(Vlan),
    /// Several links as one.
    Bond(Bond),
    /// A switch.
    Bridge(Bridge),
    /// A pair; the peer's name and hardware address.
    Veth(Option<String>, Option<Mac>),
    /// An interface of its own on a link: `MACVLAN_MODE_...`.
    Macvlan(u32),
    /// Ethernet in UDP.
    Vxlan(Vxlan),
    /// A routing domain: its table.
    Vrf(u32),
}

/// `[VLAN]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vlan {
    /// `Id=`.
    pub id: Option<u16>,
    /// `Protocol=`: 802.1ad instead of 802.1Q.
    pub stacked: bool,
    /// `VLAN_FLAG_...` and which are meant.
    pub flags: (u32, u32),
}

/// `[Bond]`, as the kernel numbers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the setting of its name")]
pub struct Bond {
    pub mode: Option<u8>,
    pub mii_monitor: Option<u32>,
    pub up_delay: Option<u32>,
    pub down_delay: Option<u32>,
    pub hash_policy: Option<u8>,
    pub lacp_fast: Option<u8>,
    pub ad_select: Option<u8>,
    pub fail_over_mac: Option<u8>,
    pub min_links: Option<u32>,
    pub arp_interval: Option<u32>,
    pub arp_targets: Vec<IpAddr>,
    pub primary_reselect: Option<u8>,
    pub all_ports_active: Option<u8>,
    pub resend_igmp: Option<u32>,
    pub gratuitous_arp: Option<u8>,
}

/// `[Bridge]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the setting of its name")]
pub struct Bridge {
    pub stp: Option<bool>,
    pub forward_delay: Option<Duration>,
    pub hello_time: Option<Duration>,
    pub max_age: Option<Duration>,
    pub ageing_time: Option<Duration>,
    pub priority: Option<u16>,
    pub vlan_filtering: Option<bool>,
    pub default_vlan: Option<u16>,
    pub multicast_snooping: Option<bool>,
    pub multicast_querier: Option<bool>,
    pub group_forward_mask: Option<u16>,
}

/// `[VXLAN]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the setting of its name")]
pub struct Vxlan {
    pub id: Option<u32>,
    pub remote: Option<IpAddr>,
    pub local: Option<IpAddr>,
    pub port: Option<u16>,
    pub learning: Option<bool>,
    pub ttl: Option<u8>,
    pub independent: bool,
}

/// One `.netdev` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netdev {
    /// The file.
    pub file: PathBuf,
    /// On which hosts it is made.
    pub matching: Match,
    /// Its name.
    pub name: String,
    /// What it is.
    pub device: Device,
    /// Its hardware address; absent lets the kernel choose.
    pub mac: Option<Mac>,
    /// Bytes.
    pub mtu: Option<u32>,
}

impl Netdev {
    /// Reads a file; `None`, with a remark, where it names no link or a kind that is not implemented.
    pub fn read(source: &Source, remarks: &mut Vec<Remark>) -> Option<Self> {
        let own = |key: &str| {
            let line = source
                .lines
                .iter()
                .rev()
                .find(|l| l.entry.section == "NetDev" && l.entry.key == key);
            line.map(|line| line.entry.value.clone()).filter(|value| !value.is_empty())
        };
        let whole = |what: &str| Remark {
            place: keelson_units::text::Place { file: source.path.clone(), line: 1 },
            what: what.to_owned(),
        };
        let Some(name) = own("Name").filter(|name| name.len() < 16 && !name.contains(['/', ' ']))
        else {
            remarks.push(whole("[NetDev] has no Name= of at most 15 characters; nothing is made"));
            return None;
        };
        let Some(device) = own("Kind").and_then(|kind| empty_device(&kind)) else {
            remarks.push(whole("[NetDev] has no Kind= that is implemented; nothing is made"));
            return None;
        };
        let mut netdev = Self {
            file: source.path.clone(),
            matching: Match::default(),
            name,
            device,
            mac: None,
            mtu: None,
        };
        for line in &source.lines {
            let entry = &line.entry;
            let what = match netdev.set(&entry.section, &entry.key, &entry.value) {
                _ if entry.section.starts_with("X-") || entry.key.starts_with("X-") => continue,
                Ok(true) => continue,
                Ok(false) => keys::remark(Kind::Netdev, &entry.section, &entry.key),
                Err(wrong) => format!("{}= is passed over: {wrong}", entry.key),
            };
            remarks.push(Remark { place: entry.place.clone(), what });
        }
        Some(netdev)
    }

    /// Whether it stands on a link that names it (`VLAN=`, `MACVLAN=`, `VXLAN=` in its `.network`).
    pub fn needs_link(&self) -> bool {
        match &self.device {
            Device::Vlan(_) | Device::Macvlan(_) => true,
            Device::Vxlan(vxlan) => !vxlan.independent,
            _ => false,
        }
    }

    fn set(&mut self, section: &str, key: &str, value: &str) -> Result<bool, Wrong> {
        match (section, key) {
            ("Match", _) => return self.matching.set(key, value),
            ("NetDev", "Name" | "Kind" | "Description") => return Ok(true),
            ("NetDev", "MACAddress") if value == "none" => return Ok(true),
            ("NetDev", "MACAddress") => self.mac = Some(parsed(value)?),
            ("NetDev", "MTUBytes") => self.mtu = Some(bytes(value)?),
            _ => return self.set_device(section, key, value),
        }
        Ok(true)
    }

    fn set_device(&mut self, section: &str, key: &str, value: &str) -> Result<bool, Wrong> {
        match (section, &mut self.device) {
            ("VLAN", Device::Vlan(vlan)) => set_vlan(vlan, key, value),
            ("Bond", Device::Bond(bond)) => set_bond(bond, key, value),
            ("Bridge", Device::Bridge(bridge)) => set_bridge(bridge, key, value),
            ("VXLAN", Device::Vxlan(vxlan)) => set_vxlan(vxlan, key, value),
            ("Peer", Device::Veth(name, mac)) => {
                match key {
                    "Name" => *name = Some(value.to_owned()),
                    "MACAddress" => *mac = Some(parsed(value)?),
                    _ => return Ok(false),
                }
                Ok(true)
            }
            ("MACVLAN", Device::Macvlan(mode)) if key == "Mode" => {
                let modes =
                    [("private", 1), ("vepa", 2), ("bridge", 4), ("passthru", 8), ("source", 16)];
                *mode = choice(value, &modes)?;
                Ok(true)
            }
            ("VRF", Device::Vrf(table)) if matches!(key, "Table" | "TableId") => {
                *table = super::dhcp::table(value)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

fn empty_device(kind: &str) -> Option<Device> {
    Some(match kind {
        "dummy" => Device::Plain("dummy"),
        "ifb" => Device::Plain("ifb"),
        "vcan" => Device::Plain("vcan"),
        "nlmon" => Device::Plain("nlmon"),
        "vlan" => Device::Vlan(Vlan::default()),
        "bond" => Device::Bond(Bond::default()),
        "bridge" => Device::Bridge(Bridge::default()),
        "veth" => Device::Veth(None, None),
        "macvlan" => Device::Macvlan(2),
        "vxlan" => Device::Vxlan(Vxlan::default()),
        "vrf" => Device::Vrf(0),
        _ => return None,
    })
}

fn set_vlan(vlan: &mut Vlan, key: &str, value: &str) -> Result<bool, Wrong> {
    let mut bit = |bit: u32| {
        let on = flag(value)?;
        vlan.flags =
            (if on { vlan.flags.0 | bit } else { vlan.flags.0 & !bit }, vlan.flags.1 | bit);
        Ok(true)
    };
    match key {
        "Id" => {
            vlan.id = Some(parsed::<u16>(value)?);
            if vlan.id.is_some_and(|id| id > 4094) {
                vlan.id = None;
                return Err(format!("`{value}` is no VLAN number from 0 to 4094"));
            }
            Ok(true)
        }
        "Protocol" => {
            vlan.stacked =
                choice(value, &[("802.1q", false), ("802.1Q", false), ("802.1ad", true)])?;
            Ok(true)
        }
        "ReorderHeader" => bit(1),
        "GVRP" => bit(2),
        "LooseBinding" => bit(4),
        "MVRP" => bit(8),
        _ => Ok(false),
    }
}

fn milliseconds(value: &str) -> Result<u32, Wrong> {
    let time = span(value)?.unwrap_or(Duration::MAX);
    u32::try_from(time.as_millis()).map_err(|_| format!("`{value}` is too long"))
}

fn set_bond(bond: &mut Bond, key: &str, value: &str) -> Result<bool, Wrong> {
    const MODES: [(&str, u8); 7] = [
        ("balance-rr", 0),
        ("active-backup", 1),
        ("balance-xor", 2),
        ("broadcast", 3),
        ("802.3ad", 4),
        ("balance-tlb", 5),
        ("balance-alb", 6),
    ];
    const HASHES: [(&str, u8); 6] = [
        ("layer2", 0),
        ("layer3+4", 1),
        ("layer2+3", 2),
        ("encap2+3", 3),
        ("encap3+4", 4),
        ("vlan+srcmac", 5),
    ];
    match key {
        "Mode" => bond.mode = Some(choice(value, &MODES)?),
        "TransmitHashPolicy" => bond.hash_policy = Some(choice(value, &HASHES)?),
        "MIIMonitorSec" => bond.mii_monitor = Some(milliseconds(value)?),
        "UpDelaySec" => bond.up_delay = Some(milliseconds(value)?),
        "DownDelaySec" => bond.down_delay = Some(milliseconds(value)?),
        "LACPTransmitRate" => bond.lacp_fast = Some(choice(value, &[("slow", 0), ("fast", 1)])?),
        "AdSelect" => {
            bond.ad_select = Some(choice(value, &[("stable", 0), ("bandwidth", 1), ("count", 2)])?);
        }
        "FailOverMACPolicy" => {
            bond.fail_over_mac = Some(choice(value, &[("none", 0), ("active", 1), ("follow", 2)])?);
        }
        "PrimaryReselectPolicy" => {
            bond.primary_reselect =
                Some(choice(value, &[("always", 0), ("better", 1), ("failure", 2)])?);
        }
        "MinLinks" => bond.min_links = Some(number(value)?),
        "ARPIntervalSec" => bond.arp_interval = Some(milliseconds(value)?),
        "ARPIPTargets" => bond.arp_targets = super::value::list(value)?,
        "AllSlavesActive" => bond.all_ports_active = Some(flag(value)?.into()),
        "ResendIGMP" => bond.resend_igmp = Some(number(value)?),
        "GratuitousARP" => bond.gratuitous_arp = Some(parsed(value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_bridge(bridge: &mut Bridge, key: &str, value: &str) -> Result<bool, Wrong> {
    match key {
        "STP" => bridge.stp = Some(flag(value)?),
        "ForwardDelaySec" => bridge.forward_delay = span(value)?,
        "HelloTimeSec" => bridge.hello_time = span(value)?,
        "MaxAgeSec" => bridge.max_age = span(value)?,
        "AgeingTimeSec" => bridge.ageing_time = span(value)?,
        "Priority" => bridge.priority = Some(parsed(value)?),
        "VLANFiltering" => bridge.vlan_filtering = Some(flag(value)?),
        "DefaultPVID" => {
            bridge.default_vlan = Some(if value == "none" { 0 } else { parsed(value)? });
        }
        "MulticastSnooping" => bridge.multicast_snooping = Some(flag(value)?),
        "MulticastQuerier" => bridge.multicast_querier = Some(flag(value)?),
        "GroupForwardMask" => bridge.group_forward_mask = Some(parsed(value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_vxlan(vxlan: &mut Vxlan, key: &str, value: &str) -> Result<bool, Wrong> {
    match key {
        "VNI" | "Id" => vxlan.id = Some(named_number(value, &[])?).filter(|id| *id < 1 << 24),
        "Remote" | "Group" => vxlan.remote = Some(parsed(value)?),
        "Local" => vxlan.local = Some(parsed(value)?),
        "DestinationPort" => vxlan.port = Some(parsed(value)?),
        "MacLearning" => vxlan.learning = Some(flag(value)?),
        "TTL" => vxlan.ttl = Some(parsed(value)?),
        "Independent" => vxlan.independent = flag(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}
