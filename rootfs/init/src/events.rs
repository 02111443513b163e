//! What PID 1 waits for: descriptors by epoll(7), each with what it means.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use keelson_jobs::UnitId;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

/// How many events are taken at once.
const BATCH: usize = 128;

/// What a descriptor is. Of those that are ready at once an earlier one has its turn first: words before ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// sd_notify(3)
    Notify,
    /// A process that has not executed its program yet.
    Pending(std::num::NonZeroI32),
    /// `memory.events` of a slice, by number.
    Memory(u64),
    /// Signals of PID 1.
    Signals,
    /// `cgroup.events` of a unit.
    Group(UnitId),
    /// The control socket itself.
    Control,
    /// A client of it, by number.
    Client(u64),
    /// The mount table.
    Mounts,
    /// The table of swaps.
    Swaps,
    /// The clock was set.
    Clock,
    /// A power key.
    Button,
    /// A listening socket of a unit, by index.
    Listening(UnitId, usize),
    /// The watches of a path unit.
    Path(UnitId),
    /// The pipe of an automount point.
    Automount(UnitId),
    /// A descriptor that a unit has stored, by number.
    Stored(UnitId, u64),
}

/// A place among the events; needed to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(u64);

/// The epoll instance and the meaning of its members.
#[derive(Debug)]
pub struct Events {
    epoll: OwnedFd,
    sources: BTreeMap<u64, Source>,
    next: u64,
}

impl Events {
    /// No members yet.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, sources: BTreeMap::new(), next: 0 })
    }

    /// Waits for input.
    pub fn add(&mut self, source: Source, descriptor: impl AsFd) -> io::Result<Token> {
        self.add_for(source, descriptor, EventFlags::IN)
    }

    /// Waits for a change of a file of the kernel (EPOLLPRI).
    pub fn add_change(&mut self, source: Source, descriptor: impl AsFd) -> io::Result<Token> {
        self.add_for(source, descriptor, EventFlags::PRI)
    }

    /// Waits for the other end to go away only.
    pub fn add_hangup(&mut self, source: Source, descriptor: impl AsFd) -> io::Result<Token> {
        self.add_for(source, descriptor, EventFlags::empty())
    }

    fn add_for(
        &mut self,
        source: Source,
        descriptor: impl AsFd,
        flags: EventFlags,
    ) -> io::Result<Token> {
        let number = self.next;
        epoll::add(&self.epoll, descriptor, EventData::new_u64(number), flags)?;
        self.next += 1;
        self.sources.insert(number, source);
        Ok(Token(number))
    }

    /// Waits for input, for output, for both, or only for the other end to go away.
    pub fn watch(
        &self,
        token: Token,
        descriptor: impl AsFd,
        input: bool,
        output: bool,
    ) -> io::Result<()> {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, input);
        flags.set(EventFlags::OUT, output);
        Ok(epoll::modify(&self.epoll, descriptor, EventData::new_u64(token.0), flags)?)
    }

    /// Leaves. To be called before the descriptor is closed: one of which a child holds a copy stays otherwise.
    pub fn remove(&mut self, token: Token, descriptor: impl AsFd) {
        if self.sources.remove(&token.0).is_some() {
            let _closed = epoll::delete(&self.epoll, descriptor);
        }
    }

    /// Waits for events, at most so long.
    pub fn wait(&mut self, longest: Option<Duration>) -> Vec<Source> {
        let timeout = longest.map(|longest| Timespec {
            tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        });
        let mut batch = Vec::with_capacity(BATCH);
        // An interruption leaves nothing ready, and the next round looks again.
        let _interrupted = epoll::wait(&self.epoll, spare_capacity(&mut batch), timeout.as_ref());
        let ready = batch.iter().filter_map(|event: &epoll::Event| {
            let data = event.data;
            self.sources.get(&data.u64()).copied()
        });
        let mut ready: Vec<Source> = ready.collect();
        ready.sort_unstable();
        ready.dedup();
        ready
    }
}

#[cfg(test)]
mod tests;
