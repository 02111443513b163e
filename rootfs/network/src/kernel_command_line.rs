//! The kernel's command line: what `[Match]` asks about, and `ip=` and its kin as files (dracut.cmdline(7)).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use keelson_units::words;

use crate::config::matching::Host;

/// A file for `/run/systemd/network`: its name and its text.
pub type File = (String, String);

/// What is known of this host.
pub fn host(root: &Path, machine_id: &str) -> Host {
    let uname = rustix::system::uname();
    let architecture = match uname.machine().to_str().unwrap_or_default() {
        "x86_64" => "x86-64",
        "aarch64" => "arm64",
        other => other,
    };
    Host {
        name: uname.nodename().to_string_lossy().into_owned(),
        machine_id: machine_id.to_owned(),
        command_line: words_of(&fs::read_to_string("/proc/cmdline").unwrap_or_default()),
        kernel: uname.release().to_string_lossy().into_owned(),
        architecture: architecture.to_owned(),
        virtualization: virtualization(root),
    }
}

/// The words of a command line, quotes taken off.
pub fn words_of(line: &str) -> Vec<String> {
    match words::split(line.trim()) {
        Ok(words) => words.into_iter().map(|word| word.text).collect(),
        Err(_) => line.split_whitespace().map(str::to_owned).collect(),
    }
}

/// The hypervisor's name by the firmware's tables, `none` on hardware.
fn virtualization(root: &Path) -> String {
    let vendors = [
        ("QEMU", "qemu"),
        ("KVM", "kvm"),
        ("Amazon EC2", "amazon"),
        ("Google", "google"),
        ("VMware", "vmware"),
        ("VirtualBox", "oracle"),
        ("Microsoft Corporation", "microsoft"),
        ("Xen", "xen"),
        ("Parallels", "parallels"),
        ("OpenStack", "kvm"),
    ];
    let texts: Vec<String> = ["product_name", "sys_vendor", "board_vendor", "bios_vendor"]
        .iter()
        .filter_map(|name| fs::read_to_string(root.join("sys/class/dmi/id").join(name)).ok())
        .collect();
    let found =
        vendors.iter().find(|(vendor, _)| texts.iter().any(|text| text.starts_with(vendor)));
    let word = found.map_or("none", |(_, word)| *word);
    // A QEMU that can use the processor says so.
    if word == "qemu" && Path::new("/dev/kvm").exists() {
        "kvm".to_owned()
    } else {
        word.to_owned()
    }
}

/// What one link is told by the command line.
#[derive(Default)]
struct Wish {
    matching: String,
    network: Vec<String>,
    link: Vec<String>,
    sections: Vec<String>,
}

/// The files for `ip=`, `nameserver=`, `rd.route=`, `vlan=`, `bond=`, `bridge=` and `ifname=`.
///
/// A word that cannot be read is told in `problems`, the others hold.
pub fn files(words: &[String], problems: &mut Vec<String>) -> Vec<File> {
    let mut wishes: BTreeMap<String, Wish> = BTreeMap::new();
    let mut files = Vec::new();
    let mut servers = Vec::new();
    for word in words {
        let Some((key, value)) = word.split_once('=') else { continue };
        let done = match key {
            "ip" => ip(value, &mut wishes),
            "nameserver" => {
                servers.push(value.trim_matches(['[', ']']).to_owned());
                Some(())
            }
            "rd.route" => route(value, &mut wishes),
            "vlan" => vlan(value, &mut wishes, &mut files),
            "bond" => ports("bond", "Bond", value, &mut wishes, &mut files),
            "bridge" => ports("bridge", "Bridge", value, &mut wishes, &mut files),
            "ifname" => ifname(value, &mut files),
            _ => continue,
        };
        if done.is_none() {
            problems
                .push(format!("`{word}` on the kernel's command line cannot be read; passed over"));
        }
    }
    if !servers.is_empty() && wishes.is_empty() {
        wish(&mut wishes, "").network.push("DHCP=yes".to_owned());
    }
    for (name, wish) in wishes {
        files.push(network_file(&name, wish, &servers));
    }
    files
}

