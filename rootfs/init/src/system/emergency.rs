//! What the whole system does when a unit fails or succeeds (systemd.unit(5), `FailureAction=`).

use keelson_jobs::UnitId;
use keelson_units::model::EmergencyAction as Wanted;

use super::System;
use crate::shutdown::Goal;

impl System {
    pub(super) fn emergency(&mut self, id: UnitId, action: Wanted, why: &str) {
        let (goal, forced, clean) = match action {
            Wanted::None => return,
            Wanted::Reboot => (Goal::Reboot, false, true),
            Wanted::RebootForce => (Goal::Reboot, true, true),
            Wanted::RebootImmediate => (Goal::Reboot, true, false),
            Wanted::Poweroff | Wanted::Exit => (Goal::PowerOff, false, true),
            Wanted::PoweroffForce | Wanted::ExitForce => (Goal::PowerOff, true, true),
            Wanted::PoweroffImmediate => (Goal::PowerOff, true, false),
            Wanted::Halt => (Goal::Halt, false, true),
            Wanted::HaltForce => (Goal::Halt, true, true),
            Wanted::HaltImmediate => (Goal::Halt, true, false),
        };
        let name = self.name(id);
        self.log.say(format_args!("{name}: {why}, which asks for {}", goal.command()));
        let argument = self.unit(id).and_then(|unit| unit.unit.settings.reboot_argument.clone());
        if forced {
            self.end_now(goal, clean, argument);
        } else {
            self.begin_end(goal, argument);
        }
    }
}
