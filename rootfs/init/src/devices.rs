//! The command `devices`: follows the kernel's devices, keeps the links in /dev true and loads drivers of what is
//! plugged in later. PID 1 is told of every change.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::ExitCode;

use keelson_activation::devices::{
    Action, Inventory, Received, SUBSYSTEMS, UeventSocket, coldplug,
};
use keelson_kernel_modules::Modules;
use keelson_output::eprintln;
use rustix::event::{PollFd, PollFlags, poll};

/// Runs until it is ended.
pub fn run() -> ExitCode {
    let socket = match UeventSocket::open() {
        Ok(socket) => socket,
        Err(error) => {
            eprintln(format_args!("opening the socket of kernel events: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let mut inventory = Inventory::default();
    look_at_all(&mut inventory);
    tell("READY=1");
    let modules = Modules::open_running().ok();
    loop {
        let descriptor = socket.as_fd();
        // An interruption leads to a read that finds nothing.
        let _interrupted = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], None);
        let mut changed = BTreeMap::new();
        loop {
            match socket.read() {
                Ok(Received::Event(event)) => {
                    if let (Action::Add, Some(alias), Some(modules)) =
                        (event.action, event.module_alias(), &modules)
                    {
                        // Hardware without a driver is no fault.
                        let _driverless = modules.load(alias, "");
                    }
                    changed.insert(event.sys_path.clone(), inventory.apply(&event).is_some());
                }
                Ok(Received::Noise) => {}
                Ok(Received::Lost) => {
                    look_at_all(&mut inventory);
                    changed.insert(String::new(), true);
                }
                Ok(Received::Nothing) => break,
                Err(error) => {
                    eprintln(format_args!("reading kernel events: {error}"));
                    return ExitCode::FAILURE;
                }
            }
        }
        if changed.values().any(|changed| *changed) {
            tell(&format!("STATUS={} devices", inventory.devices().count()));
        }
    }
}

fn look_at_all(inventory: &mut Inventory) {
    for event in coldplug(Path::new("/"), &SUBSYSTEMS) {
        inventory.apply(&event);
    }
}

fn tell(what: &str) {
    // Run by hand there is nobody to tell.
    let _alone = UnixDatagram::unbound()
        .and_then(|socket| socket.send_to(what.as_bytes(), crate::notify::SOCKET));
}
