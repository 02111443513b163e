//! A running machine.

use std::io::{Read, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fs_err as fs;
use keelson_sdk::Tools;
use serde_json::json;
use tempfile::TempDir;

use crate::accelerator::Accelerator;
use crate::arguments::arguments;
use crate::console::{Console, Line, Waited};
use crate::error::{Log, MachineError};
use crate::files;
use crate::problems::problems;
use crate::process::{CpuClock, Killer, Process};
use crate::qmp::{Event, Qmp, QmpListener, accept};
use crate::setup::{Serial, Setup};
use crate::tpm::TpmProcess;
use crate::turn::Turn;

/// How long to wait for a guest before the power button is pressed again.
const PRESS_AGAIN: Duration = Duration::from_secs(10);

/// A machine that runs in QEMU. Dropping it ends it at once, without a word to the guest. It must
/// not outlive the thread that booted it.
#[derive(Debug)]
pub struct Machine {
    name: String,
    process: Process,
    qmp: Option<Qmp>,
    console: Port,
    results: Port,
    keyboard: Option<ChildStdin>,
    log: Option<PathBuf>,
    // Held for their Drop.
    _limit: Option<Sender<()>>,
    _tpm: Option<TpmProcess>,
    _folder: TempDir,
    // The last, so that the next machine starts when all of this one is gone.
    turn: Option<Turn>,
}

/// A serial port's output, and how much of it has been waited for.
#[derive(Debug, Default)]
struct Port {
    output: Console,
    reader: Option<JoinHandle<std::io::Result<()>>>,
    /// Index of the first line that no wait has seen.
    next_line: usize,
}

/// How a machine ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The guest powered off.
    PowerOff,
    /// The guest restarted, and [`crate::OnReset::End`] was asked for.
    Reset,
    /// The hardware watchdog reset it, and [`crate::OnReset::End`] was asked for.
    Watchdog,
    /// Another way: QEMU's reason or exit status.
    Other(String),
}

/// What starts QEMU: `program`, or that of the SDK.
pub fn qemu(tools: &Tools, program: Option<&Path>) -> Result<Command, keelson_sdk::ToolsError> {
    program.map_or_else(|| tools.command("qemu-system-x86_64"), |program| Ok(Command::new(program)))
}

impl Machine {
    /// Starts a machine, when fewer run in this process than the host has processors. `tools` has QEMU, OVMF and,
    /// where a TPM is asked for, swtpm.
    pub fn boot(tools: &Tools, setup: &Setup) -> Result<Self, MachineError> {
        let turn = Turn::take();
        let folder = tempfile::Builder::new().prefix("keelson-machine-").tempdir()?;
        let tpm = files::start_tpm(tools, setup, folder.path())?;
        let files = files::prepare(tools, setup, folder.path(), tpm.as_ref())?;
        let listener = QmpListener::new(&files.qmp)?;
        let results = UnixListener::bind(&files.results)?;
        let mut command = qemu(tools, setup.program.as_deref())?;
        command.args(arguments(setup, &files, Accelerator::of_this_host()));
        let mut log = None;
        if let Serial::Log(path) = &setup.serial {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            log = Some(path.clone());
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
        }
        let mut process = Process::start("qemu-system-x86_64", &mut command)?;
        let mut machine = Self {
            name: setup.name.clone(),
            keyboard: process.take_stdin(),
            _limit: setup.limit.map(|limit| end_after(limit, process.killer()?)).transpose()?,
            console: Port::default(),
            results: Port::default(),
            qmp: None,
            log,
            process,
            _tpm: tpm,
            _folder: folder,
            turn: Some(turn),
        };
        let (clock, began) = (machine.process.cpu_clock(), Instant::now());
        if let Some((stdout, log)) = machine.process.take_stdout().zip(machine.log.as_ref()) {
            machine.console = Port::read(stdout, fs::File::create(log)?, clock, began)?;
        }
        machine.qmp = Some(listener.accept(&machine.process)?);
        if let Some(log) = &machine.log {
            let log = fs::File::create(log.with_extension("results"))?;
            machine.results = Port::read(accept(&results, &machine.process)?, log, clock, began)?;
        }
        Ok(machine)
    }

    /// Waits for a line that holds `pattern`, among those after the line that the last wait found.
    /// Gives the line.
    pub fn wait_for(&mut self, pattern: &str, timeout: Duration) -> Result<String, MachineError> {
        self.wait_for_any(&[pattern], timeout).map(|(_, line)| line)
    }

