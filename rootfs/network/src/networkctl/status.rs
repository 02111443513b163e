//! `networkctl status` and `networkctl cat`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use keelson_output::print;
use serde_json::{Value, json};

use super::Json;
use super::table::{Seen, View, coloured, colours, print_json};
use crate::sysfs;
use crate::text::Pairs;

/// The column the colons stand in.
const LABEL: usize = 30;

/// `networkctl status`.
pub fn status(root: &Path, patterns: &[&str], json: Json, all: bool) -> Result<(), String> {
    let view = View::take(root)?;
    let whole = patterns.is_empty() && !all;
    let chosen = view.chosen(patterns)?;
    if json != Json::Off {
        let links: Vec<Value> = chosen.iter().map(|seen| view.json(seen)).collect();
        let pairs = Pairs::read(&view.state);
        let value = match links.as_slice() {
            [one] if !patterns.is_empty() => one.clone(),
            _ => json!({
                "OperationalState": pairs.get("OPER_STATE"),
                "OnlineState": pairs.get("ONLINE_STATE"),
                "Interfaces": links,
            }),
        };
        print_json(&value, json);
        return Ok(());
    }
    if whole {
        print(&overall(&view, colours()));
        return Ok(());
    }
    let texts: Vec<String> =
        chosen.iter().map(|seen| of_link(root, &view, seen, colours())).collect();
    print(&texts.join("\n"));
    Ok(())
}

fn dot(word: &str, colours: bool) -> String {
    let mark = coloured(word, 0, colours);
    mark.replace(word, "●")
}

/// Lines of one label.
fn put(out: &mut String, label: &str, values: &[String]) {
    for (at, value) in values.iter().enumerate() {
        let label = if at == 0 { format!("{label}:") } else { String::new() };
        let _ = writeln!(out, "{label:>LABEL$} {value}");
    }
}

/// The state of the whole.
pub fn overall(view: &View, colours: bool) -> String {
    let pairs = Pairs::read(&view.state);
    let state = pairs.get("OPER_STATE").unwrap_or("unknown");
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} {:>width$} {}",
        dot(state, colours),
        "State:",
        coloured(state, 0, colours),
        width = LABEL - 2
    );
    let online = pairs.get("ONLINE_STATE").unwrap_or("unknown");
    put(&mut out, "Online state", &[coloured(online, 0, colours)]);
    let name = |index: u32| {
        view.links
            .iter()
            .find(|seen| seen.link.index == index)
            .map_or("n/a", |seen| seen.link.name.as_str())
    };
    let real = view.addresses.iter().filter(|a| !a.prefix.address.is_loopback());
    let addresses: Vec<String> =
        real.map(|a| format!("{} on {}", a.prefix.address, name(a.index))).collect();
    put(&mut out, "Address", &addresses);
    let defaults =
        view.routes.iter().filter(|route| route.destination.length == 0 && route.kind == 1);
    let gateways: Vec<String> = defaults
        .filter_map(|route| Some(format!("{} on {}", route.gateway?, name(route.index?))))
        .collect();
    put(&mut out, "Gateway", &gateways);
    for (label, key) in [("DNS", "DNS"), ("NTP", "NTP"), ("Search Domains", "DOMAINS")] {
        put(&mut out, label, &pairs.words(key).map(str::to_owned).collect::<Vec<_>>());
    }
    out
}

