//! Conditions on kernel, machine and firmware.

use std::fs;
use std::path::Path;

use keelson_units::facts::Facts as Host;

use super::{files, version};

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The hypervisor by systemd's name, from the firmware's tables and the processor.
fn hypervisor() -> Option<&'static str> {
    let text = ["sys_vendor", "product_name", "board_vendor", "bios_vendor"]
        .map(|name| read(format!("/sys/class/dmi/id/{name}")))
        .join("\n");
    let known = [
        ("KVM", "kvm"),
        ("Amazon EC2", "amazon"),
        ("Google Compute Engine", "google"),
        ("QEMU", "qemu"),
        ("VMware", "vmware"),
        ("innotek GmbH", "oracle"),
        ("VirtualBox", "oracle"),
        ("Xen", "xen"),
        ("Microsoft Corporation\nVirtual Machine", "microsoft"),
        ("Parallels", "parallels"),
        ("BHYVE", "bhyve"),
    ];
    let by_table = known.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name);
    by_table.or_else(|| processor_feature("hypervisor").then_some("vm-other"))
}

/// The container manager that started this PID 1.
fn container() -> bool {
    std::env::var_os("container").is_some() || Path::new("/run/.containerenv").exists()
}

pub(super) fn virtualization(text: &str) -> bool {
    let machine = hypervisor();
    match text {
        "yes" | "true" | "1" | "on" => machine.is_some() || container(),
        "no" | "false" | "0" | "off" => machine.is_none() && !container(),
        "vm" => machine.is_some() && !container(),
        "container" => container(),
        "private-users" => {
            !read("/proc/self/uid_map").split_whitespace().eq(["0", "0", "4294967295"])
        }
        name => machine == Some(name) && !container(),
    }
}

pub(super) fn firmware(text: &str) -> bool {
    let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(model) = inner("device-tree-compatible") {
        return read("/proc/device-tree/compatible").split('\0').any(|one| one == model);
    }
    if let Some(test) = inner("smbios-field") {
        let at = test.find(['=', '!', '<', '>', '$']).unwrap_or(test.len());
        let (field, test) = test.split_at(at);
        let value = read(format!("/sys/class/dmi/id/{}", field.trim()));
        return !field.contains('/') && version::compare_text(test, value.trim_end_matches('\n'));
    }
    match text {
        "uefi" => Path::new("/sys/firmware/efi").exists(),
        "device-tree" => Path::new("/proc/device-tree").exists(),
        _ => false,
    }
}

pub(super) fn host(pattern: &str, host: &Host) -> bool {
    let plain: String = pattern.chars().filter(|c| *c != '-').collect();
    let is_id = plain.len() == 32 && plain.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id && plain.eq_ignore_ascii_case(&host.machine_id) {
        return true;
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    files::matches(&pattern.to_lowercase(), &name.to_lowercase())
}

/// A word with `=` is looked for as it is, another one with any value.
pub(super) fn command_line(text: &str, words: &[String]) -> bool {
    words.iter().any(|word| {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        if text.contains('=') { word == text } else { name == text }
    })
}

/// `ConditionVersion=`: kernel (the default), systemd or glibc.
pub(super) fn version(text: &str, host: &Host) -> bool {
    let (what, test) = match text.split_once(|c: char| c.is_whitespace() || "<>=!$".contains(c)) {
        Some((what @ ("kernel" | "systemd" | "glibc"), _)) => (what, &text[what.len()..]),
        _ => ("kernel", text),
    };
    match what {
        // The version whose behaviour this manager has.
        "systemd" => version::compare_all(test, "257"),
        "kernel" => version::compare_all(test, &host.kernel_release),
        _ => false,
    }
}

pub(super) fn module_loaded(name: &str) -> bool {
    Path::new("/sys/module").join(name.replace('-', "_")).exists() && !name.contains('/')
}

pub(super) fn environment(text: &str) -> bool {
    match text.split_once('=') {
        Some((name, value)) => std::env::var(name).is_ok_and(|own| own == value),
        None => std::env::var_os(text).is_some(),
    }
}

pub(super) fn security(name: &str) -> bool {
    match name {
        "selinux" => Path::new("/sys/fs/selinux/enforce").exists(),
        "apparmor" => read("/sys/module/apparmor/parameters/enabled").starts_with('Y'),
        "tomoyo" => Path::new("/sys/kernel/security/tomoyo/version").exists(),
        "ima" => Path::new("/sys/kernel/security/ima").exists(),
        "smack" => Path::new("/sys/fs/smackfs").exists(),
        "audit" => Path::new("/proc/self/loginuid").exists(),
        "uefi-secureboot" => {
            let name = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
            fs::read(name).is_ok_and(|bytes| bytes.get(4) == Some(&1))
        }
        "tpm2" => {
            fs::read_dir("/sys/class/tpmrm").is_ok_and(|mut entries| entries.next().is_some())
        }
        "measured-uki" => Path::new(
            "/sys/firmware/efi/efivars/StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
        )
        .exists(),
        _ => false,
    }
}

/// Whether PID 1 may use a capability: it is in the bounding set.
pub(super) fn capability(name: &str) -> bool {
    let text = read("/proc/self/status");
    let line = text.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    let set = line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok()).unwrap_or(0);
    let number = keelson_units::names::capability(name);
    number.is_some_and(|number| set >> number & 1 == 1)
}

