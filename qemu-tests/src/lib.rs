//! Boots images in QEMU: the harness of the boot tests and of `cargo xtask run`.
//!
//! A [`Setup`] says what a machine is made of, [`Machine::boot`] starts it, and its methods wait for
//! what the guest writes, press its buttons and tell how it ended. Nothing outlives a [`Machine`]:
//! neither processes nor files, but for the log of its console.

pub mod accelerator;
mod arguments;
pub mod artifacts;
pub mod board;
pub mod console;
pub mod disk;
pub mod error;
mod files;
pub mod http;
pub mod ignition;
pub mod machine;
pub mod oci;
pub mod pe;
pub mod problems;
pub mod process;
pub mod qmp;
pub mod setup;
pub mod tools;
mod tpm;
mod turn;
pub mod variables;

pub use accelerator::Accelerator;
pub use artifacts::Artifacts;
pub use board::Board;
pub use console::Line;
pub use error::{Log, MachineError};
pub use machine::{Ending, Machine};
pub use qmp::Event;
pub use setup::{
    Bus, Clock, Disk, Firmware, FwCfg, Network, NetworkBoot, NetworkClient, OnReset, Serial, Setup,
    Tpm, Watchdog,
};
