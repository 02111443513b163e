//! The choice of an address and its defence as a state machine (RFC 3927 section 2). It takes packets and points in time
//! and gives actions.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::arp::{Operation, Packet};
use crate::address::Mac;
use crate::random::Random;

// Section 9.
const PROBE_WAIT: Duration = Duration::from_secs(1);
const PROBES: u32 = 3;
const PROBE_SHORTEST: Duration = Duration::from_secs(1);
/// What a wait between probes may be longer than that.
const PROBE_MORE: Duration = Duration::from_secs(1);
const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);
const ANNOUNCEMENTS: u32 = 2;
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(2);
const MOST_CONFLICTS: u32 = 10;
const RATE_LIMIT: Duration = Duration::from_mins(1);
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// What the caller is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send to everybody on the link.
    Send(Packet),
    /// Use this address from now on.
    Bound(Ipv4Addr),
    /// Stop using it: another host has it.
    Lost(Ipv4Addr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody may have the address yet.
    Probing,
    /// It is ours.
    Bound,
}

/// The client of one link.
#[derive(Clone, Debug)]
pub struct Client {
    mac: Mac,
    /// Times.
    random: Random,
    /// Addresses: the same for a card after every boot, so that it mostly has the same one.
    choice: Random,
    state: State,
    address: Ipv4Addr,
    /// Whether it was ours before the link went away, and is used while it is probed anew.
    kept: bool,
    /// Packets sent in this state.
    sent: u32,
    /// Addresses others had since the last that was ours.
    conflicts: u32,
    defended: Option<Duration>,
    due: Option<Duration>,
}

impl Client {
    /// Starts at once.
    pub fn new(mac: Mac, random: Random, now: Duration) -> Self {
        let [a, b, c, d, e, f] = mac.0;
        let mut client = Self {
            mac,
            random,
            choice: Random::new(u64::from_be_bytes([0, 0, a, b, c, d, e, f])),
            state: State::Probing,
            address: Ipv4Addr::UNSPECIFIED,
            kept: false,
            sent: 0,
            conflicts: 0,
            defended: None,
            due: None,
        };
        client.choose(now);
        client
    }

    /// The hardware address it is for.
    pub fn mac(&self) -> Mac {
        self.mac
    }

    /// The address, once it is ours.
    pub fn address(&self) -> Option<Ipv4Addr> {
        (self.state == State::Bound || self.kept).then_some(self.address)
    }

    /// Halts; an address that is ours stays.
    pub fn pause(&mut self) {
        self.due = None;
    }

    /// The link is back, perhaps with other hosts on it: the address is probed anew (section 2.2).
    pub fn resume(&mut self, now: Duration) {
        self.kept = self.address().is_some();
        self.probe(now);
    }

    /// The next point in time at which `elapsed` has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.due
    }

    /// Does what is due.
    pub fn elapsed(&mut self, now: Duration) -> Vec<Action> {
        if self.due.is_none_or(|due| now < due) {
            return Vec::new();
        }
        match self.state {
            State::Probing if self.sent < PROBES => {
                self.sent += 1;
                let wait = if self.sent < PROBES {
                    PROBE_SHORTEST + self.random.up_to(PROBE_MORE)
                } else {
                    ANNOUNCE_WAIT
                };
                self.due = Some(now + wait);
                vec![self.request(Ipv4Addr::UNSPECIFIED)]
            }
            State::Probing => {
                (self.state, self.sent, self.conflicts, self.defended) = (State::Bound, 0, 0, None);
                self.kept = false;
                vec![Action::Bound(self.address), self.announce(now)]
            }
            State::Bound => vec![self.announce(now)],
        }
    }

    /// Takes a packet; one that speaks of another address does nothing.
    pub fn received(&mut self, packet: &Packet, now: Duration) -> Vec<Action> {
        if packet.mac == self.mac {
            return Vec::new();
        }
        let taken = packet.sender == self.address;
        let probed = packet.operation == Operation::Request
            && packet.sender.is_unspecified()
            && packet.target == self.address;
        let defended = self.defended.is_some_and(|at| now < at + DEFEND_INTERVAL);
        match self.state {
            State::Probing if taken || probed => {
                let lost = self.address().map(Action::Lost);
                self.choose_another(now);
                lost.into_iter().collect()
            }
            // Once is a mistake of the other; who insists is to have it (section 2.5 (b)).
            State::Bound if taken && !defended => {
                self.defended = Some(now);
                vec![self.request(self.address)]
            }
            State::Bound if taken => {
                let lost = self.address;
                self.choose_another(now);
                vec![Action::Lost(lost)]
            }
            _ => Vec::new(),
        }
    }

    fn choose_another(&mut self, now: Duration) {
        self.conflicts = self.conflicts.saturating_add(1);
        self.choose(now);
    }

    /// Goes to an address of 169.254.1.0 to 169.254.254.255 (section 2.1).
    fn choose(&mut self, now: Duration) {
        let first = u32::from(Ipv4Addr::new(169, 254, 1, 0));
        self.address = (first + self.choice.number() % (254 * 256)).into();
        self.kept = false;
        self.probe(now);
    }

    fn probe(&mut self, now: Duration) {
        (self.state, self.sent) = (State::Probing, 0);
        let wait = if self.conflicts > MOST_CONFLICTS { RATE_LIMIT } else { Duration::ZERO };
        self.due = Some(now + wait + self.random.up_to(PROBE_WAIT));
    }

    fn announce(&mut self, now: Duration) -> Action {
        self.sent += 1;
        self.due = (self.sent < ANNOUNCEMENTS).then_some(now + ANNOUNCE_INTERVAL);
        self.request(self.address)
    }

    fn request(&self, sender: Ipv4Addr) -> Action {
        let (operation, mac, target) = (Operation::Request, self.mac, self.address);
        Action::Send(Packet { operation, mac, sender, target })
    }
}

#[cfg(test)]
mod tests;
