//! From an invocation to a plan: everything that needs a look at the system, done before the fork.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use keelson_units::model::{ExecSettings, Protect};
use keelson_units::words;

use crate::environment::{self, Facts, SEARCH_PATH};
use crate::identity::{self, Identity};
use crate::image::{self, Image};
use crate::invocation::Invocation;
use crate::plan::{Plan, attributes, privileges, sandbox, streams};
use crate::runtime::Runtime;
use crate::spawn::SpawnError;
use crate::stage::Stage;
use crate::{credentials, directories};

/// A plan and what must stay open until the child has its copy.
#[derive(Debug)]
pub struct Prepared {
    /// What the child does.
    pub plan: Plan,
    /// Descriptors in its slots.
    pub kept: Vec<OwnedFd>,
    /// What did not work and was passed over.
    pub remarks: Vec<String>,
}

/// Makes the plan.
pub fn prepare(invocation: &Invocation<'_>, runtime: &mut Runtime) -> Result<Prepared, SpawnError> {
    let exec = implied(invocation.exec);
    let invocation = Invocation { exec: &exec, ..invocation.clone() };
    let mut made = Prepared { plan: Plan::default(), kept: Vec::new(), remarks: Vec::new() };
    made.remarks.extend(not_executed(&exec));
    let identity = identity::of(&exec, invocation.unit)?;
    (runtime.uid, runtime.gid) = (identity.uid, identity.gid);
    let owner = identity
        .uid
        .or(identity.gid)
        .map(|_| (identity.uid.unwrap_or(0), identity.gid.unwrap_or(0)));
    directories::make(Path::new("/"), &exec, owner)
        .map_err(|error| SpawnError::new(directories::stage(error.kind), error))?;
    let credentials = credentials::prepare(&invocation, &identity, runtime, &mut made)?;
    let shared = if invocation.sandboxed() {
        crate::namespaces::prepare(&invocation, runtime, &mut made)?
    } else {
        crate::namespaces::Shared::default()
    };

    attributes::begin(&mut made.plan, &exec);
    let streams = streams::plan(&invocation, &identity, &mut made)?;
    attributes::plan(&mut made.plan, &exec);
    let files =
        environment::read_files(&exec.environment_files).map_err(SpawnError::at(Stage::Memory))?;
    let facts = Facts {
        user: identity.user.as_ref(),
        terminal: streams.terminal.as_deref(),
        journal_stream: streams.journal,
        credentials: credentials.as_deref(),
        files,
    };
    let variables = environment::build(&invocation, &facts);
    made.plan.image = image(&invocation, &identity, variables)?;
    if let (Some(group), Some((uid, gid))) = (invocation.group, owner) {
        made.remarks.extend(group.chown_pressure(&exec, uid, gid));
    }
    sandbox::plan(&invocation, &identity, &shared, &mut made.plan)?;
    attributes::finish(&mut made.plan, &exec);
    passed(&invocation, &mut made);
    working_directory(&invocation, &identity, &mut made.plan)?;
    privileges::plan(&invocation, &identity, &mut made)?;
    Ok(made)
}

/// A remark for each setting that is known and not carried out.
fn not_executed(exec: &ExecSettings) -> Vec<String> {
    let known = [
        (exec.pam_name.is_some(), "PAMName= is not carried out: there is no PAM"),
        (exec.root_image.is_some(), "RootImage= is not carried out"),
        (exec.root_ephemeral, "RootEphemeral= is not carried out: the root folder is used itself"),
        (exec.restrict_file_systems.is_some(), "RestrictFileSystems= is not carried out"),
        (!exec.security_labels.is_empty(), "labels of security modules are not carried out"),
    ];
    let set = known.into_iter().filter(|(set, _)| *set);
    set.map(|(_, remark)| remark.to_owned()).collect()
}

/// What `DynamicUser=` implies (systemd.exec(5)).
fn implied(exec: &ExecSettings) -> Cow<'_, ExecSettings> {
    if !exec.dynamic_user {
        return Cow::Borrowed(exec);
    }
    let mut exec = exec.clone();
    exec.protect_system = Protect::Strict;
    if exec.protect_home == Protect::No {
        exec.protect_home = Protect::Full;
    }
    if exec.private_tmp == Protect::No {
        exec.private_tmp = Protect::Yes;
    }
    (exec.remove_ipc, exec.no_new_privileges, exec.restrict_suid_sgid) = (true, true, true);
    Cow::Owned(exec)
}

/// Program, arguments and environment.
fn image(
    invocation: &Invocation<'_>,
    identity: &Identity,
    variables: BTreeMap<String, String>,
) -> Result<Image, SpawnError> {
    let command = invocation.command;
    let Some((program, rest)) = command.words.split_first() else {
        return Err(SpawnError::new(Stage::Exec, "the command line is empty"));
    };
    let mut arguments = if command.literal {
        rest.iter().map(|word| word.text.clone()).collect()
    } else {
        words::substitute(rest, &variables)
    };
    let own = words::substitute(std::slice::from_ref(program), &BTreeMap::new());
    let mut program = if command.literal { program.text.clone() } else { own.concat() };
    if command.shell {
        let user = identity.user.as_ref().filter(|_| invocation.changes_user());
        let line = std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ");
        program =
            user.map_or_else(|| "/bin/sh".to_owned(), |user| user.shell.display().to_string());
        arguments = vec!["-c".to_owned(), line];
    }
    let argv0 = if command.own_argv0 && !arguments.is_empty() {
        arguments.remove(0)
    } else {
        program.clone()
    };
    arguments.insert(0, argv0);
    let folders: Vec<PathBuf> = if invocation.exec.search_path.is_empty() {
        SEARCH_PATH.iter().map(PathBuf::from).collect()
    } else {
        invocation.exec.search_path.clone()
    };
    let candidates = image::candidates(&program, &folders);
    let pids = environment::pid_variables(invocation, &variables);
    let variables: Vec<_> = variables.into_iter().collect();
    Image::new(&candidates, &arguments, &variables, &pids).map_err(SpawnError::at(Stage::Exec))
}

/// `LISTEN_FDS`; without `NonBlocking=` they block.
fn passed(invocation: &Invocation<'_>, made: &mut Prepared) {
    for descriptor in invocation.descriptors {
        let set = rustix::io::ioctl_fionbio(descriptor.fd, invocation.non_blocking);
        let note = |error| format!("setting the mode of descriptor {}: {error}", descriptor.name);
        made.remarks.extend(set.err().map(note));
        made.plan.passed.push(descriptor.fd.as_raw_fd());
    }
}

fn working_directory(
    invocation: &Invocation<'_>,
    identity: &Identity,
    plan: &mut Plan,
) -> Result<(), SpawnError> {
    let exec = invocation.exec;
    let path = match &exec.working_directory {
        None => PathBuf::from("/"),
        Some(path) if path == Path::new("~") => match &identity.user {
            Some(user) => user.home.clone(),
            None => PathBuf::from("/root"),
        },
        Some(path) => path.clone(),
    };
    plan.chdir = Some((cstring(&path, Stage::Chdir)?, exec.working_directory_may_miss));
    Ok(())
}

/// A path for a system call.
pub fn cstring(path: &Path, stage: Stage) -> Result<std::ffi::CString, SpawnError> {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::CString::new(path.as_os_str().as_bytes()).map_err(SpawnError::at(stage))
}
