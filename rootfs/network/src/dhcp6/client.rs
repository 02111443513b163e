//! The DHCPv6 client as a state machine (RFC 8415 section 18). It takes messages and points in time and gives actions.

use std::time::Duration;

use super::lease::Lease;
use super::packet::{Message, MessageType, code, status};
use crate::random::Random;

mod messages;

/// What the client says of itself and wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The client's identifier.
    pub duid: Vec<u8>,
    /// The identity association's number.
    pub iaid: u32,
    /// Whether two messages may do.
    pub rapid_commit: bool,
    /// The name it tells.
    pub hostname: Option<String>,
}

/// What the client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An address and everything else.
    Addresses,
    /// Everything but an address.
    Information,
}

/// What the caller is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send to all servers on the link.
    Send(Message),
    /// Use this lease from now on.
    Bound(Lease),
    /// Stop using the lease.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Stopped,
    Soliciting,
    Requesting,
    Asking,
    Bound,
    Renewing,
    Rebinding,
    Confirming,
}

/// The retransmission times of section 7.6: the first, the longest, the most attempts.
fn times(state: State) -> (Duration, Duration, u32) {
    let seconds = Duration::from_secs;
    match state {
        State::Requesting => (seconds(1), seconds(30), 10),
        State::Renewing | State::Rebinding => (seconds(10), seconds(600), 0),
        State::Confirming => (seconds(1), seconds(4), 0),
        _ => (seconds(1), seconds(3600), 0),
    }
}

/// The longest the first message that confirms a lease waits, so that the hosts of a link that is back do not all speak
/// at once (section 18.2.3, CNF_MAX_DELAY).
const CONFIRM_DELAY: Duration = Duration::from_secs(1);

/// After how long a lease that nobody speaks against is kept (section 7.6, CNF_MAX_RD).
const CONFIRM: Duration = Duration::from_secs(10);

/// How long information holds where the server does not say (section 21.23).
const REFRESH: Duration = Duration::from_hours(24);
const SHORTEST_REFRESH: Duration = Duration::from_mins(10);

/// The client of one link.
#[derive(Clone, Debug)]
pub struct Client {
    settings: Settings,
    random: Random,
    mode: Mode,
    state: State,
    held: Option<Lease>,
    offer: Option<Lease>,
    transaction: u32,
    began: Duration,
    sent: u32,
    wait: Duration,
    due: Option<Duration>,
}

impl Client {
    /// A client that does nothing yet.
    pub fn new(settings: Settings, random: Random) -> Self {
        Self {
            settings,
            random,
            mode: Mode::Information,
            state: State::Stopped,
            held: None,
            offer: None,
            transaction: 0,
            began: Duration::ZERO,
            sent: 0,
            wait: Duration::ZERO,
            due: None,
        }
    }

    /// Takes other settings for the messages to come. `false` where they make it another client to a server, whose lease
    /// this one's is not; then nothing changes.
    pub fn adopt(&mut self, settings: &Settings) -> bool {
        let is_same = (&settings.duid, settings.iaid) == (&self.settings.duid, self.settings.iaid);
        if is_same {
            self.settings = settings.clone();
        }
        is_same
    }

    /// Starts. With a lease in hand any server is asked whether its addresses are those of this link.
    pub fn start(&mut self, mode: Mode, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        self.mode = mode;
        match mode {
            Mode::Information => self.enter(State::Asking, now, &mut actions),
            Mode::Addresses if self.has_addresses() => {
                // All times count from the first message.
                let first = now + self.random.up_to(CONFIRM_DELAY);
                self.enter_waiting(State::Confirming, first);
                (self.wait, self.due) = (Duration::ZERO, Some(first));
            }
            Mode::Addresses => self.enter(State::Soliciting, now, &mut actions),
        }
        actions
    }

    /// Whether `start` was called and nothing stopped it.
    pub fn is_running(&self) -> bool {
        self.state != State::Stopped
    }

