//! Which devices a unit may open: `DevicePolicy=`, `DeviceAllow=` (systemd.resource-control(5)).

use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::MetadataExt;

use keelson_units::model::{DevicePolicy, ExecSettings, ResourceSettings};

use super::program::{AND, Assembler, Instruction, LOAD, MOVE, SHIFT_RIGHT};
use crate::wildcard;

/// Kinds as the kernel asks for them.
const BLOCK: u32 = 1;
const CHARACTER: u32 = 2;
/// Making, reading, writing.
const MAKE: u32 = 1;
const READ: u32 = 2;
const WRITE: u32 = 4;
const ALL: u32 = MAKE | READ | WRITE;

/// Pseudo devices that every closed policy allows: null, zero, full, random, urandom, tty, ptmx and the terminals.
const PSEUDO: [(u32, Option<u32>); 8] = [
    (1, Some(3)),
    (1, Some(5)),
    (1, Some(7)),
    (1, Some(8)),
    (1, Some(9)),
    (5, Some(0)),
    (5, Some(2)),
    (136, None),
];

/// One sort of device, and what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Block or character.
    pub kind: u32,
    /// None is all.
    pub major: Option<u32>,
    /// None is all.
    pub minor: Option<u32>,
    /// What may be done.
    pub access: u32,
}

/// What settings of the process imply for its devices: `PrivateDevices=` closes the policy, `ProtectClock=` leaves the
/// clock readable at most.
pub fn implied<'a>(
    resources: &'a ResourceSettings,
    exec: &ExecSettings,
) -> Cow<'a, ResourceSettings> {
    if !(exec.private_devices || exec.protect_clock) {
        return Cow::Borrowed(resources);
    }
    let mut resources = resources.clone();
    if exec.private_devices && resources.device_policy == DevicePolicy::Auto {
        resources.device_policy = DevicePolicy::Closed;
    }
    if exec.protect_clock {
        resources.device_allow.push(("char-rtc".to_owned(), "r".to_owned()));
    }
    Cow::Owned(resources)
}

/// The rules of a unit; none where it may use every device.
pub fn rules(resources: &ResourceSettings) -> Option<Vec<Rule>> {
    let closed = match resources.device_policy {
        DevicePolicy::Auto if resources.device_allow.is_empty() => return None,
        DevicePolicy::Auto | DevicePolicy::Closed => true,
        DevicePolicy::Strict => false,
    };
    let pseudo = PSEUDO.iter().filter(|_| closed);
    let mut rules: Vec<Rule> = pseudo
        .map(|(major, minor)| Rule {
            kind: CHARACTER,
            major: Some(*major),
            minor: *minor,
            access: ALL,
        })
        .collect();
    let devices = fs::read_to_string("/proc/devices").unwrap_or_default();
    for (name, access) in &resources.device_allow {
        rules.extend(named(name, access_of(access), &devices));
    }
    Some(rules)
}

fn access_of(text: &str) -> u32 {
    let bit = |c| match c {
        'r' => READ,
        'w' => WRITE,
        'm' => MAKE,
        _ => 0,
    };
    if text.is_empty() { ALL } else { text.chars().fold(0, |access, c| access | bit(c)) }
}

/// A node by path, or classes `char-NAME` and `block-NAME` of /proc/devices.
fn named(name: &str, access: u32, devices: &str) -> Vec<Rule> {
    let class = [("char-", CHARACTER), ("block-", BLOCK)]
        .into_iter()
        .find_map(|(prefix, kind)| Some((name.strip_prefix(prefix)?, kind)));
    if let Some((pattern, kind)) = class {
        if pattern == "*" {
            return vec![Rule { kind, major: None, minor: None, access }];
        }
        let majors = majors(devices, kind, pattern);
        return majors
            .map(|major| Rule { kind, major: Some(major), minor: None, access })
            .collect();
    }
    let Ok(found) = fs::metadata(name) else { return Vec::new() };
    let kind = match found.mode() & libc::S_IFMT {
        libc::S_IFBLK => BLOCK,
        libc::S_IFCHR => CHARACTER,
        _ => return Vec::new(),
    };
    let number = found.rdev();
    let (major, minor) = (Some(libc::major(number)), Some(libc::minor(number)));
    vec![Rule { kind, major, minor, access }]
}

fn majors<'a>(devices: &'a str, kind: u32, pattern: &'a str) -> impl Iterator<Item = u32> + 'a {
    let header = if kind == BLOCK { "Block devices:" } else { "Character devices:" };
    let lines = devices.lines().skip_while(move |line| *line != header).skip(1);
    let lines =
        lines.take_while(|line| !line.is_empty()).filter_map(|line| line.trim().split_once(' '));
    lines
        .filter(move |(_, name)| wildcard::matches(pattern, name))
        .filter_map(|(major, _)| major.parse().ok())
}

/// The program of the rules. Its context is kind and access, major, minor.
pub fn program(rules: &[Rule]) -> Vec<Instruction> {
    let mut code = Assembler::default();
    code.add(LOAD, 2, 1, 0, 0);
    code.add(MOVE, 3, 2, 0, 0);
    code.add(AND, 2, 0, 0, 0xffff);
    code.add(SHIFT_RIGHT, 3, 0, 0, 16);
    code.add(LOAD, 4, 1, 4, 0);
    code.add(LOAD, 5, 1, 8, 0);
    for rule in rules {
        code.leave_unless(2, rule.kind);
        if rule.access != ALL {
            // What is asked for must be among what is allowed.
            code.add(MOVE, 1, 3, 0, 0);
            code.add(AND, 1, 0, 0, rule.access.cast_signed());
            code.leave_unless_same(1, 3);
        }
        if let Some(major) = rule.major {
            code.leave_unless(4, major);
        }
        if let Some(minor) = rule.minor {
            code.leave_unless(5, minor);
        }
        code.verdict(true);
        code.end_rule();
    }
    code.verdict(false);
    code.finish()
}
