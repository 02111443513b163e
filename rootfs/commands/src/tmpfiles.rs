//! `systemd-tmpfiles` (systemd-tmpfiles(8), tmpfiles.d(5)): makes, adjusts, removes and cleans files by lines.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;
use std::{fs, io};

use anyhow::{Context, Result, bail};
use keelson_output::eprintln;
use lexopt::prelude::*;
use rustix::fd::OwnedFd;

use crate::accounts::Accounts;
use crate::{conf, files, screen};
use clean::{Cleaner, Kept};
use line::{Item, Kind};

mod acl;
mod age;
mod attributes;
mod base64;
mod clean;
mod copy;
mod line;
mod make;
mod own;
mod remove;
mod walk;

const HELP: &str = "\
systemd-tmpfiles COMMAND [OPTION...] [CONFIGURATION FILE...]

Create, delete, and clean up files and directories.

     --create              create and adjust files and directories
     --clean               clean up files and directories
     --remove              remove files and directories marked for removal
     --purge               remove what lines marked with $ have made
     --cat-config          show configuration files
     --boot                execute actions only safe at boot
     --graceful            pass over unknown users and groups
     --prefix=PATH         only apply rules with this prefix
     --exclude-prefix=PATH ignore rules with this prefix
  -E                       ignore rules prefixed with /dev, /proc, /run, /sys
     --root=PATH           operate below this folder
     --dry-run             just print what would be done
     --no-pager  -h --help  --version
";

/// Exit statuses of sysexits.h, as systemd uses them.
const DATA_ERROR: u8 = 65;
const CANNOT_CREATE: u8 = 73;

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Options {
    create: bool,
    clean: bool,
    remove: bool,
    purge: bool,
    cat: bool,
    boot: bool,
    graceful: bool,
    dry_run: bool,
    prefixes: Vec<String>,
    excluded: Vec<String>,
    root: Option<PathBuf>,
    files: Vec<String>,
}

