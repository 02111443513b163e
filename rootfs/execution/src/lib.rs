//! Starts a unit's process with what systemd.exec(5) asks for around it.
//!
//! [`spawn`] looks everything up and makes a [`plan::Plan`] of values; the child carries it out and executes. Nothing
//! here knows the state of a unit, and no call waits for a service.

pub mod accounts;
pub mod cgroup;
pub mod directories;
pub mod environment;
pub mod plan;
pub mod seccomp;

mod child;
mod credentials;
mod errno;
mod identity;
mod image;
mod invocation;
mod ipc;
mod lent;
mod mounts;
mod namespaces;
mod prepare;
mod run;
mod runtime;
mod spawn;
mod stage;
mod wildcard;

pub use child::{Child, Failure, Pending, Progress};
pub use errno::Errno;
pub use identity::owner;
pub use invocation::{Invocation, PassedFd};
pub use run::in_namespaces;
pub use runtime::{Release, Released, Runtime, clean, release};
pub use spawn::{SpawnError, spawn};
pub use stage::{Stage, exit_status_name};