/// On mains, or without a battery that could tell.
pub(super) fn ac_power() -> bool {
    let supplies: Vec<_> =
        fs::read_dir("/sys/class/power_supply").into_iter().flatten().flatten().collect();
    let of_kind = |kind: &str| {
        let kind = kind.to_owned();
        supplies.iter().filter(move |supply| read(supply.path().join("type")).trim() == kind)
    };
    let online = |supply: &&fs::DirEntry| read(supply.path().join("online")).trim() == "1";
    let mut mains = of_kind("Mains").peekable();
    if mains.peek().is_some() {
        return mains.any(|supply| online(&supply));
    }
    !of_kind("Battery").any(|battery| read(battery.path().join("status")).trim() == "Discharging")
}

pub(super) fn controllers(names: &str) -> bool {
    if matches!(names, "v2" | "v1") {
        return (names == "v2") == Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    }
    let there = read("/sys/fs/cgroup/cgroup.controllers");
    names.split_whitespace().all(|name| there.split_whitespace().any(|one| one == name))
}

/// Bytes of memory.
pub(super) fn memory() -> u64 {
    let text = read("/proc/meminfo");
    let kib = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    kib.unwrap_or(0).saturating_mul(1024)
}

/// Processors that PID 1 may run on.
pub(super) fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

pub(super) fn processor_feature(name: &str) -> bool {
    let text = read("/proc/cpuinfo");
    let flags = text.lines().find(|line| line.starts_with("flags") || line.starts_with("Features"));
    flags.is_some_and(|line| line.split_whitespace().any(|flag| flag == name))
}

/// `KEY=value`, or an operator and a version.
pub(super) fn os_release(text: &str, host: &Host) -> bool {
    text.split_whitespace().all(|test| {
        let at = test.find(['=', '!', '<', '>', '$']).unwrap_or(test.len());
        let (key, test) = test.split_at(at);
        let value = host.os_release.get(key).map_or("", String::as_str);
        version::compare_text(test, value)
    })
}

/// Whether the pressure of the last minutes is at most so high: `50%`, `50%/1min`, with a slice before it.
pub(super) fn pressure(kind: &str, text: &str) -> bool {
    let (slice, limit) =
        text.split_once(':').map_or((None, text), |(slice, limit)| (Some(slice), limit));
    let (limit, span) = limit.split_once('/').unwrap_or((limit, "5min"));
    let Ok(limit) = limit.trim().trim_end_matches('%').parse::<f64>() else { return true };
    let file = match slice.and_then(|slice| slice.parse().ok()) {
        Some(slice) => Path::new("/sys/fs/cgroup")
            .join(keelson_execution::cgroup::group_path(&slice, None))
            .join(format!("{kind}.pressure")),
        None => Path::new("/proc/pressure").join(kind),
    };
    let column = match span.trim() {
        "10s" | "10" => "avg10=",
        "1min" | "60s" | "1m" => "avg60=",
        _ => "avg300=",
    };
    let text = read(file);
    // A processor is never fully held up as a whole, so that its line is the other one.
    let line = if kind == "cpu" { "some" } else { "full" };
    let line = text.lines().find(|found| found.starts_with(line)).unwrap_or_default();
    let value =
        line.split_whitespace().find_map(|word| word.strip_prefix(column)?.parse::<f64>().ok());
    value.is_none_or(|value| value <= limit)
}