fn wish<'a>(wishes: &'a mut BTreeMap<String, Wish>, name: &str) -> &'a mut Wish {
    wishes.entry(name.to_owned()).or_insert_with(|| {
        let matching = if name.is_empty() {
            // As dracut: every Ethernet, but no link made by software.
            "Type=ether\nKind=!*".to_owned()
        } else {
            format!("Name={name}")
        };
        Wish { matching, ..Wish::default() }
    })
}

fn network_file(name: &str, wish: Wish, servers: &[String]) -> File {
    let mut text = format!("# From the kernel's command line.\n[Match]\n{}\n", wish.matching);
    if !wish.link.is_empty() {
        let _ = write!(text, "\n[Link]\n{}\n", wish.link.join("\n"));
    }
    let servers = servers.iter().map(|server| format!("DNS={server}"));
    let network: Vec<String> = wish.network.into_iter().chain(servers).collect();
    let _ = write!(text, "\n[Network]\n{}\n", network.join("\n"));
    for section in wish.sections {
        let _ = write!(text, "\n{section}\n");
    }
    // A name sorts before the one for all, so that it wins.
    let file = if name.is_empty() { "71-default".to_owned() } else { format!("70-{name}") };
    (format!("{file}.network"), text)
}

/// Splits at colons outside brackets and takes the brackets off.
fn fields(value: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut inside = false;
    for c in value.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            ':' if !inside => fields.push(String::new()),
            c => fields.last_mut().expect("there is always a field").push(c),
        }
    }
    fields
}

/// The settings a method stands for.
fn method(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "dhcp" | "dhcp4" => &["DHCP=ipv4"],
        "on" | "any" | "both" | "" => &["DHCP=yes"],
        "dhcp6" | "either6" => &["DHCP=ipv6"],
        "auto6" => &["IPv6AcceptRA=yes"],
        "link6" => &["LinkLocalAddressing=ipv6"],
        "link-local" => &["LinkLocalAddressing=yes"],
        "none" | "off" | "static" => &["DHCP=no"],
        _ => return None,
    })
}

fn ip(value: &str, wishes: &mut BTreeMap<String, Wish>) -> Option<()> {
    let fields = fields(value);
    let field = |at: usize| fields.get(at).map_or("", String::as_str);
    // `ip=dhcp`, then `ip=eth0:dhcp[:mtu[:mac]]`, else the long form.
    if fields.len() == 1 {
        wish(wishes, "").network.extend(method(value)?.iter().map(ToString::to_string));
        return Some(());
    }
    let is_short =
        field(0).parse::<std::net::IpAddr>().is_err() && !field(0).is_empty() && fields.len() <= 9;
    if is_short {
        let wish = wish(wishes, field(0));
        wish.network.extend(method(field(1))?.iter().map(ToString::to_string));
        let mac = fields.get(3..).map(|rest| rest.join(":")).unwrap_or_default();
        return link_settings(wish, field(2), &mac);
    }
    let settings = method(field(6))?;
    let address = long_form_address(field(0), field(3))?;
    let wish = wish(wishes, field(5));
    wish.network.extend(settings.iter().map(ToString::to_string));
    wish.network.extend(address.iter().map(|address| format!("Address={address}")));
    wish.network.extend(checked_ip(field(2))?.iter().map(|gateway| format!("Gateway={gateway}")));
    if !field(4).is_empty() {
        wish.sections.push(format!("[DHCPv4]\nHostname={}", crate::names::checked(field(4))?));
    }
    // What follows is an MTU with a hardware address, or name servers.
    if field(7).parse::<u32>().is_ok() {
        let mac = fields.get(8..).map(|rest| rest.join(":")).unwrap_or_default();
        return link_settings(wish, field(7), &mac);
    }
    for at in [7, 8] {
        wish.network.extend(checked_ip(field(at))?.iter().map(|server| format!("DNS={server}")));
    }
    Some(())
}