/// Runs it. Exit statuses: 0, 65 lines that are wrong, 73 something could not be done, 1 all else.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let outcome =
        parse(arguments).and_then(|options| options.map_or(Ok(0), |options| work(&options)));
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln(format_args!("systemd-tmpfiles: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    let text = |value: OsString| value.to_string_lossy().into_owned();
    while let Some(option) = parser.next()? {
        match option {
            Long("create") => options.create = true,
            Long("clean") => options.clean = true,
            Long("remove") => options.remove = true,
            Long("purge") => options.purge = true,
            Long("cat-config" | "tldr") => options.cat = true,
            Long("boot") => options.boot = true,
            Long("graceful") => options.graceful = true,
            Long("dry-run") => options.dry_run = true,
            Long("prefix") => options.prefixes.push(text(parser.value()?)),
            Long("exclude-prefix") => options.excluded.push(text(parser.value()?)),
            Short('E') => {
                options.excluded.extend(["/dev", "/proc", "/run", "/sys"].map(str::to_owned));
            }
            Long("root") => options.root = Some(files::root(parser.value()?)),
            Long("replace") => drop(parser.value()?),
            Long("no-pager") => {}
            Value(file) => options.files.push(text(file)),
            other => return screen::help_or_version(other, HELP).map(|()| None),
        }
    }
    if !(options.create || options.clean || options.remove || options.purge || options.cat) {
        bail!("You need to specify at least one of --clean, --create, --remove, or --purge.");
    }
    Ok(Some(options))
}

fn work(options: &Options) -> Result<u8> {
    let root_path = options.root.as_deref().unwrap_or(Path::new("/"));
    files::check_root(root_path)?;
    let mut paths = conf::chosen(root_path, "tmpfiles.d", &options.files)?;
    if options.cat {
        screen::print(&conf::concatenated(&paths)?);
        return Ok(0);
    }
    paths.extend(conf::credential("tmpfiles.extra"));
    let mut status = 0;
    let items = read(&paths, root_path, options, &mut status)?;
    let root = walk::open_root(root_path)?;
    let mut failed = apply(&root, root_path, &items, options);
    failed.retain(|(may_fail, message)| {
        eprintln(format_args!("systemd-tmpfiles: {message}"));
        !may_fail
    });
    Ok(if failed.is_empty() { status } else { CANNOT_CREATE })
}

/// All lines that are meant. What is wrong is told by file and line and gives the exit status.
fn read(paths: &[PathBuf], root: &Path, options: &Options, status: &mut u8) -> Result<Vec<Item>> {
    let facts = conf::facts(root);
    let accounts = Accounts::read(root)?;
    let mut items: Vec<Item> = Vec::new();
    let mut bad = 0;
    let good = conf::lines(paths, !options.files.is_empty(), |place, text| {
        match line::parse(text, &facts, &accounts) {
            Ok(item) if !is_meant(&item, options) => {}
            Ok(item) if is_repeated(&item, &items) => {
                eprintln(format_args!("{place}: another line for {} comes first", item.path));
            }
            Ok(item) => items.push(item),
            Err(error) => {
                let graceful = options.graceful && error.to_string().starts_with("there is no ");
                eprintln(format_args!("{place}: {error:#}"));
                bad += usize::from(!graceful);
            }
        }
    })?;
    if !good || bad > 0 {
        *status = DATA_ERROR;
    }
    Ok(ordered(items))
}

fn is_meant(item: &Item, options: &Options) -> bool {
    let below = |prefix: &String| Path::new(&item.path).starts_with(prefix);
    (options.boot || !item.boot_only)
        && (options.prefixes.is_empty() || options.prefixes.iter().any(below))
        && !options.excluded.iter().any(below)
}

/// Of lines that make the same thing the first counts; lines that add to what is there all do.
fn is_repeated(item: &Item, before: &[Item]) -> bool {
    let same = |other: &&Item| {
        other.path == item.path && other.kind.is_pattern() == item.kind.is_pattern()
    };
    let adds =
        matches!(item.kind, Kind::Write | Kind::Attribute | Kind::Acl | Kind::Flags | Kind::AclAll);
    match before.iter().find(same) {
        _ if adds => false,
        Some(other) if item.kind.is_pattern() => other == item,
        Some(_) => true,
        None => false,
    }
}

/// What is made comes by path, so that folders come before what is in them; then what is there is adjusted.
fn ordered(mut items: Vec<Item>) -> Vec<Item> {
    let key = |item: &Item| {
        let pattern = item.kind.is_pattern();
        (pattern, if pattern { PathBuf::new() } else { PathBuf::from(&item.path) })
    };
    items.sort_by_cached_key(key);
    items
}

/// Does all of it. Gives what did not work, with whether it may.
fn apply(
    root: &OwnedFd,
    root_path: &Path,
    items: &[Item],
    options: &Options,
) -> Vec<(bool, String)> {
    let mut failed = Vec::new();
    let mut note = |item: &Item, outcome: Result<()>| {
        if let Err(error) = outcome
            && !is_read_only(&error)
        {
            failed.push((item.may_fail, format!("{error:#}")));
        }
    };
    let would = |item: &Item, what: &str| {
        screen::print(&format!("Would {what} {}\n", item.path));
    };
    for item in items.iter().rev().filter(|item| options.remove && is_removal(item)) {
        if options.dry_run {
            would(item, "remove");
        } else {
            note(item, remove::remove(root, root_path, item));
        }
    }
    for item in items.iter().rev().filter(|item| options.purge && item.purged) {
        if options.dry_run {
            would(item, "purge");
        } else {
            note(item, purge(root, item));
        }
    }
    if options.clean {
        let kept = kept(items);
        let now = SystemTime::now();
        let cleaner = Cleaner { root, root_path, kept: &kept, now, dry_run: options.dry_run };
        for item in items.iter().filter(|item| item.age.is_some() && is_cleaned(item.kind)) {
            note(item, cleaner.clean(item));
        }
    }
    for item in items.iter().filter(|item| options.create && is_creation(item.kind)) {
        if options.dry_run {
            would(item, "create or adjust");
        } else {
            note(item, make::create(root, root_path, item));
        }
    }
    failed
}

/// A read-only place is as its image has it, which is no failure of ours.
fn is_read_only(error: &anyhow::Error) -> bool {
    let is = |error: &io::Error| error.kind() == io::ErrorKind::ReadOnlyFilesystem;
    error.chain().any(|cause| match cause.downcast_ref::<walk::WalkError>() {
        Some(walk::WalkError::Io { source, .. }) => is(source),
        _ => cause.downcast_ref::<io::Error>().is_some_and(is),
    })
}

fn purge(root: &OwnedFd, item: &Item) -> Result<()> {
    remove::tree(&walk::place(root, Path::new(&item.path), false)?)
}

fn is_removal(item: &Item) -> bool {
    matches!(item.kind, Kind::Remove | Kind::RemoveAll | Kind::EmptiedDirectory)
}

fn is_cleaned(kind: Kind) -> bool {
    matches!(kind, Kind::Directory | Kind::EmptiedDirectory | Kind::AdjustDirectory | Kind::Copy)
}

fn is_creation(kind: Kind) -> bool {
    !matches!(kind, Kind::Remove | Kind::RemoveAll | Kind::Keep | Kind::KeepAlone)
}

/// What stays where a line above would clean it: whatever has a line of its own.
fn kept(items: &[Item]) -> Kept {
    let mut kept = Kept::default();
    for item in items {
        match item.kind {
            Kind::KeepAlone => kept.alone.push(item.path.clone()),
            Kind::Remove | Kind::RemoveAll => {}
            _ => kept.all.push(item.path.clone()),
        }
    }
    kept
}

/// `^`: the argument is the name of a credential of this service.
fn credential(name: &str) -> Result<Vec<u8>> {
    if name.contains('/') || name.is_empty() {
        bail!("'{name}' is no name of a credential");
    }
    let folder =
        std::env::var_os("CREDENTIALS_DIRECTORY").context("this service has no credentials")?;
    let path = Path::new(&folder).join(name);
    fs::read(&path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests;
