//! What activates and mounts: sockets, timers, watched paths, mounts, automount points, swaps, devices.
//!
//! Mechanics alone: functions and small values that the manager drives. Nothing here knows the state of a unit, forks,
//! or waits, but for `mounts::Task::run` and some functions of `automounts`, which may hang and are meant for a child process.

pub mod automounts;
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
