//! `[Socket]` (systemd.socket(5)).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Command, ExecSettings, KillSettings, ResourceSettings, UnitName};

/// The `[Socket]` section.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct Socket {
    /// `Listen...=`, in the order of the file, which is that of the descriptors.
    pub listen: Vec<Listen>,
    /// `Accept=yes`: one instance of the service for each connection.
    pub accept: bool,
    /// `Service=`; none is the service of the same name.
    pub service: Option<UnitName>,
    /// `FileDescriptorName=`
    pub descriptor_name: Option<String>,
    /// `BindIPv6Only=`: none is the system's default.
    pub ipv6_only: Option<bool>,
    /// `Backlog=`
    pub backlog: Option<u32>,
    /// `BindToDevice=`
    pub bind_to_device: Option<String>,
    /// `SocketUser=`
    pub user: Option<String>,
    /// `SocketGroup=`
    pub group: Option<String>,
    /// `SocketMode=`, none is 0666.
    pub mode: Option<u32>,
    /// `DirectoryMode=`, none is 0755.
    pub directory_mode: Option<u32>,
    /// `Writable=` of `ListenSpecial=`
    pub writable: bool,
    /// `FlushPending=`
    pub flush_pending: bool,
    /// `MaxConnections=`, none is 64.
    pub max_connections: Option<u32>,
    /// `MaxConnectionsPerSource=`
    pub max_connections_per_source: Option<u32>,
    /// `KeepAlive=`
    pub keep_alive: bool,
    /// `KeepAliveTimeSec=`
    pub keep_alive_time: Option<Duration>,
    /// `KeepAliveIntervalSec=`
    pub keep_alive_interval: Option<Duration>,
    /// `KeepAliveProbes=`
    pub keep_alive_probes: Option<u32>,
    /// `NoDelay=`
    pub no_delay: bool,
    /// `Priority=`
    pub priority: Option<i32>,
    /// `DeferAcceptSec=`
    pub defer_accept: Option<Duration>,
    /// `ReceiveBuffer=`, bytes.
    pub receive_buffer: Option<u64>,
    /// `SendBuffer=`, bytes.
    pub send_buffer: Option<u64>,
    /// `IPTOS=`
    pub ip_tos: Option<i32>,
    /// `IPTTL=`
    pub ip_ttl: Option<i32>,
    /// `Mark=`
    pub mark: Option<i32>,
    /// `ReusePort=`
    pub reuse_port: bool,
    /// `PipeSize=`, bytes.
    pub pipe_size: Option<u64>,
    /// `MessageQueueMaxMessages=`
    pub queue_messages: Option<i64>,
    /// `MessageQueueMessageSize=`
    pub queue_message_size: Option<i64>,
    /// `FreeBind=`
    pub free_bind: bool,
    /// `Transparent=`
    pub transparent: bool,
    /// `Broadcast=`
    pub broadcast: bool,
    /// `PassCredentials=`
    pub pass_credentials: bool,
    /// `PassSecurity=`
    pub pass_security: bool,
    /// `PassPacketInfo=`
    pub pass_packet_info: bool,
    /// `TCPCongestion=`
    pub tcp_congestion: Option<String>,
    /// `SocketProtocol=` as an IPPROTO_ number.
    pub protocol: Option<i32>,
    /// `Timestamping=`: in nanoseconds, or in microseconds; none is off.
    pub timestamping: Option<bool>,
    /// `PassFileDescriptorsToExec=`
    pub pass_to_exec: bool,
    /// `PollLimitIntervalSec=`; none is 2 s.
    pub poll_limit_interval: Option<Duration>,
    /// `PollLimitBurst=`; none is 150 with `Accept=`, else 15.
    pub poll_limit_burst: Option<u32>,
    /// `RemoveOnStop=`
    pub remove_on_stop: bool,
    /// `Symlinks=`
    pub symlinks: Vec<PathBuf>,
    /// `TriggerLimitIntervalSec=`; none is 2 s.
    pub trigger_limit_interval: Option<Duration>,
    /// `TriggerLimitBurst=`; none is 200 with `Accept=`, else 20.
    pub trigger_limit_burst: Option<u32>,
    /// `TimeoutSec=`; none is 90 s.
    pub timeout: Option<Duration>,
    /// `ExecStartPre=`
    pub start_pre: Vec<Command>,
    /// `ExecStartPost=`
    pub start_post: Vec<Command>,
    /// `ExecStopPre=`
    pub stop_pre: Vec<Command>,
    /// `ExecStopPost=`
    pub stop_post: Vec<Command>,
    /// systemd.exec(5)
    pub exec: ExecSettings,
    /// systemd.kill(5)
    pub kill: KillSettings,
    /// systemd.resource-control(5)
    pub resources: ResourceSettings,
}

/// One `Listen...=` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `ListenStream=`
    Stream(SocketAddress),
    /// `ListenDatagram=`
    Datagram(SocketAddress),
    /// `ListenSequentialPacket=`
    SequentialPacket(SocketAddress),
    /// `ListenFIFO=`
    Fifo(PathBuf),
    /// `ListenSpecial=`
    Special(PathBuf),
    /// `ListenNetlink=`: family and multicast group.
    Netlink(String, u32),
    /// `ListenMessageQueue=`
    MessageQueue(String),
}

/// Where a socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketAddress {
    /// A path.
    Unix(PathBuf),
    /// An abstract name, without the `@`.
    Abstract(String),
    /// An address and port; a port alone is `[::]` and both families.
    Ip(SocketAddr),
    /// `vsock:CID:PORT`; an empty CID is any.
    Vsock(u32, u32),
}
