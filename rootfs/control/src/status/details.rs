//! What only one type of unit has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Stamp;
use crate::request::words;

/// What the processes of a unit use, by its control group; none is not counted there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ResourceUse {
    /// Processes and threads.
    pub tasks: Option<u64>,
    /// The most there may be.
    pub tasks_max: Option<u64>,
    /// Bytes of memory now.
    pub memory: Option<u64>,
    /// Bytes at the most since the start.
    pub memory_peak: Option<u64>,
    /// Bytes of swap now.
    pub swap: Option<u64>,
    /// Bytes of swap at the most.
    pub swap_peak: Option<u64>,
    /// `MemoryHigh=`
    pub memory_high: Option<u64>,
    /// `MemoryMax=`
    pub memory_max: Option<u64>,
    /// `MemoryMin=`
    pub memory_min: Option<u64>,
    /// `MemoryLow=`
    pub memory_low: Option<u64>,
    /// Microseconds of processor time.
    pub cpu: Option<u64>,
    /// Bytes read from disks.
    pub io_read: Option<u64>,
    /// Bytes written to them.
    pub io_write: Option<u64>,
}

words! {
    /// How a process ended (`si_code` of sigaction(2)).
    Exit {
        /// By itself.
        Exited = "exited",
        /// By a signal.
        Killed = "killed",
        /// By a signal, with a core dump.
        Dumped = "dumped",
    }
}

/// One `Exec...=` line and how it went last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct CommandStatus {
    /// `ExecStart`, `ExecStartPre`, ...
    pub directive: String,
    /// The program.
    pub path: String,
    /// Its arguments, the first included.
    pub arguments: Vec<String>,
    /// `-` in front.
    pub ignore_failure: bool,
    /// When it was started.
    pub started: Stamp,
    /// When it ended.
    pub ended: Stamp,
    /// Its process; 0 is never started.
    pub pid: u32,
    /// How it ended; none is not yet.
    pub code: Option<Exit>,
    /// The exit status or the signal's number.
    pub status: i32,
}

/// Of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ServiceStatus {
    /// `Type=`
    pub kind: String,
    /// The main process; 0 is none.
    pub main_pid: u32,
    /// The control process (`ExecStartPre=`, `ExecReload=`, `ExecStop=`); 0 is none.
    pub control_pid: u32,
    /// The last main process, also when it is over; 0 is none.
    pub exec_main_pid: u32,
    /// When it was started.
    pub exec_main_start: Stamp,
    /// When it ended.
    pub exec_main_exit: Stamp,
    /// How it ended; none is that it runs, or never ran.
    pub exec_main_code: Option<Exit>,
    /// The exit status or the signal's number.
    pub exec_main_status: i32,
    /// All its commands.
    pub commands: Vec<CommandStatus>,
    /// `STATUS=` of sd_notify(3)
    pub status_text: Option<String>,
    /// `ERRNO=`
    pub status_errno: i32,
    /// `NotifyAccess=`
    pub notify_access: String,
    /// How often it was restarted by itself.
    pub restarts: u32,
    /// When it will be started anew; `sub` is `auto-restart` then.
    pub restart_at: Stamp,
    /// `WatchdogSec=` in microseconds; 0 is none.
    pub watchdog: u64,
    /// The last `WATCHDOG=1`.
    pub watchdog_at: Stamp,
    /// Descriptors kept now.
    pub fd_store: u32,
    /// `FileDescriptorStoreMax=`
    pub fd_store_max: u32,
}

/// Of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct SocketStatus {
    /// `Listen...=` lines.
    pub listen: Vec<ListenStatus>,
    /// `Accept=`
    pub accept: bool,
    /// Connections accepted.
    pub accepted: u32,
    /// Connections open now.
    pub connections: u32,
    /// Connections refused.
    pub refused: u32,
}

/// A place a socket listens at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenStatus {
    /// `Stream`, `Datagram`, `SequentialPacket`, `FIFO`, `Special`, `Netlink`, `MessageQueue`.
    pub kind: String,
    /// The path, address or name: `/run/x.sock`, `[::]:22`, `@abstract`.
    pub address: String,
}

/// Of a timer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct TimerStatus {
    /// When it elapses next by the wall clock, in microseconds since 1970; 0 is not.
    pub next_real: u64,
    /// When it elapses next by CLOCK_MONOTONIC, in microseconds; 0 is not.
    pub next_mono: u64,
    /// When it elapsed last.
    pub last: Stamp,
    /// Its `On...=` lines as written: (`OnCalendar`, `daily`).
    pub specifications: Vec<(String, String)>,
    /// `Persistent=`
    pub persistent: bool,
}

/// Of a path unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PathStatus {
    /// What is watched: (`PathExists`, `/run/x`).
    pub watches: Vec<(String, String)>,
}

/// Of a mount, an automount or a swap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct MountStatus {
    /// The source.
    pub what: String,
    /// The mount point; empty for a swap.
    pub place: String,
    /// The file system.
    pub kind: String,
    /// The options.
    pub options: String,
    /// The process of mount, umount, swapon or swapoff; 0 is none.
    pub control_pid: u32,
    /// Of an automount point, whether its mount is there.
    pub mounted: bool,
    /// Of an automount point, how long its mount may rest, in microseconds; 0 is for ever.
    pub idle_timeout: u64,
}
