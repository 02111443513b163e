//! Device units: up while the kernel has the device. What is on a disk is looked at by a helper, since a disk may hang.

use keelson_activation::devices;
use keelson_jobs::{Activity, UnitId};
use keelson_units::model::Body;

use super::System;

/// The helper: it keeps the links in /dev true, and says so by sd_notify(3).
pub(super) const HELPER: &str = "keelson-devices.service";

impl System {
    pub(super) fn is_plugged(&self, id: UnitId) -> bool {
        devices::present(self.graph.name(id))
    }

    /// A start of a device waits for it to come: the job does, and the device is down all the while.
    pub(super) fn wait_for_device(&mut self, id: UnitId) {
        if self.is_plugged(id) {
            self.change(id, Activity::Active);
        }
    }

    /// Devices may have come or gone.
    pub(super) fn look_at_devices(&mut self) {
        let units: Vec<UnitId> = self
            .all_units()
            .filter(|(_, unit)| matches!(unit.unit.body, Body::Device))
            .map(|(id, _)| id)
            .collect();
        for id in units {
            let (up, activity) = (self.is_plugged(id), self.activity(id));
            if up && !activity.is_active() {
                self.change(id, Activity::Active);
            } else if !up && activity.is_active() {
                self.change(id, Activity::Inactive);
            }
        }
    }
}
