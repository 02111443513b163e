//! The commands of the host in one program: `systemctl`, `systemd-analyze`, `systemd-tmpfiles` and their kin.
//!
//! Each command is a module with `run(arguments) -> ExitCode`; [`run`] finds it by name. What the log and the network
//! services and their commands do is in their own crates.

use std::ffi::OsString;
use std::process::ExitCode;

/// Adds to a string as `write!` does, which cannot fail for a string.
macro_rules! put {
    ($out:expr, $($argument:tt)*) => {{
        use std::fmt::Write as _;
        let _infallible = write!($out, $($argument)*);
    }};
}

mod accounts;
mod analyze;
mod ask;
mod clock;
mod conf;
mod detect;
mod escape;
mod files;
mod glob;
mod host_key;
mod hostname;
mod id128;
mod names;
mod notify;
mod run;
mod screen;
mod settings;
mod systemctl;
mod sysusers;
mod table;
mod time;
mod tmpfiles;
mod toolbox;

/// What `--version` prints: the version of systemd whose behaviour is followed, and our own.
const VERSION_TEXT: &str = concat!("systemd 257 (keelson ", env!("CARGO_PKG_VERSION"), ")\n");

/// Runs the command of this name with its arguments; none where there is no such command.
pub fn run(name: &str, arguments: Vec<OsString>) -> Option<ExitCode> {
    Some(match name {
        "systemctl" => systemctl::run(arguments),
        "poweroff" | "reboot" | "halt" => systemctl::power_command(name, arguments),
        "shutdown" => systemctl::shutdown_command(arguments),
        "journalctl" => keelson_journal::journalctl::run(arguments),
        "systemd-cat" => keelson_journal::cat::run(arguments),
        "systemd-journald" => keelson_journal::service::run(),
        "systemd-pstore" => keelson_journal::service::pstore::run(),
        "networkctl" => keelson_network::networkctl::run(arguments),
        "systemd-networkd" => keelson_network::service::run(),
        "systemd-networkd-wait-online" => keelson_network::wait_online::run(arguments),
        "keelson-install" => keelson_install::run(arguments),
        "keelson-host-key" => host_key::run(&arguments),
        "hostnamectl" => hostname::run(arguments),
        "timedatectl" => time::run(arguments),
        "systemd-analyze" => analyze::run(arguments),
        "systemd-detect-virt" => detect::run(arguments),
        "systemd-escape" => escape::run(arguments),
        "systemd-id128" => id128::run(arguments),
        "systemd-notify" => notify::run(arguments),
        "systemd-run" => run::run(arguments),
        "systemd-sysusers" => sysusers::run(arguments),
        "systemd-tmpfiles" => tmpfiles::run(arguments),
        "toolbox" => toolbox::run(arguments),
        _ => return None,
    })
}
