//! `[Match]` (systemd.network(5), systemd.link(5)): which links, and on which hosts, a file is for.

use keelson_units::glob;

use super::value::Wrong;
use crate::address::Mac;

/// What is known of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Its name and its other names.
    pub names: Vec<String>,
    /// Its present hardware address.
    pub mac: Option<Mac>,
    /// The one it was made with.
    pub permanent_mac: Option<Mac>,
    /// `ether`, `loopback`, `wlan`, `vlan`, as networkctl(1) shows.
    pub device_type: String,
    /// `vlan`, `bond`, `veth`; empty for hardware.
    pub kind: String,
    /// The driver's name.
    pub driver: String,
    /// Where it is plugged in: `pci-0000:00:03.0`.
    pub path: String,
}

/// What is known of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// The machine id.
    pub machine_id: String,
    /// The kernel's command line, by words.
    pub command_line: Vec<String>,
    /// The kernel's version.
    pub kernel: String,
    /// `x86-64`, `arm64`.
    pub architecture: String,
    /// `kvm`, `qemu`, `none`.
    pub virtualization: String,
}

/// One line of the section.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Name(Globs),
    Macs(Vec<Mac>),
    PermanentMacs(Vec<Mac>),
    Type(Globs),
    Kind(Globs),
    Driver(Globs),
    Path(Globs),
    Host(Condition),
    Virtualization(Condition),
    CommandLine(Condition),
    Kernel(Condition),
    Architecture(Condition),
    /// Nothing: what the file asks for is not known here, and more than it asks for would be wrong.
    Never,
}

/// Patterns of which one must fit, or none where the first begins with `!`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Globs {
    patterns: Vec<String>,
    negated: bool,
}

impl Globs {
    fn of(value: &str) -> Self {
        let (value, negated) = value.strip_prefix('!').map_or((value, false), |rest| (rest, true));
        Self { patterns: value.split_whitespace().map(str::to_owned).collect(), negated }
    }

    fn fit<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        // What is not known fits no pattern, not even `*`: `Kind=!*` is hardware.
        let found = texts
            .into_iter()
            .filter(|text| !text.is_empty())
            .any(|text| self.patterns.iter().any(|p| glob::matches(p, text)));
        found != self.negated
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    text: String,
    negated: bool,
}

/// Keys of systemd that nothing is known about here.
const NOT_IMPLEMENTED: [&str; 6] =
    ["Property", "WLANInterfaceType", "SSID", "BSSID", "Credential", "Firmware"];

/// The section; an empty one fits no link, as in systemd: `Name=*` is every link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match(Vec<(&'static str, Test)>);

impl Match {
    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A section for one name.
    pub fn name(name: &str) -> Self {
        Self(vec![("Name", Test::Name(Globs::of(name)))])
    }

    /// Sets a key; an empty value forgets what it was. `false` where it is not implemented or not known.
    ///
    /// A key that is not implemented and a value that cannot be read fit nothing, an unknown key is as if it were not there.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        let mut wrong = Ok(true);
        let mut macs = || {
            let words = value.split_whitespace().map(super::value::parsed);
            let keep = |mac: Result<Mac, Wrong>| {
                mac.map_err(|error| wrong = Err(format!("{error}; it fits no link"))).ok()
            };
            words.filter_map(keep).collect()
        };
        let condition = || {
            let (text, negated) =
                value.strip_prefix('!').map_or((value, false), |rest| (rest, true));
            Condition { text: text.to_owned(), negated }
        };
        let (key, test) = match key {
            "Name" => ("Name", Test::Name(Globs::of(value))),
            "OriginalName" => ("OriginalName", Test::Name(Globs::of(value))),
            "MACAddress" => ("MACAddress", Test::Macs(macs())),
            "PermanentMACAddress" => ("PermanentMACAddress", Test::PermanentMacs(macs())),
            "Type" => ("Type", Test::Type(Globs::of(value))),
            "Kind" => ("Kind", Test::Kind(Globs::of(value))),
            "Driver" => ("Driver", Test::Driver(Globs::of(value))),
            "Path" => ("Path", Test::Path(Globs::of(value))),
            "Host" => ("Host", Test::Host(condition())),
            "Virtualization" => ("Virtualization", Test::Virtualization(condition())),
            "KernelCommandLine" => ("KernelCommandLine", Test::CommandLine(condition())),
            "KernelVersion" if value.contains(['<', '>', '=', '$']) => {
                wrong = Err(format!("`{value}` is no pattern; comparisons are not implemented"));
                ("KernelVersion", Test::Never)
            }
            "KernelVersion" => ("KernelVersion", Test::Kernel(condition())),
            "Architecture" => ("Architecture", Test::Architecture(condition())),
            key => match NOT_IMPLEMENTED.iter().find(|known| **known == key) {
                Some(known) => {
                    wrong = Ok(false);
                    (*known, Test::Never)
                }
                None => return Ok(false),
            },
        };
        if value.is_empty() {
            self.0.retain(|(other, _)| *other != key);
        } else {
            self.0.push((key, test));
        }
        wrong
    }

    /// Whether the file is for this host at all.
    pub fn fits_host(&self, host: &Host) -> bool {
        self.0.iter().all(|(_, test)| fits_host(test, host))
    }

    /// Whether the file is for this link on this host. Lines of one key add their patterns, lines of different keys
    /// must all fit.
    pub fn fits(&self, link: &Candidate, host: &Host) -> bool {
        let keys = self.0.iter().map(|(key, _)| *key);
        let fits =
            |key: &str| self.0.iter().any(|(other, test)| *other == key && fits_link(test, link));
        !self.is_empty() && self.fits_host(host) && keys.into_iter().all(fits)
    }
}

fn fits_host(test: &Test, host: &Host) -> bool {
    let (condition, holds): (_, &dyn Fn(&str) -> bool) = match test {
        Test::Host(c) => (c, &|text| glob::matches(text, &host.name) || text == host.machine_id),
        Test::Virtualization(c) => (c, &|text| virtualization(text, &host.virtualization)),
        Test::CommandLine(c) => (c, &|text| {
            let is_word = |word: &String| {
                word == text || word.split_once('=').is_some_and(|(key, _)| key == text)
            };
            host.command_line.iter().any(is_word)
        }),
        Test::Kernel(c) => (c, &|text| glob::matches(text, &host.kernel)),
        Test::Architecture(c) => (c, &|text| text == host.architecture),
        Test::Never => return false,
        _ => return true,
    };
    holds(&condition.text) != condition.negated
}

fn virtualization(text: &str, actual: &str) -> bool {
    match keelson_units::value::boolean(text) {
        Some(wanted) => wanted == (actual != "none"),
        None if text == "vm" => actual != "none" && actual != "container",
        None => text == actual,
    }
}

fn fits_link(test: &Test, link: &Candidate) -> bool {
    match test {
        Test::Name(globs) => globs.fit(link.names.iter().map(String::as_str)),
        Test::Macs(macs) => link.mac.is_some_and(|mac| macs.contains(&mac)),
        Test::PermanentMacs(macs) => link.permanent_mac.is_some_and(|mac| macs.contains(&mac)),
        Test::Type(globs) => globs.fit([link.device_type.as_str()]),
        Test::Kind(globs) => globs.fit([link.kind.as_str()]),
        Test::Driver(globs) => globs.fit([link.driver.as_str()]),
        Test::Path(globs) => globs.fit([link.path.as_str()]),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
