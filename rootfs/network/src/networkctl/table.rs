//! `networkctl list`, and what both it and `status` know of a link.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;

use keelson_output::print;
use keelson_units::glob;
use serde_json::{Value, json};

use super::Json;
use crate::netlink::object::{Address, Link, Route};
use crate::netlink::socket::Kernel;
use crate::sysfs;
use crate::text::Pairs;

/// The kernel's and the service's view of everything.
pub struct View {
    /// The links, by index.
    pub links: Vec<Seen>,
    /// Every address.
    pub addresses: Vec<Address>,
    /// Every route.
    pub routes: Vec<Route>,
    /// The text of the state of the whole.
    pub state: String,
}

/// One link.
pub struct Seen {
    /// The kernel's view.
    pub link: Link,
    /// Its type as the TYPE column has it.
    pub device_type: String,
    /// The text of the service's state file; empty where it has none.
    pub state: String,
}

impl Seen {
    /// A value of the state file.
    pub fn get(&self, key: &str) -> Option<&str> {
        Pairs::read(&self.state).get(key)
    }

    /// What it can do.
    pub fn oper(&self) -> &str {
        self.get("OPER_STATE").unwrap_or(if !self.link.is_up() {
            "off"
        } else if self.link.has_carrier() {
            "carrier"
        } else {
            "no-carrier"
        })
    }

    /// How far the service is with it.
    pub fn setup(&self) -> &str {
        self.get("ADMIN_STATE").unwrap_or("unmanaged")
    }
}

impl View {
    /// Looks.
    pub fn take(root: &Path) -> Result<Self, String> {
        let mut kernel = Kernel::open().map_err(|error| error.to_string())?;
        let links = kernel.links().map_err(|error| error.to_string())?;
        let state = |path: &str| {
            fs::read_to_string(root.join("run/systemd/netif").join(path)).unwrap_or_default()
        };
        let mut links: Vec<Seen> = links
            .into_iter()
            .map(|link| Seen {
                device_type: sysfs::device_type(root, &link),
                state: state(&format!("links/{}", link.index)),
                link,
            })
            .collect();
        links.sort_by_key(|seen| seen.link.index);
        let addresses = kernel.addresses().map_err(|error| error.to_string())?;
        let routes = kernel.routes().map_err(|error| error.to_string())?;
        Ok(Self { links, addresses, routes, state: state("state") })
    }

    /// The links that fit one of the patterns; a pattern that fits none is an error.
    pub fn chosen(&self, patterns: &[&str]) -> Result<Vec<&Seen>, String> {
        let fits = |seen: &Seen, wanted: &str| {
            let names = std::iter::once(&seen.link.name).chain(&seen.link.alternative_names);
            names.into_iter().any(|name| glob::matches(wanted, name))
                || wanted.parse() == Ok(seen.link.index)
        };
        if let Some(lost) =
            patterns.iter().find(|wanted| !self.links.iter().any(|seen| fits(seen, wanted)))
        {
            return Err(format!("no link is called {lost}"));
        }
        let chosen =
            |seen: &&Seen| patterns.is_empty() || patterns.iter().any(|wanted| fits(seen, wanted));
        Ok(self.links.iter().filter(chosen).collect())
    }

