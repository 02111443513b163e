//! What rtnetlink tells about: links, addresses and routes as values (rtnetlink(7)).

use std::net::IpAddr;

use crate::address::{Mac, Prefix};

/// `RTPROT_STATIC`: a route or address that stands in a file. It marks what this service may remove again.
pub const PROTOCOL_STATIC: u8 = 4;
/// `RTPROT_RA`: made by the kernel from a router advertisement.
pub const PROTOCOL_RA: u8 = 9;
/// `RTPROT_DHCP`: made from a lease.
pub const PROTOCOL_DHCP: u8 = 16;
/// The kernel's main routing table.
pub const TABLE_MAIN: u32 = 254;
/// The kernel's table of what is delivered on the host.
pub const TABLE_LOCAL: u32 = 255;
/// A lifetime without end.
pub const FOREVER: u32 = u32::MAX;

/// The link is administratively up.
pub const IFF_UP: u32 = 1;
/// The link is a loopback.
pub const IFF_LOOPBACK: u32 = 8;
/// The driver's carrier.
pub const IFF_LOWER_UP: u32 = 1 << 16;
/// The link answers no ARP.
pub const IFF_NOARP: u32 = 1 << 7;
/// The link takes all multicast frames.
pub const IFF_ALLMULTI: u32 = 1 << 9;
/// The link can multicast.
pub const IFF_MULTICAST: u32 = 1 << 12;

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The interface index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// `ARPHRD_...`: 1 is Ethernet, 772 loopback.
    pub hardware: u16,
    /// `IFF_...`.
    pub flags: u32,
    /// The hardware address, where it has six octets.
    pub mac: Option<Mac>,
    /// The address the hardware was made with.
    pub permanent_mac: Option<Mac>,
    /// Bytes.
    pub mtu: Option<u32>,
    /// The least and the largest MTU its driver takes, in bytes; a zero is no limit.
    pub mtu_limits: (u32, u32),
    /// The bond or bridge it is a port of.
    pub master: Option<u32>,
    /// RFC 2863: 2 down, 5 dormant, 6 up; 0 unknown.
    pub oper_state: u8,
    /// `vlan`, `bond`, `veth`; absent for hardware.
    pub kind: Option<String>,
    /// Other names of the link.
    pub alternative_names: Vec<String>,
    /// What router advertisements said: `IF_RA_...` of the kernel.
    pub inet6_flags: Option<u32>,
    /// Octets received and sent.
    pub traffic: Option<(u64, u64)>,
}

impl Link {
    /// Whether the administrator has it up.
    pub fn is_up(&self) -> bool {
        self.flags & IFF_UP != 0
    }

    /// Whether it has a carrier.
    pub fn has_carrier(&self) -> bool {
        self.is_up() && self.flags & IFF_LOWER_UP != 0 && matches!(self.oper_state, 0 | 5 | 6)
    }

    /// Whether IPv4 finds its neighbours by ARP with addresses of six octets.
    pub fn speaks_arp(&self) -> bool {
        self.hardware == 1 && self.flags & IFF_NOARP == 0 && self.mac.is_some()
    }

    /// The MTU nearest to `mtu` that its driver takes, in bytes.
    pub fn possible_mtu(&self, mtu: u32) -> u32 {
        let (least, most) = self.mtu_limits;
        mtu.min(if most == 0 { u32::MAX } else { most }).max(least)
    }

    /// Whether it is the loopback.
    pub fn is_loopback(&self) -> bool {
        self.flags & IFF_LOOPBACK != 0
    }
}

/// An address of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The link's index.
    pub index: u32,
    /// The address and its network's length.
    pub prefix: Prefix,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Where broadcasts go.
    pub broadcast: Option<IpAddr>,
    /// `IFA_F_...`.
    pub flags: u32,
    /// `RT_SCOPE_...`: 0 is the world, 253 the link, 254 the host.
    pub scope: u8,
    /// Seconds for which it is preferred and valid; `FOREVER` has no end.
    pub lifetime: (u32, u32),
    /// Who made it: `PROTOCOL_...`; zero where the kernel does not say.
    pub protocol: u8,
    /// The metric of its network's route.
    pub metric: Option<u32>,
    /// An `eth0:1` name of old tools.
    pub label: Option<String>,
}

