//! The messages of the client: which options go with which (RFC 8415 section 16).

use std::time::Duration;

use super::Client;
use crate::dhcp6::lease::Lease;
use crate::dhcp6::packet::{Message, MessageType, Options, code};

impl Client {
    /// A message of the exchange that goes on; `lease` is what it speaks of, `server` whom it is for alone.
    pub(super) fn message(
        &self,
        kind: MessageType,
        lease: Option<&Lease>,
        server: Option<&[u8]>,
        now: Duration,
    ) -> Message {
        let mut options = Options::default();
        options.push(code::CLIENT_ID, self.settings.duid.clone());
        if let Some(server) = server {
            options.push(code::SERVER_ID, server.to_vec());
        }
        let hundredths = now.saturating_sub(self.began).as_millis() / 10;
        options.push(
            code::ELAPSED,
            u16::try_from(hundredths).unwrap_or(u16::MAX).to_be_bytes().to_vec(),
        );
        if kind != MessageType::InformationRequest {
            options.push(code::IA_NA, association(self.settings.iaid, lease));
        }
        if kind == MessageType::Solicit && self.settings.rapid_commit {
            options.push(code::RAPID_COMMIT, Vec::new());
        }
        if kind != MessageType::Release {
            let mut wanted =
                vec![code::DNS, code::DOMAINS, code::NTP, code::SNTP, code::SOL_MAX_RT];
            if kind == MessageType::InformationRequest {
                wanted.push(code::REFRESH);
            }
            options.push(code::REQUESTED, wanted.into_iter().flat_map(u16::to_be_bytes).collect());
            if let Some(name) = &self.settings.hostname {
                // The server is to keep the names of the host (RFC 4704 section 4.1).
                options.push(code::FQDN, [&[1], crate::names::write(name).as_slice()].concat());
            }
        }
        Message { kind, transaction: self.transaction, options }
    }
}

/// An identity association with the addresses of a lease.
fn association(iaid: u32, lease: Option<&Lease>) -> Vec<u8> {
    let mut bytes = iaid.to_be_bytes().to_vec();
    bytes.extend([0; 8]);
    let mut inner = Options::default();
    for given in lease.into_iter().flat_map(|lease| &lease.addresses) {
        inner.push(code::IA_ADDRESS, [given.address.octets().as_slice(), &[0; 8]].concat());
    }
    bytes.extend(inner.write());
    bytes
}
