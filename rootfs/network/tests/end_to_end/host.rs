//! The namespaces, the service's process and its files, and waiting for what the kernel shows.
#![expect(
    unsafe_code,
    reason = "entering namespaces is marked unsafe; nothing else runs yet when it is done"
)]

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{fs, io};

use keelson_network::address::Prefix;
use keelson_network::netlink::object::{Address, Link, Route};
use keelson_network::netlink::request::{self, LinkChange};
use keelson_network::netlink::socket::{Kernel, Monitor};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::UnshareFlags;

/// Longer than anything here takes; a check that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Enters a user and a network namespace in which this process is root.
pub fn enter_namespaces() -> io::Result<()> {
    let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
    // SAFETY: the process has one thread and no descriptors that depend on its namespaces.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNET) }?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {} 1", user.as_raw()))?;
    fs::write("/proc/self/gid_map", format!("0 {} 1", group.as_raw()))
}

/// Gives the calling thread a network namespace of its own.
pub fn enter_own_network() {
    // SAFETY: only this thread's view changes, and it holds no sockets yet.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }
        .expect("a thread of ours may make a namespace");
}

/// A host: its files and, while it runs, its service.
pub struct Host {
    pub root: tempfile::TempDir,
    pub kernel: Kernel,
    monitor: Monitor,
    service: Option<Child>,
}

impl Host {
    /// A host with these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let host = Self {
            root,
            kernel: Kernel::open().unwrap(),
            monitor: Monitor::open().unwrap(),
            service: None,
        };
        host.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        for (path, text) in files {
            host.write(&format!("etc/systemd/network/{path}"), text);
        }
        host
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// Starts the service.
    pub fn start(&mut self) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("service").arg(self.root.path());
        // SAFETY: prctl(2) in the child touches nothing of this process.
        unsafe {
            // A service does not outlive a test that was ended.
            command.pre_exec(|| {
                Ok(rustix::process::set_parent_process_death_signal(Some(
                    rustix::process::Signal::KILL,
                ))?)
            })
        };
        self.service = Some(command.spawn().unwrap());
    }

    /// Does something that the service hears of only when all of it is done.
    pub fn unheard(&mut self, mut change: impl FnMut(&mut Self)) {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = self.service.as_ref().map(Pid::from_child).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        change(self);
        kill_process(pid, Signal::CONT).unwrap();
    }

    /// Ends the service the hard way.
    pub fn kill(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill().unwrap();
            service.wait().unwrap();
        }
    }

    /// Makes a veth pair; the far end goes to the namespace of the thread `to`.
    pub fn veth(&mut self, near: &str, far: &str, to: u32) {
        use keelson_network::config::netdev::{Device, Netdev};
        let pair = Netdev {
            file: PathBuf::new(),
            matching: keelson_network::config::matching::Match::default(),
            name: near.to_owned(),
            device: Device::Veth(Some(far.to_owned()), None),
            mac: None,
            mtu: None,
        };
        self.kernel.ask(&keelson_network::netlink::kinds::create(&pair, None)).unwrap();
        let far = self.link(far).unwrap().index;
        let change = LinkChange { network_namespace: Some(to), ..LinkChange::default() };
        self.kernel.ask(&request::change_link(far, &change)).unwrap();
    }

    pub fn link(&mut self, name: &str) -> Option<Link> {
        self.kernel.links().unwrap().into_iter().find(|link| link.name == name)
    }

    pub fn addresses(&mut self, name: &str) -> Vec<Address> {
        let Some(link) = self.link(name) else { return Vec::new() };
        self.kernel
            .addresses()
            .unwrap()
            .into_iter()
            .filter(|address| address.index == link.index)
            .collect()
    }

    pub fn has_address(&mut self, name: &str, prefix: &str) -> bool {
        let prefix: Prefix = prefix.parse().unwrap();
        self.addresses(name)
            .iter()
            .any(|address| address.prefix == prefix && !address.is_tentative())
    }

    pub fn routes(&mut self, name: &str) -> Vec<Route> {
        let Some(link) = self.link(name) else { return Vec::new() };
        self.kernel
            .routes()
            .unwrap()
            .into_iter()
            .filter(|route| route.index == Some(link.index))
            .collect()
    }

    pub fn has_route(&mut self, name: &str, destination: &str, gateway: &str) -> bool {
        let destination: Prefix = destination.parse().unwrap();
        let gateway = gateway.parse().ok();
        self.routes(name)
            .iter()
            .any(|route| route.destination == destination && route.gateway == gateway)
    }

    /// The state file of a link.
    pub fn state(&mut self, name: &str) -> String {
        let Some(link) = self.link(name) else { return String::new() };
        self.read(&format!("run/systemd/netif/links/{}", link.index))
    }

    /// Waits until something is so, looking again whenever the kernel tells of a change and now and then besides.
    pub fn wait_for(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !so(self) {
            assert!(Instant::now() < end, "waited in vain for: {what}");
            let mut fds = [PollFd::new(&self.monitor, PollFlags::IN)];
            poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 50_000_000 })).unwrap();
            while self.monitor.read().is_ok_and(|events| !events.is_empty()) {}
        }
    }

    /// Removes links by name, so that the next check begins afresh.
    pub fn remove(&mut self, names: &[&str]) {
        self.kill();
        for name in names {
            if let Some(link) = self.link(name) {
                self.kernel.ask(&request::delete_link(link.index)).unwrap();
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}