    /// As [`Machine::wait_for`] for the first line that holds one of several patterns. Gives the
    /// pattern's index too.
    pub fn wait_for_any(
        &mut self,
        patterns: &[&str],
        timeout: Duration,
    ) -> Result<(usize, String), MachineError> {
        let waited = self.console.wait_for(patterns, timeout);
        self.found(waited, patterns, timeout)
    }

    /// As [`Machine::wait_for`] for the second serial port, `/dev/ttyS1` of the guest. The kernel
    /// writes nothing there, so lines stay whole; the log's neighbour `NAME.results` keeps them.
    pub fn wait_for_result(
        &mut self,
        pattern: &str,
        timeout: Duration,
    ) -> Result<String, MachineError> {
        let waited = self.results.wait_for(&[pattern], timeout);
        self.found(waited, &[pattern], timeout).map(|(_, line)| line)
    }

    /// All lines of the second serial port so far.
    pub fn results(&self) -> Vec<Line> {
        self.results.output.lines()
    }

    fn found(
        &self,
        waited: Waited,
        patterns: &[&str],
        timeout: Duration,
    ) -> Result<(usize, String), MachineError> {
        let (name, pattern, log) = (self.name.clone(), patterns.join("` or `"), self.log());
        match waited {
            Waited::Found(pattern, _, text) => Ok((pattern, text)),
            Waited::TimedOut => {
                Err(MachineError::Pattern { name, pattern, seconds: timeout.as_secs(), log })
            }
            Waited::Closed => Err(MachineError::Ended { name, pattern, log }),
        }
    }

    /// Types on the serial console.
    pub fn type_text(&mut self, text: &str) -> Result<(), MachineError> {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.write_all(text.as_bytes())?;
            keyboard.flush()?;
        }
        Ok(())
    }

    /// Presses the power button: ACPI asks the guest to power off.
    pub fn press_power_button(&self) -> Result<(), MachineError> {
        if let Some(qmp) = &self.qmp {
            qmp.command("system_powerdown", &json!({}))?;
        }
        Ok(())
    }

    /// Pulls the network cable out, or puts it back.
    pub fn set_link(&self, up: bool) -> Result<(), MachineError> {
        if let Some(qmp) = &self.qmp {
            qmp.command("set_link", &json!({ "name": "net0", "up": up }))?;
        }
        Ok(())
    }

    /// Waits until the machine has ended by itself.
    pub fn wait_for_end(&mut self, timeout: Duration) -> Result<Ending, MachineError> {
        let Some(status) = self.process.wait(timeout)? else {
            return Err(MachineError::Runs {
                name: self.name.clone(),
                seconds: timeout.as_secs(),
                log: self.log(),
            });
        };
        self.turn = None;
        for port in [&mut self.console, &mut self.results] {
            if let Some(reader) = port.reader.take() {
                reader.join().expect("the reader does not panic")?;
            }
        }
        let events = self.qmp.take().map(Qmp::into_events).unwrap_or_default();
        Ok(ending(&events, status))
    }

    /// Presses the power button and waits for the clean end that must follow. As a person does,
    /// presses again when nothing happens: a press before the guest listens is lost.
    pub fn power_off(&mut self, timeout: Duration) -> Result<(), MachineError> {
        let deadline = Instant::now() + timeout;
        loop {
            self.press_power_button()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left <= PRESS_AGAIN || self.process.wait(PRESS_AGAIN)?.is_some() {
                return self.expect_end(&Ending::PowerOff, left);
            }
        }
    }

    /// Waits for the end, which must be `expected`.
    pub fn expect_end(&mut self, expected: &Ending, timeout: Duration) -> Result<(), MachineError> {
        let found = self.wait_for_end(timeout)?;
        if found == *expected {
            return Ok(());
        }
        let (name, expected) = (self.name.clone(), expected.clone());
        Err(MachineError::Ending { name, found, expected, log: self.log() })
    }

    /// How often the guest has restarted so far.
    pub fn resets(&self) -> usize {
        let guest = |event: &&Event| {
            event.name == "RESET" && event.reason.as_deref() == Some("guest-reset")
        };
        self.qmp.as_ref().map_or(0, |qmp| qmp.events().iter().filter(guest).count())
    }

    /// The port on 127.0.0.1 that leads to TCP port `guest`, one of [`Setup::ports`].
    pub fn port(&self, guest: u16) -> Result<u16, MachineError> {
        let command = json!({ "command-line": "info usernet" });
        let answer = match &self.qmp {
            Some(qmp) => qmp.command("human-monitor-command", &command)?,
            None => json!(""),
        };
        forwarded_port(answer.as_str().unwrap_or_default(), guest)
            .ok_or_else(|| MachineError::Port { name: self.name.clone(), port: guest })
    }

    /// All lines of the console so far.
    pub fn lines(&self) -> Vec<Line> {
        self.console.output.lines()
    }

    /// An error if the console holds a line of a panic, a failed unit or the like, unless the line
    /// holds one of the `expected` texts.
    pub fn check_console(&self, expected: &[&str]) -> Result<(), MachineError> {
        let lines = self.lines();
        let problems = problems(&lines, expected);
        if problems.is_empty() {
            return Ok(());
        }
        let (name, problems) = (self.name.clone(), problems.join("\n"));
        Err(MachineError::Console { name, problems, log: self.log() })
    }

    /// Reads QEMU's CPU time: what the guest and its devices have cost so far.
    pub fn cpu_clock(&self) -> CpuClock {
        self.process.cpu_clock()
    }

    /// Where the console's log is, and its end, for messages.
    pub fn log(&self) -> Log {
        Log { path: self.log.clone(), tail: self.console.output.tail(30) }
    }
}

