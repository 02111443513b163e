//! The settings of a link that have no netlink attribute: files below `/proc/sys/net`.

use std::path::PathBuf;
use std::{fs, io};

use crate::config::network::Network;

/// What to write, as path below `/proc/sys/net` and value.
pub fn wishes(network: &Network, link: &str) -> Vec<(String, String)> {
    let mut wishes = Vec::new();
    // A slash in a name cannot be; a dot would be one in sysctl(8), here names are folders.
    let mut put = |family: &str, key: &str, value: String| {
        wishes.push((format!("{family}/conf/{link}/{key}"), value));
    };
    let flag = |on: bool| u8::from(on).to_string();
    if network.wants_ipv6() {
        put("ipv6", "disable_ipv6", flag(false));
    }
    // With 1 the kernel stops listening to routers as soon as anything turns forwarding on, such as a container's network.
    let accept = if network.accepts_ra() { "2" } else { "0" };
    put("ipv6", "accept_ra", accept.to_owned());
    if network.accepts_ra() {
        put("ipv6", "accept_ra_defrtr", flag(network.ra.uses.takes_gateway()));
        put("ipv6", "accept_ra_mtu", flag(network.ra.uses.mtu));
        put("ipv6", "autoconf", flag(network.ra.use_autonomous));
        put("ipv6", "ra_defrtr_metric", network.ra.uses.metric.max(1).to_string());
    }
    if let Some(privacy) = network.privacy {
        put("ipv6", "use_tempaddr", privacy.to_string());
    }
    if let Some(forward) = network.forwarding4 {
        put("ipv4", "forwarding", flag(forward));
    }
    if let Some(forward) = network.forwarding6 {
        put("ipv6", "forwarding", flag(forward));
    }
    wishes
}

/// Writes one setting; where the file says so already nothing is written, which a read-only `/proc/sys` then allows.
pub fn write(path: &str, value: &str) -> io::Result<()> {
    let path = PathBuf::from("/proc/sys/net").join(path);
    if fs::read_to_string(&path)?.trim() == value {
        return Ok(());
    }
    fs::write(path, value)
}

#[cfg(test)]
mod tests;
