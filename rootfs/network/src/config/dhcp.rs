//! `[DHCPv4]`, `[DHCPv6]` and `[IPv6AcceptRA]` (systemd.network(5)).

use super::value::{Wrong, choice, flag, named_number, number, parsed};
use crate::netlink::object::TABLE_MAIN;

/// What is taken from a server or a router, and how routes from there are made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own that a file turns on or off"
)]
pub struct Uses {
    /// Name servers.
    pub dns: bool,
    /// Domains to search.
    pub domains: UseDomains,
    /// Time servers.
    pub ntp: bool,
    /// The name of the host.
    pub hostname: bool,
    /// Routes beside the one to the server's network.
    pub routes: bool,
    /// The default route among them; absent is as for the rest.
    pub gateway: Option<bool>,
    /// The MTU.
    pub mtu: bool,
    /// The metric of the routes.
    pub metric: u32,
    /// The table they go to.
    pub table: u32,
}

/// `UseDomains=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseDomains {
    /// Not at all.
    No,
    /// Searched, and names below them are asked here.
    Search,
    /// Only for where names are asked, which one resolver for all links has no use for.
    Route,
}

impl Uses {
    fn new(metric: u32) -> Self {
        Self {
            dns: true,
            domains: UseDomains::No,
            ntp: true,
            hostname: true,
            routes: true,
            gateway: None,
            mtu: false,
            metric,
            table: TABLE_MAIN,
        }
    }

    /// Whether the default route is taken.
    pub fn takes_gateway(&self) -> bool {
        self.gateway.unwrap_or(self.routes)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "UseDNS" => self.dns = flag(value)?,
            "UseDomains" => self.domains = use_domains(value)?,
            "UseNTP" => self.ntp = flag(value)?,
            "UseHostname" => self.hostname = flag(value)?,
            "UseRoutes" => self.routes = flag(value)?,
            "UseGateway" => self.gateway = Some(flag(value)?),
            "UseMTU" => self.mtu = flag(value)?,
            "RouteMetric" => self.metric = number(value)?,
            "RouteTable" => self.table = table(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn use_domains(value: &str) -> Result<UseDomains, Wrong> {
    match value {
        "route" => Ok(UseDomains::Route),
        other => flag(other).map(|on| if on { UseDomains::Search } else { UseDomains::No }),
    }
}

/// A routing table by number or by one of the kernel's names.
pub fn table(value: &str) -> Result<u32, Wrong> {
    named_number(value, &[("default", 253), ("main", TABLE_MAIN), ("local", 255)])
}

/// `ClientIdentifier=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientId {
    /// The hardware address.
    Mac,
    /// An identifier of the host and one of the link (RFC 4361).
    Duid,
}

/// `[DHCPv4]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own that a file turns on or off"
)]
pub struct Dhcp4Section {
    /// What is taken from the lease.
    pub uses: Uses,
    /// How the client names itself.
    pub client_id: ClientId,
    /// The link's number in the identifier.
    pub iaid: Option<u32>,
    /// Whether the host's name is told.
    pub send_hostname: bool,
    /// The name told instead of the host's.
    pub hostname: Option<String>,
    /// Option 60.
    pub vendor_class: Option<String>,
    /// Option 77.
    pub user_class: Vec<String>,
    /// Whether answers must be broadcast.
    pub request_broadcast: bool,
    /// Whether the lease is given back when the link is no longer configured.
    pub send_release: bool,
    /// How often a discover is sent; `None` without end.
    pub attempts: Option<u32>,
    /// Whether two messages may do.
    pub rapid_commit: bool,
    /// More options to ask for.
    pub request_options: Vec<u8>,
}

impl Default for Dhcp4Section {
    fn default() -> Self {
        Self {
            uses: Uses::new(1024),
            client_id: ClientId::Duid,
            iaid: None,
            send_hostname: true,
            hostname: None,
            vendor_class: None,
            user_class: Vec::new(),
            request_broadcast: false,
            send_release: true,
            attempts: None,
            rapid_commit: true,
            request_options: Vec::new(),
        }
    }
}

