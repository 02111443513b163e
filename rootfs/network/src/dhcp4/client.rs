//! The DHCPv4 client as a state machine (RFC 2131 section 4.4). It takes packets and points in time and gives actions;
//! sockets, clocks and links are its caller's.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::lease::Lease;
use super::options::{MessageType, code};
use super::packet::{Direction, Packet};
use super::settings::Settings;
use crate::random::Random;

/// The wait after the first packet; it doubles up to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(64);
/// The shortest wait between two attempts to renew (RFC 2131 section 4.4.5).
const RENEW_WAIT: Duration = Duration::from_mins(1);
/// How often an offered or a remembered address is asked for before the client starts over.
const REQUESTS: u32 = 3;

/// Why a lease is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// Nobody renewed it.
    #[error("the lease expired")]
    Expired,
    /// A server said no.
    #[error("server {0} refused the address")]
    Refused(Ipv4Addr),
}

/// What the caller is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send to everybody on the link.
    Broadcast(Packet),
    /// Send to a server, with the lease's address as source.
    Unicast(Ipv4Addr, Packet),
    /// Use this lease from now on; it replaces the one before.
    Bound(Lease),
    /// Stop using the lease.
    Lost(Loss),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Not running.
    Stopped,
    /// Waiting to start over after a refusal.
    Waiting,
    /// Discovers go out.
    Selecting,
    /// One offer was chosen.
    Requesting(Lease),
    /// A remembered lease is confirmed.
    Rebooting(Lease),
    Bound,
    Renewing,
    Rebinding,
}

/// The client of one link.
#[derive(Clone, Debug)]
pub struct Client {
    settings: Settings,
    random: Random,
    state: State,
    /// The lease in use, in whatever state; it ends by its own time.
    held: Option<Lease>,
    transaction: u32,
    /// When this transaction began.
    began: Duration,
    /// Packets sent in this state.
    sent: u32,
    /// Refusals since the last lease.
    refusals: u32,
    /// When the state acts by itself.
    due: Option<Duration>,
}

impl Client {
    /// A client that does nothing yet.
    pub fn new(settings: Settings, random: Random) -> Self {
        Self {
            settings,
            random,
            state: State::Stopped,
            held: None,
            transaction: 0,
            began: Duration::ZERO,
            sent: 0,
            refusals: 0,
            due: None,
        }
    }

    /// Takes other settings for the packets to come, as `Settings::adopt` does.
    pub fn adopt(&mut self, settings: &Settings) -> bool {
        self.settings.adopt(settings)
    }

    /// Starts. A lease remembered from before is used at once and confirmed with its server, unless it is over.
    pub fn start(&mut self, now: Duration, remembered: Option<Lease>) -> Vec<Action> {
        let mut actions = Vec::new();
        let remembered = remembered.filter(|lease| lease.expiry().is_none_or(|end| now < end));
        match remembered.or_else(|| self.held.clone()) {
            Some(lease) => {
                if self.held.as_ref() != Some(&lease) {
                    self.held = Some(lease.clone());
                    actions.push(Action::Bound(lease.clone()));
                }
                self.enter(State::Rebooting(lease), now, &mut actions);
            }
            None => self.enter(State::Selecting, now, &mut actions),
        }
        actions
    }

    /// The lease in use.
    pub fn lease(&self) -> Option<&Lease> {
        self.held.as_ref()
    }

    /// Whether answers can come to an address the link does not have, so that only a packet socket hears them.
    pub fn needs_packet_socket(&self) -> bool {
        matches!(self.state, State::Selecting | State::Requesting(_) | State::Rebooting(_))
    }

    /// Whether servers were looked for some times, or as often as is wished, and none has answered.
    pub fn is_unanswered(&self) -> bool {
        match self.state {
            State::Stopped => true,
            State::Selecting => self.sent > REQUESTS,
            _ => false,
        }
    }

