//! A DHCPv4 lease, from an ACK and in the text form of `/run/systemd/netif/leases/N`.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::options::{self, StaticRoute, code};
use super::packet::Packet;
use crate::address::Prefix;
use crate::names;
use crate::text::Pairs;

/// The smallest MTU a lease may set: below it IPv4 hosts need not take whole packets (RFC 791).
const SMALLEST_MTU: u16 = 576;

/// What a server gave. Points in time are counted from the boot, suspended time included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address, with the length of its network.
    pub prefix: Prefix,
    /// The server, which is asked for renewal.
    pub server: Ipv4Addr,
    /// When it was given.
    pub acquired: Duration,
    /// How long it holds; `None` is for ever.
    pub lifetime: Option<Duration>,
    /// After how long the server is asked to renew it.
    pub t1: Duration,
    /// After how long any server is asked.
    pub t2: Duration,
    /// The routes.
    pub routes: Vec<StaticRoute>,
    /// Name servers.
    pub dns: Vec<Ipv4Addr>,
    /// Time servers.
    pub ntp: Vec<Ipv4Addr>,
    /// The domain of the host.
    pub domain: Option<String>,
    /// Domains to search.
    pub search: Vec<String>,
    /// The name of the host.
    pub hostname: Option<String>,
    /// The link's MTU in bytes.
    pub mtu: Option<u16>,
}

impl Lease {
    /// What an OFFER or an ACK gives; `None` where the address, the server or the lease time are missing or nonsense.
    pub fn of(packet: &Packet, now: Duration) -> Option<Self> {
        let address = packet.yours;
        if address.is_unspecified()
            || address.is_multicast()
            || address.is_broadcast()
            || address.is_loopback()
        {
            return None;
        }
        let server = options::ip(packet, code::SERVER_ID).filter(|ip| !ip.is_unspecified())?;
        let seconds = options::u32(packet, code::LEASE_TIME).filter(|seconds| *seconds > 0)?;
        let lifetime = (seconds != u32::MAX).then(|| Duration::from_secs(seconds.into()));
        let whole = u64::from(seconds);
        let time = |code, default: u64| options::u32(packet, code).map_or(default, u64::from);
        let (t1, t2) = (time(code::T1, whole / 2), time(code::T2, whole * 7 / 8));
        // Servers that mix them up get the defaults (RFC 2131 section 4.4.5).
        let sound = 0 < t1 && t1 <= t2 && t2 <= whole;
        let (t1, t2) = if sound { (t1, t2) } else { ((whole / 2).max(1), (whole * 7 / 8).max(1)) };
        Some(Self {
            prefix: network_of(packet),
            server,
            acquired: now,
            lifetime,
            t1: Duration::from_secs(t1),
            t2: Duration::from_secs(t2),
            routes: options::routes(packet),
            dns: options::ips(packet, code::DNS),
            ntp: options::ips(packet, code::NTP),
            domain: options::name(packet, code::DOMAIN),
            search: options::domain_search(packet),
            hostname: options::name(packet, code::HOSTNAME),
            mtu: options::u16(packet, code::MTU).filter(|mtu| *mtu >= SMALLEST_MTU),
        })
    }

    /// When it ends; `None` is never.
    pub fn expiry(&self) -> Option<Duration> {
        self.lifetime.map(|lifetime| self.acquired.saturating_add(lifetime))
    }

    /// The IPv4 address.
    pub fn address(&self) -> Ipv4Addr {
        match self.prefix.address {
            std::net::IpAddr::V4(address) => address,
            std::net::IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        }
    }

    /// The text of the lease file.
    pub fn to_text(&self) -> String {
        let mut text = String::from("# This is private data. Do not parse.\n");
        let mut line = |key: &str, value: String| {
            if !value.is_empty() {
                let _ = writeln!(text, "{key}={value}");
            }
        };
        let routers =
            self.routes.iter().filter(|r| r.destination.length == 0).map(|r| r.gateway.to_string());
        let routes = self.routes.iter().map(|r| format!("{},{}", r.destination, r.gateway));
        let listed =
            |ips: &[Ipv4Addr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        line("ADDRESS", self.address().to_string());
        line("PREFIXLEN", self.prefix.length.to_string());
        line("ROUTER", routers.collect::<Vec<_>>().join(" "));
        line("SERVER_ADDRESS", self.server.to_string());
        line("ACQUIRED_USEC", self.acquired.as_micros().to_string());
        line("T1", self.t1.as_secs().to_string());
        line("T2", self.t2.as_secs().to_string());
        line(
            "LIFETIME",
            self.lifetime.map_or_else(|| "infinity".to_owned(), |l| l.as_secs().to_string()),
        );
        line("DNS", listed(&self.dns));
        line("NTP", listed(&self.ntp));
        line("DOMAINNAME", self.domain.clone().unwrap_or_default());
        line("DOMAIN_SEARCH_LIST", self.search.join(" "));
        line("HOSTNAME", self.hostname.clone().unwrap_or_default());
        line("MTU", self.mtu.map(|mtu| mtu.to_string()).unwrap_or_default());
        line("ROUTES", routes.collect::<Vec<_>>().join(" "));
        text
    }

    /// Reads a lease file; `None` where anything that matters is missing.
    pub fn from_text(text: &str) -> Option<Self> {
        let pairs = Pairs::read(text);
        let seconds = |key| pairs.get(key)?.parse().ok().map(Duration::from_secs);
        let ips = |key| pairs.words(key).filter_map(|word| word.parse().ok()).collect();
        let route = |word: &str| {
            let (destination, gateway) = word.split_once(',')?;
            Some(StaticRoute {
                destination: destination.parse().ok()?,
                gateway: gateway.parse().ok()?,
            })
        };
        let address: Ipv4Addr = pairs.get("ADDRESS")?.parse().ok()?;
        let length: u8 = pairs.get("PREFIXLEN")?.parse().ok().filter(|length| *length <= 32)?;
        let lifetime = match pairs.get("LIFETIME")? {
            "infinity" => None,
            seconds => Some(Duration::from_secs(seconds.parse().ok()?)),
        };
        Some(Self {
            prefix: Prefix { address: address.into(), length },
            server: pairs.get("SERVER_ADDRESS")?.parse().ok()?,
            acquired: Duration::from_micros(pairs.get("ACQUIRED_USEC")?.parse().ok()?),
            lifetime,
            t1: seconds("T1")?,
            t2: seconds("T2")?,
            routes: pairs.words("ROUTES").filter_map(route).collect(),
            dns: ips("DNS"),
            ntp: ips("NTP"),
            domain: pairs.get("DOMAINNAME").and_then(names::checked),
            search: pairs.words("DOMAIN_SEARCH_LIST").filter_map(names::checked).collect(),
            hostname: pairs.get("HOSTNAME").and_then(names::checked),
            mtu: pairs.get("MTU").and_then(|mtu| mtu.parse().ok()),
        })
    }
}

/// The given address with the length of its mask; without a usable mask that of its class.
fn network_of(packet: &Packet) -> Prefix {
    let mask = options::ip(packet, code::SUBNET_MASK).filter(|mask| !mask.is_unspecified());
    let class = match packet.yours.octets()[0] {
        0..=127 => 8,
        128..=191 => 16,
        _ => 24,
    };
    mask.and_then(|mask| Prefix::with_mask(packet.yours, mask))
        .unwrap_or(Prefix { address: packet.yours.into(), length: class })
}
