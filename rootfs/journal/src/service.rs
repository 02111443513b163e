//! The log service (systemd-journald.service): takes lines in from every side and appends them to the store.
//!
//! One thread waits for sockets and writes. It is healed by its restart: sockets and streams are kept by the manager,
//! the kernel's ring is read on from its mark, the store is recovered to its last whole record.

pub mod config;
pub mod control;
mod forward;
mod hostname;
mod keeper;
pub mod kmsg;
mod log;
mod lost;
pub mod native;
mod notify;
pub mod pstore;
pub mod rate;
mod reading;
mod receive;
mod ring;
mod sender;
pub mod signals;
pub mod stream;
mod streams;
pub mod syslog;

mod inputs;
mod turn;

use std::path::Path;
use std::process::ExitCode;

use keelson_output::eprintln;

use config::Config;
use inputs::Inputs;
use notify::Manager;
use signals::{Request, Signals};
use turn::Service;

/// Runs the service until SIGTERM.
pub fn run() -> ExitCode {
    match serve(Path::new("/")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("systemd-journald: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(root: &Path) -> std::io::Result<()> {
    let signals = Signals::block()?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let mut remarks = Vec::new();
    let config = Config::load(root, &mut remarks);
    let manager = Manager::new(std::env::var_os("NOTIFY_SOCKET"));
    let inputs = Inputs::open(root, notify::passed_files())?;
    let mut service = Service::open(root, &config, &remarks, inputs, manager)?;
    service.watch_signals(&signals)?;
    service.ready(notify::watchdog_interval());
    loop {
        if !service.turn(None)? {
            continue;
        }
        for request in signals.drain() {
            if request == Request::End {
                service.end();
                return Ok(());
            }
            service.answer(request);
        }
    }
}
