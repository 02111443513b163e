//! A socket at run time.

use std::collections::BTreeMap;
use std::time::Duration;

use keelson_activation::limits::Limit;
use keelson_activation::sockets::{Listening, Source};
use keelson_jobs::UnitId;
use keelson_units::model::{Command, Socket};
use rustix::process::Pid;

use crate::events::Token;

/// Where a socket stands; the names are those of systemd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Down.
    #[default]
    Dead,
    /// `ExecStartPre=`
    StartPre,
    /// `ExecStartPost=`
    StartPost,
    /// Waits for somebody to come.
    Listening,
    /// Its service runs.
    Running,
    /// `ExecStopPre=`
    StopPre,
    /// `ExecStopPost=`
    StopPost,
    /// Down after a failure.
    Failed,
}

impl State {
    /// The word of `systemctl`'s column SUB.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::StartPre => "start-pre",
            Self::StartPost => "start-post",
            Self::Listening => "listening",
            Self::Running => "running",
            Self::StopPre => "stop-pre",
            Self::StopPost => "stop-post",
            Self::Failed => "failed",
        }
    }

    /// The commands that are run in it.
    pub fn commands(self, socket: &Socket) -> &[Command] {
        match self {
            Self::StartPre => &socket.start_pre,
            Self::StartPost => &socket.start_post,
            Self::StopPre => &socket.stop_pre,
            Self::StopPost => &socket.stop_post,
            _ => &[],
        }
    }
}

/// A socket.
#[derive(Debug)]
pub struct SocketRun {
    /// Where it stands.
    pub state: State,
    /// What went wrong: the property `Result`.
    pub result: &'static str,
    /// What it listens on, with the place among the events where it is watched.
    pub listening: Vec<(Listening, Option<Token>)>,
    /// How often each of them may be heard before a pause.
    pub polls: Vec<Limit>,
    /// The process of the present step.
    pub control: Option<Pid>,
    /// Which command of the step it is.
    pub index: usize,
    /// When the step has taken too long, or a pause in listening ends.
    pub deadline: Option<Duration>,
    /// How often it may start its service.
    pub limit: Option<Limit>,
    /// Connections taken so far, and refused.
    pub accepted: u64,
    /// Connections refused for there were too many.
    pub refused: u64,
    /// The services of present connections, and where those come from.
    pub connections: BTreeMap<UnitId, Option<Source>>,
    /// What its processes share.
    pub runtime: keelson_execution::Runtime,
}

impl Default for SocketRun {
    fn default() -> Self {
        Self {
            state: State::Dead,
            result: "success",
            listening: Vec::new(),
            polls: Vec::new(),
            control: None,
            index: 0,
            deadline: None,
            limit: None,
            accepted: 0,
            refused: 0,
            connections: BTreeMap::new(),
            runtime: keelson_execution::Runtime::default(),
        }
    }
}
