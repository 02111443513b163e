//! The program of the container test's image and of the tests' services: prints what it sees around it as lines
//! `PROBE key=value`, and does on demand what limits must stop.
//!
//! | arguments | what it does |
//! | --- | --- |
//! | none, or anything else | prints what it sees, exits 0 |
//! | `exit N` | exits with status N |
//! | `memory` | takes memory until it is killed |
//! | `fork` | makes processes until the kernel refuses, and says how many it had |
//! | `spin SECONDS` | computes, then prints its own CPU time beside the time that passed |
//! | `wait` | waits until it is killed |
//! | `many COUNT` | starts itself that often, each in a control group of its own: see `many` |
//! | `notify TEXT...`, `serve`, `store`, `bomb` | what a service does: see `service` |
//!
//! The release form has no C library and no standard library, so that the whole image fits into a
//! kernel-provided configuration blob. Arguments come from `/proc/self/cmdline`.

#![cfg_attr(panic = "abort", no_std, no_main)]

mod many;
mod output;
mod service;
#[cfg(panic = "abort")]
mod start;
mod sys;

use output::Line;
use sys::Clock;

const MIB: usize = 1 << 20;

#[cfg(not(panic = "abort"))]
fn main() {
    run()
}

fn run() -> ! {
    let mut buffer = [0; 1024];
    let length = usize::try_from(sys::read_file(b"/proc/self/cmdline\0", &mut buffer)).unwrap_or(0);
    let line = buffer[..length].strip_suffix(b"\0").unwrap_or(&buffer[..length]);
    let mut arguments = line.split(|byte| *byte == 0).skip(1);
    match arguments.next() {
        Some(b"exit") => sys::exit(number(arguments.next()).try_into().unwrap_or(u8::MAX)),
        Some(b"memory") => take_memory(),
        Some(b"fork") => fork(),
        Some(b"spin") => spin(number(arguments.next())),
        Some(b"wait") => sys::wait(),
        Some(b"many") => many::start(number(arguments.next())),
        Some(b"notify") => service::notify(arguments),
        Some(b"serve") => service::serve(),
        Some(b"store") => service::store(),
        Some(b"bomb") => service::bomb(),
        _ => describe(line),
    }
    sys::exit(0)
}

fn describe(arguments: &[u8]) {
    Line::new("hello").text(b"from the container").print();
    let mut line = Line::new("argv");
    for (i, argument) in arguments.split(|byte| *byte == 0).enumerate() {
        line = if i == 0 { line } else { line.text(b" ") }.text(argument);
    }
    line.print();
    Line::new("pid").number(sys::pid()).print();
    Line::new("uid").number(sys::uid()).print();
    file("hostname", b"/proc/sys/kernel/hostname\0");
    file("memory.max", b"/sys/fs/cgroup/memory.max\0");
    file("pids.max", b"/sys/fs/cgroup/pids.max\0");
    file("cpu.max", b"/sys/fs/cgroup/cpu.max\0");
    link("ns.pid", b"/proc/self/ns/pid\0");
    link("ns.mnt", b"/proc/self/ns/mnt\0");
    link("ns.net", b"/proc/self/ns/net\0");
    link("ns.uts", b"/proc/self/ns/uts\0");
    link("ns.ipc", b"/proc/self/ns/ipc\0");
    link("ns.cgroup", b"/proc/self/ns/cgroup\0");
    let root: &[u8] = match sys::make_folder(b"/probe-was-here\0") {
        sys::EROFS => b"read-only",
        _ => b"writable",
    };
    Line::new("root").text(root).print();
    status();
}

/// Prints the first line of a file.
fn file(key: &str, path: &[u8]) {
    let mut buffer = [0; 256];
    match usize::try_from(sys::read_file(path, &mut buffer)) {
        Ok(length) => {
            let line = buffer[..length].split(|byte| *byte == b'\n').next().unwrap_or_default();
            Line::new(key).text(line).print();
        }
        Err(_) => Line::new(key).text(b"absent").print(),
    }
}

fn link(key: &str, path: &[u8]) {
    let mut buffer = [0; 64];
    let length = usize::try_from(sys::read_link(path, &mut buffer)).unwrap_or(0);
    Line::new(key).text(&buffer[..length]).print();
}

/// Prints what confines the process, from `/proc/self/status`.
fn status() {
    let mut buffer = [0; 4096];
    let length = usize::try_from(sys::read_file(b"/proc/self/status\0", &mut buffer)).unwrap_or(0);
    for line in buffer[..length].split(|byte| *byte == b'\n') {
        for key in ["CapEff", "NoNewPrivs", "Seccomp"] {
            let value = line.strip_prefix(key.as_bytes()).and_then(|rest| rest.strip_prefix(b":"));
            if let Some(value) = value {
                Line::new(key).text(value.trim_ascii()).print();
            }
        }
    }
}

fn take_memory() {
    let mut taken = 0;
    while sys::allocate(MIB) > 0 {
        taken += 1;
    }
    Line::new("memory").number(taken).text(b" MiB, then refused").print();
}

fn fork() {
    let mut made = 0;
    let refused = loop {
        match sys::fork_waiter() {
            error if error < 0 => break error,
            _ => made += 1,
        }
    };
    Line::new("forked").number(made).print();
    let reason: &[u8] = if refused == sys::EAGAIN { b"EAGAIN" } else { b"another error" };
    Line::new("fork").text(reason).print();
}

fn spin(seconds: isize) {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let began = sys::time(Clock::Wall);
    let passed = || sys::time(Clock::Wall).saturating_sub(began);
    let mut state = 1_u32;
    while passed().as_secs() < seconds {
        for _ in 0..10_000 {
            state = core::hint::black_box(state.wrapping_mul(1_664_525).wrapping_add(1));
        }
    }
    let milliseconds = |time: core::time::Duration| time.as_millis().try_into().unwrap_or(0);
    Line::new("wall-ms").number(milliseconds(passed())).print();
    Line::new("cpu-ms").number(milliseconds(sys::time(Clock::Process))).print();
}

fn number(argument: Option<&[u8]>) -> isize {
    argument
        .and_then(|text| core::str::from_utf8(text).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}