/// The address with the length of its network; the netmask may be a length. An empty list where there is none.
fn long_form_address(address: &str, mask: &str) -> Option<Vec<String>> {
    if address.is_empty() {
        return Some(Vec::new());
    }
    let text = match mask {
        "" => address.to_owned(),
        mask => format!("{address}/{mask}"),
    };
    text.parse::<crate::address::Prefix>().ok().map(|prefix| vec![prefix.to_string()])
}

/// A list of at most one: empty where there is none, `None` where it is no address.
fn checked_ip(text: &str) -> Option<Vec<std::net::IpAddr>> {
    if text.is_empty() { Some(Vec::new()) } else { text.parse().ok().map(|ip| vec![ip]) }
}

fn link_settings(wish: &mut Wish, mtu: &str, mac: &str) -> Option<()> {
    if !mtu.is_empty() {
        wish.link.push(format!("MTUBytes={}", mtu.parse::<u32>().ok()?));
    }
    if !mac.is_empty() {
        wish.link.push(format!("MACAddress={}", mac.parse::<crate::address::Mac>().ok()?));
    }
    Some(())
}

fn route(value: &str, wishes: &mut BTreeMap<String, Wish>) -> Option<()> {
    let fields = fields(value);
    let destination = fields.first()?.parse::<crate::address::Prefix>().ok()?;
    let gateway = checked_ip(fields.get(1).map_or("", String::as_str))?;
    let mut section = format!("[Route]\nDestination={destination}");
    for gateway in gateway {
        let _ = write!(section, "\nGateway={gateway}");
    }
    wish(wishes, fields.get(2).map_or("", String::as_str)).sections.push(section);
    Some(())
}

/// `vlan=eth0.5:eth0`; the number is what stands behind the last `.` or `vlan`.
fn vlan(value: &str, wishes: &mut BTreeMap<String, Wish>, files: &mut Vec<File>) -> Option<()> {
    let (name, below) = value.split_once(':')?;
    let digits = name.rfind(|c: char| !c.is_ascii_digit()).map_or(name, |at| &name[at + 1..]);
    let id = digits.parse::<u16>().ok().filter(|id| *id < 4095)?;
    files.push((
        format!("70-{name}.netdev"),
        format!("[NetDev]\nName={name}\nKind=vlan\n\n[VLAN]\nId={id}\n"),
    ));
    wish(wishes, below).network.push(format!("VLAN={name}"));
    Some(())
}

/// `bond=bond0:eth0,eth1:mode=active-backup,miimon=100` and `bridge=br0:eth0`.
fn ports(
    kind: &str,
    key: &str,
    value: &str,
    wishes: &mut BTreeMap<String, Wish>,
    files: &mut Vec<File>,
) -> Option<()> {
    let fields = fields(value);
    let name = fields.first().filter(|name| !name.is_empty())?;
    let mut text = format!("[NetDev]\nName={name}\nKind={kind}\n");
    if let Some(options) = fields.get(2).filter(|_| kind == "bond") {
        text.push_str("\n[Bond]\n");
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let (option, value) = option.split_once('=')?;
            let line = match option {
                "mode" => format!("Mode={value}"),
                "miimon" => format!("MIIMonitorSec={value}ms"),
                "xmit_hash_policy" => format!("TransmitHashPolicy={value}"),
                "lacp_rate" => format!("LACPTransmitRate={value}"),
                _ => return None,
            };
            let _ = writeln!(text, "{line}");
        }
    }
    files.push((format!("70-{name}.netdev"), text));
    for port in fields.get(1)?.split(',').filter(|port| !port.is_empty()) {
        wish(wishes, port).network.push(format!("{key}={name}"));
    }
    Some(())
}

/// `ifname=lan0:52:54:00:12:34:56`.
fn ifname(value: &str, files: &mut Vec<File>) -> Option<()> {
    let (name, mac) = value.split_once(':')?;
    let mac = mac.parse::<crate::address::Mac>().ok()?;
    files.push((
        format!("70-{name}.link"),
        format!("[Match]\nPermanentMACAddress={mac}\n\n[Link]\nName={name}\n"),
    ));
    Some(())
}

#[cfg(test)]
mod tests;
