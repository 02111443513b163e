//! What is written to the files of a group (systemd.resource-control(5)).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use keelson_units::model::{Amount, ResourceSettings, Weight};

/// `DefaultTasksMax=` of systemd-system.conf(5): 15 %.
const DEFAULT_TASKS: u32 = 1500;
/// The period of `CPUQuota=` in microseconds.
const QUOTA_PERIOD_US: u64 = 100_000;
/// The window and the default threshold of pressure in microseconds.
const PRESSURE_WINDOW_US: u64 = 2_000_000;
const PRESSURE_THRESHOLD_US: u64 = 200_000;

/// What shares are shares of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Bytes of memory.
    pub memory: u64,
    /// The limit of tasks.
    pub tasks: u64,
}

impl Machine {
    /// This machine, looked at once.
    pub fn present() -> Self {
        static PRESENT: std::sync::OnceLock<Machine> = std::sync::OnceLock::new();
        *PRESENT.get_or_init(Self::look)
    }

    fn look() -> Self {
        let memory = rustix::system::sysinfo();
        let number = |file: &str| {
            fs::read_to_string(file).ok().and_then(|text| text.trim().parse::<u64>().ok())
        };
        let limits = ["/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"].map(number);
        Self {
            memory: memory.totalram.saturating_mul(u64::from(memory.mem_unit)),
            tasks: limits.into_iter().flatten().min().unwrap_or(32768),
        }
    }
}

/// The controllers that the settings need.
pub fn controllers(resources: &ResourceSettings) -> BTreeSet<&'static str> {
    let cpu = resources.cpu_weight.is_some()
        || resources.startup_cpu_weight.is_some()
        || resources.cpu_quota_percent.is_some();
    let cpuset = resources.allowed_cpus.is_some() || resources.allowed_memory_nodes.is_some();
    let io = resources.io_weight.is_some()
        || resources.startup_io_weight.is_some()
        || !resources.io_device_weight.is_empty()
        || !resources.io_max.is_empty()
        || !resources.io_latency_us.is_empty();
    [(cpu, "cpu"), (cpuset, "cpuset"), (io, "io")]
        .into_iter()
        .filter(|(needed, _)| *needed)
        .map(|(_, name)| name)
        .collect()
}

/// File and text, in the order they are written. `leaf`: the default limit of tasks holds.
pub fn lines(
    resources: &ResourceSettings,
    machine: &Machine,
    leaf: bool,
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    processors(resources, &mut lines);
    memory(resources, machine, &mut lines);
    let default = leaf.then_some(Amount::Share(DEFAULT_TASKS));
    if let Some(amount) = resources.tasks_max.or(default) {
        lines.push(("pids.max", amount_of(amount, machine.tasks)));
    }
    devices(resources, &mut lines);
    lines
}