impl Port {
    /// Reads `from` to its end in a thread of its own.
    fn read(
        from: impl Read + Send + 'static,
        log: fs::File,
        clock: CpuClock,
        began: Instant,
    ) -> std::io::Result<Self> {
        let output = Console::default();
        let console = output.clone();
        let reader = std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || console.read(from, log, clock, began))?;
        Ok(Self { output, reader: Some(reader), next_line: 0 })
    }

    fn wait_for(&mut self, patterns: &[&str], timeout: Duration) -> Waited {
        let deadline = Instant::now() + timeout;
        let waited = self.output.wait_for(patterns, self.next_line, deadline);
        if let Waited::Found(_, line, _) = waited {
            self.next_line = line + 1;
        }
        waited
    }
}

/// Kills the machine after `limit`, unless the sender is dropped before.
fn end_after(limit: Duration, killer: Killer) -> Result<Sender<()>, MachineError> {
    let (sender, receiver) = channel();
    std::thread::Builder::new().name("limit".to_owned()).spawn(move || {
        if receiver.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            killer.kill();
        }
    })?;
    Ok(sender)
}

fn ending(events: &[Event], status: ExitStatus) -> Ending {
    let shutdown = events.iter().rev().find(|event| event.name == "SHUTDOWN");
    match shutdown.and_then(|event| event.reason.as_deref()) {
        Some("guest-shutdown") => Ending::PowerOff,
        Some("guest-reset") if events.iter().any(|event| event.name == "WATCHDOG") => {
            Ending::Watchdog
        }
        Some("guest-reset") => Ending::Reset,
        Some(other) => Ending::Other(other.to_owned()),
        None => Ending::Other(status.to_string()),
    }
}

/// Finds the host's port in QEMU's list `Protocol[State] FD Source-Address Port Dest-Address Port
/// RecvQ SendQ`.
fn forwarded_port(usernet: &str, guest: u16) -> Option<u16> {
    let guest = guest.to_string();
    usernet.lines().find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        match fields[..] {
            ["TCP[HOST_FORWARD]", _, _, host, _, port, ..] if port == guest => host.parse().ok(),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_what_qemu_says_it_was() {
        let event = |name: &str, reason: Option<&str>| Event {
            name: name.to_owned(),
            reason: reason.map(str::to_owned),
        };
        let (reset, off) = (Some("guest-reset"), Some("guest-shutdown"));
        for (events, expected) in [
            (vec![event("SHUTDOWN", off)], Ending::PowerOff),
            (vec![event("RESET", reset), event("SHUTDOWN", reset)], Ending::Reset),
            (vec![event("WATCHDOG", None), event("SHUTDOWN", reset)], Ending::Watchdog),
            (vec![event("SHUTDOWN", Some("host-signal"))], Ending::Other("host-signal".into())),
            (Vec::new(), Ending::Other("exit status: 0".into())),
        ] {
            assert_eq!(ending(&events, ExitStatus::default()), expected);
        }
    }

    #[test]
    fn forwarded_ports_are_read_from_the_list_of_connections() {
        let text = "Hub -1 (net0):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n  \
                    TCP[HOST_FORWARD]  13       127.0.0.1 41357       10.0.2.15    22     0     0\r\n";
        assert_eq!(forwarded_port(text, 22), Some(41357));
        assert_eq!(forwarded_port(text, 80), None);
    }
}
