//! Processes: starting one with everything set up before its first instruction, and reaping.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Gid, Pid, Resource, Rlimit, Uid, WaitOptions, WaitStatus};

use crate::signals;

/// Where a program without a slash is looked for, and `PATH` of every service.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Who a process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub uid: Uid,
    /// Its group.
    pub gid: Gid,
    /// The further groups.
    pub groups: Vec<Gid>,
    /// Its home folder, for `HOME`.
    pub home: PathBuf,
    /// Its name, for `USER`.
    pub name: String,
}

/// Where the standard streams of a process lead.
#[derive(Debug)]
pub enum Streams<'a> {
    /// Input from nowhere, output into a pipe whose other end [`spawn`] gives.
    Logged,
    /// Input and output nowhere.
    Null,
    /// All on a terminal, which becomes the controlling one.
    Terminal(&'a Path),
    /// Input from nowhere, output to a terminal.
    ToTerminal(&'a Path),
}

/// A process to start.
#[derive(Debug)]
pub struct Spawn<'a> {
    /// The program: absolute, or looked for in [`PATH`].
    pub program: &'a str,
    /// `argv[0]`, where it is not the program.
    pub argv0: Option<&'a str>,
    /// The arguments after `argv[0]`.
    pub arguments: &'a [String],
    /// The whole environment.
    pub environment: &'a BTreeMap<String, String>,
    /// The folder it starts in.
    pub directory: &'a Path,
    /// Who it runs as; none is root.
    pub credentials: Option<&'a Credentials>,
    /// The file mode creation mask.
    pub umask: u32,
    /// Limits, set before credentials are given up.
    pub limits: &'a [(Resource, Rlimit)],
    /// Written to `oom_score_adj`.
    pub oom_score_adjust: Option<i32>,
    /// `cgroup.procs` of the group it joins.
    pub cgroup: Option<File>,
    /// The standard streams.
    pub streams: Streams<'a>,
}

/// A started process.
#[derive(Debug)]
pub struct Spawned {
    /// Its number.
    pub pid: Pid,
    /// What it writes, not blocking, where the streams are logged.
    pub output: Option<OwnedFd>,
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// No such program.
    #[error("{0}: no such program")]
    Missing(String),
    /// The terminal cannot be opened.
    #[error("opening the terminal {}: {source}", path.display())]
    Terminal {
        /// The terminal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No pipe for its output.
    #[error("making a pipe: {0}")]
    Pipe(io::Error),
    /// Setting it up or executing it did not work.
    #[error("starting {program}: {source}")]
    Execute {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
}

/// Starts a process in a session of its own. When it returns, execve has succeeded.
pub fn spawn(mut spawn: Spawn<'_>) -> Result<Spawned, SpawnError> {
    let program =
        find(spawn.program).ok_or_else(|| SpawnError::Missing(spawn.program.to_owned()))?;
    let mut command = Command::new(&program);
    command.arg0(spawn.argv0.unwrap_or(spawn.program)).args(spawn.arguments);
    command.env_clear().envs(spawn.environment).current_dir(spawn.directory);
    let mut controlling = false;
    let mut output = None;
    match spawn.streams {
        Streams::Logged => {
            let (reader, writer) = pipe().map_err(SpawnError::Pipe)?;
            let second = writer.try_clone().map_err(SpawnError::Pipe)?;
            command.stdin(Stdio::null()).stdout(writer).stderr(second);
            output = Some(reader);
        }
        Streams::Null => {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        }
        Streams::Terminal(path) | Streams::ToTerminal(path) => {
            let terminal = |source| SpawnError::Terminal { path: path.to_owned(), source };
            let file =
                OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(path);
            let file = file.map_err(terminal)?;
            command
                .stdout(file.try_clone().map_err(terminal)?)
                .stderr(file.try_clone().map_err(terminal)?);
            controlling = matches!(spawn.streams, Streams::Terminal(_));
            command.stdin(if controlling { Stdio::from(file) } else { Stdio::null() });
        }
    }
    let credentials = spawn.credentials.cloned();
    let (limits, umask) = (spawn.limits.to_vec(), spawn.umask);
    let (oom_score_adjust, mut cgroup) = (spawn.oom_score_adjust, spawn.cgroup.take());
    let set_up = move || -> io::Result<()> {
        rustix::process::setsid()?;
        signals::unblock_all()?;
        if let Some(procs) = &mut cgroup {
            procs.write_all(b"0")?;
        }
        if let Some(adjust) = oom_score_adjust {
            without_privilege(std::fs::write("/proc/self/oom_score_adj", adjust.to_string()))?;
        }
        for (resource, limit) in &limits {
            set_limit(*resource, limit)?;
        }
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
        if controlling {
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
        }
        if let Some(credentials) = &credentials {
            rustix::thread::set_thread_groups(&credentials.groups)?;
            rustix::thread::set_thread_gid(credentials.gid)?;
            rustix::thread::set_thread_uid(credentials.uid)?;
        }
        Ok(())
    };
    before_execve(&mut command, set_up);
    let child = command
        .spawn()
        .map_err(|source| SpawnError::Execute { program: program.display().to_string(), source })?;
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("the kernel numbers processes from 1");
    Ok(Spawned { pid, output })
}

/// Sets a limit, or what is nearest to it: the kernel takes no more open files than `fs.nr_open`, and PID 1 of a
/// container may not raise any.
fn set_limit(resource: Resource, limit: &Rlimit) -> io::Result<()> {
    let set =
        |limit: &Rlimit| rustix::process::setrlimit(resource, *limit).map_err(io::Error::from);
    set(limit).or_else(|_| {
        let highest = if resource == Resource::Nofile {
            std::fs::read_to_string("/proc/sys/fs/nr_open")
                .ok()
                .and_then(|text| text.trim().parse().ok())
        } else {
            None
        };
        let most = |wanted: Option<u64>| {
            highest.map(|highest: u64| wanted.map_or(highest, |wanted| wanted.min(highest)))
        };
        match most(limit.maximum) {
            Some(maximum) => set(&Rlimit { current: most(limit.current), maximum: Some(maximum) }),
            None => Err(io::ErrorKind::PermissionDenied.into()),
        }
        .or_else(|_| {
            let present = rustix::process::getrlimit(resource);
            let current = match (limit.current, present.maximum) {
                (Some(wanted), Some(maximum)) => Some(wanted.min(maximum)),
                (wanted, maximum) => wanted.or(maximum),
            };
            without_privilege(set(&Rlimit { current, maximum: present.maximum }))
        })
    })
}

/// Passes over the refusal of a privilege that only PID 1 of a whole machine has.
fn without_privilege(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        outcome => outcome,
    }
}

#[expect(
    unsafe_code,
    reason = "the only way to join a control group and change user between fork and execve"
)]
fn before_execve(
    command: &mut Command,
    set_up: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: PID 1 has a single thread, so no lock (the allocator's included) is held by another one at the fork.
    unsafe {
        command.pre_exec(set_up);
    }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    Ok((reader, writer))
}

/// The absolute path of a program.
fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Path::new(program).exists().then(|| PathBuf::from(program));
    }
    PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// Reaps one ended child; `None` when there is no more.
pub fn reap() -> Option<(Pid, WaitStatus)> {
    rustix::process::wait(WaitOptions::NOHANG).ok().flatten()
}

/// `exited with status 1`, `was killed by signal 9`.
pub fn describe(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}
