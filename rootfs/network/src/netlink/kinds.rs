//! Requests that make links: each kind with its settings (`IFLA_INFO_DATA`).

use super::attribute::Writer;
use super::message::{ACK, CREATE, EXCLUSIVE};
use super::request::{Request, link_head};
use crate::config::netdev::{Bond, Bridge, Device, Netdev, Vlan, Vxlan};

/// The request that makes a link; on top of the link `below` where it stands on one.
pub fn create(netdev: &Netdev, below: Option<u32>) -> Request {
    let mut out = Writer(link_head(0, (0, 0)));
    out.text(3, &netdev.name);
    if let Some(mac) = netdev.mac {
        out.bytes(1, &mac.0);
    }
    if let Some(mtu) = netdev.mtu {
        out.u32(4, mtu);
    }
    let is_vxlan = matches!(netdev.device, Device::Vxlan(_));
    if let Some(below) = below.filter(|_| !is_vxlan) {
        out.u32(5, below);
    }
    out.nest(18, |info| {
        info.text(1, kind(&netdev.device));
        info.nest(2, |data| {
            settings(data, &netdev.device);
            if let Some(below) = below.filter(|_| is_vxlan) {
                data.u32(3, below);
            }
        });
    });
    Request { kind: 16, flags: ACK | CREATE | EXCLUSIVE, payload: out.0 }
}

/// The request that gives an existing bridge its settings again.
pub fn update(netdev: &Netdev, index: u32) -> Option<Request> {
    if !matches!(netdev.device, Device::Bridge(_)) {
        return None;
    }
    let mut out = Writer(link_head(index, (0, 0)));
    out.nest(18, |info| {
        info.text(1, kind(&netdev.device));
        info.nest(2, |data| settings(data, &netdev.device));
    });
    Some(Request { kind: 16, flags: ACK, payload: out.0 })
}

fn kind(device: &Device) -> &'static str {
    match device {
        Device::Plain(kind) => kind,
        Device::Vlan(_) => "vlan",
        Device::Bond(_) => "bond",
        Device::Bridge(_) => "bridge",
        Device::Veth(..) => "veth",
        Device::Macvlan(_) => "macvlan",
        Device::Vxlan(_) => "vxlan",
        Device::Vrf(_) => "vrf",
    }
}

fn settings(out: &mut Writer, device: &Device) {
    match device {
        Device::Plain(_) => {}
        Device::Vlan(vlan) => vlan_settings(out, vlan),
        Device::Bond(bond) => bond_settings(out, bond),
        Device::Bridge(bridge) => bridge_settings(out, bridge),
        Device::Veth(name, mac) => {
            out.nest(1, |peer| {
                peer.0.extend(link_head(0, (0, 0)));
                if let Some(name) = name {
                    peer.text(3, name);
                }
                if let Some(mac) = mac {
                    peer.bytes(1, &mac.0);
                }
            });
        }
        Device::Macvlan(mode) => {
            out.u32(1, *mode);
        }
        Device::Vxlan(vxlan) => vxlan_settings(out, vxlan),
        Device::Vrf(table) => {
            out.u32(1, *table);
        }
    }
}

fn vlan_settings(out: &mut Writer, vlan: &Vlan) {
    out.u16(1, vlan.id.unwrap_or(0));
    if vlan.flags.1 != 0 {
        out.bytes(2, &[vlan.flags.0.to_ne_bytes(), vlan.flags.1.to_ne_bytes()].concat());
    }
    if vlan.stacked {
        out.bytes(5, &0x88a8_u16.to_be_bytes());
    }
}

fn bond_settings(out: &mut Writer, bond: &Bond) {
    let small = [
        (1, bond.mode),
        (13, bond.fail_over_mac),
        (12, bond.primary_reselect),
        (14, bond.hash_policy),
        (16, bond.gratuitous_arp),
        (17, bond.all_ports_active),
        (21, bond.lacp_fast),
        (22, bond.ad_select),
    ];
    for (kind, value) in small {
        if let Some(value) = value {
            out.u8(kind, value);
        }
    }
    let large = [
        (3, bond.mii_monitor),
        (4, bond.up_delay),
        (5, bond.down_delay),
        (7, bond.arp_interval),
        (15, bond.resend_igmp),
        (18, bond.min_links),
    ];
    for (kind, value) in large {
        if let Some(value) = value {
            out.u32(kind, value);
        }
    }
    let targets: Vec<_> = bond.arp_targets.iter().filter(|target| target.is_ipv4()).collect();
    if !targets.is_empty() {
        out.nest(8, |list| {
            for (at, target) in (0..).zip(targets) {
                list.ip(at, *target);
            }
        });
    }
}

fn bridge_settings(out: &mut Writer, bridge: &Bridge) {
    let times = [
        (1, bridge.forward_delay),
        (2, bridge.hello_time),
        (3, bridge.max_age),
        (4, bridge.ageing_time),
    ];
    for (kind, time) in times {
        if let Some(time) = time {
            // Hundredths of a second, whatever the kernel's own tick.
            out.u32(kind, u32::try_from(time.as_millis() / 10).unwrap_or(u32::MAX));
        }
    }
    if let Some(stp) = bridge.stp {
        out.u32(5, stp.into());
    }
    for (kind, value) in
        [(6, bridge.priority), (9, bridge.group_forward_mask), (39, bridge.default_vlan)]
    {
        if let Some(value) = value {
            out.u16(kind, value);
        }
    }
    for (kind, value) in [
        (7, bridge.vlan_filtering),
        (23, bridge.multicast_snooping),
        (25, bridge.multicast_querier),
    ] {
        if let Some(value) = value {
            out.u8(kind, value.into());
        }
    }
}

fn vxlan_settings(out: &mut Writer, vxlan: &Vxlan) {
    out.u32(1, vxlan.id.unwrap_or(0));
    if let Some(remote) = vxlan.remote {
        out.ip(if remote.is_ipv4() { 2 } else { 16 }, remote);
    }
    if let Some(local) = vxlan.local {
        out.ip(if local.is_ipv4() { 4 } else { 17 }, local);
    }
    if let Some(ttl) = vxlan.ttl {
        out.u8(5, ttl);
    }
    if let Some(learning) = vxlan.learning {
        out.u8(7, learning.into());
    }
    // The port of RFC 7348; the kernel's own default is older than that.
    out.bytes(15, &vxlan.port.unwrap_or(4789).to_be_bytes());
}
