//! From settings to what lies where.

use std::ffi::CString;
use std::path::{Path, PathBuf};

use keelson_units::model::{DirectoryKind, ExecSettings, NamespacePath, Protect};

use super::{Content, Entry, Layout, New};
use crate::directories;

/// MOUNT_ATTR_ bits (mount_setattr(2)).
pub const READ_ONLY: u64 = 1;
/// No set-user-ID programs.
pub const NO_SUID: u64 = 2;
/// No device nodes.
pub const NO_DEVICES: u64 = 4;
/// No programs.
pub const NO_EXECUTE: u64 = 8;

/// Read-only with `ProtectSystem=yes`; the first entries of `full` too.
const SYSTEM: [&str; 8] = ["/usr", "/boot", "/efi", "/lib", "/lib64", "/bin", "/sbin", "/lib32"];
/// Left alone by `ProtectSystem=strict`: other settings are for them.
const NOT_STRICT: [&str; 6] = ["/proc", "/sys", "/dev", "/home", "/run/user", "/root"];
/// `ProtectHome=`
const HOMES: [&str; 3] = ["/home", "/run/user", "/root"];
/// Read-only with `ProtectKernelTunables=`.
const TUNABLES: [&str; 16] = [
    "/proc/acpi",
    "/proc/apm",
    "/proc/asound",
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/latency_stats",
    "/proc/mtrr",
    "/proc/scsi",
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/timer_stats",
    "/sys",
    "/sys/fs/bpf",
    "/sys/kernel/debug",
    "/sys/kernel/tracing",
];
/// Hidden with it.
const KERNEL_MEMORY: [&str; 2] = ["/proc/kallsyms", "/proc/kcore"];
/// Where the manager and the log take words.
const LOG_SOCKETS: [&str; 5] = [
    "/run/systemd/notify",
    "/run/systemd/journal/socket",
    "/run/systemd/journal/stdout",
    "/run/systemd/journal/dev-log",
    "/dev/log",
];
/// What is mounted in /sys, or may be.
const SYS_MOUNTS: [&str; 8] = [
    "/sys/firmware/efi/efivars",
    "/sys/fs/bpf",
    "/sys/fs/cgroup",
    "/sys/fs/pstore",
    "/sys/kernel/config",
    "/sys/kernel/debug",
    "/sys/kernel/security",
    "/sys/kernel/tracing",
];
/// Where credentials are.
const CREDENTIALS: &str = "/run/credentials";

/// What the start has made for the unit.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// In place of /tmp and /var/tmp.
    pub temporary: Option<(PathBuf, PathBuf)>,
    /// The unit's credentials.
    pub credentials: Option<PathBuf>,
    /// The root folder, where it is in force.
    pub root: Option<PathBuf>,
}

/// Whether a unit has a mount namespace of its own.
pub fn needed(exec: &ExecSettings) -> bool {
    exec.root_directory.is_some()
        || exec.private_mounts == Some(true)
        || exec.mount_flags.is_some()
        || exec.mount_api_vfs == Some(true)
        || exec.protect_system != Protect::No
        || exec.protect_home != Protect::No
        || exec.private_tmp != Protect::No
        || exec.private_devices
        || exec.private_ipc
        || exec.ipc_namespace_path.is_some()
        || exec.private_pids
        || exec.private_network
        || exec.network_namespace_path.is_some()
        || exec.protect_kernel_tunables
        || exec.protect_kernel_modules
        || exec.protect_kernel_logs
        || exec.protect_control_groups != Protect::No
        || exec.protect_proc.is_some_and(|mode| mode != "default")
        || exec.proc_subset_pid
        || exec.bind_log_sockets == Some(true)
        || exec.dynamic_user
        || !exec.bind_mounts.is_empty()
        || !exec.temporary_file_systems.is_empty()
        || [
            &exec.read_only_paths,
            &exec.read_write_paths,
            &exec.inaccessible_paths,
            &exec.exec_paths,
            &exec.no_exec_paths,
        ]
        .iter()
        .any(|paths| !paths.is_empty())
        || directories::all(exec).any(|(_, folder)| folder.read_only)
}

/// What lies where.
pub fn layout(exec: &ExecSettings, places: &Places) -> Layout {
    let mut layout = Layout::default();
    api_file_systems(exec, places, &mut layout);
    system(exec, &mut layout);
    kernel(exec, &mut layout);
    private(exec, places, &mut layout);
    unit_folders(exec, places, &mut layout);
    for (path, options) in &exec.temporary_file_systems {
        layout.content(path, false, Content::New(tmpfs(options)));
    }
    for bind in &exec.bind_mounts {
        let content = Content::Bind { source: bind.source.clone(), recursive: !bind.not_recursive };
        layout.content(&bind.target, bind.may_miss, content);
        if bind.read_only {
            layout.read_only(&bind.target, bind.may_miss);
        } else {
            layout.writable(&bind.target, bind.may_miss);
        }
    }
    named_paths(exec, places, &mut layout);
    layout.without_unreachable()
}

