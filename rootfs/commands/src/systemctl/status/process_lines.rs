//! The lines of `status` about processes and what they use.

use keelson_control::{CommandStatus, Exit, ResourceUse, ServiceStatus, UnitStatus};

use super::Surroundings;
use super::unit_lines::Row;
use crate::clock;

/// From `Listen:` to `CGroup:`.
pub fn rows(unit: &UnitStatus, around: &Surroundings) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(socket) = &unit.socket {
        let listen: Vec<String> = socket
            .listen
            .iter()
            .map(|listen| format!("{} ({})", listen.address, listen.kind))
            .collect();
        if !listen.is_empty() {
            rows.push(("Listen", listen));
        }
        if socket.accept {
            let mut text = format!("{}; Connected: {};", socket.accepted, socket.connections);
            if socket.refused > 0 {
                put!(text, " Refused: {}", socket.refused);
            }
            rows.push(("Accepted", vec![text]));
        }
    }
    if let Some(service) = &unit.service {
        service_rows(&mut rows, service, around);
    }
    if let Some(used) = &unit.resources {
        resource_rows(&mut rows, used, unit);
    }
    if let Some(path) = &unit.cgroup {
        let mut lines = vec![path.clone()];
        lines.extend(around.group.iter().flat_map(super::Group::lines));
        rows.push(("CGroup", lines));
    }
    rows
}

fn service_rows(rows: &mut Vec<Row>, service: &ServiceStatus, around: &Surroundings) {
    for command in &service.commands {
        // The main process has a line of its own, below.
        let main = command.directive == "ExecStart" && command.pid == service.exec_main_pid;
        if command.pid != 0 && command.code.is_some() && !main {
            rows.push(("Process", vec![process(command)]));
        }
    }
    let named = |pid: u32| match around.programs.get(&pid) {
        Some(name) => format!("{pid} ({name})"),
        None => pid.to_string(),
    };
    if service.main_pid != 0 {
        rows.push(("Main PID", vec![named(service.main_pid)]));
    } else if let Some(code) = service.exec_main_code.filter(|_| service.exec_main_pid != 0) {
        rows.push((
            "Main PID",
            vec![format!("{} ({})", service.exec_main_pid, ended(code, service.exec_main_status))],
        ));
    }
    if service.control_pid != 0 {
        rows.push(("Cntrl PID", vec![named(service.control_pid)]));
    }
    if let Some(text) = service.status_text.as_ref().filter(|text| !text.is_empty()) {
        rows.push(("Status", vec![format!("\"{text}\"")]));
    }
    if service.status_errno > 0 {
        let error = std::io::Error::from_raw_os_error(service.status_errno);
        rows.push(("Error", vec![error.to_string()]));
    }
}

fn process(command: &CommandStatus) -> String {
    let line = command.arguments.join(" ");
    let line = if line.is_empty() { command.path.clone() } else { line };
    let code = command.code.map(|code| ended(code, command.status)).unwrap_or_default();
    format!("{} {}={line} ({code})", command.pid, command.directive)
}

/// `code=exited, status=1/FAILURE`, `code=killed, signal=TERM`.
pub fn ended(code: Exit, status: i32) -> String {
    if code != Exit::Exited {
        let name = keelson_units::signal::name(status).unwrap_or_else(|| status.to_string());
        return format!("code={code}, signal={}", name.strip_prefix("SIG").unwrap_or(&name));
    }
    let name = u8::try_from(status).ok().and_then(keelson_units::exit_status::name);
    let name = name.map_or_else(|| "n/a".to_owned(), |(name, _)| name.to_string());
    format!("code=exited, status={status}/{name}")
}

fn resource_rows(rows: &mut Vec<Row>, used: &ResourceUse, unit: &UnitStatus) {
    if used.io_read.is_some() || used.io_write.is_some() {
        let (read, write) = (used.io_read.unwrap_or(0), used.io_write.unwrap_or(0));
        rows.push((
            "IO",
            vec![format!("{} read, {} written", clock::bytes(read), clock::bytes(write))],
        ));
    }
    if let Some(tasks) = used.tasks {
        let limit = used.tasks_max.map(|max| format!(" (limit: {max})")).unwrap_or_default();
        rows.push(("Tasks", vec![format!("{tasks}{limit}")]));
    }
    if let Some(service) =
        unit.service.as_ref().filter(|service| service.fd_store_max > 0 && service.fd_store > 0)
    {
        rows.push((
            "FD Store",
            vec![format!("{} (limit: {})", service.fd_store, service.fd_store_max)],
        ));
    }
    if let Some(memory) = used.memory {
        let extras: Vec<String> = [
            ("min", used.memory_min.filter(|min| *min > 0)),
            ("low", used.memory_low.filter(|low| *low > 0)),
            ("high", used.memory_high),
            ("max", used.memory_max),
            ("peak", used.memory_peak),
            ("swap", used.swap.filter(|swap| *swap > 0)),
            ("swap peak", used.swap_peak.filter(|peak| *peak > 0)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}: {}", clock::bytes(value?))))
        .collect();
        let extras =
            if extras.is_empty() { String::new() } else { format!(" ({})", extras.join(", ")) };
        rows.push(("Memory", vec![format!("{}{extras}", clock::bytes(memory))]));
    }
    if let Some(cpu) = used.cpu {
        rows.push(("CPU", vec![clock::span(cpu, 1000)]));
    }
}
