use std::path::PathBuf;

use keelson_units::model::{
    Amount, DevicePolicy, ExecSettings, ResourceSettings, UnitName, Weight,
};
use proptest::prelude::*;

use super::addresses::{Network, networks};
use super::hierarchy::{group_path, unit_in};
use super::program::{Hook, interpreter::run};
use super::settings::{self, Machine};
use super::*;

fn unit(name: &str) -> UnitName {
    name.parse().expect("a unit name")
}

#[test]
fn groups_lie_below_their_slices() {
    for (name, slice, expected) in [
        ("ssh.service", None, "system.slice/ssh.service"),
        ("a.service", Some("a-b.slice"), "a.slice/a-b.slice/a.service"),
        ("a-b-c.slice", None, "a.slice/a-b.slice/a-b-c.slice"),
        ("a.service", Some("-.slice"), "a.service"),
        ("_x.service", None, "system.slice/__x.service"),
        ("cgroup.service", None, "system.slice/_cgroup.service"),
    ] {
        let slice = slice.map(unit);
        assert_eq!(group_path(&unit(name), slice.as_ref()), PathBuf::from(expected), "{name}");
    }
}

#[test]
fn the_unit_of_a_process_is_read_from_its_group() {
    for (text, expected) in [
        ("0::/system.slice/ssh.service\n", Some("ssh.service")),
        ("0::/a.slice/a-b.slice/x.service/.control\n", Some("x.service")),
        ("0::/system.slice/containerd.service/kubepods/x.service\n", Some("containerd.service")),
        ("1:name=systemd:/x\n0::/system.slice/__a.service\n", Some("_a.service")),
        ("0::/init.scope\n", Some("init.scope")),
        ("0::/system.slice\n", None),
        ("", None),
    ] {
        assert_eq!(unit_in(text), expected, "{text:?}");
    }
}

const MACHINE: Machine = Machine { memory: 1_000_000, tasks: 10_000 };

#[test]
fn every_setting_has_its_file_and_controller() {
    let resources = ResourceSettings {
        cpu_weight: Some(Weight::Of(50)),
        cpu_quota_percent: Some(150),
        allowed_cpus: Some("0-1".to_owned()),
        memory_max: Some(Amount::Share(5000)),
        memory_high: Some(Amount::Infinity),
        memory_swap_max: Some(Amount::Of(0)),
        tasks_max: Some(Amount::Of(7)),
        io_weight: Some(10),
        ..ResourceSettings::default()
    };
    let expected = [
        ("cpu.idle", "0"),
        ("cpu.weight", "50"),
        ("cpu.max", "150000 100000"),
        ("cpuset.cpus", "0-1"),
        ("memory.high", "max"),
        ("memory.max", "500000"),
        ("memory.swap.max", "0"),
        ("pids.max", "7"),
        ("io.weight", "default 10"),
    ];
    let lines = settings::lines(&resources, &MACHINE, true);
    let lines: Vec<_> = lines.iter().map(|(file, text)| (*file, text.as_str())).collect();
    assert_eq!(lines, expected);
    let needed: Vec<_> = settings::controllers(&resources).into_iter().collect();
    assert_eq!(needed, ["cpu", "cpuset", "io"]);
}

#[test]
fn a_unit_without_settings_still_has_a_limit_of_tasks() {
    let resources = ResourceSettings::default();
    let lines = settings::lines(&resources, &MACHINE, true);
    assert_eq!(lines, [("pids.max", "1500".to_owned())]);
    assert!(settings::lines(&resources, &MACHINE, false).is_empty());
}

#[test]
fn a_setting_that_is_gone_is_taken_back_before_others_are_written() {
    let lines = |resources: &ResourceSettings| settings::lines(resources, &MACHINE, true);
    let before = lines(&ResourceSettings {
        cpu_weight: Some(Weight::Of(50)),
        cpu_quota_percent: Some(50),
        allowed_cpus: Some("0".to_owned()),
        memory_low: Some(Amount::Of(1)),
        memory_max: Some(Amount::Of(5000)),
        memory_high: Some(Amount::Of(4000)),
        tasks_max: Some(Amount::Of(7)),
        io_weight: Some(10),
        ..ResourceSettings::default()
    });
    let after = lines(&ResourceSettings {
        cpu_weight: Some(Weight::Idle),
        memory_high: Some(Amount::Of(3000)),
        ..ResourceSettings::default()
    });
    let resets = settings::resets(&before, &after);
    let resets: Vec<_> = resets.iter().map(|(file, text)| (*file, text.as_str())).collect();
    assert_eq!(
        resets,
        [
            ("cpu.weight", "100"),
            ("cpu.max", "max 100000"),
            ("cpuset.cpus", "\n"),
            ("memory.low", "0"),
            ("memory.max", "max"),
            ("io.weight", "default 100"),
        ]
    );
    assert!(settings::resets(&after, &after).is_empty());
    let device = |text: &str| vec![("io.max", text.to_owned())];
    assert!(settings::resets(&device("8:0 rbps=5"), &device("8:0 rbps=6")).is_empty());
    assert_eq!(
        settings::resets(&device("8:0 rbps=5"), &device("8:0 wbps=5")),
        device("8:0 rbps=max")
    );
}

