//! `hostnamectl` (hostnamectl(1), hostname(5), machine-info(5)): the host's names and what it is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use keelson_units::facts::{Facts, assignments};
use lexopt::prelude::*;
use serde_json::{Map, Value as Json};

use crate::{detect, files, screen};

const HELP: &str = "\
hostnamectl [OPTIONS...] COMMAND ...

Query or change the names of this system.

  status                 show them (the default)
  hostname [NAME]        get or set the host name
  icon-name [NAME]       get or set the name of an icon
  chassis [NAME]         get or set what the machine is: server, vm, desktop, ...
  deployment [NAME]      get or set the environment: production, staging, ...
  location [NAME]        get or set where it is

     --static  --transient  --pretty    only this host name
     --json=short|pretty|off  --no-ask-password  -h --help  --version
";

#[derive(Debug, Default)]
struct Options {
    only_static: bool,
    only_transient: bool,
    only_pretty: bool,
    json: Option<bool>,
    words: Vec<String>,
}

/// Runs it.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let outcome = parse(arguments)
        .and_then(|options| options.map_or(Ok(()), |options| work(&options, Path::new("/"))));
    screen::end(outcome)
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Long("static") => options.only_static = true,
            Long("transient") => options.only_transient = true,
            Long("pretty") => options.only_pretty = true,
            Long("json") => {
                let mode = parser.value()?;
                options.json = (mode != "off").then_some(mode == "pretty");
            }
            Short('j') => options.json = Some(false),
            Long("no-ask-password") => {}
            Value(word) => options.words.push(word.to_string_lossy().into_owned()),
            other => return screen::help_or_version(other, HELP).map(|()| None),
        }
    }
    Ok(Some(options))
}

fn work(options: &Options, root: &Path) -> Result<()> {
    let words: Vec<&str> = options.words.iter().map(String::as_str).collect();
    match words[..] {
        [] | ["status"] => {
            screen::print(&status(&host(root), options));
            Ok(())
        }
        ["hostname" | "set-hostname"] => {
            screen::print(&format!("{}\n", name(options, root)));
            Ok(())
        }
        ["hostname" | "set-hostname", name] => set_hostname(name, options, root),
        ["icon-name" | "chassis" | "deployment" | "location"] => {
            let infos = machine_info(root);
            let value = infos.get(key(words[0])).map_or("", String::as_str);
            screen::print(&format!("{value}\n"));
            Ok(())
        }
        [what @ ("icon-name" | "chassis" | "deployment" | "location"), value] => {
            set_info(root, key(what), value)
        }
        [what @ ("set-icon-name" | "set-chassis" | "set-deployment" | "set-location"), value] => {
            set_info(root, key(what.trim_start_matches("set-")), value)
        }
        [verb, ..] => bail!("Unknown command verb '{verb}'."),
    }
}

fn key(verb: &str) -> &'static str {
    match verb {
        "icon-name" => "ICON_NAME",
        "chassis" => "CHASSIS",
        "deployment" => "DEPLOYMENT",
        _ => "LOCATION",
    }
}

fn machine_info(root: &Path) -> BTreeMap<String, String> {
    assignments(&fs::read_to_string(root.join("etc/machine-info")).unwrap_or_default())
}

fn static_name(root: &Path) -> String {
    let text = fs::read_to_string(root.join("etc/hostname")).unwrap_or_default();
    let name = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    name.unwrap_or_default().to_owned()
}

fn transient_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn name(options: &Options, root: &Path) -> String {
    if options.only_pretty {
        return machine_info(root).remove("PRETTY_HOSTNAME").unwrap_or_default();
    }
    let fixed = static_name(root);
    if options.only_transient || fixed.is_empty() && !options.only_static {
        transient_name()
    } else {
        fixed
    }
}

/// Whether a name is one that the kernel and the network take: labels of letters, digits and dashes.
fn is_valid(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    name.len() <= 64 && name.split('.').all(label)
}

fn set_hostname(name: &str, options: &Options, root: &Path) -> Result<()> {
    let all = !(options.only_static || options.only_transient || options.only_pretty);
    // A name with blanks and the like is a pretty one, and the others are what is left of it.
    let plain: String = if is_valid(name) || name.is_empty() {
        name.to_owned()
    } else if all {
        let dashed: String =
            name.to_lowercase().chars().map(|c| if c == ' ' { '-' } else { c }).collect();
        dashed.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect()
    } else {
        name.to_owned()
    };
    if options.only_pretty || all && plain != name {
        set_info(root, "PRETTY_HOSTNAME", name)?;
    }
    if options.only_pretty {
        return Ok(());
    }
    if !plain.is_empty() && !is_valid(&plain) {
        bail!("Could not set static hostname: Invalid static hostname '{plain}'");
    }
    if all || options.only_static {
        let path = root.join("etc/hostname");
        let outcome = if plain.is_empty() {
            files::remove(&path)
        } else {
            files::replace(&path, &format!("{plain}\n"))
        };
        outcome.with_context(|| {
            format!("Could not set static hostname: writing {}", path.display())
        })?;
    }
    if all || options.only_transient {
        let name = if plain.is_empty() { "localhost" } else { &plain };
        rustix::system::sethostname(name.as_bytes()).context("Could not set transient hostname")?;
    }
    Ok(())
}

