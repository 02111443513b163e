//! A service at run time: its state machine and what it holds.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use keelson_control::Stamp;
use keelson_execution::Runtime;
use keelson_jobs::UnitId;
use keelson_units::model::{NotifyAccess, Service, Type};
use rustix::process::Pid;

use crate::events::Token;
use crate::service::{Machine, Phase};

/// How many ended commands are remembered for `systemctl status`.
const REMEMBERED: usize = 16;

/// A service.
#[derive(Debug, Default)]
pub struct ServiceRun {
    /// Where it stands.
    pub machine: Machine,
    /// Its namespaces, its user, its credentials.
    pub runtime: Runtime,
    /// Descriptors it has given to keep.
    pub store: Vec<Stored>,
    /// The number of the next stored descriptor.
    pub next_stored: u64,
    /// The connection it was started for, and the socket unit.
    pub connection: Option<(OwnedFd, UnitId)>,
    /// What the connection adds to the environment.
    pub connection_environment: Vec<(String, String)>,
    /// The commands of the present run, the last ones.
    pub commands: VecDeque<CommandRun>,
    /// When the main process was started and ended, and its number, kept when it has gone.
    pub main: Option<(Pid, Stamp, Stamp)>,
}

/// A descriptor that a service has given to keep.
#[derive(Debug)]
pub struct Stored {
    /// Its number.
    pub number: u64,
    /// `FDNAME=`
    pub name: String,
    /// The descriptor.
    pub descriptor: OwnedFd,
    /// Device and inode of its file, where the kernel tells.
    pub file: Option<(u64, u64)>,
    /// Its place among the events, where it is watched for the other end to go away.
    pub token: Option<Token>,
}

/// A command that was run.
#[derive(Clone, Copy, Debug)]
pub struct CommandRun {
    /// Its list.
    pub phase: Phase,
    /// Its place in the list.
    pub index: usize,
    /// Its process.
    pub pid: Pid,
    /// When it was started and ended.
    pub times: (Stamp, Stamp),
    /// How it ended.
    pub exit: Option<crate::service::Exit>,
}

impl ServiceRun {
    /// Remembers a command that was started.
    pub fn remember(&mut self, phase: Phase, index: usize, pid: Pid, now: Stamp) {
        if self.commands.len() >= REMEMBERED {
            self.commands.pop_front();
        }
        self.commands.push_back(CommandRun {
            phase,
            index,
            pid,
            times: (now, Stamp::default()),
            exit: None,
        });
    }

    /// Who may send messages: systemd.service(5), `NotifyAccess=`.
    pub fn notify_access(service: &Service) -> NotifyAccess {
        let speaks = matches!(service.kind, Type::Notify | Type::NotifyReload)
            || service.watchdog.is_some()
            || service.fd_store_max > 0;
        match service.notify_access {
            None | Some(NotifyAccess::None) if speaks => NotifyAccess::Main,
            given => given.unwrap_or(NotifyAccess::None),
        }
    }
}
