//! PID 1 and the small commands that belong to it; `main.rs` chooses among them.
//!
//! Everything is synchronous and single-threaded: one loop (`pid1`) waits for `events` and gives them to the `system`,
//! which holds all units (`unit`) and drives the pure state machine of each `service`. What a unit's file says is read
//! by keelson-units, what starts and stops with what is decided by keelson-jobs, processes are started by
//! keelson-execution, sockets, timers, paths and mounts are worked by keelson-activation.

pub mod bless;
pub mod boot_times;
pub mod buttons;
pub mod clock;
pub mod command_line;
pub mod conditions;
pub mod control;
pub mod devices;
pub mod events;
pub mod folders;
pub mod fork;
pub mod hardware_watchdog;
pub mod identity;
pub mod log;
pub mod modules;
pub mod mounts;
pub mod notify;
pub mod pid1;
pub mod service;
pub mod settings;
pub mod shutdown;
pub mod signals;
pub mod system;
pub mod tmpfiles;
pub mod unit;
