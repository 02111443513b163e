//! The DHCPv6 message on the wire (RFC 8415 sections 8 and 21).

use std::net::Ipv6Addr;

/// Codes of options.
pub mod code {
    #![expect(missing_docs, reason = "each is the option of its name")]
    pub const CLIENT_ID: u16 = 1;
    pub const SERVER_ID: u16 = 2;
    pub const IA_NA: u16 = 3;
    pub const IA_ADDRESS: u16 = 5;
    pub const REQUESTED: u16 = 6;
    pub const PREFERENCE: u16 = 7;
    pub const ELAPSED: u16 = 8;
    pub const STATUS: u16 = 13;
    pub const RAPID_COMMIT: u16 = 14;
    pub const DNS: u16 = 23;
    pub const DOMAINS: u16 = 24;
    pub const SNTP: u16 = 31;
    pub const REFRESH: u16 = 32;
    pub const FQDN: u16 = 39;
    pub const NTP: u16 = 56;
    pub const SOL_MAX_RT: u16 = 82;
}

/// Statuses (RFC 8415 section 21.13) that the client acts on.
pub mod status {
    #![expect(missing_docs, reason = "each is the status of its name")]
    pub const NO_ADDRESSES: u16 = 2;
    pub const NO_BINDING: u16 = 3;
    pub const NOT_ON_LINK: u16 = 4;
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the message of its name")]
pub enum MessageType {
    Solicit = 1,
    Advertise = 2,
    Request = 3,
    Confirm = 4,
    Renew = 5,
    Rebind = 6,
    Reply = 7,
    Release = 8,
    Decline = 9,
    Reconfigure = 10,
    InformationRequest = 11,
}

impl MessageType {
    const ALL: [Self; 11] = [
        Self::Solicit,
        Self::Advertise,
        Self::Request,
        Self::Confirm,
        Self::Renew,
        Self::Rebind,
        Self::Reply,
        Self::Release,
        Self::Decline,
        Self::Reconfigure,
        Self::InformationRequest,
    ];
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: MessageType,
    /// The transaction, 24 bits.
    pub transaction: u32,
    /// Its options in their order.
    pub options: Options,
}

/// Options in their order; a code may come more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(pub Vec<(u16, Vec<u8>)>);

impl Options {
    /// Reads options; a length that does not fit ends them.
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut options = Vec::new();
        while let Some((head, rest)) = bytes.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let Some((value, after)) = rest.split_at_checked(length) else { break };
            options.push((u16::from_be_bytes([head[0], head[1]]), value.to_vec()));
            bytes = after;
        }
        Self(options)
    }

    /// The bytes of all of them.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in &self.0 {
            let value = &value[..value.len().min(usize::from(u16::MAX))];
            bytes.extend(code.to_be_bytes());
            bytes.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(value);
        }
        bytes
    }

    /// Adds one.
    pub fn push(&mut self, code: u16, value: Vec<u8>) {
        self.0.push((code, value));
    }

    /// The first of a code.
    pub fn get(&self, code: u16) -> Option<&[u8]> {
        self.all(code).next()
    }

    /// Each of a code.
    pub fn all(&self, code: u16) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(other, _)| *other == code).map(|(_, value)| value.as_slice())
    }

    /// A list of addresses; bytes behind the last whole one are passed over.
    pub fn addresses(&self, code: u16) -> Vec<Ipv6Addr> {
        self.all(code).flat_map(addresses).collect()
    }

    /// The status code (RFC 8415 section 21.13); absent is success.
    pub fn status(&self) -> u16 {
        self.get(code::STATUS)
            .and_then(|value| value.first_chunk::<2>())
            .map_or(0, |b| u16::from_be_bytes(*b))
    }

    /// A 32-bit number.
    pub fn u32(&self, code: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(code)?.try_into().ok()?))
    }
}

/// The addresses in `bytes`.
pub fn addresses(bytes: &[u8]) -> Vec<Ipv6Addr> {
    bytes
        .chunks_exact(16)
        .filter_map(|chunk| <[u8; 16]>::try_from(chunk).ok())
        .map(Ipv6Addr::from)
        .collect()
}

impl Message {
    /// Reads a message between client and server; `None` for what is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (head, options) = bytes.split_first_chunk::<4>()?;
        let kind = *MessageType::ALL.get(usize::from(head[0]).checked_sub(1)?)?;
        let transaction = u32::from_be_bytes([0, head[1], head[2], head[3]]);
        Some(Self { kind, transaction, options: Options::read(options) })
    }

    /// Its bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = self.transaction.to_be_bytes().to_vec();
        bytes[0] = self.kind as u8;
        bytes.extend(self.options.write());
        bytes
    }
}
