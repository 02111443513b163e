//! Standard input, output and error (systemd.exec(5), "LOGGING AND STANDARD INPUT/OUTPUT").

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use keelson_units::model::{ExecSettings, Input, Output};
use rustix::fs::{MemfdFlags, SeekFrom, fstat, memfd_create, seek};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::attributes::umask;
use super::{Action, Control, Otherwise, Plan, Slot, Terminal};
use crate::identity::Identity;
use crate::invocation::Invocation;
use crate::prepare::{Prepared, cstring};
use crate::run::streams::unix_family;
use crate::spawn::SpawnError;
use crate::stage::Stage;

/// Where the log service takes streams.
const LOG_SOCKET: &str = "/run/systemd/journal/stdout";
/// The terminal where none is named.
const CONSOLE: &str = "/dev/console";
/// daemon and info (syslog(3)).
const FACILITY: u8 = 3;
const LEVEL: u8 = 6;

/// What the environment tells of the streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Streams {
    /// The terminal, where there is one.
    pub terminal: Option<PathBuf>,
    /// Device and inode of the connection to the log; of standard error, where both are.
    pub journal: Option<(u64, u64)>,
}

/// Plans all three.
pub fn plan(
    invocation: &Invocation<'_>,
    identity: &Identity,
    made: &mut Prepared,
) -> Result<Streams, SpawnError> {
    let exec = invocation.exec;
    let mut streams = Streams::default();
    let usual = match exec.input {
        Input::Null | Input::Data | Input::File(_) => Output::Journal,
        _ => Output::Inherit,
    };
    let output = exec.output.clone().unwrap_or(usual);
    let error = exec.error.clone().unwrap_or(Output::Inherit);
    let mut opened = Vec::new();
    let input = input(invocation, identity, &output, &mut streams, made)?;
    let (first, output) = if output == Output::Inherit {
        (inherited(exec, input, made), Output::Inherit)
    } else {
        (one(&output, Stage::Stdout, invocation, input, &mut opened, &mut streams, made)?, output)
    };
    let second = match &error {
        Output::Inherit => first,
        same if *same == output => first,
        other => one(other, Stage::Stderr, invocation, input, &mut opened, &mut streams, made)?,
    };
    made.plan.standard = [Some(input), Some(first), Some(second)];
    Ok(streams)
}

/// Standard output that is standard input again; nowhere, where nothing comes from there.
fn inherited(exec: &ExecSettings, input: Slot, made: &mut Prepared) -> Slot {
    match exec.input {
        Input::Null | Input::Data => null(&mut made.plan, libc::O_WRONLY, Stage::Stdout),
        _ => input,
    }
}

fn null(plan: &mut Plan, flags: i32, stage: Stage) -> Slot {
    let slot = plan.slot(-1);
    plan.step(stage, Action::Open { path: CString::from(c"/dev/null"), flags, mode: 0, slot });
    slot
}

fn input(
    invocation: &Invocation<'_>,
    identity: &Identity,
    output: &Output,
    streams: &mut Streams,
    made: &mut Prepared,
) -> Result<Slot, SpawnError> {
    let exec = invocation.exec;
    let control = match &exec.input {
        Input::Null => return Ok(null(&mut made.plan, libc::O_RDONLY, Stage::Stdin)),
        Input::Data => return data(&exec.input_data, made),
        Input::File(path) => {
            let both = [Some(output), exec.error.as_ref()];
            let written =
                both.into_iter().flatten().any(|other| *other == Output::File(path.clone()));
            let flags = if written { libc::O_RDWR | libc::O_CREAT } else { libc::O_RDONLY };
            return file(exec, path, flags, Stage::Stdin, made);
        }
        Input::Socket => return connection(invocation, Stage::Stdin, made),
        Input::Descriptor(name) => return named(invocation, name, Stage::Stdin, made),
        Input::Tty => Control::Wait,
        Input::TtyForce => Control::Force,
        Input::TtyFail => Control::Fail,
    };
    let slot = terminal(exec, libc::O_RDWR, Some(control), Stage::Stdin, made)?;
    if let Some(uid) = identity.uid.filter(|_| invocation.changes_user()) {
        made.plan.step_or(Stage::Stdin, Action::ChownSlot { slot, uid }, Otherwise::Tell);
    }
    streams.terminal = Some(terminal_path(exec));
    Ok(slot)
}