fn named_paths(exec: &ExecSettings, places: &Places, layout: &mut Layout) {
    let inside = |named: &NamespacePath| match &places.root {
        Some(root) if !named.below_root => {
            let rest = named.path.strip_prefix(root).ok()?;
            Some(Path::new("/").join(rest))
        }
        _ => Some(named.path.clone()),
    };
    let each = |paths: &[NamespacePath], put: &mut dyn FnMut(&Path, bool)| {
        for named in paths {
            // With a root folder, paths of the host that are outside of it are out of sight.
            if let Some(path) = inside(named) {
                put(&path, named.may_miss);
            }
        }
    };
    each(&exec.read_only_paths, &mut |path, may_miss| layout.read_only(path, may_miss));
    each(&exec.read_write_paths, &mut |path, may_miss| layout.writable(path, may_miss));
    each(&exec.no_exec_paths, &mut |path, may_miss| layout.executable(path, may_miss, false));
    each(&exec.exec_paths, &mut |path, may_miss| layout.executable(path, may_miss, true));
    each(&exec.inaccessible_paths, &mut |path, may_miss| {
        layout.content(path, may_miss, Content::Hidden);
    });
}

fn bind(path: &str) -> Content {
    Content::Bind { source: path.into(), recursive: true }
}

/// /proc, /sys, /dev and /run in a root folder; a /proc of its own where it shows less.
fn api_file_systems(exec: &ExecSettings, places: &Places, layout: &mut Layout) {
    let api = exec.mount_api_vfs.unwrap_or(places.root.is_some());
    let mut options = Vec::new();
    if let Some(mode) = exec.protect_proc.filter(|mode| *mode != "default") {
        options.push((CString::from(c"hidepid"), CString::new(mode).ok()));
    }
    if exec.proc_subset_pid {
        options.push((CString::from(c"subset"), Some(CString::from(c"pid"))));
    }
    if !options.is_empty() || exec.private_pids || api && places.root.is_some() {
        let proc = New {
            kind: CString::from(c"proc"),
            optional: !exec.private_pids,
            options,
            attributes: NO_SUID | NO_DEVICES | NO_EXECUTE,
        };
        layout.content(Path::new("/proc"), false, Content::New(proc));
    }
    if api && places.root.is_some() {
        for path in ["/sys", "/dev"] {
            layout.content(Path::new(path), false, bind(path));
        }
        layout.content(Path::new("/run"), false, Content::New(tmpfs("mode=0755")));
    }
    let log = exec.bind_log_sockets.unwrap_or(api || exec.private_devices);
    if log && places.root.is_some() {
        for path in LOG_SOCKETS {
            layout.content(Path::new(path), true, bind(path));
        }
    }
}

fn system(exec: &ExecSettings, layout: &mut Layout) {
    let system = match exec.protect_system {
        Protect::No => &[][..],
        Protect::Yes | Protect::Full => &SYSTEM,
        Protect::Strict => &["/"],
    };
    for path in system {
        layout.read_only(Path::new(path), true);
    }
    if exec.protect_system == Protect::Full {
        layout.read_only(Path::new("/etc"), true);
    }
    if exec.protect_system == Protect::Strict {
        for path in NOT_STRICT {
            layout.writable(Path::new(path), true);
        }
    }
    for path in HOMES.map(Path::new) {
        match exec.protect_home {
            Protect::No => {}
            Protect::Yes => layout.content(path, true, Content::Hidden),
            Protect::Full => layout.read_only(path, true),
            Protect::Strict => {
                layout.content(path, true, Content::New(tmpfs("mode=0755,ro")));
            }
        }
    }
}

fn kernel(exec: &ExecSettings, layout: &mut Layout) {
    if exec.protect_kernel_tunables {
        for path in TUNABLES {
            layout.read_only(Path::new(path), true);
        }
        for path in KERNEL_MEMORY {
            layout.content(Path::new(path), true, Content::Hidden);
        }
        // It has a setting of its own.
        layout.writable(Path::new("/sys/fs/cgroup"), true);
    }
    if exec.protect_kernel_modules {
        layout.content(Path::new("/usr/lib/modules"), true, Content::Hidden);
    }
    if exec.protect_kernel_logs {
        for path in ["/proc/kmsg", "/dev/kmsg"] {
            layout.content(Path::new(path), true, Content::Hidden);
        }
    }
    let cgroup = Path::new("/sys/fs/cgroup");
    if matches!(exec.protect_control_groups, Protect::Full | Protect::Strict) {
        let new = New {
            kind: CString::from(c"cgroup2"),
            options: Vec::new(),
            attributes: NO_SUID | NO_DEVICES | NO_EXECUTE,
            optional: true,
        };
        layout.content(cgroup, true, Content::New(new));
    }
    if matches!(exec.protect_control_groups, Protect::Yes | Protect::Strict) {
        layout.read_only(cgroup, true);
    }
}

