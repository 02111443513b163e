//! Setters of `[Socket]` (systemd.socket(5)).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::command::commands;
use super::value::{Mistake, Outcome, Table, Value, absolute, append, not_a, optional, put};
use crate::model::{Listen, Socket, SocketAddress, UnitKind};

/// Names of `IPTOS=`.
const TOS: &[(&str, i32)] =
    &[("low-delay", 0x10), ("throughput", 0x08), ("reliability", 0x04), ("low-cost", 0x02)];

/// IPPROTO numbers of `SocketProtocol=`.
const PROTOCOLS: &[(&str, i32)] = &[("udplite", 136), ("sctp", 132), ("mptcp", 262)];

/// Whether time stamps have nanoseconds.
const TIMESTAMPING: &[(&str, Option<bool>)] = &[
    ("off", None),
    ("us", Some(false)),
    ("usec", Some(false)),
    ("µs", Some(false)),
    ("ns", Some(true)),
    ("nsec", Some(true)),
];

pub(crate) const SOCKET: Table<Socket> = &[
    ("ListenStream", |s, v| listen(s, v, |v| Ok(Listen::Stream(address(v)?)))),
    ("ListenDatagram", |s, v| listen(s, v, |v| Ok(Listen::Datagram(address(v)?)))),
    ("ListenSequentialPacket", |s, v| listen(s, v, |v| Ok(Listen::SequentialPacket(address(v)?)))),
    ("ListenFIFO", |s, v| listen(s, v, |v| Ok(Listen::Fifo(v.path()?)))),
    ("ListenSpecial", |s, v| listen(s, v, |v| Ok(Listen::Special(v.path()?)))),
    ("ListenNetlink", |s, v| listen(s, v, netlink)),
    ("ListenMessageQueue", |s, v| listen(s, v, |v| Ok(Listen::MessageQueue(v.text()?)))),
    ("Accept", |s, v| put(&mut s.accept, v.boolean())),
    ("Service", |s, v| {
        optional(&mut s.service, v, |v| {
            let name = v.name()?;
            let service = name.kind() == UnitKind::Service;
            if service { Ok(name) } else { Err(not_a(v.raw, "the name of a service")) }
        })
    }),
    ("FileDescriptorName", |s, v| optional(&mut s.descriptor_name, v, descriptor_name)),
    ("BindIPv6Only", |s, v| {
        let table = [("default", None), ("both", Some(false)), ("ipv6-only", Some(true))];
        put(&mut s.ipv6_only, v.choice(&table, "default, both or ipv6-only"))
    }),
    ("Backlog", |s, v| optional(&mut s.backlog, v, Value::number)),
    ("BindToDevice", |s, v| optional(&mut s.bind_to_device, v, Value::text)),
    ("SocketUser", |s, v| optional(&mut s.user, v, Value::text)),
    ("SocketGroup", |s, v| optional(&mut s.group, v, Value::text)),
    ("SocketMode", |s, v| optional(&mut s.mode, v, Value::mode)),
    ("DirectoryMode", |s, v| optional(&mut s.directory_mode, v, Value::mode)),
    ("Writable", |s, v| put(&mut s.writable, v.boolean())),
    ("FlushPending", |s, v| put(&mut s.flush_pending, v.boolean())),
    ("MaxConnections", |s, v| optional(&mut s.max_connections, v, Value::number)),
    ("MaxConnectionsPerSource", |s, v| {
        optional(&mut s.max_connections_per_source, v, Value::number)
    }),
    ("KeepAlive", |s, v| put(&mut s.keep_alive, v.boolean())),
    ("KeepAliveTimeSec", |s, v| optional(&mut s.keep_alive_time, v, Value::finite_span)),
    ("KeepAliveIntervalSec", |s, v| optional(&mut s.keep_alive_interval, v, Value::finite_span)),
    ("KeepAliveProbes", |s, v| optional(&mut s.keep_alive_probes, v, Value::number)),
    ("NoDelay", |s, v| put(&mut s.no_delay, v.boolean())),
    ("Priority", |s, v| optional(&mut s.priority, v, Value::number)),
    ("DeferAcceptSec", |s, v| optional(&mut s.defer_accept, v, Value::finite_span)),
    ("ReceiveBuffer", |s, v| optional(&mut s.receive_buffer, v, Value::size)),
    ("SendBuffer", |s, v| optional(&mut s.send_buffer, v, Value::size)),
    ("IPTOS", |s, v| {
        optional(&mut s.ip_tos, v, |v| v.number().or_else(|_| v.choice(TOS, "a type of service")))
    }),
    ("IPTTL", |s, v| optional(&mut s.ip_ttl, v, |v| v.between(1, 255).map(small))),
    ("Mark", |s, v| optional(&mut s.mark, v, Value::number)),
    ("ReusePort", |s, v| put(&mut s.reuse_port, v.boolean())),
    ("PipeSize", |s, v| optional(&mut s.pipe_size, v, Value::size)),
    ("MessageQueueMaxMessages", |s, v| optional(&mut s.queue_messages, v, Value::number)),
    ("MessageQueueMessageSize", |s, v| optional(&mut s.queue_message_size, v, Value::number)),
    ("FreeBind", |s, v| put(&mut s.free_bind, v.boolean())),
    ("Transparent", |s, v| put(&mut s.transparent, v.boolean())),
    ("Broadcast", |s, v| put(&mut s.broadcast, v.boolean())),
    ("PassCredentials", |s, v| put(&mut s.pass_credentials, v.boolean())),
    ("PassSecurity", |s, v| put(&mut s.pass_security, v.boolean())),
    ("PassPacketInfo", |s, v| put(&mut s.pass_packet_info, v.boolean())),
    ("TCPCongestion", |s, v| optional(&mut s.tcp_congestion, v, Value::text)),
    ("RemoveOnStop", |s, v| put(&mut s.remove_on_stop, v.boolean())),
    ("Symlinks", |s, v| {
        append(&mut s.symlinks, v, |v| v.words()?.iter().map(|word| absolute(word)).collect())
    }),
    ("TriggerLimitIntervalSec", |s, v| {
        optional(&mut s.trigger_limit_interval, v, Value::finite_span)
    }),
    ("TriggerLimitBurst", |s, v| optional(&mut s.trigger_limit_burst, v, Value::number)),
    ("PollLimitIntervalSec", |s, v| optional(&mut s.poll_limit_interval, v, Value::finite_span)),
    ("PollLimitBurst", |s, v| optional(&mut s.poll_limit_burst, v, Value::number)),
    ("SocketProtocol", |s, v| {
        optional(&mut s.protocol, v, |v| v.choice(PROTOCOLS, "udplite, sctp or mptcp"))
    }),
    ("Timestamping", |s, v| {
        put(&mut s.timestamping, v.choice(TIMESTAMPING, "off, microseconds or nanoseconds"))
    }),
    ("PassFileDescriptorsToExec", |s, v| put(&mut s.pass_to_exec, v.boolean())),
    ("TimeoutSec", |s, v| {
        s.timeout = Some(v.timeout()?.unwrap_or(std::time::Duration::MAX));
        Ok(())
    }),
    ("ExecStartPre", |s, v| commands(&mut s.start_pre, v)),
    ("ExecStartPost", |s, v| commands(&mut s.start_post, v)),
    ("ExecStopPre", |s, v| commands(&mut s.stop_pre, v)),
    ("ExecStopPost", |s, v| commands(&mut s.stop_post, v)),
];