impl Dhcp4Section {
    /// Sets a key; `false` where this section does nothing with it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "ClientIdentifier" => {
                let ids = [
                    ("mac", ClientId::Mac),
                    ("duid", ClientId::Duid),
                    ("duid-only", ClientId::Duid),
                ];
                self.client_id = choice(value, &ids)?;
            }
            "IAID" => self.iaid = Some(number(value)?),
            "SendHostname" => self.send_hostname = flag(value)?,
            "Hostname" => self.hostname = crate::names::checked(value),
            "VendorClassIdentifier" => self.vendor_class = Some(value.to_owned()),
            "UserClass" => self.user_class = value.split_whitespace().map(str::to_owned).collect(),
            "RequestBroadcast" => self.request_broadcast = flag(value)?,
            "SendRelease" => self.send_release = flag(value)?,
            "MaxAttempts" => {
                self.attempts = if value == "infinity" { None } else { Some(number(value)?) }
            }
            "RapidCommit" => self.rapid_commit = flag(value)?,
            "RequestOptions" => {
                let options =
                    value.split_whitespace().map(parsed::<u8>).collect::<Result<Vec<_>, _>>()?;
                self.request_options.extend(options);
            }
            _ => return self.uses.set(key, value),
        }
        Ok(true)
    }
}

/// `[DHCPv6]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own that a file turns on or off"
)]
pub struct Dhcp6Section {
    /// What is taken from the server.
    pub uses: Uses,
    /// Whether an address is taken.
    pub use_address: bool,
    /// The link's number in the identifier.
    pub iaid: Option<u32>,
    /// Whether the host's name is told.
    pub send_hostname: bool,
    /// The name told instead of the host's.
    pub hostname: Option<String>,
    /// Whether two messages may do.
    pub rapid_commit: bool,
    /// Whether the lease is given back when the link is no longer configured.
    pub send_release: bool,
    /// Whether it runs without a router that asks for it.
    pub without_ra: WithoutRa,
}

/// `WithoutRA=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutRa {
    /// Only a router's flags start the client.
    No,
    /// Addresses are asked for at once.
    Solicit,
    /// Only information is.
    Information,
}

impl Default for Dhcp6Section {
    fn default() -> Self {
        Self {
            uses: Uses::new(1024),
            use_address: true,
            iaid: None,
            send_hostname: true,
            hostname: None,
            rapid_commit: true,
            send_release: true,
            without_ra: WithoutRa::No,
        }
    }
}

impl Dhcp6Section {
    /// Sets a key; `false` where this section does nothing with it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "UseAddress" => self.use_address = flag(value)?,
            "IAID" => self.iaid = Some(number(value)?),
            "SendHostname" => self.send_hostname = flag(value)?,
            "Hostname" => self.hostname = crate::names::checked(value),
            "RapidCommit" => self.rapid_commit = flag(value)?,
            "SendRelease" => self.send_release = flag(value)?,
            "WithoutRA" => {
                let modes = [
                    ("no", WithoutRa::No),
                    ("solicit", WithoutRa::Solicit),
                    ("information-request", WithoutRa::Information),
                ];
                self.without_ra = choice(value, &modes)?;
            }
            "UseRoutes" | "UseGateway" | "UseMTU" | "RouteMetric" | "RouteTable" => {
                return Ok(false);
            }
            _ => return self.uses.set(key, value),
        }
        Ok(true)
    }
}

/// `[IPv6AcceptRA]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaSection {
    /// What is taken from the router.
    pub uses: Uses,
    /// Whether addresses are made of the prefixes a router announces.
    pub use_autonomous: bool,
    /// Whether the router may start DHCPv6: `None` always does.
    pub dhcp6_client: Option<bool>,
}

impl Default for RaSection {
    fn default() -> Self {
        Self {
            uses: Uses { mtu: true, ..Uses::new(1024) },
            use_autonomous: true,
            dhcp6_client: Some(true),
        }
    }
}

impl RaSection {
    /// Sets a key; `false` where this section does nothing with it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        match key {
            "UseAutonomousPrefix" => self.use_autonomous = flag(value)?,
            "DHCPv6Client" => {
                self.dhcp6_client = if value == "always" { None } else { Some(flag(value)?) }
            }
            "UseNTP" | "UseHostname" | "UseRoutes" | "RouteTable" => return Ok(false),
            _ => return self.uses.set(key, value),
        }
        Ok(true)
    }
}