    /// A link as JSON.
    pub fn json(&self, seen: &Seen) -> Value {
        let link = &seen.link;
        let addresses: Vec<Value> = self
            .addresses
            .iter()
            .filter(|address| address.index == link.index)
            .map(|a| json!({ "Address": a.prefix.address.to_string(), "PrefixLength": a.prefix.length }))
            .collect();
        let words = |key| -> Vec<String> {
            Pairs::read(&seen.state).words(key).map(str::to_owned).collect()
        };
        json!({
            "Index": link.index,
            "Name": link.name,
            "AlternativeNames": link.alternative_names,
            "Type": seen.device_type,
            "Kind": link.kind,
            "HardwareAddress": link.mac.map(|mac| mac.to_string()),
            "MTU": link.mtu,
            "AdministrativeState": seen.setup(),
            "OperationalState": seen.oper(),
            "CarrierState": seen.get("CARRIER_STATE"),
            "AddressState": seen.get("ADDRESS_STATE"),
            "IPv4AddressState": seen.get("IPV4_ADDRESS_STATE"),
            "IPv6AddressState": seen.get("IPV6_ADDRESS_STATE"),
            "OnlineState": seen.get("ONLINE_STATE"),
            "NetworkFile": seen.get("NETWORK_FILE"),
            "RequiredForOnline": seen.get("REQUIRED_FOR_ONLINE") == Some("yes"),
            "ActivationPolicy": seen.get("ACTIVATION_POLICY"),
            "Addresses": addresses,
            "DNS": words("DNS"),
            "NTP": words("NTP"),
            "SearchDomains": words("DOMAINS"),
        })
    }
}

/// Writes JSON as asked for.
pub fn print_json(value: &Value, json: Json) {
    print(&if json == Json::Pretty { format!("{value:#}\n") } else { format!("{value}\n") });
}

/// Whether colours are wanted: `$SYSTEMD_COLORS` says it; else on a terminal that has them, without `$NO_COLOR`.
pub fn colours() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match set("SYSTEMD_COLORS").as_deref() {
        Some("0" | "no" | "false" | "off" | "n" | "f") => false,
        Some(_) => true,
        None => {
            let dumb = set("TERM").as_deref() == Some("dumb");
            std::io::stdout().is_terminal() && !dumb && set("NO_COLOR").is_none()
        }
    }
}

/// The colour of a state, as systemd's networkctl has them.
pub fn coloured(word: &str, width: usize, on: bool) -> String {
    let padded = format!("{word:<width$}");
    let code = match word {
        _ if !on => return padded,
        "routable" | "enslaved" | "configured" | "online" => "32;1",
        "degraded" | "partial" | "configuring" | "pending" | "dormant" | "degraded-carrier" => {
            "33;1"
        }
        "failed" | "offline" | "no-carrier" if word != "no-carrier" => "31;1",
        "off" | "unmanaged" | "no-carrier" => "90",
        _ => return padded,
    };
    format!("\x1b[0;{code}m{padded}\x1b[0m")
}

/// `networkctl list`.
pub fn list(root: &Path, patterns: &[&str], json: Json, legend: bool) -> Result<(), String> {
    let view = View::take(root)?;
    let chosen = view.chosen(patterns)?;
    if json != Json::Off {
        let links: Vec<Value> = chosen.iter().map(|seen| view.json(seen)).collect();
        print_json(&json!({ "Interfaces": links }), json);
        return Ok(());
    }
    print(&text(&chosen, legend, colours()));
    Ok(())
}

/// The table.
pub fn text(chosen: &[&Seen], legend: bool, colours: bool) -> String {
    use std::fmt::Write;
    let width = |head: &str, of: &dyn Fn(&Seen) -> usize| {
        chosen.iter().map(|seen| of(seen)).chain([head.len()]).max().unwrap_or(0)
    };
    let index = width("IDX", &|seen| seen.link.index.to_string().len());
    let name = width("LINK", &|seen| seen.link.name.len());
    let kind = width("TYPE", &|seen| seen.device_type.len());
    let oper = width("OPERATIONAL", &|seen| seen.oper().len());
    let mut out = String::new();
    if legend {
        let _ = writeln!(
            out,
            "{:>index$} {:<name$} {:<kind$} {:<oper$} SETUP",
            "IDX", "LINK", "TYPE", "OPERATIONAL"
        );
    }
    for seen in chosen {
        let (link, state) = (&seen.link, coloured(seen.oper(), oper, colours));
        let setup = coloured(seen.setup(), 0, colours);
        let _ = writeln!(
            out,
            "{:>index$} {:<name$} {:<kind$} {state} {setup}",
            link.index, link.name, seen.device_type
        );
    }
    if legend {
        let _ = writeln!(out, "\n{} links listed.", chosen.len());
    }
    out
}