#[test]
fn pressure_is_told_as_systemd_tells_it() {
    let pairs = settings::pressure_environment(&ResourceSettings::default(), Path::new("/x"));
    assert_eq!(pairs[0], ("MEMORY_PRESSURE_WATCH".to_owned(), "/x".to_owned()));
    // "some 200000 2000000" and a NUL.
    assert_eq!(pairs[1].1, "c29tZSAyMDAwMDAgMjAwMDAwMAA=");
}

fn may(resources: &ResourceSettings, kind: u32, access: u32, major: u32, minor: u32) -> bool {
    let rules = devices::rules(resources).expect("a policy");
    run(&devices::program(&rules), &[access << 16 | kind, major, minor], &[])
}

#[test]
fn closed_policies_allow_pseudo_devices_and_those_named() {
    let closed = ResourceSettings {
        device_policy: DevicePolicy::Closed,
        device_allow: vec![
            ("char-mem".to_owned(), "r".to_owned()),
            ("block-*".to_owned(), "rw".to_owned()),
            ("/dev/tty".to_owned(), String::new()),
        ],
        ..ResourceSettings::default()
    };
    for (kind, access, major, minor, expected) in [
        (2, 6, 1, 3, true),
        (2, 7, 136, 4, true),
        (2, 2, 1, 1, true),
        (2, 4, 1, 1, false),
        (1, 6, 8, 0, true),
        (1, 1, 8, 0, false),
        (2, 2, 10, 200, false),
    ] {
        assert_eq!(
            may(&closed, kind, access, major, minor),
            expected,
            "{kind} {access} {major}:{minor}"
        );
    }
    let strict =
        ResourceSettings { device_policy: DevicePolicy::Strict, ..ResourceSettings::default() };
    assert!(!may(&strict, 2, 2, 1, 3));
    assert!(devices::rules(&ResourceSettings::default()).is_none());
}

#[test]
fn private_devices_close_the_policy() {
    let exec = ExecSettings { private_devices: true, ..ExecSettings::default() };
    let resources = ResourceSettings::default();
    let closed = implied(&resources, &exec);
    assert!(may(&closed, 2, 6, 1, 3) && !may(&closed, 1, 2, 8, 0));
    assert_eq!(*implied(&resources, &ExecSettings::default()), resources);
}

fn all(words: &[&str]) -> Vec<Network> {
    words.iter().flat_map(|word| networks(word)).collect()
}

/// Whether a packet with this other end passes.
fn passes(hook: Hook, allow: &[&str], deny: &[&str], other: &str) -> bool {
    let program = addresses::program(hook, &all(allow), &all(deny));
    let address: std::net::IpAddr = other.parse().expect("an address");
    let mut packet = vec![0; 40];
    let (protocol, at, octets) = match address {
        std::net::IpAddr::V4(address) => {
            (0x0800_u16, if hook == Hook::Ingress { 12 } else { 16 }, address.octets().to_vec())
        }
        std::net::IpAddr::V6(address) => {
            (0x86dd_u16, if hook == Hook::Ingress { 8 } else { 24 }, address.octets().to_vec())
        }
    };
    packet[at..at + octets.len()].copy_from_slice(&octets);
    run(&program, &[0, 0, 0, 0, u32::from(protocol.to_be())], &packet)
}

#[test]
fn allowed_addresses_win_over_denied_ones() {
    for hook in [Hook::Ingress, Hook::Egress] {
        for (allow, deny, other, expected) in [
            (&["localhost"][..], &["any"][..], "127.0.0.1", true),
            (&["localhost"], &["any"], "::1", true),
            (&["localhost"], &["any"], "10.0.0.1", false),
            (&["localhost"], &["any"], "fe80::1", false),
            (&[], &["10.0.0.0/9"], "10.1.2.3", false),
            (&[], &["10.0.0.0/9"], "10.200.0.1", true),
            (&[], &["2001:db8::/33"], "2001:db8:7fff::1", false),
            (&[], &["2001:db8::/33"], "2001:db8:8000::1", true),
            (&["192.168.0.0/16", "10.1.0.0/16"], &["any"], "10.1.9.9", true),
        ] {
            assert_eq!(passes(hook, allow, deny, other), expected, "{allow:?} {deny:?} {other}");
        }
    }
    assert!(networks("10.0.0.0/33").is_empty() && networks("somewhere").is_empty());
}

proptest! {
    #[test]
    fn networks_are_compared_bit_by_bit(network in any::<u32>(), other in any::<u32>(), prefix in 0_u32..33) {
        let mask = if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) };
        let word = format!("{}/{prefix}", std::net::Ipv4Addr::from(network));
        let other_text = std::net::Ipv4Addr::from(other).to_string();
        let passed = passes(Hook::Egress, &[], &[&word], &other_text);
        prop_assert_eq!(passed, network & mask != other & mask);
    }

    #[test]
    fn random_texts_never_panic(text in any::<String>()) {
        unit_in(&text);
        networks(&text);
    }
}
