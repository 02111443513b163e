//! `ps`: every process, from `/proc`. The options people type (`aux`, `-ef`) all mean that here.

use std::fmt::Write as _;
use std::fs::read_to_string;

/// What one line shows.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    parent: u32,
    state: char,
    name: String,
    resident_kib: u64,
    user: u32,
}

/// Writes the list of processes.
pub fn run(_arguments: &[String]) -> Result<(), String> {
    let folder = std::fs::read_dir("/proc").map_err(|error| format!("reading /proc: {error}"))?;
    let mut pids: Vec<u32> =
        folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    let mut text = format!("{:>7} {:>7} {:>6} S {:>8} COMMAND\n", "PID", "PPID", "UID", "RSS");
    for pid in pids {
        // A process that ended meanwhile has no line.
        let Some(process) =
            read_to_string(format!("/proc/{pid}/status")).ok().and_then(|text| parse(pid, &text))
        else {
            continue;
        };
        let Process { parent, state, name, resident_kib, user, .. } = &process;
        let arguments = read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = command(&arguments, name);
        let _ =
            writeln!(text, "{pid:>7} {parent:>7} {user:>6} {state} {resident_kib:>8} {command}");
    }
    crate::print(&text)
}

/// Of `/proc/PID/status`; a kernel thread has no `VmRSS`.
fn parse(pid: u32, status: &str) -> Option<Process> {
    let field = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    let first = |name: &str| field(name).and_then(|value| value.split_whitespace().next());
    Some(Process {
        pid,
        parent: field("PPid")?.parse().ok()?,
        state: field("State")?.chars().next()?,
        name: field("Name")?.to_owned(),
        resident_kib: first("VmRSS").and_then(|value| value.parse().ok()).unwrap_or_default(),
        user: first("Uid")?.parse().ok()?,
    })
}

/// The arguments in one line; for a process without any, its name in brackets.
fn command(arguments: &str, name: &str) -> String {
    let arguments = arguments.trim_end_matches('\0');
    if arguments.is_empty() { format!("[{name}]") } else { arguments.replace(['\0', '\n'], " ") }
}

#[cfg(test)]
mod tests;
