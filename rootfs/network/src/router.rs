//! What routers advertise beside prefixes and routes, which the kernel handles: name servers and domains (RFC 8106).

use std::net::Ipv6Addr;
use std::time::Duration;

use crate::dhcp6::packet::addresses;
use crate::names;

/// More than anybody has; a bound on what a stranger may send.
const MOST: usize = 16;

/// Something advertised, and for how many seconds; zero takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advertised {
    /// Name servers.
    Dns(Vec<Ipv6Addr>, u32),
    /// Domains to search.
    Domains(Vec<String>, u32),
}

/// Reads the options of a router advertisement; what is malformed ends them.
pub fn read_options(mut bytes: &[u8]) -> Vec<Advertised> {
    let mut found = Vec::new();
    while let [kind, units, ..] = *bytes {
        let length = usize::from(units) * 8;
        let Some((option, rest)) = bytes.split_at_checked(length).filter(|_| length > 0) else {
            break;
        };
        let lifetime = |option: &[u8]| Some(u32::from_be_bytes(option.get(4..8)?.try_into().ok()?));
        if let Some(seconds) = lifetime(option) {
            match kind {
                25 => found.push(Advertised::Dns(addresses(&option[8..]), seconds)),
                31 => found.push(Advertised::Domains(padded_names(&option[8..]), seconds)),
                _ => {}
            }
        }
        bytes = rest;
    }
    found
}

/// Names with zeros behind them.
fn padded_names(bytes: &[u8]) -> Vec<String> {
    let end =
        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| (last + 2).min(bytes.len()));
    names::read_list(&bytes[..end])
}

/// What routers said so far, each with its end; times are counted from the boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Router {
    dns: Vec<(Ipv6Addr, Option<Duration>)>,
    domains: Vec<(String, Option<Duration>)>,
}

impl Router {
    /// Takes new advertisements; `true` where something changed but the times.
    pub fn take(&mut self, advertised: Vec<Advertised>, now: Duration) -> bool {
        let before = (self.dns(), self.domains());
        for item in advertised {
            match item {
                Advertised::Dns(servers, seconds) => {
                    for server in servers {
                        put(&mut self.dns, server, seconds, now);
                    }
                }
                Advertised::Domains(domains, seconds) => {
                    for domain in domains {
                        put(&mut self.domains, domain, seconds, now);
                    }
                }
            }
        }
        before != (self.dns(), self.domains())
    }

    /// The name servers.
    pub fn dns(&self) -> Vec<Ipv6Addr> {
        self.dns.iter().map(|(server, _)| *server).collect()
    }

    /// The domains to search.
    pub fn domains(&self) -> Vec<String> {
        self.domains.iter().map(|(domain, _)| domain.clone()).collect()
    }

    /// When the next of them ends.
    pub fn deadline(&self) -> Option<Duration> {
        let dns = self.dns.iter().filter_map(|(_, end)| *end);
        dns.chain(self.domains.iter().filter_map(|(_, end)| *end)).min()
    }

    /// Forgets what is over; `true` where that was something.
    pub fn elapsed(&mut self, now: Duration) -> bool {
        let before = (self.dns.len(), self.domains.len());
        self.dns.retain(|(_, end)| end.is_none_or(|end| now < end));
        self.domains.retain(|(_, end)| end.is_none_or(|end| now < end));
        before != (self.dns.len(), self.domains.len())
    }
}

fn put<T: PartialEq>(list: &mut Vec<(T, Option<Duration>)>, item: T, seconds: u32, now: Duration) {
    let known = list.iter().position(|(other, _)| *other == item);
    let end = (seconds != u32::MAX).then(|| now + Duration::from_secs(seconds.into()));
    match (known, seconds) {
        (Some(at), 0) => drop(list.remove(at)),
        (Some(at), _) => list[at].1 = end,
        (None, 0) => {}
        (None, _) if list.len() < MOST => list.push((item, end)),
        (None, _) => {}
    }
}

#[cfg(test)]
mod tests;