/// Sets one line of `/etc/machine-info`; an empty value takes it out.
fn set_info(root: &Path, key: &str, value: &str) -> Result<()> {
    if value.chars().any(char::is_control) {
        bail!("'{}' has control characters in it", value.escape_debug());
    }
    let path: PathBuf = root.join("etc/machine-info");
    let mut info = machine_info(root);
    info.remove(key);
    if !value.is_empty() {
        info.insert(key.to_owned(), value.to_owned());
    }
    let quoted = |value: &str| {
        value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`")
    };
    let text: String =
        info.iter().map(|(key, value)| format!("{key}=\"{}\"\n", quoted(value))).collect();
    let outcome = if text.is_empty() { files::remove(&path) } else { files::replace(&path, &text) };
    outcome.with_context(|| format!("writing {}", path.display()))
}

/// What `status` prints: label, key of JSON, value.
fn host(root: &Path) -> Vec<(&'static str, &'static str, String)> {
    let info = machine_info(root);
    let facts = Facts::read(root);
    let of = |key: &str| info.get(key).cloned().unwrap_or_default();
    let dmi = |name: &str| {
        let text = fs::read_to_string(root.join("sys/class/dmi/id").join(name)).unwrap_or_default();
        text.trim().to_owned()
    };
    let (fixed, transient) = (static_name(root), transient_name());
    let virtualization =
        detect::container(root).or_else(|| detect::virtual_machine(root)).unwrap_or("");
    let chassis = if of("CHASSIS").is_empty() {
        chassis(&dmi("chassis_type"), virtualization)
    } else {
        of("CHASSIS")
    };
    let icon = if of("ICON_NAME").is_empty() {
        if chassis.is_empty() { "computer".to_owned() } else { format!("computer-{chassis}") }
    } else {
        of("ICON_NAME")
    };
    let system = facts.os_release.get("PRETTY_NAME").or_else(|| facts.os_release.get("NAME"));
    vec![
        (
            "Static hostname",
            "StaticHostname",
            if fixed.is_empty() { "(unset)".to_owned() } else { fixed.clone() },
        ),
        ("Pretty hostname", "PrettyHostname", of("PRETTY_HOSTNAME")),
        (
            "Transient hostname",
            "Hostname",
            if transient == fixed { String::new() } else { transient },
        ),
        ("Icon name", "IconName", icon),
        ("Chassis", "Chassis", chassis),
        ("Deployment", "Deployment", of("DEPLOYMENT")),
        ("Location", "Location", of("LOCATION")),
        ("Machine ID", "MachineID", facts.machine_id),
        ("Boot ID", "BootID", facts.boot_id),
        ("Virtualization", "Virtualization", virtualization.to_owned()),
        ("Operating System", "OperatingSystemPrettyName", system.cloned().unwrap_or_default()),
        (
            "CPE OS Name",
            "OperatingSystemCPEName",
            facts.os_release.get("CPE_NAME").cloned().unwrap_or_default(),
        ),
        ("Kernel", "KernelRelease", format!("Linux {}", facts.kernel_release)),
        ("Architecture", "Architecture", facts.architecture),
        ("Hardware Vendor", "HardwareVendor", dmi("sys_vendor")),
        ("Hardware Model", "HardwareModel", dmi("product_name")),
        ("Hardware Serial", "HardwareSerial", dmi("product_serial")),
        ("Firmware Version", "FirmwareVersion", dmi("bios_version")),
        ("Firmware Date", "FirmwareDate", dmi("bios_date")),
    ]
}

/// What the machine is, by the number of its case (SMBIOS, table 17).
fn chassis(kind: &str, virtualization: &str) -> String {
    let word = match kind {
        _ if !virtualization.is_empty() => "vm",
        "3" | "4" | "5" | "6" | "7" | "13" | "15" | "16" | "24" => "desktop",
        "8" | "9" | "10" | "14" => "laptop",
        "11" => "handset",
        "17" | "23" | "25" | "28" | "29" => "server",
        "30" => "tablet",
        "31" | "32" => "convertible",
        "33" | "34" | "35" | "36" => "embedded",
        _ => "",
    };
    word.to_owned()
}

fn status(host: &[(&str, &str, String)], options: &Options) -> String {
    let given = host.iter().filter(|(_, _, value)| !value.is_empty());
    if let Some(pretty) = options.json {
        let fields: Map<String, Json> =
            given.map(|(_, key, value)| ((*key).to_owned(), Json::from(value.as_str()))).collect();
        let text = if pretty {
            serde_json::to_string_pretty(&fields)
        } else {
            serde_json::to_string(&fields)
        };
        return text.expect("values have text keys") + "\n";
    }
    let width = given.clone().map(|(label, ..)| label.len()).max().unwrap_or(0);
    given.map(|(label, _, value)| format!("{label:>width$}: {value}\n")).collect()
}

#[cfg(test)]
mod tests;
