//! `toolbox`: a shell with the tools of another distribution in the host's namespaces, for debugging.
//!
//! It runs a privileged container with containerd's `ctr`: the host's network, processes and devices, and its root folder
//! at `/media/root`. The container goes with its command; the image stays.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use keelson_output::eprintln;
use keelson_units::facts::assignments;
use lexopt::prelude::*;

use crate::screen;

const HELP: &str = "\
toolbox [OPTIONS...] [COMMAND [ARGUMENT...]]

A shell with tools in a container that has the host's network, processes, devices, and its files at /media/root.

     --image=IMAGE   the image; TOOLBOX_IMAGE in /etc/default/toolbox or ~/.toolboxrc otherwise,
                     else docker.io/library/fedora:latest
     --import=FILE   take the image from a file instead of pulling it
     --pull          pull the image although it is here
     --rm            remove the image and take it anew
  -h --help  --version

Files: /etc/default/toolbox, ~/.toolboxrc with TOOLBOX_IMAGE=, TOOLBOX_NAME=, TOOLBOX_SHELL=
";

const CTR: &str = "/usr/bin/ctr";
/// containerd's namespace of debugging containers, apart from those of users and Kubernetes.
const NAMESPACE: &str = "toolbox";

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    image: String,
    name: String,
    command: Vec<String>,
    import: Option<String>,
    pull: bool,
    remove: bool,
}

/// Runs it. The exit status is that of the command.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let home = std::env::var("HOME").unwrap_or_default();
    let outcome = parse(arguments, &configuration(Path::new("/"), &home));
    match outcome.and_then(|wish| wish.map_or(Ok(()), |wish| work(&wish))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln(format_args!("toolbox: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The settings of the host, and over them those of the user.
fn configuration(root: &Path, home: &str) -> BTreeMap<String, String> {
    let read = |path: &Path| assignments(&fs::read_to_string(path).unwrap_or_default());
    let mut settings = read(&root.join("etc/default/toolbox"));
    if !home.is_empty() {
        settings.extend(read(&root.join(home.trim_start_matches('/')).join(".toolboxrc")));
    }
    settings
}

fn parse(arguments: Vec<OsString>, settings: &BTreeMap<String, String>) -> Result<Option<Wish>> {
    let set =
        |key: &str, default: &str| settings.get(key).cloned().unwrap_or_else(|| default.to_owned());
    let user = std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "root".to_owned());
    let mut wish = Wish {
        image: set("TOOLBOX_IMAGE", "docker.io/library/fedora:latest"),
        name: set("TOOLBOX_NAME", &format!("toolbox-{user}")),
        command: Vec::new(),
        import: None,
        pull: false,
        remove: false,
    };
    let text = |value: OsString| value.to_string_lossy().into_owned();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Long("image") => wish.image = text(parser.value()?),
            Long("import") => wish.import = Some(text(parser.value()?)),
            Long("pull") => wish.pull = true,
            Long("rm") => wish.remove = true,
            Value(program) => {
                wish.command.push(text(program));
                wish.command.extend(parser.raw_args()?.map(text));
            }
            other => return screen::help_or_version(other, HELP).map(|()| None),
        }
    }
    if wish.command.is_empty() {
        wish.command.push(set("TOOLBOX_SHELL", "/bin/sh"));
    }
    wish.image = full_name(&wish.image);
    let sane = |name: &str| !name.is_empty() && !name.starts_with('-');
    if !sane(&wish.image) || !sane(&wish.name) {
        bail!("'{}' and '{}' are no names of an image and a container", wish.image, wish.name);
    }
    Ok(Some(wish))
}

/// An image's name as containerd has it: with its registry and tag.
fn full_name(image: &str) -> String {
    let first = image.split('/').next().unwrap_or_default();
    let with_registry =
        if image.contains('/') && (first.contains(['.', ':']) || first == "localhost") {
            image.to_owned()
        } else if image.contains('/') {
            format!("docker.io/{image}")
        } else {
            format!("docker.io/library/{image}")
        };
    let last = with_registry.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { with_registry } else { format!("{with_registry}:latest") }
}

/// The arguments of `ctr` that make and run the container.
fn container_arguments(wish: &Wish, terminal: bool) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "run",
        "--rm",
        "--net-host",
        "--privileged",
        "--with-ns",
        "pid:/proc/1/ns/pid",
        "--with-ns",
        "ipc:/proc/1/ns/ipc",
        "--mount",
        "type=bind,src=/,dst=/media/root,options=rbind:rslave:rw",
        "--mount",
        "type=bind,src=/dev,dst=/dev,options=rbind:rslave:rw",
        "--mount",
        "type=bind,src=/run,dst=/run/host,options=rbind:rslave:rw",
        "--mount",
        "type=bind,src=/etc/resolv.conf,dst=/etc/resolv.conf,options=bind:ro",
        "--env",
        "TOOLBOX=1",
        "--env",
        "HOST=/media/root",
    ]
    .map(str::to_owned)
    .into();
    if terminal {
        arguments.push("--tty".to_owned());
    }
    let id = format!("{}-{}", wish.name, std::process::id());
    arguments.extend([wish.image.clone(), id]);
    arguments.extend(wish.command.iter().cloned());
    arguments
}

fn ctr() -> Command {
    let mut command = Command::new(CTR);
    command.args(["--namespace", NAMESPACE]);
    command
}

fn work(wish: &Wish) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("it takes root's rights to enter the host's namespaces: use sudo");
    }
    if !Path::new(CTR).exists() {
        bail!("there is no {CTR} on this host");
    }
    let images = ctr()
        .args(["images", "list", "--quiet"])
        .stderr(Stdio::piped())
        .output()
        .context("running ctr")?;
    if !images.status.success() {
        let why = String::from_utf8_lossy(&images.stderr);
        bail!("containerd does not answer (systemctl status containerd): {}", why.trim());
    }
    let here = String::from_utf8_lossy(&images.stdout).lines().any(|image| image == wish.image);
    if wish.remove && here {
        succeed(ctr().args(["images", "remove", &wish.image]), "removing the image")?;
    }
    if let Some(file) = &wish.import {
        succeed(ctr().args(["images", "import", file]), &format!("importing {file}"))?;
    } else if !here || wish.pull || wish.remove {
        succeed(ctr().args(["images", "pull", &wish.image]), &format!("pulling {}", wish.image)).context(
            "the image cannot be had; where this host is offline, bring it as a file and use --import=FILE",
        )?;
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    Err(ctr().args(container_arguments(wish, terminal)).exec()).context("running ctr")
}

fn succeed(command: &mut Command, doing: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{doing}: running ctr"))?;
    if !status.success() {
        bail!("{doing} failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
