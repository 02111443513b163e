//! Drives timers: reckons when each elapses next, and starts its unit then.

use std::path::Path;
use std::time::Duration;

use keelson_activation::clock::ClockWatch;
use keelson_activation::timers::{
    Elapse, LastTrigger, Moment, Moments, Spread, next_elapse, stamp, wake_up,
};
use keelson_control::Stamp;
use keelson_jobs::{Activity, JobKind, UnitId};
use keelson_units::calendar::{Calendar, Zones};
use keelson_units::model::{Body, JobMode, Timer, UnitKind};

use super::{System, Todo};
use crate::events::Source;
use crate::unit::{Run, TimerRun};
use crate::{clock, log};

/// What timers are reckoned by.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    watch: Option<ClockWatch>,
    startup: Option<Moment>,
}

impl System {
    /// Begins to follow the clock being set.
    pub fn follow_clock(&mut self) {
        self.timers.startup = Some(now());
        match ClockWatch::new()
            .and_then(|watch| self.events.add(Source::Clock, &watch).map(|_| watch))
        {
            Ok(watch) => self.timers.watch = Some(watch),
            Err(error) => self.log.note(format_args!("following the clock: {error}")),
        }
    }

    fn timer_settings(&self, id: UnitId) -> Option<&Timer> {
        match self.unit(id).map(|unit| &unit.unit.body) {
            Some(Body::Timer(timer)) => Some(timer),
            _ => None,
        }
    }

    fn timer_mut(&mut self, id: UnitId) -> Option<&mut TimerRun> {
        match self.unit_mut(id).map(|unit| &mut unit.run) {
            Some(Run::Timer(run)) => Some(run),
            _ => None,
        }
    }

    pub(super) fn start_timer(&mut self, id: UnitId) {
        let now = now();
        let name = self.name(id);
        let persistent = self.timer_settings(id).is_some_and(|timer| timer.persistent);
        let mut last = None;
        if persistent {
            let root = Path::new("/");
            match stamp::read(root, &name, now.real) {
                Ok(Some(time)) => last = Some(LastTrigger::Stamp(time)),
                Ok(None) => self.stamp(id, now),
                Err(error) => self.tell(id, log::WARNING, format!("reading its stamp: {error}")),
            }
        }
        if let Some(run) = self.timer_mut(id) {
            run.activated = Some(now);
            run.spent = Duration::ZERO;
            run.last = run.last.or(last);
            run.running = false;
        }
        self.change(id, Activity::Active);
        self.reckon(id, false);
    }

    fn stamp(&mut self, id: UnitId, now: Moment) {
        let name = self.name(id);
        if let Err(error) = stamp::write(Path::new("/"), &name, now.real) {
            self.tell(id, log::WARNING, format!("writing its stamp: {error}"));
        }
    }

    pub(super) fn stop_timer(&mut self, id: UnitId) {
        if let Some(run) = self.timer_mut(id) {
            *run = TimerRun { last: run.last, ..TimerRun::default() };
        }
        self.change(id, Activity::Inactive);
    }

    /// The unit a timer starts.
    fn timed(&mut self, id: UnitId) -> Option<UnitId> {
        let timer = self.timer_settings(id)?;
        let name =
            timer.unit.clone().unwrap_or_else(|| self.graph.name(id).with_kind(UnitKind::Service));
        Some(self.find(&name))
    }

    /// Reckons when it elapses next.
    fn reckon(&mut self, id: UnitId, clock_was_set: bool) {
        let Some(other) = self.timed(id) else { return };
        let times = self.unit(other).map(|unit| unit.times).unwrap_or_default();
        let now = now();
        let name = self.name(id);
        let random = self.draw();
        let Some(unit) = self.unit(id) else { return };
        let source = unit.unit.clone();
        let (Body::Timer(timer), Run::Timer(run)) = (&source.body, &unit.run) else { return };
        let moments = Moments {
            now,
            startup: self.timers.startup.unwrap_or(now),
            activated: run.activated,
            unit_activated: moment(times.inactive_exit),
            unit_deactivated: moment(times.inactive_enter),
            last_trigger: run.last,
            clock_was_set,
            spent: run.spent,
        };
        let spent = moments.spent();
        let machine = &self.conditions.host.machine_id;
        let spread = Spread::new(timer, &name, machine, random);
        let zones = Zones::new(Path::new("/"));
        let next = |calendar: &Calendar, after: Duration| {
            let after = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
            let next = calendar.next_after(after, &zones)?;
            u64::try_from(next).ok().map(Duration::from_micros)
        };
        let elapse = next_elapse(timer, &moments, &spread, &next);
        let phase = u64::from_str_radix(self.conditions.host.boot_id.get(..8).unwrap_or("0"), 16)
            .unwrap_or(0);
        let wake = |at: Duration, own: Duration| {
            own.saturating_add(wake_up(at, timer.accuracy, phase).max(at).saturating_sub(at))
        };
        let by_real = elapse
            .real
            .map(|at| wake(at, now.monotonic.saturating_add(at.saturating_sub(now.real))));
        let by_boot = elapse.monotonic.map(|at| wake(at, at));
        let over =
            elapse == Elapse::default() && !timer.on_clock_change && !timer.on_timezone_change;
        let remains = timer.remain_after_elapse;
        if let Some(run) = self.timer_mut(id) {
            run.elapse = elapse;
            run.spent = spent;
            run.next = [by_real, by_boot].into_iter().flatten().min();
        }
        self.reschedule(id);
        if over && !remains {
            self.stop_timer(id);
        }
    }

