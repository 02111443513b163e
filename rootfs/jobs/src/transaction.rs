//! A request with everything it pulls in: planned whole, or refused.

use keelson_units::model::{JobMode, UnitName};

use crate::graph::{Graph, Load, UnitId};
use crate::{JobKind, Queue};
use draft::Draft;

mod draft;
mod merge;
mod order;
mod pull;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The unit.
    pub unit: UnitId,
    /// What is to be done to it.
    pub kind: JobKind,
    /// What is done with jobs that are there.
    pub mode: JobMode,
    /// Whether a person asks, so that `RefuseManualStart=` and `RefuseManualStop=` count.
    pub manual: bool,
}

/// One job of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedJob {
    /// The unit.
    pub unit: UnitId,
    /// What is to be done; never one of the kinds with an if.
    pub kind: JobKind,
    /// Whether the goal fails without it.
    pub required: bool,
}

/// A unit that was wanted, and why it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The unit.
    pub unit: UnitId,
    /// What would have been done.
    pub kind: JobKind,
    /// Why not.
    pub why: PlanError,
}

/// Units that are each ordered after the one before, and the first after the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The units in order.
    pub units: Vec<UnitName>,
    /// Whose job was left out to break it; none where all are required.
    pub dropped: Option<UnitName>,
}

/// Jobs that are installed all together by `Queue::apply`.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The jobs, one for a unit, in no special order. Empty where there is nothing to do.
    pub jobs: Vec<PlannedJob>,
    /// The ordering cycles that were broken.
    pub cycles: Vec<Cycle>,
    /// Units that were wanted and are left out.
    pub dropped: Vec<Dropped>,
    /// Steps taken: units and relations looked at. A measure of the work that does not depend on the machine.
    pub steps: u64,
    pub(crate) goal: UnitId,
    pub(crate) mode: JobMode,
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is no unit file.
    #[error("Unit {0} not found.")]
    NotFound(UnitName),
    /// Nobody loaded it; the caller forgot `Graph::take_unknown`.
    #[error("Unit {0} is not loaded.")]
    NotLoaded(UnitName),
    /// It is masked.
    #[error("Unit {0} is masked.")]
    Masked(UnitName),
    /// It has a setting that makes it useless.
    #[error("Unit {0} has a bad unit file setting.")]
    BadSetting(UnitName),
    /// The file could not be read.
    #[error("Unit {0} failed to load properly.")]
    Unreadable(UnitName),
    /// There is no such job for this unit: a reload without `ExecReload=`, a stop of `-.mount`.
    #[error("Job type {kind} is not applicable for unit {unit}.", kind = .1.name(), unit = .0)]
    NotApplicable(UnitName, JobKind),
    /// A unit that it requires cannot be had.
    #[error("{unit} requires {required}: {why}")]
    Requires {
        /// The one that requires.
        unit: UnitName,
        /// What it requires.
        required: UnitName,
        /// What is the matter with that.
        why: Box<PlanError>,
    },
    /// `RefuseManualStart=` or `RefuseManualStop=`.
    #[error(
        "Operation refused, unit {0} may be requested by dependency only (it is configured to refuse manual start/stop)."
    )]
    Refused(UnitName),
    /// `AllowIsolate=no`.
    #[error("Operation refused, unit {0} may not be isolated.")]
    NotIsolated(UnitName),
    /// Isolating is starting.
    #[error("Isolate is only valid for start.")]
    IsolateStarts,
    /// Requirements that contradict each other.
    #[error("Transaction contains conflicting jobs '{first}' and '{second}' for {unit}. Probably contradicting requirement dependencies configured.", first = .1.name(), second = .2.name(), unit = .0)]
    Contradiction(UnitName, JobKind, JobKind),
    /// The order cannot be kept.
    #[error("Transaction order is cyclic: {}.", chain(.0))]
    Cyclic(Cycle),
    /// It would cancel a job that this mode must not cancel.
    #[error("Transaction is destructive ({unit} has '{queued}' job queued, but '{planned}' is included in transaction).", queued = .queued.name(), planned = .planned.name())]
    Destructive {
        /// The unit.
        unit: UnitName,
        /// Its job that is queued.
        queued: JobKind,
        /// What the transaction has for it.
        planned: JobKind,
    },
    /// The unit was left out to break an ordering cycle.
    #[error("Job for {unit} was left out to break the ordering cycle {}.", chain(.cycle))]
    Broken {
        /// The unit.
        unit: UnitName,
        /// The cycle.
        cycle: Cycle,
    },
    /// Mode `fail`: it is not required and would stop a unit that is up, or cancel a job.
    #[error("Job {kind} for {unit} was left out: it is not required and would interrupt what is up or queued.", kind = .1.name(), unit = .0)]
    Spared(UnitName, JobKind),
    /// Another job of the transaction, which matters more, is its opposite.
    #[error("Job {kind} for {unit} was left out: the transaction also has {other} for it.", kind = .kind.name(), other = .other.name())]
    Outweighed {
        /// The unit.
        unit: UnitName,
        /// What was left out.
        kind: JobKind,
        /// What stays.
        other: JobKind,
    },
}

