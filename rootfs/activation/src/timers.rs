//! When a timer unit elapses next (systemd.timer(5)). Pure, but for the stamps of persistent timers.

use std::time::Duration;

use keelson_units::calendar::{Calendar, Zones};
use keelson_units::model::{Timer, Trigger};

pub use spread::Spread;
pub use wake::wake_up;

mod spread;
pub mod stamp;
mod wake;

/// One instant on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Since 1970.
    pub real: Duration,
    /// Since the machine was booted; while it sleeps this goes on only with `WakeSystem=`.
    pub monotonic: Duration,
}

/// When a timer last elapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTrigger {
    /// In this boot.
    Now(Moment),
    /// In an earlier one, by its stamp: since 1970.
    Stamp(Duration),
}

/// What the next elapse is reckoned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// Now.
    pub now: Moment,
    /// When the manager started.
    pub startup: Moment,
    /// When the timer unit was activated; none while it is being so.
    pub activated: Option<Moment>,
    /// When the unit it triggers was last activated.
    pub unit_activated: Option<Moment>,
    /// When the unit it triggers was last deactivated.
    pub unit_deactivated: Option<Moment>,
    /// When it last elapsed.
    pub last_trigger: Option<LastTrigger>,
    /// Whether this is because the clock was set, and not because the timer elapsed or was started.
    pub clock_was_set: bool,
    /// [`Moments::spent`] of the time before, in this activation.
    pub spent: Duration,
}

impl Moments {
    /// Triggers that elapse once and were due before this, on the monotonic clock, are over. A clock that was set ends
    /// none, for one that is due may not have been seen yet.
    pub fn spent(&self) -> Duration {
        if self.last_trigger.is_some() && !self.clock_was_set {
            self.now.monotonic
        } else {
            self.spent
        }
    }
}

/// When a timer elapses next, on each clock. A time in the past is now. Without any, it has elapsed for good, unless it
/// waits for the clock or the time zone to be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elapse {
    /// On the monotonic clock.
    pub monotonic: Option<Duration>,
    /// On the real clock.
    pub real: Option<Duration>,
}

/// The first time after the one given (both since 1970) that fits a calendar event.
pub type NextEvent<'a> = &'a dyn Fn(&Calendar, Duration) -> Option<Duration>;

/// Calendar events by the zones of this machine.
pub fn calendar_events(zones: &Zones) -> impl Fn(&Calendar, Duration) -> Option<Duration> + '_ {
    |calendar, after| {
        let after = i64::try_from(after.as_micros()).ok()?;
        let next = calendar.next_after(after, zones)?;
        u64::try_from(next).ok().map(Duration::from_micros)
    }
}

/// When a timer elapses next, its random delay put in, `AccuracySec=` not (`wake_up` does that).
pub fn next_elapse(
    timer: &Timer,
    moments: &Moments,
    spread: &Spread,
    next: NextEvent<'_>,
) -> Elapse {
    let monotonic = timer.triggers.iter().filter_map(|trigger| monotonic(trigger, moments)).min();
    let events = timer.triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Calendar(calendar) => event(timer, calendar, moments, spread, next),
        _ => None,
    });
    let real = events.min();
    Elapse {
        monotonic: monotonic.map(|at| at.saturating_add(spread.delay)),
        real: real.map(|at| at.saturating_add(spread.delay)),
    }
}

/// One of the monotonic triggers; none where it cannot be reckoned, or has elapsed for good.
fn monotonic(trigger: &Trigger, moments: &Moments) -> Option<Duration> {
    let last = match moments.last_trigger {
        Some(LastTrigger::Now(last)) => Some(last.monotonic),
        _ => None,
    };
    let later = |moment: Option<Moment>| moment.map(|moment| moment.monotonic).max(last);
    let (base, after, once) = match trigger {
        Trigger::Active(after) => (moments.activated.unwrap_or(moments.now).monotonic, after, true),
        Trigger::Boot(after) => (Duration::ZERO, after, true),
        Trigger::Startup(after) => (moments.startup.monotonic, after, true),
        Trigger::UnitActive(after) => (later(moments.unit_activated)?, after, false),
        Trigger::UnitInactive(after) => (later(moments.unit_deactivated)?, after, false),
        Trigger::Calendar(_) => return None,
    };
    let at = base.saturating_add(*after);
    let over = once && at < moments.spent();
    (!over).then_some(at)
}

/// One calendar trigger.
fn event(
    timer: &Timer,
    calendar: &Calendar,
    moments: &Moments,
    spread: &Spread,
    next: NextEvent<'_>,
) -> Option<Duration> {
    let deactivated =
        moments.unit_deactivated.filter(|_| timer.defer_reactivation).map(|moment| moment.real);
    // A time from before this boot may be long past: then the machine's start counts, so that the random delay is
    // reckoned from there and not all that was missed happens at once.
    let (base, rebase) = match (moments.last_trigger, moments.activated) {
        (Some(LastTrigger::Now(last)), _) => {
            (deactivated.unwrap_or_default().max(last.real), false)
        }
        (Some(LastTrigger::Stamp(last)), _) => (last, true),
        (None, Some(activated)) => (activated.real.saturating_sub(spread.offset), false),
        (None, None) => (moments.now.real.saturating_sub(spread.offset), true),
    };
    let at = next(calendar, base)?.saturating_add(spread.offset);
    let age = moments.now.monotonic.saturating_sub(moments.startup.monotonic);
    let start = moments.now.real.saturating_sub(age);
    Some(if rebase { at.max(start) } else { at })
}

#[cfg(test)]
mod tests;
