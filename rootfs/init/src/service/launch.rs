//! What a command of a service is started with: folders, group, environment, limits, user.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::Path;

use rustix::process::{Pid, Rlimit};

use super::{Context, ServiceRun};
use crate::accounts;
use crate::notify;
use crate::output::OutputPipe;
use crate::process::{self, Credentials, Spawn, Streams};
use crate::unit::words::{self, Word};
use crate::unit::{Command, Input, Output};

impl ServiceRun {
    /// Makes the group and the folders. An error is a reason not to start, in words.
    pub(super) fn prepare(&mut self, context: &mut Context<'_>) -> Result<(), String> {
        match context.cgroups.service(&self.name) {
            Ok(group) => self.cgroup = group,
            Err(error) => {
                context.log.note(format_args!("{}: {error}; it runs without a group", self.name));
            }
        }
        for problem in
            self.cgroup.iter().flat_map(|group| group.limit(&self.config.cgroup_settings))
        {
            context.log.note(format_args!("{}: {problem}", self.name));
        }
        let credentials = self.credentials()?;
        for directory in &self.config.directories {
            let failed = |error| format!("making {}: {error}", directory.path.display());
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(&directory.path)
                .map_err(failed)?;
            fs::set_permissions(&directory.path, fs::Permissions::from_mode(directory.mode))
                .map_err(failed)?;
            if let Some(credentials) = &credentials {
                let (uid, gid) = (credentials.uid.as_raw(), credentials.gid.as_raw());
                chown(&directory.path, Some(uid), Some(gid)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Starts a command of the service. An error is in words.
    pub(super) fn launch(
        &mut self,
        command: &Command,
        context: &mut Context<'_>,
    ) -> Result<Pid, String> {
        let credentials = if command.privileged { None } else { self.credentials()? };
        let environment = self.environment(credentials.as_ref())?;
        let mut arguments = words::substitute(&command.words[1..], &environment);
        let program = words::substitute(&command.words[..1], &BTreeMap::new()).concat();
        let argv0 = (command.own_argv0 && !arguments.is_empty()).then(|| arguments.remove(0));
        let limits: Vec<_> = self
            .config
            .limits
            .iter()
            .map(|(resource, soft, hard)| (*resource, Rlimit { current: soft.0, maximum: hard.0 }))
            .collect();
        let cgroup = match self.cgroup.as_ref().map(crate::cgroup::Cgroup::open_procs).transpose() {
            Ok(procs) => procs,
            Err(error) => {
                context.log.note(format_args!("{}: {error}", self.name));
                None
            }
        };
        let streams = match (self.config.input, self.config.output) {
            (Input::Tty, _) => Streams::Terminal(&self.config.tty),
            (Input::Null, Output::Tty) => Streams::ToTerminal(&self.config.tty),
            (Input::Null, Output::Null) => Streams::Null,
            (Input::Null, Output::Log | Output::LogAndConsole) => Streams::Logged,
        };
        let spawned = process::spawn(Spawn {
            program: &program,
            argv0: argv0.as_deref(),
            arguments: &arguments,
            environment: &environment,
            directory: self.config.working_directory.as_deref().unwrap_or(Path::new("/")),
            credentials: credentials.as_ref(),
            umask: self.config.umask,
            limits: &limits,
            oom_score_adjust: self.config.oom_score_adjust,
            cgroup,
            streams,
        })
        .map_err(|error| error.to_string())?;
        if let Some(descriptor) = spawned.output {
            let console = self.config.output == Output::LogAndConsole;
            context.outputs.push(OutputPipe::new(&self.name, descriptor, console));
        }
        Ok(spawned.pid)
    }

    /// The main process of a forking service: by its PID file, else the only one in its group.
    pub(super) fn main_after_fork(&self) -> Option<Pid> {
        let by_file = self.config.pid_file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        if let Some(pid) = by_file.and_then(|text| text.trim().parse().ok()).and_then(Pid::from_raw)
        {
            return Some(pid);
        }
        match self.cgroup.as_ref()?.processes()[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        accounts::credentials(self.config.user.as_deref(), self.config.group.as_deref())
            .map_err(|error| error.to_string())
    }

    /// The fixed variables, then `Environment=`, then `EnvironmentFile=` (systemd.exec(5)).
    fn environment(
        &self,
        credentials: Option<&Credentials>,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut environment = BTreeMap::from([("PATH".to_owned(), process::PATH.to_owned())]);
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set("NOTIFY_SOCKET", notify::SOCKET.to_owned());
        if let Some(credentials) = credentials {
            set("HOME", credentials.home.display().to_string());
            set("USER", credentials.name.clone());
            set("LOGNAME", credentials.name.clone());
        }
        if let Some(main) = self.main {
            set("MAINPID", main.as_raw_nonzero().to_string());
        }
        if matches!((self.config.input, self.config.output), (Input::Tty, _) | (_, Output::Tty)) {
            set(
                "TERM",
                if self.config.tty.to_string_lossy().contains("ttyS") { "vt220" } else { "linux" }
                    .to_owned(),
            );
        }
        environment.extend(self.config.environment.clone());
        for file in &self.config.environment_files {
            match fs::read_to_string(&file.path) {
                Ok(text) => environment.extend(assignments(&text)),
                Err(_) if file.may_miss => {}
                Err(error) => return Err(format!("reading {}: {error}", file.path.display())),
            }
        }
        Ok(environment)
    }
}

/// The assignments of an environment file; comments and other lines are passed over.
fn assignments(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', ';']))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            let words = words::split(value)
                .unwrap_or_else(|_| vec![Word { text: value.to_owned(), quoted: false }]);
            let value = words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
            (name.trim().to_owned(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::assignments;

    #[test]
    fn environment_files_are_assignments_with_quotes() {
        let text = "# comment\nSSHD_OPTS=\nA=\"b c\" d\nB='x'\n; c=d\nnothing\n";
        let expected = [("SSHD_OPTS", ""), ("A", "b c d"), ("B", "x")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(assignments(text), expected);
    }
}
