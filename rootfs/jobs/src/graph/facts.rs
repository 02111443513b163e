//! What planning must know of a unit besides its relations.

use keelson_units::model::{Body, Type, Unit, UnitKind};

use crate::Activity;

/// Whether the unit's files could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Load {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// It was.
    Loaded,
    /// There is no file.
    NotFound,
    /// It is linked to /dev/null.
    Masked,
    /// A setting is wrong in a way that makes it useless.
    BadSetting,
    /// The file could not be read.
    Error,
    /// It turned out to be an alias.
    Merged,
}

/// What planning must know of a unit besides its relations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct Facts {
    /// Whether the unit's files could be read.
    pub load: Load,
    /// What it is doing.
    pub activity: Activity,
    /// It can never be stopped.
    pub perpetual: bool,
    /// It can be started at all: devices cannot.
    pub can_start: bool,
    /// It has a way to reload.
    pub can_reload: bool,
    /// `AllowIsolate=`
    pub allow_isolate: bool,
    /// `IgnoreOnIsolate=`
    pub ignore_on_isolate: bool,
    /// `RefuseManualStart=`
    pub refuse_manual_start: bool,
    /// `RefuseManualStop=`
    pub refuse_manual_stop: bool,
    /// `StopWhenUnneeded=`
    pub stop_when_unneeded: bool,
}

impl Facts {
    /// Those of a loaded unit.
    pub(crate) fn of(unit: &Unit, activity: Activity) -> Self {
        let settings = &unit.settings;
        Self {
            load: if unit.bad.is_some() { Load::BadSetting } else { Load::Loaded },
            activity,
            perpetual: matches!(
                unit.name.as_str(),
                "-.slice" | "-.mount" | "system.slice" | "init.scope"
            ),
            can_start: unit.name.kind() != UnitKind::Device,
            can_reload: can_reload(&unit.body),
            allow_isolate: settings.allow_isolate,
            ignore_on_isolate: settings.ignore_on_isolate || never_isolated(unit.name.kind()),
            refuse_manual_start: settings.refuse_manual_start,
            refuse_manual_stop: settings.refuse_manual_stop,
            stop_when_unneeded: settings.stop_when_unneeded,
        }
    }
}

fn can_reload(body: &Body) -> bool {
    match body {
        Body::Service(service) => service.kind == Type::NotifyReload || !service.reload.is_empty(),
        Body::Mount(_) => true,
        _ => false,
    }
}

/// systemd.unit(5): mounts, automounts, devices, slices, swaps and scopes stay up when a target is isolated.
fn never_isolated(kind: UnitKind) -> bool {
    matches!(
        kind,
        UnitKind::Device
            | UnitKind::Mount
            | UnitKind::Automount
            | UnitKind::Swap
            | UnitKind::Slice
            | UnitKind::Scope
    )
}
