//! Jobs and transactions: what starts and stops with what, and in which order.
//!
//! Everything here is a value: no system call, no clock. The manager loads units into a `Graph` and tells it their
//! activity; a request becomes a `Transaction`, which is planned whole or refused; the `Queue` says which job may run
//! now and what follows from its end. The meaning is that of systemd.unit(5) and systemctl(1).
//!
//! Work is O(units + dependencies) for a plan and for draining the queue; each cycle found costs one more pass.

pub use activity::{Activity, Outcome, outcome};
pub use graph::{Edge, Facts, Graph, Load, UnitId};
pub use kind::JobKind;
pub use queue::{Applied, Ended, Job, JobId, JobResult, Queue};
pub use transaction::{Cycle, Dropped, PlanError, PlannedJob, Request, Transaction};

mod activity;
mod graph;
mod kind;
pub mod queries;
mod queue;
mod transaction;

#[cfg(test)]
mod testing;
