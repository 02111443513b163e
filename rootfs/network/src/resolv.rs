//! `/run/systemd/resolve/resolv.conf`, which `/etc/resolv.conf` links to (resolv.conf(5)).

use std::fmt::Write;

/// The C library asks no more than three servers.
const MOST_SERVERS: usize = 3;

/// The text of the file.
pub fn text(servers: &[String], search: &[String]) -> String {
    let mut text = String::from(
        "# Written by systemd-networkd.service; do not edit.\n\
         # Name servers come from .network files, DHCP and router advertisements, see `networkctl status`.\n",
    );
    if servers.is_empty() {
        text.push_str("# No name server is known.\n");
    }
    for (at, server) in servers.iter().enumerate() {
        if at == MOST_SERVERS {
            text.push_str("# The C library passes over the servers from here on.\n");
        }
        let _ = writeln!(text, "nameserver {server}");
    }
    if !search.is_empty() {
        let _ = writeln!(text, "search {}", search.join(" "));
    }
    text.push_str("options edns0\n");
    text
}