fn one(
    output: &Output,
    stage: Stage,
    invocation: &Invocation<'_>,
    input: Slot,
    opened: &mut Vec<(u8, Slot)>,
    streams: &mut Streams,
    made: &mut Prepared,
) -> Result<Slot, SpawnError> {
    let exec = invocation.exec;
    let create = libc::O_WRONLY | libc::O_CREAT | libc::O_NOCTTY;
    match output {
        Output::Inherit => Ok(input),
        Output::Null => Ok(null(&mut made.plan, libc::O_WRONLY, stage)),
        Output::Tty => {
            streams.terminal = Some(terminal_path(exec));
            if matches!(exec.input, Input::Tty | Input::TtyForce | Input::TtyFail) {
                return Ok(input);
            }
            terminal(exec, libc::O_WRONLY, None, stage, made)
        }
        Output::Journal => log(*b"0\n0\n0\n", stage, invocation, opened, streams, made),
        Output::Kmsg => log(*b"0\n1\n0\n", stage, invocation, opened, streams, made),
        Output::JournalAndConsole => log(*b"0\n0\n1\n", stage, invocation, opened, streams, made),
        Output::KmsgAndConsole => log(*b"0\n1\n1\n", stage, invocation, opened, streams, made),
        Output::File(path) if exec.input == Input::File(path.clone()) => Ok(input),
        Output::File(path) => file(exec, path, create, stage, made),
        Output::Append(path) => file(exec, path, create | libc::O_APPEND, stage, made),
        Output::Truncate(path) => file(exec, path, create | libc::O_TRUNC, stage, made),
        Output::Socket => connection(invocation, stage, made),
        Output::Descriptor(name) => named(invocation, name, stage, made),
    }
}

/// A connection to the log; both streams share it, so that lines keep their order.
fn log(
    forward: [u8; 6],
    stage: Stage,
    invocation: &Invocation<'_>,
    opened: &mut Vec<(u8, Slot)>,
    streams: &mut Streams,
    made: &mut Prepared,
) -> Result<Slot, SpawnError> {
    let key = forward[2] << 1 | forward[4];
    if let Some((_, slot)) = opened.iter().find(|(other, _)| *other == key) {
        return Ok(*slot);
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(SpawnError::at(stage))?;
    let found = fstat(&socket).map_err(SpawnError::at(stage))?;
    streams.journal = Some((found.st_dev, found.st_ino));
    let slot = keep(socket, made);
    let address = socket_address(Path::new(LOG_SOCKET), stage)?;
    let header = header(invocation, forward);
    made.plan.step(stage, Action::ConnectLog { address, header, slot });
    opened.push((key, slot));
    Ok(slot)
}

/// The seven lines that begin a stream: identifier, unit, priority, whether lines have a level, and where they go on
/// to: syslog, the kernel's log, the console.
fn header(invocation: &Invocation<'_>, forward: [u8; 6]) -> Vec<u8> {
    let exec = invocation.exec;
    let program = invocation.command.words.first().map_or("", |word| word.text.as_str());
    let program = program.rsplit('/').next().unwrap_or(program);
    let identifier = exec.syslog_identifier.as_deref().unwrap_or(program).replace('\n', " ");
    let facility = exec.syslog_facility.unwrap_or(FACILITY) & 0x7f;
    let priority = u32::from(facility) << 3 | u32::from(exec.syslog_level.unwrap_or(LEVEL) & 7);
    let prefix = u8::from(!exec.no_syslog_level_prefix);
    let text = format!("{identifier}\n{}\n{priority}\n{prefix}\n", invocation.unit);
    [text.as_bytes(), &forward].concat()
}

/// A path as the address of a unix socket.
pub fn socket_address(path: &Path, stage: Stage) -> Result<Vec<u8>, SpawnError> {
    let path = cstring(path, stage)?;
    if path.as_bytes_with_nul().len() > 108 {
        return Err(SpawnError::new(stage, "the path of the socket is too long"));
    }
    Ok([&unix_family()[..], path.as_bytes_with_nul()].concat())
}

/// A slot for a descriptor that stays open until the child has it.
pub fn keep(fd: OwnedFd, made: &mut Prepared) -> Slot {
    let slot = made.plan.slot(fd.as_raw_fd());
    made.kept.push(fd);
    slot
}

fn data(bytes: &[u8], made: &mut Prepared) -> Result<Slot, SpawnError> {
    let failed = |error: rustix::io::Errno| SpawnError::new(Stage::Stdin, error);
    let file = memfd_create("standard-input", MemfdFlags::CLOEXEC).map_err(failed)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let count = rustix::io::write(&file, rest).map_err(failed)?;
        rest = &rest[count..];
    }
    seek(&file, SeekFrom::Start(0)).map_err(failed)?;
    Ok(keep(file, made))
}