    /// Eight random bytes.
    pub(super) fn draw(&mut self) -> u64 {
        use std::io::Read;
        let mut bytes = [0; 8];
        let drawn =
            self.random.as_mut().is_some_and(|random| random.read_exact(&mut bytes).is_ok());
        if drawn { u64::from_ne_bytes(bytes) } else { clock::micros(clock::now()) }
    }

    /// It has elapsed.
    pub(super) fn timer_time(&mut self, id: UnitId) {
        // A time that has come and stays would come again at once, for ever.
        if let Some(run) = self.timer_mut(id) {
            run.next = None;
        }
        if self.end.is_some() || !self.activity(id).is_active() {
            return;
        }
        self.elapse(id);
    }

    fn elapse(&mut self, id: UnitId) {
        // What it starts may be going down together with it.
        if self.stop_queued(id) {
            return;
        }
        let now = now();
        let persistent = self.timer_settings(id).is_some_and(|timer| timer.persistent);
        let trigger = self.name(id).as_str().to_owned();
        let Some(other) = self.timed(id) else { return };
        if let Some(run) = self.timer_mut(id) {
            run.last = Some(LastTrigger::Now(now));
            run.running = true;
            run.elapse = Elapse::default();
            run.next = None;
        }
        if persistent {
            self.stamp(id, now);
        }
        if let Some(unit) = self.unit_mut(other) {
            unit.trigger = Some(trigger);
        }
        if let Err(error) = self.enqueue(other, JobKind::Start, JobMode::Replace, false) {
            self.tell(id, log::WARNING, format!("Failed to queue unit startup job: {error}"));
            return self.change(id, Activity::Failed);
        }
        // What runs already, or ended at once, changes no more.
        self.todo.push_back(Todo::TellTriggers(other));
    }

    /// What it starts has changed.
    pub(super) fn timer_unit_changed(&mut self, id: UnitId) {
        if !self.activity(id).is_active() {
            return;
        }
        let Some(other) = self.timed(id) else { return };
        let idle = self.activity(other).is_inactive() && self.queue.job_of(other).is_none();
        let running = self.timer_mut(id).is_some_and(|run| run.running);
        if running && !idle {
            return;
        }
        if let Some(run) = self.timer_mut(id) {
            run.running = false;
        }
        self.reckon(id, false);
    }

    /// The clock was set: calendar events come sooner or later than was reckoned.
    pub fn on_clock(&mut self) {
        let set = self.timers.watch.as_ref().and_then(|watch| watch.acknowledge().ok());
        if set == Some(true) {
            self.clock_was_set();
        }
    }

    pub(super) fn clock_was_set(&mut self) {
        let real = clock::real();
        for run in self.units.iter_mut().flatten() {
            if let Run::Timer(run) = &mut run.run {
                // Reckoned from a time that is still to come again, calendar events up to there would be left out.
                run.not_after(real);
            }
        }
        let timers: Vec<UnitId> = self
            .all_units()
            .filter(|(_, unit)| {
                matches!(&unit.run, Run::Timer(run) if !run.running) && unit.activity.is_active()
            })
            .map(|(id, _)| id)
            .collect();
        for id in timers {
            if self.timer_settings(id).is_some_and(|timer| timer.on_clock_change) {
                self.elapse(id);
            } else {
                self.reckon(id, true);
            }
        }
    }
}

fn now() -> Moment {
    Moment { real: clock::real(), monotonic: clock::now() }
}

fn moment(stamp: Stamp) -> Option<Moment> {
    (stamp.mono > 0).then(|| Moment {
        real: Duration::from_micros(stamp.real),
        monotonic: Duration::from_micros(stamp.mono),
    })
}
