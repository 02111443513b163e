//! What unit files may ask of the host by specifiers (systemd.unit(5), "SPECIFIERS").

use std::collections::BTreeMap;
use std::path::Path;

use crate::words;

/// The host, as read once when the manager starts. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `/etc/machine-id`, 32 hexadecimal digits.
    pub machine_id: String,
    /// The kernel's boot ID, 32 hexadecimal digits.
    pub boot_id: String,
    /// The host name.
    pub hostname: String,
    /// `PRETTY_HOSTNAME=` of `/etc/machine-info`.
    pub pretty_hostname: String,
    /// As `uname -r`.
    pub kernel_release: String,
    /// As `ConditionArchitecture=` names it: `x86-64`, `arm64`.
    pub architecture: String,
    /// The fields of os-release(5).
    pub os_release: BTreeMap<String, String>,
}

impl Facts {
    /// Reads them below `root`, the kernel's from its `/proc`.
    pub fn read(root: &Path) -> Self {
        let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
        let line = |path: &str| text(path).trim().to_owned();
        let os_release = match text("etc/os-release") {
            own if own.is_empty() => text("usr/lib/os-release"),
            own => own,
        };
        let pretty = assignments(&text("etc/machine-info")).remove("PRETTY_HOSTNAME");
        Self {
            machine_id: line("etc/machine-id"),
            boot_id: line("proc/sys/kernel/random/boot_id").replace('-', ""),
            hostname: line("proc/sys/kernel/hostname"),
            pretty_hostname: pretty.unwrap_or_default(),
            kernel_release: line("proc/sys/kernel/osrelease"),
            architecture: architecture(std::env::consts::ARCH).to_owned(),
            os_release: assignments(&os_release),
        }
    }
}

/// systemd's name of an architecture (systemd.unit(5), `ConditionArchitecture=`).
pub fn architecture(rust: &'static str) -> &'static str {
    match rust {
        "x86_64" => "x86-64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64-le",
        "loongarch64" => "loongarch64",
        other => other,
    }
}

/// `NAME=value` lines, quotes undone; what is neither is passed over (os-release(5)).
pub fn assignments(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, value) = line.split_once('=')?;
            let value = words::split(value).ok()?.into_iter().map(|word| word.text);
            Some((name.to_owned(), value.collect::<Vec<_>>().join(" ")))
        })
        .collect()
}