/// The state of one link.
pub fn of_link(root: &Path, view: &View, seen: &Seen, colours: bool) -> String {
    let link = &seen.link;
    let mut out = format!("{} {}: {}\n", dot(seen.oper(), colours), link.index, link.name);
    let pairs = Pairs::read(&seen.state);
    let one = |text: Option<&str>| text.map(|text| vec![text.to_owned()]).unwrap_or_default();
    put(&mut out, "Network File", &one(Some(pairs.get("NETWORK_FILE").unwrap_or("n/a"))));
    let drop_ins = pairs.get("NETWORK_FILE_DROPINS").unwrap_or_default();
    put(
        &mut out,
        "Drop-Ins",
        &drop_ins.split(':').filter(|p| !p.is_empty()).map(str::to_owned).collect::<Vec<_>>(),
    );
    let (oper, setup) = (coloured(seen.oper(), 0, colours), coloured(seen.setup(), 0, colours));
    put(&mut out, "State", &[format!("{oper} ({setup})")]);
    put(&mut out, "Problem", &one(pairs.get("PROBLEM")));
    put(&mut out, "Online state", &one(Some(pairs.get("ONLINE_STATE").unwrap_or("unknown"))));
    put(&mut out, "Type", std::slice::from_ref(&seen.device_type));
    put(&mut out, "Kind", &one(link.kind.as_deref()));
    let path = sysfs::path(root, &link.name);
    put(&mut out, "Path", &one(Some(path.as_str()).filter(|path| !path.is_empty())));
    let driver = sysfs::driver(root, link);
    put(&mut out, "Driver", &one(Some(driver.as_str()).filter(|driver| !driver.is_empty())));
    put(&mut out, "Alternative Names", &link.alternative_names);
    put(
        &mut out,
        "Hardware Address",
        &link.mac.map(|mac| mac.to_string()).into_iter().collect::<Vec<_>>(),
    );
    put(&mut out, "MTU", &link.mtu.map(|mtu| mtu.to_string()).into_iter().collect::<Vec<_>>());
    let lease = format!(" (DHCPv4 via {})", pairs.get("DHCP4_SERVER").unwrap_or_default());
    let leased = pairs.get("DHCP4_ADDRESS");
    let own = view.addresses.iter().filter(|address| address.index == link.index);
    let addresses: Vec<String> = own
        .map(|address| {
            let from_lease = leased == Some(address.prefix.to_string().as_str());
            format!("{}{}", address.prefix.address, if from_lease { lease.as_str() } else { "" })
        })
        .collect();
    put(&mut out, "Address", &addresses);
    let gateways: Vec<String> = view
        .routes
        .iter()
        .filter(|route| route.index == Some(link.index) && route.destination.length == 0)
        .filter_map(|route| route.gateway.map(|gateway| gateway.to_string()))
        .collect();
    put(&mut out, "Gateway", &gateways);
    for (label, key) in [
        ("DNS", "DNS"),
        ("NTP", "NTP"),
        ("Search Domains", "DOMAINS"),
        ("Route Domains", "ROUTE_DOMAINS"),
    ] {
        put(&mut out, label, &pairs.words(key).map(str::to_owned).collect::<Vec<_>>());
    }
    put(&mut out, "Activation Policy", &one(pairs.get("ACTIVATION_POLICY")));
    put(&mut out, "Required For Online", &one(pairs.get("REQUIRED_FOR_ONLINE")));
    if let Some((received, sent)) = link.traffic {
        put(&mut out, "Octets received, sent", &[format!("{received}, {sent}")]);
    }
    out
}

/// `networkctl cat`: files by name, or those of a link by `@NAME`.
pub fn cat(root: &Path, names: &[&str]) -> Result<(), String> {
    let view = View::take(root)?;
    for name in names {
        let paths: Vec<String> = match name.strip_prefix('@') {
            Some(link) => {
                let seen = view.links.iter().find(|seen| seen.link.name == link);
                let seen = seen.ok_or_else(|| format!("no link is called {link}"))?;
                let drop_ins = seen.get("NETWORK_FILE_DROPINS").unwrap_or_default().split(':');
                seen.get("NETWORK_FILE").into_iter().chain(drop_ins).map(str::to_owned).collect()
            }
            None => ["/etc", "/run", "/usr/local/lib", "/usr/lib"]
                .iter()
                .map(|folder| format!("{folder}/systemd/network/{name}"))
                .filter(|path| root.join(&path[1..]).exists())
                .take(1)
                .collect(),
        };
        if paths.is_empty() {
            return Err(format!("no file is called {name}"));
        }
        for path in paths.iter().filter(|path| !path.is_empty()) {
            let text = fs::read_to_string(root.join(&path[1..]))
                .map_err(|error| format!("{path}: {error}"))?;
            print(&format!("# {path}\n{text}\n"));
        }
    }
    Ok(())
}