/// `a.service -> b.service -> a.service`
fn chain(cycle: &Cycle) -> String {
    let names = cycle.units.iter().chain(cycle.units.first());
    names.map(UnitName::as_str).collect::<Vec<_>>().join(" -> ")
}

impl Transaction {
    /// Plans a request; nothing changes until `Queue::apply`.
    ///
    /// Every unit the goal pulls in must be loaded in the graph, and activities be true.
    pub fn plan(graph: &Graph, queue: &Queue, request: &Request) -> Result<Self, PlanError> {
        Self::plan_all(graph, queue, request, &[])
    }

    /// Plans the same request for other units too, so that what they share is looked at once. All of it, or nothing:
    /// where one unit cannot have its job, the error says why.
    pub fn plan_all(
        graph: &Graph,
        queue: &Queue,
        request: &Request,
        others: &[UnitId],
    ) -> Result<Self, PlanError> {
        let kind = admit(graph, *request)?;
        let mut draft = Draft::new(graph, queue);
        draft.pull(request.unit, kind, request.mode)?;
        for &unit in others {
            let kind = admit(graph, Request { unit, ..*request })?;
            draft.pull_too(unit, kind, request.mode)?;
        }
        if request.mode == JobMode::Isolate {
            draft.isolate()?;
        }
        draft.collect();
        if request.mode == JobMode::Fail {
            draft.minimize()?;
        }
        draft.drop_redundant();
        draft.break_cycles(request.mode)?;
        draft.merge()?;
        draft.drop_redundant();
        // What merging left out may have been to cancel a queued job, which then counts again.
        draft.break_cycles(request.mode)?;
        refuse_destruction(graph, queue, request.mode, &draft)?;
        let goal = request.unit;
        let jobs = if kind == JobKind::Nop { Vec::new() } else { draft.planned() };
        let Draft { cycles, dropped, steps, .. } = draft;
        Ok(Self { jobs, cycles, dropped, steps: steps.get(), goal, mode: request.mode })
    }
}

/// What can be said without looking at other units; gives the kind without an if.
fn admit(graph: &Graph, request: Request) -> Result<JobKind, PlanError> {
    let Request { unit, kind, mode, manual } = request;
    let (facts, name) = (graph.facts(unit), graph.name(unit));
    let collapsed = kind.collapse(facts.activity);
    if mode == JobMode::Isolate && collapsed != JobKind::Start {
        return Err(PlanError::IsolateStarts);
    }
    if mode == JobMode::Isolate && facts.load == Load::Loaded && !facts.allow_isolate {
        return Err(PlanError::NotIsolated(name.clone()));
    }
    let starts = matches!(kind, JobKind::Start | JobKind::Restart | JobKind::TryRestart)
        || collapsed == JobKind::Start;
    let refused =
        (starts && facts.refuse_manual_start) || (kind.takes_down() && facts.refuse_manual_stop);
    if manual && refused {
        return Err(PlanError::Refused(name.clone()));
    }
    Ok(collapsed)
}

/// Whether a job of this kind can be made for the unit at all.
fn applicable(graph: &Graph, unit: UnitId, kind: JobKind) -> Result<(), PlanError> {
    let (facts, name) = (graph.facts(unit), graph.name(unit).clone());
    if kind != JobKind::Stop {
        match facts.load {
            Load::Loaded => {}
            Load::Unknown | Load::Merged => return Err(PlanError::NotLoaded(name)),
            Load::NotFound => return Err(PlanError::NotFound(name)),
            Load::Masked => return Err(PlanError::Masked(name)),
            Load::BadSetting => return Err(PlanError::BadSetting(name)),
            Load::Error => return Err(PlanError::Unreadable(name)),
        }
    }
    let possible = match kind {
        JobKind::Stop => !facts.perpetual,
        JobKind::Restart | JobKind::TryRestart => facts.can_start && !facts.perpetual,
        JobKind::Reload | JobKind::TryReload => facts.can_reload,
        JobKind::ReloadOrStart => facts.can_reload && facts.can_start,
        JobKind::Start | JobKind::VerifyActive | JobKind::Nop => true,
    };
    if possible { Ok(()) } else { Err(PlanError::NotApplicable(name, kind)) }
}

/// Jobs that are queued are canceled only where the mode allows it.
fn refuse_destruction(
    graph: &Graph,
    queue: &Queue,
    mode: JobMode,
    draft: &Draft,
) -> Result<(), PlanError> {
    for job in draft.planned() {
        let Some(queued) = queue.job_of(job.unit) else { continue };
        if (mode == JobMode::Fail || queued.irreversible) && queued.kind.conflicts(job.kind) {
            let unit = graph.name(job.unit).clone();
            return Err(PlanError::Destructive { unit, queued: queued.kind, planned: job.kind });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
