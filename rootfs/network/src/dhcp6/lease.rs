//! What a DHCPv6 server gave.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::packet::{Options, addresses, code, status};
use crate::names;

/// One address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeasedAddress {
    /// The address.
    pub address: Ipv6Addr,
    /// Seconds for which new connections use it.
    pub preferred: u32,
    /// Seconds for which it holds; `u32::MAX` is for ever.
    pub valid: u32,
}

/// A lease; without addresses it is the answer to an information request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// The server's identifier.
    pub server: Vec<u8>,
    /// When it was given, counted from the boot.
    pub acquired: Duration,
    /// After how long the server is asked to renew it.
    pub t1: Duration,
    /// After how long any server is asked.
    pub t2: Duration,
    /// The addresses.
    pub addresses: Vec<LeasedAddress>,
    /// Name servers.
    pub dns: Vec<Ipv6Addr>,
    /// Domains to search.
    pub search: Vec<String>,
    /// Time servers: addresses and names.
    pub ntp: Vec<String>,
}

impl Lease {
    /// What a message gives for the identity association `iaid`; `None` where the server has no identifier.
    pub fn of(options: &Options, iaid: u32, now: Duration) -> Option<Self> {
        let server = options.get(code::SERVER_ID).filter(|id| !id.is_empty())?.to_vec();
        let mut lease = Self {
            server,
            acquired: now,
            dns: options.addresses(code::DNS),
            search: options.all(code::DOMAINS).flat_map(names::read_list).collect(),
            ntp: time_servers(options),
            ..Self::default()
        };
        for association in options.all(code::IA_NA) {
            lease.take_association(association, iaid);
        }
        Some(lease)
    }

    /// The status by which a server refuses `iaid` (RFC 8415 section 21.13), at the top, in the association or of an
    /// address; an address that ended counts as none available. `None` where it says nothing of the kind.
    pub fn refusal(options: &Options, iaid: u32) -> Option<u16> {
        let refused = |status: u16| (status != 0).then_some(status);
        refused(options.status()).or_else(|| {
            let ours = |bytes: &&[u8]| bytes.starts_with(&iaid.to_be_bytes());
            let bytes = options.all(code::IA_NA).find(ours)?.get(12..)?;
            let inner = Options::read(bytes);
            refused(inner.status()).or_else(|| {
                inner.all(code::IA_ADDRESS).find_map(|value| {
                    let (head, rest) = value.split_first_chunk::<24>()?;
                    let ended = head[20..] == [0; 4];
                    refused(Options::read(rest).status()).or(ended.then_some(status::NO_ADDRESSES))
                })
            })
        })
    }

    fn take_association(&mut self, bytes: &[u8], iaid: u32) {
        let Some((head, inner)) = bytes.split_first_chunk::<12>() else { return };
        let word =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let inner = Options::read(inner);
        if word(0) != iaid || inner.status() != 0 {
            return;
        }
        let (mut t1, mut t2) = (word(4), word(8));
        for value in inner.all(code::IA_ADDRESS) {
            let Some((head, rest)) = value.split_first_chunk::<24>() else { continue };
            let number = |at: usize| {
                u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
            };
            let (preferred, valid) = (number(16), number(20));
            let usable = valid > 0 && preferred <= valid && Options::read(rest).status() == 0;
            let address = addresses(&head[..16])
                .first()
                .copied()
                .filter(|a| !a.is_multicast() && !a.is_unspecified());
            if let (Some(address), true) = (address, usable) {
                self.addresses.push(LeasedAddress { address, preferred, valid });
            }
        }
        // Zero leaves the times to the client (RFC 8415 section 14.2).
        let shortest =
            self.addresses.iter().map(|a| a.preferred).filter(|p| *p > 0).min().unwrap_or(0);
        if t1 == 0 || t2 < t1 {
            (t1, t2) = if shortest == u32::MAX {
                (shortest, shortest)
            } else {
                (shortest / 2, shortest / 5 * 4)
            };
        }
        self.t1 = Duration::from_secs(t1.max(1).into());
        self.t2 = Duration::from_secs(t2.max(1).into());
    }

    /// When the last address ends; `None` is never, or where there are none.
    pub fn expiry(&self) -> Option<Duration> {
        let longest = self.addresses.iter().map(|address| address.valid).max()?;
        (longest != u32::MAX).then(|| self.acquired + Duration::from_secs(longest.into()))
    }
}

/// Option 56 with its suboptions (RFC 5908), and the older option 31.
fn time_servers(options: &Options) -> Vec<String> {
    let mut servers = Vec::new();
    for value in options.all(code::NTP) {
        let inner = Options::read(value);
        for (kind, value) in &inner.0 {
            match kind {
                1 | 2 => servers.extend(addresses(value).iter().map(ToString::to_string)),
                3 => servers.extend(names::read_list(value)),
                _ => {}
            }
        }
    }
    if servers.is_empty() {
        servers.extend(options.addresses(code::SNTP).iter().map(ToString::to_string));
    }
    servers
}
