//! A DHCPv4 server in a namespace of its own: it answers as it is told and reports what it was asked.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keelson_network::address::{Mac, Prefix};
use keelson_network::dhcp4::frame;
use keelson_network::dhcp4::options::{MessageType, code};
use keelson_network::dhcp4::packet::{Direction, Packet};
use keelson_network::link_local4::arp;
use keelson_network::link_local4::socket::Socket;
use keelson_network::netlink::object::{Address, IFF_UP, Route};
use keelson_network::netlink::request::{self, LinkChange};
use keelson_network::netlink::socket::Kernel;

use crate::host;

pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);

/// How the server answers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// It says nothing.
    pub silent: bool,
    /// Requests are refused.
    pub refuses: bool,
    pub address: Ipv4Addr,
    pub lease: u32,
    pub t1: u32,
    pub t2: u32,
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            silent: false,
            refuses: false,
            address: Ipv4Addr::new(10, 9, 0, 50),
            lease: 3600,
            t1: 1800,
            t2: 3000,
            options: vec![
                (code::SUBNET_MASK, vec![255, 255, 255, 0]),
                (code::ROUTER, ADDRESS.octets().to_vec()),
                (code::DNS, vec![10, 9, 0, 53]),
            ],
        }
    }
}

/// The server, its plan and what it heard.
pub struct Server {
    pub plan: Arc<Mutex<Plan>>,
    heard: Receiver<(MessageType, Packet)>,
    commands: Sender<Command>,
    /// The thread whose network namespace it is.
    pub thread: u32,
}

enum Command {
    /// Take the link of this name and serve on it.
    Serve(String),
    /// Send a router advertisement.
    Advertise(Vec<u8>),
    /// Set the link down or up.
    Carrier(bool),
    /// Send an ARP packet with these addresses.
    Arp { sender: Ipv4Addr, target: Ipv4Addr },
}

impl Server {
    pub fn new() -> Self {
        let plan = Arc::new(Mutex::new(Plan::default()));
        let (say, heard) = channel();
        let (commands, listen) = channel();
        let (tell_thread, thread) = channel();
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            host::enter_own_network();
            tell_thread
                .send(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs())
                .unwrap();
            serve(&shared, &say, &listen);
        });
        let thread = thread.recv().unwrap();
        Self { plan, heard, commands, thread }
    }

    pub fn serve(&self, link: &str) {
        self.commands.send(Command::Serve(link.to_owned())).unwrap();
    }

    pub fn advertise(&self, advertisement: Vec<u8>) {
        self.commands.send(Command::Advertise(advertisement)).unwrap();
    }

    pub fn carrier(&self, on: bool) {
        self.commands.send(Command::Carrier(on)).unwrap();
    }

    pub fn claim(&self, address: Ipv4Addr) {
        self.speak_arp(address, address);
    }

    pub fn speak_arp(&self, sender: Ipv4Addr, target: Ipv4Addr) {
        self.commands.send(Command::Arp { sender, target }).unwrap();
    }

    /// Waits for a message of a kind, passing over others.
    pub fn wait_for(&self, kind: MessageType) -> Packet {
        loop {
            let (heard, packet) = self
                .heard
                .recv_timeout(Duration::from_secs(30))
                .expect("the client says something");
            if heard == kind {
                return packet;
            }
        }
    }

    pub fn change(&self, change: impl FnOnce(&mut Plan)) {
        change(&mut self.plan.lock().unwrap());
    }

    /// Forgets what was heard.
    pub fn forget(&self) {
        while self.heard.try_recv().is_ok() {}
    }
}

