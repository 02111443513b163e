//! The parts of PID 1 and of the small commands that belong to it; `main.rs` chooses among them.
//!
//! Everything is synchronous and single-threaded: one loop (`pid1`) waits for events and gives them to the
//! `supervisor`, which runs the state machine of each `service`. Pure are `unit` (but for `unit/load.rs`), `graph`
//! and `restart`; the kernel is met in `mounts`, `cgroup`, `process`, `signals` and `shutdown`.

pub mod accounts;
pub mod bless;
pub mod buttons;
pub mod cgroup;
pub mod clock;
pub mod conditions;
pub mod control;
pub mod graph;
pub mod identity;
pub mod log;
pub mod modules;
pub mod mounts;
pub mod notify;
pub mod output;
pub mod pid1;
pub mod process;
pub mod restart;
pub mod service;
pub mod shutdown;
pub mod signals;
pub mod supervisor;
pub mod tmpfiles;
pub mod unit;
