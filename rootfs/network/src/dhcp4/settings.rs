//! What a DHCPv4 client says of itself in every packet.

use super::options::{MessageType, code};
use super::packet::Packet;
use crate::address::Mac;

/// The largest DHCP packet taken: the MTU of Ethernet.
const MAX_SIZE: u16 = 1500;

/// What a client says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The link's hardware address.
    pub mac: Mac,
    /// Option 61; absent where the hardware address is to identify the client.
    pub client_id: Option<Vec<u8>>,
    /// The name it tells.
    pub hostname: Option<String>,
    /// Option 60.
    pub vendor_class: Option<String>,
    /// Option 77.
    pub user_class: Vec<String>,
    /// What it wants to know beside address and mask.
    pub wanted: Vec<u8>,
    /// Whether two messages may do (RFC 4039).
    pub rapid_commit: bool,
    /// Whether answers must be broadcast.
    pub broadcast: bool,
    /// How often a discover is sent before the client gives up; `None` never does.
    pub attempts: Option<u32>,
}

impl Settings {
    /// Becomes others. `false` where they make it another client to a server, whose lease this one's is not; then nothing
    /// changes.
    pub fn adopt(&mut self, others: &Self) -> bool {
        let is_same = (others.mac, &others.client_id) == (self.mac, &self.client_id);
        if is_same {
            *self = others.clone();
        }
        is_same
    }

    /// A packet with what every message of a client carries.
    pub fn packet(&self, kind: MessageType, transaction: u32, seconds: u16) -> Packet {
        let mut packet = Packet::request(transaction, self.mac);
        packet.seconds = seconds;
        packet.broadcast = self.broadcast;
        let mut put = |code: u8, value: Vec<u8>| packet.options.insert(code, value);
        put(code::MESSAGE_TYPE, vec![kind.number()]);
        put(code::PARAMETERS, self.wanted.clone());
        put(code::MAX_SIZE, MAX_SIZE.to_be_bytes().to_vec());
        if let Some(id) = &self.client_id {
            put(code::CLIENT_ID, id.clone());
        }
        if let Some(name) = &self.hostname {
            put(code::HOSTNAME, name.clone().into_bytes());
        }
        if let Some(class) = &self.vendor_class {
            put(code::VENDOR_CLASS, class.clone().into_bytes());
        }
        if !self.user_class.is_empty() {
            let parts = self.user_class.iter().filter(|class| (1..=255).contains(&class.len()));
            let part = |class: &String| {
                [&[u8::try_from(class.len()).unwrap_or(255)], class.as_bytes()].concat()
            };
            put(code::USER_CLASS, parts.flat_map(part).collect());
        }
        packet
    }
}