/// What is written for lines of `before` that have no successor in `after`: as the kernel has it without a setting. It
/// comes before the lines of `after`, since a group that is idle takes no weight.
pub fn resets(
    before: &[(&'static str, String)],
    after: &[(&'static str, String)],
) -> Vec<(&'static str, String)> {
    let usual = |(file, text): &(&'static str, String)| (*file, usual(file, text));
    let kept: BTreeSet<_> = after.iter().map(usual).collect();
    before.iter().map(usual).filter(|line| !kept.contains(line)).collect()
}

/// The text that takes one back. It is the same for all texts about one device and one limit.
fn usual(file: &str, text: &str) -> String {
    let whose = text.split(' ').next().unwrap_or_default();
    let limit = text.split('=').next().unwrap_or_default();
    match file {
        "cpu.idle" | "memory.min" | "memory.low" => "0".to_owned(),
        "cpu.weight" => "100".to_owned(),
        "cpu.max" => format!("max {QUOTA_PERIOD_US}"),
        // An empty write would be none.
        "cpuset.cpus" | "cpuset.mems" => "\n".to_owned(),
        "memory.zswap.writeback" => "1".to_owned(),
        "io.weight" if whose == "default" => "default 100".to_owned(),
        "io.weight" => format!("{whose} default"),
        "io.max" => format!("{limit}=max"),
        "io.latency" => format!("{limit}=0"),
        _ => "max".to_owned(),
    }
}

fn processors(resources: &ResourceSettings, lines: &mut Vec<(&'static str, String)>) {
    match resources.cpu_weight {
        Some(Weight::Of(weight)) => {
            lines.push(("cpu.idle", "0".to_owned()));
            lines.push(("cpu.weight", weight.to_string()));
        }
        Some(Weight::Idle) => lines.push(("cpu.idle", "1".to_owned())),
        None => {}
    }
    if let Some(percent) = resources.cpu_quota_percent {
        let period =
            resources.cpu_quota_period_us.unwrap_or(QUOTA_PERIOD_US).clamp(1000, 1_000_000);
        let quota = (u64::from(percent) * period / 100).max(1000);
        lines.push(("cpu.max", format!("{quota} {period}")));
    }
    for (file, set) in
        [("cpuset.cpus", &resources.allowed_cpus), ("cpuset.mems", &resources.allowed_memory_nodes)]
    {
        lines.extend(set.iter().map(|set| (file, set.clone())));
    }
}

fn memory(
    resources: &ResourceSettings,
    machine: &Machine,
    lines: &mut Vec<(&'static str, String)>,
) {
    for (file, amount) in [
        ("memory.min", resources.memory_min),
        ("memory.low", resources.memory_low),
        ("memory.high", resources.memory_high),
        ("memory.max", resources.memory_max),
        ("memory.swap.max", resources.memory_swap_max),
        ("memory.zswap.max", resources.memory_zswap_max),
    ] {
        lines.extend(amount.map(|amount| (file, amount_of(amount, machine.memory))));
    }
    if let Some(on) = resources.memory_zswap_writeback {
        lines.push(("memory.zswap.writeback", u8::from(on).to_string()));
    }
}

fn devices(resources: &ResourceSettings, lines: &mut Vec<(&'static str, String)>) {
    if let Some(weight) = resources.io_weight {
        lines.push(("io.weight", format!("default {weight}")));
    }
    for (path, weight) in &resources.io_device_weight {
        lines.extend(device(path).map(|device| ("io.weight", format!("{device} {weight}"))));
    }
    for (path, key, limit) in &resources.io_max {
        let limit = if *limit == u64::MAX { "max".to_owned() } else { limit.to_string() };
        lines.extend(device(path).map(|device| ("io.max", format!("{device} {key}={limit}"))));
    }
    for (path, target) in &resources.io_latency_us {
        lines
            .extend(device(path).map(|device| ("io.latency", format!("{device} target={target}"))));
    }
}

/// `major:minor` of a device node, or of the device that a file is on (without its partition).
fn device(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    let node = found.mode() & libc::S_IFMT;
    let number = if node == libc::S_IFBLK { found.rdev() } else { found.dev() };
    let (major, minor) = (libc::major(number), libc::minor(number));
    let disk = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/../dev"));
    let disk = disk.ok().map(|text| text.trim().to_owned());
    (major != 0).then(|| disk.unwrap_or_else(|| format!("{major}:{minor}")))
}

fn amount_of(amount: Amount, whole: u64) -> String {
    match amount {
        Amount::Infinity => "max".to_owned(),
        Amount::Of(count) => count.to_string(),
        Amount::Share(parts) => (whole / 10_000 * u64::from(parts)
            + whole % 10_000 * u64::from(parts) / 10_000)
            .to_string(),
    }
}

/// `$MEMORY_PRESSURE_WATCH` and what a program writes to it, in Base64.
pub fn pressure_environment(resources: &ResourceSettings, file: &Path) -> Vec<(String, String)> {
    let threshold = resources.memory_pressure_threshold_us.unwrap_or(PRESSURE_THRESHOLD_US);
    let text = format!("some {threshold} {PRESSURE_WINDOW_US}\0");
    vec![
        ("MEMORY_PRESSURE_WATCH".to_owned(), file.display().to_string()),
        ("MEMORY_PRESSURE_WRITE".to_owned(), base64(text.as_bytes())),
    ]
}

/// Base64 of a few bytes (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for place in 0..4_usize {
            let digit = usize::try_from(word >> (18 - 6 * place) & 63).unwrap_or(0);
            text.push(if place <= chunk.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}

/// The sum of the numbers behind a key in all lines of `io.stat`.
pub fn sum_of(text: &str, key: &str) -> u64 {
    let words = text.split_whitespace().filter_map(|word| word.strip_prefix(key));
    words.filter_map(|number| number.parse::<u64>().ok()).sum()
}
