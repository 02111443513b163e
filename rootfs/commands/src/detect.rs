//! `systemd-detect-virt` (systemd-detect-virt(1)): what the host runs in.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use keelson_output::eprintln;
use lexopt::prelude::*;

use crate::screen;

const HELP: &str = "\
systemd-detect-virt [OPTIONS...]

Detect execution in a virtualized environment.

  -c --container      only container managers
  -v --vm             only virtual machines
  -r --chroot         whether this runs below another root
  -q --quiet          print nothing, set the exit status
     --list           list what is known
  -h --help  --version
";

/// What DMI says, by the beginning of a vendor or product.
const VENDORS: [(&str, &str); 14] = [
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Google Compute Engine", "google"),
];
/// Containers by the word of their manager.
const CONTAINERS: [&str; 8] =
    ["docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn", "rkt", "wsl", "container-other"];

/// The virtual machine; none where there is none.
pub fn virtual_machine(root: &Path) -> Option<&'static str> {
    let read = |name: &str| {
        fs::read_to_string(root.join("sys/class/dmi/id").join(name)).unwrap_or_default()
    };
    let texts =
        ["product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"].map(read);
    let by_dmi = texts.iter().find_map(|text| {
        let known = VENDORS.iter().find(|(start, _)| text.starts_with(start));
        known
            .map(|(_, name)| *name)
            .or((text.starts_with("Microsoft") && texts[0].starts_with("Virtual"))
                .then_some("microsoft"))
    });
    let hypervisor = fs::read_to_string(root.join("proc/cpuinfo")).unwrap_or_default();
    let hypervisor =
        hypervisor.lines().any(|line| line.starts_with("flags") && line.contains(" hypervisor"));
    if root.join("proc/xen").exists() && root.join("sys/hypervisor/type").exists() {
        return Some("xen");
    }
    match by_dmi {
        // An emulator's DMI with the processor's own word for a hypervisor is KVM where the kernel drives it as such.
        Some("qemu") if clock_is_kvm(root) => Some("kvm"),
        None if hypervisor && clock_is_kvm(root) => Some("kvm"),
        None if hypervisor => Some("vm-other"),
        found => found,
    }
}

fn clock_is_kvm(root: &Path) -> bool {
    let path = root.join("sys/devices/system/clocksource/clocksource0/available_clocksource");
    fs::read_to_string(path).is_ok_and(|text| text.contains("kvm-clock"))
}

/// The container's manager; none where there is none.
pub fn container(root: &Path) -> Option<&'static str> {
    let told = fs::read_to_string(root.join("run/systemd/container")).unwrap_or_default();
    let told = told.trim();
    if !told.is_empty() {
        return Some(
            CONTAINERS.iter().find(|known| **known == told).copied().unwrap_or("container-other"),
        );
    }
    if root.join("run/.containerenv").exists() {
        return Some("podman");
    }
    root.join(".dockerenv").exists().then_some("docker")
}

/// Runs it. Exit statuses: 0 it is, 1 it is not.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    match work(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln(format_args!("systemd-detect-virt: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn work(arguments: Vec<OsString>) -> Result<bool> {
    let (mut machines, mut containers, mut chroot, mut quiet) = (true, true, false, false);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Short('c') | Long("container") => machines = false,
            Short('v') | Long("vm") => containers = false,
            Short('r') | Long("chroot") => chroot = true,
            Short('q') | Long("quiet") => quiet = true,
            Long("list") => {
                let machines = ["none", "vm-other", "microsoft"]
                    .into_iter()
                    .chain(VENDORS.iter().map(|(_, name)| *name));
                let mut names: Vec<&str> = machines.chain(CONTAINERS).collect();
                names.sort_unstable();
                names.dedup();
                screen::print(&(names.join("\n") + "\n"));
                return Ok(true);
            }
            other => return screen::help_or_version(other, HELP).map(|()| true),
        }
    }
    let root = Path::new("/");
    if chroot {
        let (own, first) = (rustix::fs::stat("/")?, rustix::fs::stat("/proc/1/root")?);
        return Ok((own.st_dev, own.st_ino) != (first.st_dev, first.st_ino));
    }
    let inner = if containers { container(root) } else { None };
    let found = inner.or_else(|| if machines { virtual_machine(root) } else { None });
    if !quiet {
        screen::print(&format!("{}\n", found.unwrap_or("none")));
    }
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_and_containers_are_known_by_their_signs() {
        for (file, text, machine, inside) in [
            ("sys/class/dmi/id/sys_vendor", "QEMU\n", Some("qemu"), None),
            ("sys/class/dmi/id/product_name", "KVM\n", Some("kvm"), None),
            ("sys/class/dmi/id/product_name", "Google Compute Engine\n", Some("google"), None),
            ("proc/cpuinfo", "flags\t\t: fpu hypervisor lahf_lm\n", Some("vm-other"), None),
            ("sys/class/dmi/id/sys_vendor", "Dell Inc.\n", None, None),
            ("run/systemd/container", "systemd-nspawn\n", None, Some("systemd-nspawn")),
            ("run/systemd/container", "bogus\n", None, Some("container-other")),
            (".dockerenv", "", None, Some("docker")),
        ] {
            let root = tempfile::tempdir().expect("a folder");
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
            assert_eq!(
                (virtual_machine(root.path()), container(root.path())),
                (machine, inside),
                "{file} {text}"
            );
        }
    }
}
