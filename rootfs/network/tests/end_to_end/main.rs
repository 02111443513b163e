//! The network service from end to end, as an ordinary user: in a user and network namespace of its own, with veth
//! pairs whose other ends are in a second namespace with a small DHCP server.
//!
//! The test binary is its own service (`service ROOT`) and its own server (a thread).
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program without a harness tells its results"
)]

mod checks;
mod host;
mod link_local;
mod server;
mod settings;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["service", root] => keelson_network::service::run_below(std::path::Path::new(root)),
        // What `cargo test` asks of every test program.
        ["--list", ..] => {
            for (name, _) in checks::ALL {
                println!("{name}: test");
            }
            ExitCode::SUCCESS
        }
        arguments => {
            let filter = arguments
                .iter()
                .find(|argument| !argument.starts_with('-'))
                .copied()
                .unwrap_or_default();
            run(filter)
        }
    }
}

fn run(filter: &str) -> ExitCode {
    if let Err(error) = host::enter_namespaces() {
        eprintln!(
            "an ordinary user must be able to make user and network namespaces for this test: {error}"
        );
        return ExitCode::FAILURE;
    }
    let mut failed = 0;
    for (name, check) in checks::ALL.iter().filter(|(name, _)| name.contains(filter)) {
        let result = std::panic::catch_unwind(check);
        println!("test {name} ... {}", if result.is_ok() { "ok" } else { "FAILED" });
        failed += usize::from(result.is_err());
    }
    println!("{failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