fn file(
    exec: &ExecSettings,
    path: &Path,
    flags: i32,
    stage: Stage,
    made: &mut Prepared,
) -> Result<Slot, SpawnError> {
    let slot = made.plan.slot(-1);
    let (path, mode) = (cstring(path, stage)?, 0o666 & !umask(exec));
    made.plan.step(stage, Action::OpenOrConnect { path, flags, mode, slot });
    Ok(slot)
}

fn connection(
    invocation: &Invocation<'_>,
    stage: Stage,
    made: &mut Prepared,
) -> Result<Slot, SpawnError> {
    let missing = || SpawnError::new(stage, "there is no socket to take the stream from");
    let fd = invocation.connection.ok_or_else(missing)?;
    Ok(made.plan.slot(fd.as_raw_fd()))
}

fn named(
    invocation: &Invocation<'_>,
    name: &str,
    stage: Stage,
    made: &mut Prepared,
) -> Result<Slot, SpawnError> {
    let found = invocation.descriptors.iter().find(|passed| passed.name == name);
    let missing = || SpawnError::new(stage, format!("no descriptor is named `{name}`"));
    Ok(made.plan.slot(found.ok_or_else(missing)?.fd.as_raw_fd()))
}

fn terminal_path(exec: &ExecSettings) -> PathBuf {
    exec.tty_path.clone().unwrap_or_else(|| PathBuf::from(CONSOLE))
}

fn terminal(
    exec: &ExecSettings,
    flags: i32,
    control: Option<Control>,
    stage: Stage,
    made: &mut Prepared,
) -> Result<Slot, SpawnError> {
    let plan = &mut made.plan;
    let path = cstring(&terminal_path(exec), stage)?;
    let flags = flags | libc::O_NOCTTY;
    if exec.tty_vhangup {
        let slot = plan.slot(-1);
        // A line without a carrier is not waited for.
        let at_once = flags | libc::O_NONBLOCK;
        let open = Action::Open { path: path.clone(), flags: at_once, mode: 0, slot };
        plan.step_or(stage, open, Otherwise::Ignore);
        plan.step_or(stage, Action::HangUp(slot), Otherwise::Ignore);
    }
    let slot = plan.slot(-1);
    plan.step(stage, Action::Open { path, flags, mode: 0, slot });
    let size = match (exec.tty_rows, exec.tty_columns) {
        (None, None) => None,
        (rows, columns) => Some((rows.unwrap_or(0), columns.unwrap_or(0))),
    };
    let (reset, clear) = (exec.tty_reset, exec.tty_vt_disallocate);
    let settings = Terminal { slot, control, clear, reset, size };
    // A console that is no terminal still takes words.
    let otherwise = if control.is_some() { Otherwise::Fail } else { Otherwise::Ignore };
    plan.step_or(stage, Action::Terminal(settings), otherwise);
    Ok(slot)
}

#[cfg(test)]
mod tests;