impl Address {
    /// A permanent address of a link.
    pub fn new(index: u32, prefix: Prefix) -> Self {
        Self {
            index,
            prefix,
            peer: None,
            broadcast: prefix.broadcast().map(IpAddr::from),
            flags: 0,
            scope: if prefix.is_link_local() { 253 } else { 0 },
            lifetime: (FOREVER, FOREVER),
            protocol: PROTOCOL_STATIC,
            metric: None,
            label: None,
        }
    }

    /// Whether duplicate address detection still runs or found a duplicate; such an address is of no use.
    pub fn is_tentative(&self) -> bool {
        self.flags & (0x40 | 0x08) != 0
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The link it leaves by; none for blackholes.
    pub index: Option<u32>,
    /// Where it leads, host bits zero.
    pub destination: Prefix,
    /// The next hop; none where the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The source address of what leaves here.
    pub source: Option<IpAddr>,
    /// Smaller wins.
    pub metric: Option<u32>,
    /// The routing table.
    pub table: u32,
    /// `PROTOCOL_...`.
    pub protocol: u8,
    /// `RT_SCOPE_...`.
    pub scope: u8,
    /// `RTN_...`: 1 unicast, 2 local, 6 blackhole, 7 unreachable, 8 prohibit, 9 throw.
    pub kind: u8,
    /// The gateway is taken to be on the link.
    pub on_link: bool,
    /// The path's MTU in bytes.
    pub mtu: Option<u32>,
}

impl Route {
    /// A unicast route of the main table.
    pub fn new(index: u32, destination: Prefix, gateway: Option<IpAddr>) -> Self {
        let on_host = gateway.is_none() && destination.address.is_ipv4();
        Self {
            index: Some(index),
            destination: destination.network(),
            gateway,
            source: None,
            metric: None,
            table: TABLE_MAIN,
            protocol: PROTOCOL_STATIC,
            scope: if on_host { 253 } else { 0 },
            kind: 1,
            on_link: false,
            mtu: None,
        }
    }
}

/// A rule that chooses a routing table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Whether it is of the IPv6 rules.
    pub ipv6: bool,
    /// Packets from here.
    pub from: Option<Prefix>,
    /// Packets to here.
    pub to: Option<Prefix>,
    /// Packets that came in by this link.
    pub incoming: Option<String>,
    /// Packets of sockets bound to this link.
    pub outgoing: Option<String>,
    /// Packets with this mark, and the bits that count.
    pub mark: Option<(u32, u32)>,
    /// Smaller is asked first.
    pub priority: Option<u32>,
    /// The table to look in.
    pub table: u32,
    /// `FR_ACT_...`: 1 table, 6 blackhole, 7 unreachable, 8 prohibit.
    pub action: u8,
    /// Packets with this type of service.
    pub tos: u8,
    /// Packets that all the rest does not fit.
    pub inverted: bool,
    /// Routes with a prefix of this length or shorter do not count.
    pub suppressed_length: Option<u32>,
    /// Packets of this IP protocol.
    pub protocol: Option<u8>,
    /// Packets from these ports, first and last.
    pub source_ports: Option<(u16, u16)>,
    /// Packets to these ports, first and last.
    pub destination_ports: Option<(u16, u16)>,
    /// Packets of sockets of these users, first and last.
    pub users: Option<(u32, u32)>,
}

impl Rule {
    /// Whether this is what `have`, a rule of the kernel, was made from. The kernel chooses a priority where none is given.
    pub fn made(&self, have: &Self) -> bool {
        Self { priority: self.priority.or(have.priority), ..self.clone() } == *have
    }
}

/// A fixed neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbor {
    /// The link.
    pub index: u32,
    /// Its address.
    pub address: IpAddr,
    /// Its hardware address.
    pub mac: Mac,
}
