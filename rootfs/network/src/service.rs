//! The network service: one thread, one poll loop. Links, leases and files come together here; every decision is made
//! by a state machine or a pure function elsewhere.

mod apply;
mod clients;
pub mod control;
pub mod desired;
mod events;
mod files;
mod link_local4;
mod links;
pub mod managed;
mod netdevs;
mod shared;
mod sysctl;

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use std::{fs, io};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::control::Listener;
pub(crate) use self::links::{down, up};
use self::managed::Managed;
use crate::config::matching::Host;
use crate::config::netdev::Netdev;
use crate::config::network::Network;
use crate::netlink::socket::{Kernel, Monitor, NetlinkError};
use crate::random::Random;
use crate::{clock, identity, kernel_command_line, log, notify, raw};

/// Why the service cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Without rtnetlink nothing can be done.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    /// A descriptor or a folder of its own.
    #[error("{0}")]
    Setup(&'static str, #[source] io::Error),
}

/// The service.
pub(crate) struct Service {
    root: PathBuf,
    kernel: Kernel,
    monitor: Monitor,
    networks: Vec<Rc<Network>>,
    netdevs: Vec<Netdev>,
    link_files: Vec<crate::config::link::LinkFile>,
    links: BTreeMap<u32, Managed>,
    host: Host,
    duid: Vec<u8>,
    random: Random,
    /// What the files of the whole hold, so that they are written only when they change.
    written: BTreeMap<&'static str, String>,
    /// The host name a lease gave.
    lease_hostname: Option<String>,
    /// How often the manager wants a sign of life.
    watchdog: Option<Duration>,
}

/// Runs the service on this host until it is told to stop.
pub fn run() -> ExitCode {
    run_below(Path::new("/"))
}

/// Runs the service with its files below `root`: `etc`, `run` and `usr` are looked for there.
pub fn run_below(root: &Path) -> ExitCode {
    match start(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let source =
                std::error::Error::source(&error).map(|s| format!(": {s}")).unwrap_or_default();
            log::error(format!("the network service cannot run: {error}{source}"));
            ExitCode::FAILURE
        }
    }
}

fn start(root: &Path) -> Result<(), ServiceError> {
    let signals = raw::signal_descriptor(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP])
        .map_err(|error| ServiceError::Setup("taking signals", error))?;
    for folder in ["run/systemd/netif/links", "run/systemd/netif/leases", "run/systemd/resolve"] {
        fs::create_dir_all(root.join(folder))
            .map_err(|error| ServiceError::Setup("making /run/systemd", error))?;
    }
    let control = Listener::open(root)
        .map_err(|error| ServiceError::Setup("opening the control socket", error))?;
    // News are heard from before the first look, so that nothing falls between.
    let monitor = Monitor::open()?;
    let machine_id = identity::machine_id(root);
    let mut service = Service {
        root: root.to_owned(),
        kernel: Kernel::open()?,
        monitor,
        networks: Vec::new(),
        netdevs: Vec::new(),
        link_files: Vec::new(),
        links: BTreeMap::new(),
        host: kernel_command_line::host(root, &machine_id),
        duid: identity::duid(&machine_id),
        random: Random::from_kernel(),
        written: BTreeMap::new(),
        lease_hostname: None,
        watchdog: notify::watchdog(),
    };
    service.write_command_line_files();
    service.read_files();
    service.take_back_strays();
    service.make_netdevs();
    service.look_again()?;
    service.settle();
    notify::send("READY=1\nSTATUS=Processing requests...");
    service.serve(&signals, &control)
}

/// What a poll woke for.
enum Wake {
    Signal,
    Control,
    News,
    Dhcp4(u32),
    Dhcp6(u32),
    Arp(u32),
}

impl Service {
    fn serve(&mut self, signals: &OwnedFd, control: &Listener) -> Result<(), ServiceError> {
        loop {
            for wake in self.wait(signals, control)? {
                match wake {
                    Wake::Signal => {
                        if self.signalled(signals) {
                            notify::send("STOPPING=1");
                            return Ok(());
                        }
                    }
                    Wake::Control => control.serve(|request| self.command(request)),
                    Wake::News => self.news()?,
                    Wake::Dhcp4(index) => self.dhcp4_readable(index),
                    Wake::Dhcp6(index) => self.dhcp6_readable(index),
                    Wake::Arp(index) => self.arp_readable(index),
                }
            }
            self.elapse(clock::now());
            self.settle();
            if self.watchdog.is_some() {
                notify::send("WATCHDOG=1");
            }
        }
    }

    /// Waits until a descriptor has something or a deadline has come.
    fn wait(&self, signals: &OwnedFd, control: &Listener) -> Result<Vec<Wake>, ServiceError> {
        let mut wakes = vec![Wake::Signal, Wake::Control, Wake::News];
        let mut fds = vec![
            PollFd::new(signals, PollFlags::IN),
            PollFd::new(control, PollFlags::IN),
            PollFd::new(&self.monitor, PollFlags::IN),
        ];
        for (index, managed) in &self.links {
            if let Some(socket) = managed.dhcp4.as_ref().and_then(|dhcp| dhcp.socket.as_ref()) {
                fds.push(PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN));
                wakes.push(Wake::Dhcp4(*index));
            }
            if let Some(socket) = managed.dhcp6.as_ref().and_then(|dhcp| dhcp.socket.as_ref()) {
                fds.push(PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN));
                wakes.push(Wake::Dhcp6(*index));
            }
            if let Some(link_local) = &managed.link_local4 {
                fds.push(PollFd::from_borrowed_fd(link_local.socket.as_fd(), PollFlags::IN));
                wakes.push(Wake::Arp(*index));
            }
        }
        let now = clock::now();
        let watchdog = self.watchdog.map(|period| now + period / 2);
        let deadline = self.links.values().filter_map(Managed::deadline).chain(watchdog).min();
        let left = deadline.map(|deadline| timespec(deadline.saturating_sub(now)));
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(ServiceError::Setup("waiting", errno.into())),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        Ok(wakes.into_iter().zip(ready).filter(|(_, ready)| *ready).map(|(wake, _)| wake).collect())
    }

    /// Reads the signals that came; `true` where one says stop.
    fn signalled(&mut self, signals: &OwnedFd) -> bool {
        let mut buffer = [0; 128];
        while let Ok(128) = rustix::io::read(signals, &mut buffer[..]) {
            let number = u32::from_ne_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]);
            if number != libc::SIGHUP.unsigned_abs() {
                return true;
            }
            self.reload();
        }
        false
    }

    /// Reads the files anew and configures what they changed.
    fn reload(&mut self) {
        notify::reloading();
        self.read_files();
        self.make_netdevs();
        self.match_all();
        notify::send("READY=1");
    }

    /// Brings every link to what is wished and writes what changed.
    fn settle(&mut self) {
        let indices: Vec<u32> = self.links.keys().copied().collect();
        for index in indices {
            self.settle_link(index);
        }
        self.write_files();
    }

    fn elapse(&mut self, now: Duration) {
        let indices: Vec<u32> = self.links.keys().copied().collect();
        for index in indices {
            if self
                .links
                .get(&index)
                .and_then(Managed::deadline)
                .is_some_and(|deadline| deadline <= now)
            {
                self.elapse_link(index, now);
            }
        }
    }
}

/// Rounded up, so that the deadline has come when the wait is over.
fn timespec(time: Duration) -> Timespec {
    let time = time + Duration::from_millis(1);
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
