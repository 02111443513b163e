//! What activates and mounts: sockets, timers, watched paths, mounts, swaps, devices.
//!
//! Mechanics alone: functions and small values that the manager drives. Nothing here knows the state of a unit, forks,
//! or waits, but for `mounts::Task::run`, which may hang and is meant for a child process.

pub mod clock;
pub mod devices;
pub mod limits;
pub mod mount_table;
pub mod mounts;
mod octal;
pub mod paths;
pub mod sockets;
pub mod swap_table;
mod sys;
pub mod timers;
pub mod watchdog;
