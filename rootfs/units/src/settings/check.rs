//! What a unit needs beyond single directives: a service without a command, a timer without a trigger.

use std::time::Duration;

use crate::escape;
use crate::model::{Body, EmergencyAction, NotifyAccess, Restart, Service, Type, Unit};
use crate::text::{Place, Remark};

/// Fills in what follows from other settings, and sets `bad` where the unit cannot be started.
pub(super) fn check(unit: &mut Unit, place: &Place) {
    let path = escape::unit_path(&unit.name);
    let name = unit.name.clone();
    let what = match &mut unit.body {
        Body::Service(service) => check_service(service, unit.settings.success_action),
        Body::Socket(socket) if socket.listen.is_empty() => {
            Some("the socket has no Listen setting".to_owned())
        }
        Body::Timer(timer)
            if timer.triggers.is_empty() && !timer.on_clock_change && !timer.on_timezone_change =>
        {
            Some("the timer has no On setting, so it never elapses".to_owned())
        }
        Body::Path(path) if path.watches.is_empty() => {
            Some("the path unit watches nothing".to_owned())
        }
        Body::Mount(mount) => match check_where(&mut mount.mount_point, path, &name) {
            None if mount.what.is_empty() && unit.fragment.is_some() => {
                Some("the mount has no What= setting".to_owned())
            }
            what => what,
        },
        Body::Automount(automount) => check_where(&mut automount.mount_point, path, &name),
        Body::Swap(swap) => {
            if swap.what.is_empty()
                && let Some(path) = path
            {
                swap.what = path.display().to_string();
            }
            None
        }
        _ => None,
    };
    // A template is not started itself, and its instance may be what gives it its parts.
    if let (Some(what), false) = (what, unit.name.is_template()) {
        unit.bad.get_or_insert(Remark { place: place.clone(), what });
    }
}

/// `Where=` must be what the name says; where it is missing, the name says it.
fn check_where(
    mount_point: &mut std::path::PathBuf,
    path: Option<std::path::PathBuf>,
    name: &crate::model::UnitName,
) -> Option<String> {
    let path = path?;
    if mount_point.as_os_str().is_empty() {
        *mount_point = path;
        return None;
    }
    let shown = mount_point.display();
    (*mount_point != path).then(|| format!("Where={shown} does not match the name {name}"))
}

fn check_service(service: &mut Service, success_action: EmergencyAction) -> Option<String> {
    let oneshot = service.kind == Type::Oneshot;
    let notify = matches!(service.kind, Type::Notify | Type::NotifyReload);
    if notify && matches!(service.notify_access, None | Some(NotifyAccess::None)) {
        service.notify_access = Some(NotifyAccess::Main);
    }
    // What is watched, or keeps descriptors here, must be able to say so.
    if service.notify_access.is_none() && (service.watchdog.is_some() || service.fd_store_max > 0) {
        service.notify_access = Some(NotifyAccess::Main);
    }
    if let Some(most) = service.restart_max_delay {
        service.restart_max_delay = Some(most.max(service.restart_delay));
    }
    if service.runtime_max == Some(Duration::MAX) {
        service.runtime_max = None;
    }
    let acts = success_action != EmergencyAction::None;
    if service.start.is_empty() && service.stop.is_empty() && !acts {
        return Some("the service has no ExecStart=, ExecStop= or SuccessAction=".to_owned());
    }
    if service.start.is_empty() && !oneshot {
        return Some("only a Type=oneshot service may have no ExecStart=".to_owned());
    }
    if service.start.is_empty() && !service.remain_after_exit && !acts {
        return Some("a service without ExecStart= needs RemainAfterExit=yes".to_owned());
    }
    if !oneshot && service.start.len() > 1 {
        return Some("only a Type=oneshot service may have more than one ExecStart=".to_owned());
    }
    if oneshot && matches!(service.restart, Restart::Always | Restart::OnSuccess) {
        return Some("a Type=oneshot service cannot have Restart=always or on-success".to_owned());
    }
    None
}
