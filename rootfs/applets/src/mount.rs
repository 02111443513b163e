//! `mount [-t TYPE] [-o OPTIONS] SOURCE TARGET`, `mount -o remount,... TARGET`, `mount --bind SOURCE TARGET`;
//! without arguments, the list of what is mounted. There is no `/etc/fstab`: mounts are units.

use std::ffi::CString;
use std::fmt::Write as _;

use options::Options;
use rustix::mount::{MountFlags, mount, mount_bind, mount_bind_recursive, mount_remount};

mod options;

const USAGE: &str = "usage: mount [-t TYPE] [-o OPTIONS] SOURCE TARGET";

/// Mounts, or lists what is mounted.
pub fn run(arguments: &[String]) -> Result<(), String> {
    if arguments.is_empty() {
        return list();
    }
    let mut kind = None;
    let mut options = Options::default();
    let mut paths = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "-t" => kind = Some(value()?.as_str()),
            "-o" => options.add(value()?),
            "-r" => options.add("ro"),
            "--bind" | "-B" => options.add("bind"),
            "--rbind" | "-R" => options.add("rbind"),
            option if option.starts_with('-') => return Err(format!("unknown option '{option}'")),
            path => paths.push(path),
        }
    }
    act(kind, &options, &paths)
}

fn act(kind: Option<&str>, options: &Options, paths: &[&str]) -> Result<(), String> {
    let data = CString::new(options.data()).map_err(|_| "an option holds a NUL".to_owned())?;
    let (target, result) = match *paths {
        [.., target] if options.remount => (target, mount_remount(target, options.flags, &data)),
        [source, target] if options.bind => (target, bind(source, target, options)),
        [source, target] => {
            let kind =
                kind.ok_or_else(|| format!("{target}: name the file system's type with -t"))?;
            (target, mount(source, target, kind, options.flags, Some(data.as_c_str())))
        }
        _ => return Err(USAGE.to_owned()),
    };
    result.map_err(|error| format!("{target}: {error}"))
}

/// The kernel ignores flags on a bind mount; a second call sets them.
fn bind(source: &str, target: &str, options: &Options) -> rustix::io::Result<()> {
    if options.recursive {
        mount_bind_recursive(source, target)?;
    } else {
        mount_bind(source, target)?;
    }
    if options.flags.is_empty() {
        return Ok(());
    }
    mount_remount(target, MountFlags::BIND | options.flags, c"")
}

fn list() -> Result<(), String> {
    let mounts = std::fs::read_to_string("/proc/self/mounts")
        .map_err(|error| format!("reading /proc/self/mounts: {error}"))?;
    let mut text = String::new();
    for line in mounts.lines() {
        if let [source, target, kind, options, ..] = *line.split(' ').collect::<Vec<_>>() {
            let _ = writeln!(text, "{source} on {target} type {kind} ({options})");
        }
    }
    crate::print(&text)
}