fn private(exec: &ExecSettings, places: &Places, layout: &mut Layout) {
    let temporary = [Path::new("/tmp"), Path::new("/var/tmp")];
    match (&places.temporary, exec.private_tmp) {
        (Some((tmp, var_tmp)), _) => {
            for (path, source) in temporary.into_iter().zip([tmp, var_tmp]) {
                let content = Content::Bind { source: source.clone(), recursive: true };
                layout.content(path, false, content);
                layout.writable(path, false);
            }
        }
        (None, Protect::Full) => {
            for path in temporary {
                layout.content(path, false, Content::New(tmpfs("mode=1777,size=10%")));
                layout.writable(path, false);
            }
        }
        _ => {}
    }
    if exec.private_devices {
        layout.content(Path::new("/dev"), false, Content::Devices);
        for path in ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/hugepages"] {
            layout.content(Path::new(path), true, bind(path));
        }
    }
    if exec.private_ipc || exec.ipc_namespace_path.is_some() {
        let new = New {
            kind: CString::from(c"mqueue"),
            options: Vec::new(),
            attributes: NO_SUID | NO_DEVICES | NO_EXECUTE,
            optional: true,
        };
        layout.content(Path::new("/dev/mqueue"), true, Content::New(new));
    }
    if exec.private_network || exec.network_namespace_path.is_some() {
        own_sys(places, layout);
    }
    if let Some(own) = &places.credentials {
        let others = Content::New(tmpfs("mode=0755,ro"));
        layout.content(Path::new(CREDENTIALS), true, others);
        let content = Content::Bind { source: own.clone(), recursive: true };
        layout.content(own, false, content);
        layout.read_only(own, false);
    }
}

/// A /sys with the devices of the network namespace, which are those of where it is mounted. What is mounted in the
/// host's is in it too, control groups before all.
fn own_sys(places: &Places, layout: &mut Layout) {
    let sys = Path::new("/sys");
    let is_host = places.root.is_none() || layout.entries.get(sys).is_some_and(Entry::is_new);
    let new = New {
        kind: CString::from(c"sysfs"),
        options: Vec::new(),
        attributes: NO_SUID | NO_DEVICES | NO_EXECUTE,
        optional: true,
    };
    layout.content(sys, true, Content::New(new));
    for path in SYS_MOUNTS.into_iter().filter(|_| is_host) {
        if !layout.entries.get(Path::new(path)).is_some_and(Entry::is_new) {
            layout.content(Path::new(path), true, bind(path));
        }
    }
}

/// Folders of the unit stay writable; those of a dynamic user are the only ones it sees where they are kept.
fn unit_folders(exec: &ExecSettings, places: &Places, layout: &mut Layout) {
    for (kind, folder) in directories::all(exec) {
        let place = directories::place(exec, kind, &folder.path);
        if directories::is_private(exec, kind) {
            let private = directories::base(kind).join("private");
            layout.content(&private, true, Content::New(tmpfs("mode=0755,ro")));
        }
        if directories::is_private(exec, kind) || places.root.is_some() {
            let content = Content::Bind { source: place.clone(), recursive: true };
            layout.content(&place, false, content);
        }
        if folder.read_only {
            layout.read_only(&place, false);
        } else if kind != DirectoryKind::Configuration {
            layout.writable(&place, false);
        }
    }
}

/// A tmpfs with options as mount(8) takes them.
fn tmpfs(text: &str) -> New {
    let mut attributes = NO_SUID | NO_DEVICES;
    let mut options = Vec::new();
    for option in text.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => attributes |= READ_ONLY,
            "rw" => attributes &= !READ_ONLY,
            "noexec" => attributes |= NO_EXECUTE,
            "exec" => attributes &= !NO_EXECUTE,
            "dev" => attributes &= !NO_DEVICES,
            "suid" => attributes &= !NO_SUID,
            "nodev" | "nosuid" => {}
            other => {
                let (name, value) = match other.split_once('=') {
                    Some((name, value)) => (name, CString::new(value).ok()),
                    None => (other, None),
                };
                options.extend(CString::new(name).ok().map(|name| (name, value)));
            }
        }
    }
    if !options.iter().any(|(name, _)| name.as_c_str() == c"mode") {
        options.push((CString::from(c"mode"), Some(CString::from(c"0755"))));
    }
    New { kind: CString::from(c"tmpfs"), options, attributes, optional: false }
}
