//! Setters of `[Timer]` and `[Path]` (systemd.timer(5), systemd.path(5)).

use super::value::{Mistake, Outcome, Table, Value, append, not_a, optional, put};
use crate::calendar::Calendar;
use crate::model::{PathCondition, PathUnit, Timer, Trigger, UnitKind, UnitName, Watch};

pub(crate) const TIMER: Table<Timer> = &[
    ("OnActiveSec", |t, v| elapse(t, v, Trigger::Active)),
    ("OnBootSec", |t, v| elapse(t, v, Trigger::Boot)),
    ("OnStartupSec", |t, v| elapse(t, v, Trigger::Startup)),
    ("OnUnitActiveSec", |t, v| elapse(t, v, Trigger::UnitActive)),
    ("OnUnitInactiveSec", |t, v| elapse(t, v, Trigger::UnitInactive)),
    ("OnCalendar", |t, v| {
        append(&mut t.triggers, v, |v| {
            let text = v.text()?;
            let calendar: Result<Calendar, _> = text.parse();
            let calendar = calendar.map_err(|_| not_a(&text, "a calendar event"))?;
            Ok(vec![Trigger::Calendar(calendar)])
        })
    }),
    ("OnClockChange", |t, v| put(&mut t.on_clock_change, v.boolean())),
    ("OnTimezoneChange", |t, v| put(&mut t.on_timezone_change, v.boolean())),
    ("AccuracySec", |t, v| put(&mut t.accuracy, v.finite_span())),
    ("RandomizedDelaySec", |t, v| put(&mut t.randomized_delay, v.finite_span())),
    ("FixedRandomDelay", |t, v| put(&mut t.fixed_random_delay, v.boolean())),
    ("RandomizedOffsetSec", |t, v| put(&mut t.randomized_offset, v.finite_span())),
    ("DeferReactivation", |t, v| put(&mut t.defer_reactivation, v.boolean())),
    ("Persistent", |t, v| put(&mut t.persistent, v.boolean())),
    ("WakeSystem", |t, v| put(&mut t.wake_system, v.boolean())),
    ("RemainAfterElapse", |t, v| put(&mut t.remain_after_elapse, v.boolean())),
    ("Unit", |t, v| optional(&mut t.unit, v, |v| triggered(v, UnitKind::Timer))),
];

pub(crate) const PATH: Table<PathUnit> = &[
    ("PathExists", |p, v| watch(p, v, PathCondition::Exists)),
    ("PathExistsGlob", |p, v| watch(p, v, PathCondition::ExistsGlob)),
    ("PathChanged", |p, v| watch(p, v, PathCondition::Changed)),
    ("PathModified", |p, v| watch(p, v, PathCondition::Modified)),
    ("DirectoryNotEmpty", |p, v| watch(p, v, PathCondition::DirectoryNotEmpty)),
    ("Unit", |p, v| optional(&mut p.unit, v, |v| triggered(v, UnitKind::Path))),
    ("MakeDirectory", |p, v| put(&mut p.make_directory, v.boolean())),
    ("DirectoryMode", |p, v| optional(&mut p.directory_mode, v, Value::mode)),
    ("TriggerLimitIntervalSec", |p, v| {
        optional(&mut p.trigger_limit_interval, v, Value::finite_span)
    }),
    ("TriggerLimitBurst", |p, v| optional(&mut p.trigger_limit_burst, v, Value::number)),
];

/// An empty value takes back all triggers, calendar events too.
fn elapse(
    timer: &mut Timer,
    value: &Value<'_>,
    trigger: fn(std::time::Duration) -> Trigger,
) -> Outcome {
    append(&mut timer.triggers, value, |value| {
        let text = value.text()?;
        let span = crate::value::time_span(&text).flatten();
        Ok(vec![trigger(span.ok_or_else(|| not_a(&text, "a time span"))?)])
    })
}

fn watch(path: &mut PathUnit, value: &Value<'_>, condition: PathCondition) -> Outcome {
    append(&mut path.watches, value, |value| Ok(vec![Watch { condition, path: value.path()? }]))
}

fn triggered(value: &Value<'_>, own: UnitKind) -> Result<UnitName, Mistake> {
    let name = value.name()?;
    if name.kind() == own {
        return Err(not_a(value.raw, "a unit of another type than this one"));
    }
    Ok(name)
}