fn small(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn listen(
    socket: &mut Socket,
    value: &Value<'_>,
    read: impl FnOnce(&Value<'_>) -> Result<Listen, Mistake>,
) -> Outcome {
    append(&mut socket.listen, value, |value| Ok(vec![read(value)?]))
}

fn address(value: &Value<'_>) -> Result<SocketAddress, Mistake> {
    let text = value.text()?;
    parse_address(&text).ok_or_else(|| not_a(&text, "a path, `@name`, port, address:port or vsock"))
}

/// `/path`, `@abstract`, `80`, `1.2.3.4:80`, `[::1]:80`, `vsock:CID:PORT`. A scope (`%eth0`) is not known here.
pub fn parse_address(text: &str) -> Option<SocketAddress> {
    if text.starts_with('/') {
        return absolute(text).ok().map(SocketAddress::Unix);
    }
    if let Some(name) = text.strip_prefix('@') {
        return (!name.is_empty()).then(|| SocketAddress::Abstract(name.to_owned()));
    }
    let vsock = ["vsock:", "vsock-stream:", "vsock-dgram:", "vsock-seqpacket:"];
    if let Some(rest) = vsock.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        let (cid, port) = rest.split_once(':')?;
        let cid = if cid.is_empty() { u32::MAX } else { cid.parse().ok()? };
        return Some(SocketAddress::Vsock(cid, port.parse().ok()?));
    }
    if let Ok(port) = text.parse::<u16>() {
        let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        return (port != 0).then(|| SocketAddress::Ip(SocketAddr::new(any, port)));
    }
    text.parse::<SocketAddr>().ok().filter(|ip| ip.port() != 0).map(SocketAddress::Ip)
}

/// `kobject-uevent 1`
fn netlink(value: &Value<'_>) -> Result<Listen, Mistake> {
    let words = value.words()?;
    let wrong = || not_a(value.raw, "a netlink family and, if any, a multicast group");
    match &words[..] {
        [family] => Ok(Listen::Netlink(family.clone(), 0)),
        [family, group] => Ok(Listen::Netlink(family.clone(), group.parse().map_err(|_| wrong())?)),
        _ => Err(wrong()),
    }
}

fn descriptor_name(value: &Value<'_>) -> Result<String, Mistake> {
    let text = value.text()?;
    let fits = text.len() <= 255 && text.chars().all(|c| !c.is_control() && c != ':');
    if fits { Ok(text) } else { Err(not_a(&text, "a name of at most 255 characters without `:`")) }
}
