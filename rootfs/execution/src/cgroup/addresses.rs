//! Whom a unit may talk to: `IPAddressAllow=`, `IPAddressDeny=` (systemd.resource-control(5)).

use std::net::IpAddr;

use super::program::{ADD, AND, Assembler, CALL, Hook, Instruction, LOAD, MOVE, SET, STORE};

/// Protocols as the context has them, in network order.
const IPV4: u32 = 0x0800_u16.to_be() as u32;
const IPV6: u32 = 0x86dd_u16.to_be() as u32;
/// Where the context has the protocol.
const PROTOCOL: i16 = 16;
/// `bpf_skb_load_bytes`
const LOAD_BYTES: i32 = 26;
/// Where the address is put, below the end of the stack.
const PLACE: i16 = -16;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its address.
    pub address: IpAddr,
    /// How many bits of it count.
    pub prefix: u8,
}

/// The networks that a word of the settings stands for; none for what is no network.
pub fn networks(word: &str) -> Vec<Network> {
    let texts: &[&str] = match word {
        "any" => &["0.0.0.0/0", "::/0"],
        "localhost" => &["127.0.0.0/8", "::1/128"],
        "link-local" => &["169.254.0.0/16", "fe80::/64"],
        "multicast" => &["224.0.0.0/4", "ff00::/8"],
        other => return network(other).into_iter().collect(),
    };
    texts.iter().filter_map(|text| network(text)).collect()
}

fn network(text: &str) -> Option<Network> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(longest);
    (prefix <= longest).then_some(Network { address, prefix })
}

/// The program for one direction: what is allowed wins over what is denied, and all else is allowed.
pub fn program(hook: Hook, allow: &[Network], deny: &[Network]) -> Vec<Instruction> {
    let ingress = hook == Hook::Ingress;
    let mut code = Assembler::default();
    code.add(MOVE, 6, 1, 0, 0);
    code.add(LOAD, 7, 6, PROTOCOL, 0);
    // The other end: the source of what comes in, the destination of what goes out.
    for (is_ipv4, protocol, source, destination, length) in
        [(true, IPV4, 12, 16, 4), (false, IPV6, 8, 24, 16)]
    {
        let block = code.begin_block(7, protocol);
        load_address(&mut code, if ingress { source } else { destination }, length);
        for (list, allowed) in [(allow, true), (deny, false)] {
            for network in list.iter().filter(|network| network.address.is_ipv4() == is_ipv4) {
                compare(&mut code, network);
                code.verdict(allowed);
                code.end_rule();
            }
        }
        code.end_block(block);
    }
    code.verdict(true);
    code.finish()
}

/// Copies the address onto the stack; a packet too short to have one leaves zeros there.
fn load_address(code: &mut Assembler, offset: i32, length: i32) {
    code.add(SET, 1, 0, 0, 0);
    for word in 0..4 {
        code.add(STORE, 10, 1, PLACE + 4 * word, 0);
    }
    code.add(MOVE, 1, 6, 0, 0);
    code.add(SET, 2, 0, 0, offset);
    code.add(MOVE, 3, 10, 0, 0);
    code.add(ADD, 3, 0, 0, i32::from(PLACE));
    code.add(SET, 4, 0, 0, length);
    code.add(CALL, 0, 0, 0, LOAD_BYTES);
}

fn compare(code: &mut Assembler, network: &Network) {
    let octets = match network.address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let mut bits = u32::from(network.prefix);
    for (word, place) in octets.chunks(4).zip((PLACE..0).step_by(4)) {
        let count = bits.min(32);
        bits -= count;
        if count == 0 {
            break;
        }
        let mask = u32::MAX << (32 - count);
        let value = u32::from_be_bytes([word[0], word[1], word[2], word[3]]) & mask;
        code.add(LOAD, 1, 10, place, 0);
        code.add(AND, 1, 0, 0, mask.to_be().cast_signed());
        code.leave_unless(1, value.to_be());
    }
}
