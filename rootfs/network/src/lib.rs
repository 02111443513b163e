//! Configures the network from `.network`, `.netdev` and `.link` files and the kernel's `ip=`: the network service,
//! `networkctl` and `wait-online`.
//!
//! State machines (`dhcp4::client`, `dhcp6::client`, `link_local4::client`, `router`) and decisions (`service::desired`)
//! are pure; parsers of what comes from the network or the kernel (`dhcp4::packet`, `dhcp6::packet`, `link_local4::arp`,
//! `router`, `names`, `netlink`) never fail hard. There is no resolver of its own: `/etc/resolv.conf` names the servers,
//! and the C library asks them.

pub mod address;
mod clock;
pub mod config;
pub mod dhcp4;
pub mod dhcp6;
pub mod identity;
pub mod kernel_command_line;
pub mod link_local4;
mod log;
pub mod names;
pub mod netlink;
pub mod networkctl;
mod notify;
pub mod predictable;
pub mod random;
mod raw;
pub mod resolv;
pub mod router;
pub mod service;
mod solicit;
pub mod state;
pub mod sysfs;
pub mod text;
pub mod wait_online;
