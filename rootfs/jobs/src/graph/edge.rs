//! The relations between units, each with its mirror, and what each of them does to jobs.

use keelson_units::model::Relation;

/// A relation as seen from one of its two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the relation of systemd.unit(5) of its name")]
#[repr(u8)]
pub enum Edge {
    Requires,
    Requisite,
    Wants,
    BindsTo,
    PartOf,
    Upholds,
    RequiredBy,
    RequisiteOf,
    WantedBy,
    BoundBy,
    ConsistsOf,
    UpheldBy,
    Conflicts,
    ConflictedBy,
    Before,
    After,
    OnFailure,
    OnFailureOf,
    OnSuccess,
    OnSuccessOf,
    Triggers,
    TriggeredBy,
    PropagatesReloadTo,
    ReloadPropagatedFrom,
    PropagatesStopTo,
    StopPropagatedFrom,
    JoinsNamespaceOf,
}

use Edge::{
    After, Before, BindsTo, BoundBy, ConflictedBy, Conflicts, ConsistsOf, JoinsNamespaceOf,
    OnFailure, OnFailureOf, OnSuccess, OnSuccessOf, PartOf, PropagatesReloadTo, PropagatesStopTo,
    ReloadPropagatedFrom, RequiredBy, Requires, Requisite, RequisiteOf, StopPropagatedFrom,
    TriggeredBy, Triggers, UpheldBy, Upholds, WantedBy, Wants,
};

impl Edge {
    /// All of them, in the order `systemctl show` has them.
    pub const ALL: [Self; 27] = [
        Requires,
        Requisite,
        Wants,
        BindsTo,
        PartOf,
        Upholds,
        RequiredBy,
        RequisiteOf,
        WantedBy,
        BoundBy,
        ConsistsOf,
        UpheldBy,
        Conflicts,
        ConflictedBy,
        Before,
        After,
        OnFailure,
        OnFailureOf,
        OnSuccess,
        OnSuccessOf,
        Triggers,
        TriggeredBy,
        PropagatesReloadTo,
        ReloadPropagatedFrom,
        PropagatesStopTo,
        StopPropagatedFrom,
        JoinsNamespaceOf,
    ];

    /// What a start must bring up, or it fails.
    pub(crate) const PULL_START: [Self; 2] = [Requires, BindsTo];
    /// What a start brings up if it can.
    pub(crate) const PULL_START_IGNORED: [Self; 2] = [Wants, Upholds];
    /// Who stops (or restarts) along.
    pub(crate) const PROPAGATE_STOP: [Self; 5] =
        [RequiredBy, RequisiteOf, BoundBy, ConsistsOf, PropagatesStopTo];
    /// Who restarts along: a passed-on stop is not a passed-on restart.
    pub(crate) const PROPAGATE_RESTART: [Self; 4] = [RequiredBy, RequisiteOf, BoundBy, ConsistsOf];
    /// Whose pending start fails when a start here fails.
    pub(crate) const PROPAGATE_FAILURE: [Self; 3] = [RequiredBy, RequisiteOf, BoundBy];
    /// Who keeps a `StopWhenUnneeded=` unit needed.
    pub(crate) const NEEDED_BY: [Self; 5] = [RequiredBy, RequisiteOf, WantedBy, BoundBy, UpheldBy];
    /// What may become unneeded when this one goes down.
    pub(crate) const NEEDS: [Self; 5] = [Requires, Requisite, Wants, BindsTo, Upholds];
    /// What must be loaded along with a unit because a job of the unit may touch it.
    pub(crate) const LOADS: [Self; 12] = [
        Requires,
        Requisite,
        Wants,
        BindsTo,
        Upholds,
        Conflicts,
        OnFailure,
        OnSuccess,
        Triggers,
        PropagatesReloadTo,
        PropagatesStopTo,
        JoinsNamespaceOf,
    ];

    /// The same relation from the other end.
    #[must_use]
    pub fn mirror(self) -> Self {
        match self {
            Requires => RequiredBy,
            RequiredBy => Requires,
            Requisite => RequisiteOf,
            RequisiteOf => Requisite,
            Wants => WantedBy,
            WantedBy => Wants,
            BindsTo => BoundBy,
            BoundBy => BindsTo,
            PartOf => ConsistsOf,
            ConsistsOf => PartOf,
            Upholds => UpheldBy,
            UpheldBy => Upholds,
            Conflicts => ConflictedBy,
            ConflictedBy => Conflicts,
            Before => After,
            After => Before,
            OnFailure => OnFailureOf,
            OnFailureOf => OnFailure,
            OnSuccess => OnSuccessOf,
            OnSuccessOf => OnSuccess,
            Triggers => TriggeredBy,
            TriggeredBy => Triggers,
            PropagatesReloadTo => ReloadPropagatedFrom,
            ReloadPropagatedFrom => PropagatesReloadTo,
            PropagatesStopTo => StopPropagatedFrom,
            StopPropagatedFrom => PropagatesStopTo,
            JoinsNamespaceOf => JoinsNamespaceOf,
        }
    }

    /// The property's name in `systemctl show`.
    pub fn name(self) -> &'static str {
        match self {
            Requires => "Requires",
            Requisite => "Requisite",
            Wants => "Wants",
            BindsTo => "BindsTo",
            PartOf => "PartOf",
            Upholds => "Upholds",
            RequiredBy => "RequiredBy",
            RequisiteOf => "RequisiteOf",
            WantedBy => "WantedBy",
            BoundBy => "BoundBy",
            ConsistsOf => "ConsistsOf",
            UpheldBy => "UpheldBy",
            Conflicts => "Conflicts",
            ConflictedBy => "ConflictedBy",
            Before => "Before",
            After => "After",
            OnFailure => "OnFailure",
            OnFailureOf => "OnFailureOf",
            OnSuccess => "OnSuccess",
            OnSuccessOf => "OnSuccessOf",
            Triggers => "Triggers",
            TriggeredBy => "TriggeredBy",
            PropagatesReloadTo => "PropagatesReloadTo",
            ReloadPropagatedFrom => "ReloadPropagatedFrom",
            PropagatesStopTo => "PropagatesStopTo",
            StopPropagatedFrom => "StopPropagatedFrom",
            JoinsNamespaceOf => "JoinsNamespaceOf",
        }
    }
}

impl From<Relation> for Edge {
    fn from(relation: Relation) -> Self {
        match relation {
            Relation::Wants => Wants,
            Relation::Requires => Requires,
            Relation::Requisite => Requisite,
            Relation::BindsTo => BindsTo,
            Relation::PartOf => PartOf,
            Relation::Upholds => Upholds,
            Relation::Conflicts => Conflicts,
            Relation::Before => Before,
            Relation::After => After,
            Relation::OnFailure => OnFailure,
            Relation::OnSuccess => OnSuccess,
            Relation::Triggers => Triggers,
            Relation::PropagatesReloadTo => PropagatesReloadTo,
            Relation::ReloadPropagatedFrom => ReloadPropagatedFrom,
            Relation::PropagatesStopTo => PropagatesStopTo,
            Relation::StopPropagatedFrom => StopPropagatedFrom,
            Relation::JoinsNamespaceOf => JoinsNamespaceOf,
        }
    }
}