    /// The next point in time at which `elapsed` has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        let expiry = self.held.as_ref().and_then(Lease::expiry);
        self.due.into_iter().chain(expiry).min()
    }

    /// Does what is due.
    pub fn elapsed(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.held.as_ref().and_then(Lease::expiry).is_some_and(|end| end <= now) {
            self.lose(Loss::Expired, now, &mut actions);
        } else if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.act(now, &mut actions);
        }
        actions
    }

    /// Asks for the lease to be renewed now.
    pub fn renew(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        if matches!(self.state, State::Bound) {
            self.enter(State::Renewing, now, &mut actions);
        } else if !matches!(self.state, State::Stopped) {
            self.act(now, &mut actions);
        }
        actions
    }

    /// Gives the lease back and stops.
    pub fn release(&mut self) -> Vec<Action> {
        let lease = self.stop();
        let Some(lease) = lease else { return Vec::new() };
        self.transaction = self.random.number();
        let mut packet = self.settings.packet(MessageType::Release, self.transaction, 0);
        packet.client = lease.address();
        packet.options.remove(&code::PARAMETERS);
        packet.options.insert(code::SERVER_ID, lease.server.octets().to_vec());
        vec![Action::Unicast(lease.server, packet)]
    }

    /// Stops without a word and gives the lease that was in use.
    pub fn stop(&mut self) -> Option<Lease> {
        self.state = State::Stopped;
        self.due = None;
        self.held.take()
    }

    /// Halts while the link has no carrier: nothing is sent, the lease stays until it ends. `start` goes on.
    pub fn pause(&mut self) {
        self.state = State::Stopped;
        self.due = None;
    }

    /// Takes a packet; one that is not an answer to this client does nothing.
    pub fn received(&mut self, packet: &Packet, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        let ours = packet.direction == Direction::Reply
            && packet.transaction == self.transaction
            && packet.mac == self.settings.mac;
        let Some(kind) = MessageType::of(packet).filter(|_| ours) else { return actions };
        match (kind, self.state.clone()) {
            (MessageType::Offer, State::Selecting) => {
                if let Some(offer) = Lease::of(packet, now) {
                    self.enter(State::Requesting(offer), now, &mut actions);
                }
            }
            (MessageType::Ack, State::Selecting)
                if self.settings.rapid_commit
                    && packet.options.contains_key(&code::RAPID_COMMIT) =>
            {
                self.acknowledged(packet, None, now, &mut actions);
            }
            (MessageType::Ack, State::Requesting(lease)) => {
                self.acknowledged(
                    packet,
                    Some((lease.address(), Some(lease.server))),
                    now,
                    &mut actions,
                );
            }
            (MessageType::Ack, State::Rebooting(lease)) => {
                self.acknowledged(packet, Some((lease.address(), None)), now, &mut actions);
            }
            (MessageType::Ack, State::Renewing | State::Rebinding) => {
                let address = self.held.as_ref().map(|lease| (lease.address(), None));
                self.acknowledged(packet, address, now, &mut actions);
            }
            (MessageType::Nak, State::Requesting(lease))
                if Self::server_of(packet) == Some(lease.server) =>
            {
                self.lose(Loss::Refused(lease.server), now, &mut actions);
            }
            (MessageType::Nak, State::Rebooting(_) | State::Renewing | State::Rebinding) => {
                if let Some(server) = Self::server_of(packet) {
                    self.lose(Loss::Refused(server), now, &mut actions);
                }
            }
            _ => {}
        }
        actions
    }

    fn packet(&self, kind: MessageType, now: Duration) -> Packet {
        let seconds = u16::try_from(now.saturating_sub(self.began).as_secs()).unwrap_or(u16::MAX);
        self.settings.packet(kind, self.transaction, seconds)
    }

    fn server_of(packet: &Packet) -> Option<Ipv4Addr> {
        super::options::ip(packet, code::SERVER_ID)
    }

    fn acknowledged(
        &mut self,
        packet: &Packet,
        expected: Option<(Ipv4Addr, Option<Ipv4Addr>)>,
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        let Some(lease) = Lease::of(packet, now) else { return };
        if let Some((address, server)) = expected
            && (lease.address() != address || server.is_some_and(|server| server != lease.server))
        {
            return;
        }
        self.refusals = 0;
        self.held = Some(lease.clone());
        actions.push(Action::Bound(lease));
        self.enter(State::Bound, now, actions);
    }

    fn lose(&mut self, loss: Loss, now: Duration, actions: &mut Vec<Action>) {
        if self.held.take().is_some() {
            actions.push(Action::Lost(loss));
        }
        if matches!(self.state, State::Stopped) {
            return;
        }
        // A server that offers and refuses again and again is not asked in a tight loop.
        if matches!(loss, Loss::Refused(_)) {
            self.refusals = self.refusals.saturating_add(1);
        }
        if self.refusals > 1 {
            self.state = State::Waiting;
            self.due = Some(now + back_off(&mut self.random, self.refusals - 2));
        } else {
            self.enter(State::Selecting, now, actions);
        }
    }

    /// Enters a state and does its first step.
    fn enter(&mut self, state: State, now: Duration, actions: &mut Vec<Action>) {
        // An offer is requested in the transaction it was made in.
        if !matches!(state, State::Requesting(_)) {
            self.transaction = self.random.number();
            self.began = now;
        }
        self.state = state;
        self.sent = 0;
        self.due = None;
        self.act(now, actions);
    }

    /// What a state does when it is entered and whenever it is due.
    fn act(&mut self, now: Duration, actions: &mut Vec<Action>) {
        match self.state.clone() {
            State::Stopped => {}
            State::Waiting => self.enter(State::Selecting, now, actions),
            State::Selecting => self.discover(now, actions),
            State::Requesting(lease) | State::Rebooting(lease) if self.sent < REQUESTS => {
                self.request(&lease, now, actions);
            }
            State::Requesting(_) | State::Rebooting(_) => {
                self.enter(State::Selecting, now, actions);
            }
            State::Bound => self.wait_or_renew(now, actions),
            State::Renewing | State::Rebinding => self.extend(now, actions),
        }
    }

    fn discover(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.settings.attempts.is_some_and(|attempts| self.sent >= attempts) {
            self.state = State::Stopped;
            return;
        }
        let mut packet = self.packet(MessageType::Discover, now);
        if self.settings.rapid_commit {
            packet.options.insert(code::RAPID_COMMIT, Vec::new());
        }
        if let Some(lease) = &self.held {
            packet.options.insert(code::REQUESTED, lease.address().octets().to_vec());
        }
        actions.push(Action::Broadcast(packet));
        self.again(now);
    }

    fn request(&mut self, lease: &Lease, now: Duration, actions: &mut Vec<Action>) {
        let mut packet = self.packet(MessageType::Request, now);
        packet.options.insert(code::REQUESTED, lease.address().octets().to_vec());
        if matches!(self.state, State::Requesting(_)) {
            packet.options.insert(code::SERVER_ID, lease.server.octets().to_vec());
        }
        actions.push(Action::Broadcast(packet));
        self.again(now);
    }

    fn again(&mut self, now: Duration) {
        self.due = Some(now + back_off(&mut self.random, self.sent));
        self.sent = self.sent.saturating_add(1);
    }

    fn wait_or_renew(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let Some(lease) = &self.held else { return self.enter(State::Selecting, now, actions) };
        if lease.lifetime.is_none() {
            return;
        }
        let t1 = lease.acquired + lease.t1;
        if now < t1 {
            self.due = Some(t1);
        } else {
            self.enter(State::Renewing, now, actions);
        }
    }

    /// Sends a request to renew and says when the next is due.
    fn extend(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let Some(lease) = self.held.clone() else {
            return self.enter(State::Selecting, now, actions);
        };
        let t2 = lease.acquired + lease.t2;
        let renewing = matches!(self.state, State::Renewing);
        if renewing && lease.lifetime.is_some() && now >= t2 {
            return self.enter(State::Rebinding, now, actions);
        }
        let mut packet = self.packet(MessageType::Request, now);
        packet.client = lease.address();
        packet.broadcast = false;
        actions.push(if renewing {
            Action::Unicast(lease.server, packet)
        } else {
            Action::Broadcast(packet)
        });
        // A lease without end that was asked to be renewed goes on without an answer.
        let Some(expiry) = lease.expiry() else {
            self.state = if self.sent > REQUESTS { State::Bound } else { self.state.clone() };
            return self.again(now);
        };
        let end = if renewing { t2 } else { expiry };
        let wait = (end.saturating_sub(now) / 2).max(RENEW_WAIT);
        self.due = Some((now + wait).min(end));
        self.sent = self.sent.saturating_add(1);
    }
}

fn back_off(random: &mut Random, sent: u32) -> Duration {
    random.around(FIRST_WAIT.saturating_mul(1 << sent.min(5)).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests;
