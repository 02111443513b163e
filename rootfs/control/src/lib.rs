//! What is said over the control socket of PID 1: requests, answers, and the client's end.
//!
//! A connection carries lines of JSON. The client sends one [`Request`] a line; PID 1 gives exactly one [`Answer`] line
//! to each, in order. A request that waits for jobs is answered when the jobs have ended. Reading is for everybody,
//! all else for root; PID 1 tells by the peer credentials of the socket. Nothing here decides anything.

pub use answer::{
    Answer, FrozenState, Job, JobKind, JobOutcome, JobResult, ManagerStatus, Outcome, Refusal,
    RefusalKind, Schedule, StoredDescriptor, SystemState, Timings, UnitLine, UnitTiming,
};
pub use client::{Client, ClientError};
pub use line::{
    LONGEST_ANSWER, LONGEST_REQUEST, LineBuffer, LineError, decode_answer, decode_request, encode,
};
pub use request::{CleanWhat, Goal, Haste, JobMode, Request, UnknownWord, Verb, Wait, Whom};
pub use status::{
    ActiveState, CommandStatus, ConditionStatus, DependencyList, Exit, ListenStatus, LoadState,
    MountStatus, PathStatus, Remark, ResourceUse, ServiceStatus, SocketStatus, Stamp, TimerStatus,
    UnitStatus,
};
pub use substates::SUB_STATES;

mod answer;
mod client;
mod line;
mod request;
mod status;
mod substates;

/// Where PID 1 listens.
pub const SOCKET: &str = "/run/keelson/init.sock";

/// The version of what is said. It goes up when an old program would misread a new one; an image carries both ends, so
/// the two differ only while PID 1 runs on over an update.
pub const VERSION: u32 = 1;