fn serve(plan: &Mutex<Plan>, say: &Sender<(MessageType, Packet)>, listen: &Receiver<Command>) {
    let mut kernel = Kernel::open().unwrap();
    let Ok(Command::Serve(name)) = listen.recv() else { return };
    let link = loop {
        // The far end comes to this namespace in its own time.
        if let Some(link) = kernel.links().unwrap().into_iter().find(|link| link.name == name) {
            break link;
        }
    };
    let up = LinkChange { flags: (IFF_UP, IFF_UP), ..LinkChange::default() };
    let down = LinkChange { flags: (0, IFF_UP), ..LinkChange::default() };
    kernel.ask(&request::change_link(link.index, &up)).unwrap();
    let own = Address::new(link.index, Prefix { address: ADDRESS.into(), length: 24 });
    kernel.ask(&request::put_address(&own)).unwrap();
    // Broadcasts to everybody leave by a route like anything else.
    let everywhere = Prefix::default_of(ADDRESS.into());
    kernel.ask(&request::add_route(&Route::new(link.index, everywhere, None))).unwrap();
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 67)).unwrap();
    socket.set_broadcast(true).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut buffer = [0; 2048];
    loop {
        match listen.try_recv() {
            Ok(Command::Carrier(on)) => {
                kernel
                    .ask(&request::change_link(link.index, if on { &up } else { &down }))
                    .unwrap();
            }
            Ok(Command::Advertise(bytes)) => advertise(link.index, &bytes),
            Ok(Command::Arp { sender, target }) => speak_arp(link.index, sender, target),
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
            _ => {}
        }
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let Ok(packet) = Packet::read(&buffer[..length]) else { continue };
        let Some(kind) = MessageType::of(&packet) else { continue };
        let plan = plan.lock().unwrap().clone();
        if let Some(answer) = answer(&plan, kind, &packet) {
            let to = if from.ip().is_unspecified() || packet.client.is_unspecified() {
                Ipv4Addr::BROADCAST
            } else {
                packet.client
            };
            // The link may be down just now; then the answer is lost like any other.
            let _ = socket.send_to(&answer.write(), (to, frame::CLIENT_PORT));
        }
        if say.send((kind, packet)).is_err() {
            return;
        }
    }
}

/// Sends to all hosts on the link; fails quietly while the link has no address of its own, the check sends again.
fn advertise(index: u32, bytes: &[u8]) {
    use rustix::net::{
        AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, sendto, socket_with, sockopt,
    };
    let flags = SocketFlags::CLOEXEC;
    let socket =
        socket_with(AddressFamily::INET6, SocketType::RAW, flags, Some(ipproto::ICMPV6)).unwrap();
    sockopt::set_ipv6_multicast_hops(&socket, 255).unwrap();
    let all = std::net::SocketAddrV6::new("ff02::1".parse().unwrap(), 0, 0, index);
    let _ = sendto(&socket, bytes, SendFlags::empty(), &all);
}

/// Sends to all hosts on the link.
fn speak_arp(index: u32, sender: Ipv4Addr, target: Ipv4Addr) {
    let (operation, mac) = (arp::Operation::Reply, Mac([2, 0, 0, 0, 9, 9]));
    let packet = arp::Packet { operation, mac, sender, target };
    Socket::open(index).unwrap().send(&packet).unwrap();
}

fn answer(plan: &Plan, kind: MessageType, packet: &Packet) -> Option<Packet> {
    let answer = match kind {
        _ if plan.silent => return None,
        MessageType::Discover => MessageType::Offer,
        MessageType::Request if plan.refuses => MessageType::Nak,
        MessageType::Request => MessageType::Ack,
        _ => return None,
    };
    let mut reply = Packet::request(packet.transaction, packet.mac);
    reply.direction = Direction::Reply;
    reply.options.insert(code::MESSAGE_TYPE, vec![answer.number()]);
    reply.options.insert(code::SERVER_ID, ADDRESS.octets().to_vec());
    if answer != MessageType::Nak {
        reply.yours = plan.address;
        for (code, seconds) in
            [(code::LEASE_TIME, plan.lease), (code::T1, plan.t1), (code::T2, plan.t2)]
        {
            reply.options.insert(code, seconds.to_be_bytes().to_vec());
        }
        reply.options.extend(plan.options.iter().cloned());
    }
    Some(reply)
}