    /// Whether it runs and gets all that `mode` is for.
    pub fn serves(&self, mode: Mode) -> bool {
        self.is_running() && (self.mode == Mode::Addresses || mode == Mode::Information)
    }

    /// The lease in use.
    pub fn lease(&self) -> Option<&Lease> {
        self.held.as_ref()
    }

    /// The next point in time at which `elapsed` has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.due.into_iter().chain(self.held.as_ref().and_then(Lease::expiry)).min()
    }

    /// Does what is due.
    pub fn elapsed(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.held.as_ref().and_then(Lease::expiry).is_some_and(|end| end <= now) {
            self.lose(now, &mut actions);
        } else if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.act(now, &mut actions);
        }
        actions
    }

    /// Asks for the lease to be renewed now.
    pub fn renew(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.state == State::Bound {
            let next = if self.has_addresses() { State::Renewing } else { State::Asking };
            self.enter(next, now, &mut actions);
        }
        actions
    }

    /// Halts; the lease stays until it ends.
    pub fn pause(&mut self) {
        self.state = State::Stopped;
        self.due = None;
    }

    /// Gives the addresses back and stops.
    pub fn release(&mut self) -> Vec<Action> {
        self.pause();
        let lease = self.held.take().filter(|lease| !lease.addresses.is_empty());
        let Some(lease) = lease else { return Vec::new() };
        self.transaction = self.random.number() & 0x00ff_ffff;
        vec![Action::Send(self.message(
            MessageType::Release,
            Some(&lease),
            Some(&lease.server),
            Duration::ZERO,
        ))]
    }

    /// Takes a message; one that is not an answer to this client does nothing.
    pub fn received(&mut self, message: &Message, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        let ours = message.transaction == self.transaction
            && message.options.get(code::CLIENT_ID) == Some(self.settings.duid.as_slice());
        let Some(lease) = Lease::of(&message.options, self.settings.iaid, now).filter(|_| ours)
        else {
            return actions;
        };
        let with_addresses = !lease.addresses.is_empty();
        match (message.kind, self.state) {
            (MessageType::Advertise, State::Soliciting) if with_addresses => {
                self.offer = Some(lease);
                self.enter(State::Requesting, now, &mut actions);
            }
            (MessageType::Reply, State::Soliciting)
                if with_addresses
                    && self.settings.rapid_commit
                    && message.options.get(code::RAPID_COMMIT).is_some() =>
            {
                self.bound(lease, None, now, &mut actions);
            }
            (MessageType::Reply, State::Requesting | State::Renewing | State::Rebinding)
                if with_addresses =>
            {
                self.bound(lease, None, now, &mut actions);
            }
            (MessageType::Reply, State::Requesting | State::Renewing | State::Rebinding) => {
                let refusal = Lease::refusal(&message.options, self.settings.iaid);
                self.refused(refusal, lease.server, now, &mut actions);
            }
            (MessageType::Reply, State::Confirming) => {
                // Any other word is none against the link (section 18.2.10.3).
                match Lease::refusal(&message.options, self.settings.iaid) {
                    Some(status::NOT_ON_LINK) => self.lose(now, &mut actions),
                    _ => self.keep(now, &mut actions),
                }
            }
            (MessageType::Reply, State::Asking) => {
                let refresh =
                    message.options.u32(code::REFRESH).map(|s| Duration::from_secs(s.into()));
                let refresh = refresh.unwrap_or(REFRESH).max(SHORTEST_REFRESH);
                self.bound(
                    Lease { addresses: Vec::new(), ..lease },
                    Some(refresh),
                    now,
                    &mut actions,
                );
            }
            _ => {}
        }
        actions
    }

    /// What an answer without addresses does (section 18.2.10.1). A server that fails or says nothing of the
    /// association is asked again like one that is silent; the addresses stay until they end.
    fn refused(
        &mut self,
        refusal: Option<u16>,
        server: Vec<u8>,
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        match refusal {
            Some(status::NO_BINDING) if self.state != State::Requesting => {
                self.offer = self.held.clone().map(|lease| Lease { server, ..lease });
                self.enter(State::Requesting, now, actions);
            }
            Some(status::NO_ADDRESSES | status::NO_BINDING | status::NOT_ON_LINK) => {
                self.lose(now, actions);
            }
            _ => {}
        }
    }

    fn has_addresses(&self) -> bool {
        self.held.as_ref().is_some_and(|lease| !lease.addresses.is_empty())
    }

    fn bound(
        &mut self,
        lease: Lease,
        refresh: Option<Duration>,
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        let due = now + refresh.unwrap_or(lease.t1);
        self.offer = None;
        self.held = Some(lease.clone());
        actions.push(Action::Bound(lease));
        self.state = State::Bound;
        self.due = Some(due);
    }

    /// The lease in hand goes on with the times it has.
    fn keep(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let Some(lease) = self.held.clone() else { return };
        let left = (lease.acquired + lease.t1).saturating_sub(now);
        self.bound(lease, Some(left), now, actions);
    }

    fn lose(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.offer = None;
        if self.held.take().is_some() {
            actions.push(Action::Lost);
        }
        if self.state == State::Stopped {
            return;
        }
        // A refusal waits like a message that was lost, so that nobody is asked in a tight loop.
        self.enter_waiting(State::Soliciting, now);
    }

    fn enter_waiting(&mut self, state: State, now: Duration) {
        self.transaction = self.random.number() & 0x00ff_ffff;
        (self.state, self.began, self.sent) = (state, now, 0);
        self.wait = self.random.around(times(state).0);
        self.due = Some(now + self.wait);
    }

    fn enter(&mut self, state: State, now: Duration, actions: &mut Vec<Action>) {
        self.enter_waiting(state, now);
        self.wait = Duration::ZERO;
        self.act(now, actions);
    }

    fn act(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let (first, longest, most) = times(self.state);
        if most > 0 && self.sent >= most {
            self.offer = None;
            return self.enter(State::Soliciting, now, actions);
        }
        if self.state == State::Confirming && self.began + CONFIRM <= now {
            return self.keep(now, actions);
        }
        let t2 = self.held.as_ref().map(|lease| lease.acquired + lease.t2);
        if self.state == State::Renewing && t2.is_some_and(|t2| t2 <= now) {
            return self.enter(State::Rebinding, now, actions);
        }
        let held = self.held.clone();
        let message = match (self.state, &held) {
            (State::Stopped, _) => return,
            (State::Bound, Some(lease)) if lease.addresses.is_empty() => {
                return self.enter(State::Asking, now, actions);
            }
            (State::Bound, _) => return self.enter(State::Renewing, now, actions),
            (State::Soliciting, _) => self.message(MessageType::Solicit, None, None, now),
            (State::Requesting, _) => {
                let Some(offer) = self.offer.clone() else {
                    return self.enter(State::Soliciting, now, actions);
                };
                self.message(MessageType::Request, Some(&offer), Some(&offer.server), now)
            }
            (State::Asking, _) => self.message(MessageType::InformationRequest, None, None, now),
            (State::Renewing, Some(lease)) => {
                self.message(MessageType::Renew, Some(lease), Some(&lease.server), now)
            }
            (State::Rebinding, Some(lease)) => {
                self.message(MessageType::Rebind, Some(lease), None, now)
            }
            (State::Confirming, Some(lease)) => {
                self.message(MessageType::Confirm, Some(lease), None, now)
            }
            (State::Renewing | State::Rebinding | State::Confirming, None) => {
                return self.enter(State::Soliciting, now, actions);
            }
        };
        actions.push(Action::Send(message));
        let doubled = if self.wait.is_zero() { first } else { (self.wait * 2).min(longest) };
        self.wait = self.random.around(doubled);
        self.sent = self.sent.saturating_add(1);
        let due = now + self.wait;
        self.due = Some(match (self.state, t2) {
            (State::Renewing, Some(t2)) => due.min(t2),
            (State::Confirming, _) => due.min(self.began + CONFIRM),
            _ => due,
        });
    }
}

#[cfg(test)]
mod tests;
