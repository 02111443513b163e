//! Dependencies on mounts and devices: of mount and swap units themselves, and of all that needs a path
//! (systemd.mount(5), systemd.swap(5), `RequiresMountsFor=` of systemd.unit(5)).

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Loader;
use super::implicit::fixed;
use crate::escape;
use crate::fstab;
use crate::model::{Body, Listen, Mount, PathCondition, Relation, SocketAddress, Unit, UnitKind};

/// How long a device may take to appear (systemd-system.conf(5), `DefaultDeviceTimeoutSec=`).
const DEVICE_TIMEOUT: Duration = Duration::from_secs(90);

/// Adds them.
pub(super) fn add(loader: &mut Loader, unit: &mut Unit) {
    match &mut unit.body {
        Body::Device => {
            unit.settings.job_running_timeout.get_or_insert(DEVICE_TIMEOUT);
            let mut units = loader.cache().fstab.values().filter_map(|u| u.device_timeout.as_ref());
            if let Some((_, timeout)) = units.find(|(device, _)| *device == unit.name) {
                unit.settings.job_running_timeout = *timeout;
            }
        }
        Body::Mount(mount) => {
            mount.from_fstab =
                unit.fragment.as_deref().is_some_and(|file| file == Path::new("/etc/fstab"));
            mount.check = mount.from_fstab
                && loader.cache().fstab.get(&unit.name).is_some_and(|line| line.check);
            let mount = mount.clone();
            add_mount(unit, &mount);
        }
        Body::Swap(swap) => {
            let what = swap.what.clone();
            need_source(unit, &what, &[Relation::Requires]);
        }
        _ => {}
    }
    for path in own_paths(unit) {
        unit.settings.mounts_for.insert(path, true);
    }
    let needed: Vec<(PathBuf, bool)> =
        unit.settings.mounts_for.iter().map(|(path, required)| (path.clone(), *required)).collect();
    for (path, required) in needed {
        // The root is always there.
        for above in path.ancestors().filter(|above| above.parent().is_some()) {
            let name = escape::path_unit(above, UnitKind::Mount);
            if let Some(name) = name.filter(|name| *name != unit.name && loader.is_described(name))
            {
                let pull = if required { Relation::Requires } else { Relation::Wants };
                unit.dependencies.add(pull, name.clone());
                unit.dependencies.add(Relation::After, name);
            }
        }
    }
}

/// Paths that a unit needs by its type.
fn own_paths(unit: &Unit) -> Vec<PathBuf> {
    let above = |path: &Path| path.parent().map(Path::to_owned);
    match &unit.body {
        Body::Mount(mount) => {
            let bound = Path::new(&mount.what);
            let source = bound.is_absolute() && !bound.starts_with("/dev");
            above(&mount.mount_point).into_iter().chain(source.then(|| bound.to_owned())).collect()
        }
        Body::Automount(automount) => above(&automount.mount_point).into_iter().collect(),
        Body::Swap(swap) => {
            let file = Path::new(&swap.what);
            let is_file = file.is_absolute() && !file.starts_with("/dev");
            is_file.then(|| file.to_owned()).into_iter().collect()
        }
        Body::Socket(socket) => {
            let path = |listen: &Listen| match listen {
                Listen::Stream(SocketAddress::Unix(path))
                | Listen::Datagram(SocketAddress::Unix(path))
                | Listen::SequentialPacket(SocketAddress::Unix(path))
                | Listen::Fifo(path)
                | Listen::Special(path) => Some(path.clone()),
                _ => None,
            };
            socket.listen.iter().filter_map(path).collect()
        }
        Body::Path(path) => {
            let watches = path.watches.iter();
            let exact = watches.filter(|watch| watch.condition != PathCondition::ExistsGlob);
            exact.map(|watch| watch.path.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn add_mount(unit: &mut Unit, mount: &Mount) {
    let bound = fstab::option(&mount.options, "x-systemd.device-bound");
    let bound = bound.map(|text| text.is_empty() || crate::value::boolean(text) == Some(true));
    let relations: &[Relation] = match bound {
        Some(true) => &[Relation::BindsTo],
        Some(false) => &[Relation::Requires],
        None => &[Relation::Requires, Relation::StopPropagatedFrom],
    };
    if !fstab::has_option(&mount.options, "bind") && !fstab::has_option(&mount.options, "rbind") {
        need_source(unit, &mount.what, relations);
    }
    if !unit.settings.default_dependencies || is_extrinsic(&mount.mount_point) {
        return;
    }
    let mut add = |relation, name: &str| unit.dependencies.add(relation, fixed(name));
    add(Relation::Conflicts, "umount.target");
    add(Relation::Before, "umount.target");
    let free = ["nofail", "x-systemd.wanted-by", "x-systemd.required-by"]
        .iter()
        .any(|option| fstab::has_option(&mount.options, option));
    if fstab::is_network(mount.fs_type.as_deref().unwrap_or_default(), &mount.options) {
        for name in ["remote-fs-pre.target", "network.target", "network-online.target"] {
            add(Relation::After, name);
        }
        add(Relation::Wants, "network-online.target");
        if !free {
            add(Relation::Before, "remote-fs.target");
        }
    } else {
        add(Relation::After, "local-fs-pre.target");
        if !free {
            add(Relation::Before, "local-fs.target");
        }
    }
    if mount.fs_type.as_deref() == Some("tmpfs") {
        add(Relation::After, "swap.target");
    }
}

/// File systems of the kernel that PID 1 mounts itself and nothing unmounts.
pub(super) fn is_extrinsic(path: &Path) -> bool {
    let system = ["/", "/usr", "/etc"].iter().any(|own| path == Path::new(own));
    system
        || ["/proc", "/sys", "/dev", "/run/credentials"].iter().any(|above| path.starts_with(above))
}

/// The device of a mount or swap.
fn need_source(unit: &mut Unit, what: &str, relations: &[Relation]) {
    let Some(device) = fstab::device(what).filter(|path| path.starts_with("/dev")) else { return };
    let Some(name) = escape::path_unit(&device, UnitKind::Device) else { return };
    for relation in relations.iter().chain([&Relation::After]) {
        unit.dependencies.add(*relation, name.clone());
    }
}
