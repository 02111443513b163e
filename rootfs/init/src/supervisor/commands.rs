//! What `systemctl` asks over the control socket: one line in, text out, the first line being the exit status.

use std::fmt::Write as _;

use super::Supervisor;
use crate::service::{ServiceRun, State};
use crate::shutdown::Goal;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The exit status of the command (systemctl(1), "EXIT STATUS").
    pub status: u8,
    /// What it prints.
    pub text: String,
}

impl Answer {
    fn new(status: u8, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }
}

/// The state in the word of systemctl(1).
fn word(service: &ServiceRun) -> &'static str {
    match service.state {
        State::Inactive | State::Skipped => "inactive",
        State::Starting(_) | State::Restarting(_) => "activating",
        State::Running | State::Exited => "active",
        State::Stopping(_) => "deactivating",
        State::Failed => "failed",
    }
}

impl Supervisor {
    /// Does what `line` asks. `root` says whether the one who asks may change anything.
    pub fn command(&mut self, line: &str, root: bool) -> Answer {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["list-units"] => Answer::new(0, self.list(|_| true)),
            ["is-system-running"] => {
                let failed = self.services.values().any(|service| service.state == State::Failed);
                match (self.end.is_some(), self.complete, failed) {
                    (true, ..) => Answer::new(1, "stopping\n"),
                    (_, false, _) => Answer::new(1, "starting\n"),
                    (_, true, true) => Answer::new(1, "degraded\n"),
                    (_, true, false) => Answer::new(0, "running\n"),
                }
            }
            ["list-failed"] => Answer::new(0, self.list(|service| service.state == State::Failed)),
            ["is-active", name] => self.is_active(name),
            ["status", name] => self.status(name),
            ["status"] => Answer::new(0, self.list(|_| true)),
            [verb, ..] if !root => Answer::new(4, format!("{verb}: only root may do this\n")),
            ["start", name] => {
                let name = self.full_name(name);
                if self.start_unit(&name) {
                    Answer::new(0, "")
                } else {
                    Answer::new(5, format!("there is no unit {name}\n"))
                }
            }
            ["stop", name] => {
                let name = self.full_name(name);
                if self.services.contains_key(&name) {
                    self.with(&name, ServiceRun::stop);
                    Answer::new(0, "")
                } else {
                    Answer::new(5, format!("there is no service {name}\n"))
                }
            }
            [verb] => match Goal::of_command(verb) {
                Some(goal) => {
                    self.begin_end(goal);
                    Answer::new(0, "")
                }
                None => unknown(line),
            },
            _ => unknown(line),
        }
    }

    fn full_name(&self, name: &str) -> String {
        let name = if name.contains('.') { name.to_owned() } else { format!("{name}.service") };
        self.aliases.get(&name).cloned().unwrap_or(name)
    }

    fn is_active(&self, name: &str) -> Answer {
        let name = self.full_name(name);
        match self.services.get(&name) {
            Some(service) if matches!(service.state, State::Running | State::Exited) => {
                Answer::new(0, "active\n")
            }
            Some(service) => Answer::new(3, format!("{}\n", word(service))),
            None if self.targets.contains(&name) => Answer::new(0, "active\n"),
            None => Answer::new(4, "inactive\n"),
        }
    }

    fn status(&self, name: &str) -> Answer {
        let name = self.full_name(name);
        let Some(service) = self.services.get(&name) else {
            return Answer::new(4, format!("there is no service {name}\n"));
        };
        let description = self.units.get(&name).map_or("", |unit| unit.description.as_str());
        let mut text = format!("{name} - {description}\n  state: {}\n", word(service));
        if let Some(main) = service.main {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "  main process: {}", main.as_raw_nonzero());
        }
        if !service.status.is_empty() {
            let _written = writeln!(text, "  status: {}", service.status);
        }
        Answer::new(if service.is_active() { 0 } else { 3 }, text)
    }

    fn list(&self, wanted: impl Fn(&ServiceRun) -> bool) -> String {
        let mut text = String::new();
        for service in self.services.values().filter(|service| wanted(service)) {
            let description =
                self.units.get(&service.name).map_or("", |unit| unit.description.as_str());
            // Writing to a string cannot fail.
            let _written =
                writeln!(text, "{:<36} {:<12} {description}", service.name, word(service));
        }
        text
    }
}

fn unknown(line: &str) -> Answer {
    Answer::new(2, format!("`{line}` is not understood\n"))
}
