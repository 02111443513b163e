//! `systemd-sysusers` (systemd-sysusers(8), sysusers.d(5)): makes system users and groups by lines.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use keelson_output::eprintln;
use lexopt::prelude::*;

use crate::{conf, files, screen};
use database::Database;
use line::Line;
use plan::Planned;

mod database;
mod line;
mod plan;

const HELP: &str = "\
systemd-sysusers [OPTION...] [CONFIGURATION FILE...]

Create system user and group accounts.

     --cat-config     show configuration files
     --root=PATH      operate below this folder
     --replace=PATH   take the arguments in place of this file
     --dry-run        just print what would be done
     --inline         take the arguments as configuration lines
     --no-pager  -h --help  --version
";

#[derive(Debug, Default)]
struct Options {
    root: PathBuf,
    cat: bool,
    dry_run: bool,
    inline: bool,
    replace: Option<PathBuf>,
    words: Vec<String>,
}

/// Runs it. Exit statuses: 0, 1 something is wrong.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let outcome =
        parse(arguments).and_then(|options| options.map_or(Ok(true), |options| work(&options)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln(format_args!("systemd-sysusers: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>> {
    let mut options = Options { root: PathBuf::from("/"), ..Options::default() };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Long("cat-config" | "tldr") => options.cat = true,
            Long("dry-run") => options.dry_run = true,
            Long("inline") => options.inline = true,
            Long("root") => options.root = files::root(parser.value()?),
            Long("replace") => options.replace = Some(PathBuf::from(parser.value()?)),
            Long("no-pager") => {}
            Value(word) => options.words.push(word.to_string_lossy().into_owned()),
            other => return screen::help_or_version(other, HELP).map(|()| None),
        }
    }
    Ok(Some(options))
}

/// Gives whether every line was good.
fn work(options: &Options) -> Result<bool> {
    let named: &[String] =
        if options.inline || options.replace.is_some() { &[] } else { &options.words };
    files::check_root(&options.root)?;
    let mut paths = conf::chosen(&options.root, "sysusers.d", named)?;
    if options.cat {
        screen::print(&conf::concatenated(&paths)?);
        return Ok(true);
    }
    let facts = conf::facts(&options.root);
    let mut lines = Vec::new();
    let mut bad = 0;
    let mut read = |place: &str, text: &str| match line::parse(text, &facts) {
        Ok(line) => lines.push(line),
        Err(error) => {
            eprintln(format_args!("{place}: {error:#}"));
            bad += 1;
        }
    };
    if options.inline {
        for (index, text) in options.words.iter().flat_map(|word| word.lines()).enumerate() {
            let text = text.trim();
            if !(text.is_empty() || text.starts_with('#')) {
                read(&format!("(command line):{}", index + 1), text);
            }
        }
        paths.clear();
    }
    paths.extend(conf::credential("sysusers.extra"));
    let good = conf::lines(&paths, !named.is_empty(), read)?;
    Ok(apply(options, &lines)? && good && bad == 0)
}

/// Gives whether every line could be followed.
fn apply(options: &Options, lines: &[Line]) -> Result<bool> {
    let etc = options.root.join("etc");
    let _lock = if options.dry_run { None } else { Some(lock(&etc)?) };
    let before = read_database(&etc)?;
    let owner_of = |path: &str| {
        let meta = fs::metadata(options.root.join(path.trim_start_matches('/'))).ok()?;
        Some((meta.uid(), meta.gid()))
    };
    let Planned { database: after, said, failed } =
        plan::plan(before.clone(), lines, &owner_of, today());
    let good = failed.is_empty();
    for text in said.into_iter().chain(failed) {
        eprintln(text);
    }
    if options.dry_run {
        return Ok(good);
    }
    // Groups first: a user without its group is worse than a group without its user.
    for (name, mode, old, new) in [
        ("group", 0o644, &before.group, &after.group),
        ("gshadow", 0o640, &before.gshadow, &after.gshadow),
        ("passwd", 0o644, &before.passwd, &after.passwd),
        ("shadow", 0o640, &before.shadow, &after.shadow),
    ] {
        if old != new {
            replace(&etc.join(name), new, mode)?;
        }
    }
    Ok(good)
}

/// Days since 1970, for shadow(5); `$SOURCE_DATE_EPOCH` where it is set.
fn today() -> u64 {
    let told = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse::<u64>().ok());
    told.unwrap_or_else(|| crate::clock::Now::read().real / crate::clock::SECOND) / 86_400
}

/// The lock that passwd(1) and its kin take (lckpwdf(3)).
fn lock(etc: &Path) -> Result<File> {
    fs::create_dir_all(etc).with_context(|| format!("making {}", etc.display()))?;
    let path = etc.join(".pwd.lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.with_context(|| format!("opening {}", path.display()))?;
    rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::LockExclusive)
        .with_context(|| format!("locking {}", path.display()))?;
    Ok(file)
}

/// Only a file that is not there is an empty one: what cannot be read must not be replaced by what is added to it.
fn read_database(etc: &Path) -> Result<Database> {
    let lines = |name: &str| {
        let path = etc.join(name);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.with_context(|| format!("reading {}", path.display()))?,
        };
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        Ok::<_, anyhow::Error>(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
    };
    Ok(Database {
        passwd: lines("passwd")?,
        group: lines("group")?,
        shadow: lines("shadow")?,
        gshadow: lines("gshadow")?,
    })
}

/// Writes a file beside the old one and moves it over, the old one kept with a `-`.
fn replace(path: &Path, lines: &[Vec<u8>], mode: u32) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let fresh = path.with_extension("sysusers-new");
    let _left_over = fs::remove_file(&fresh);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(doing)?;
    let mut bytes = lines.join(&b'\n');
    bytes.push(b'\n');
    file.write_all(&bytes).with_context(doing)?;
    let old = fs::metadata(path);
    if let Ok(old) = &old {
        std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid())).with_context(doing)?;
        let mut backup = path.as_os_str().to_owned();
        backup.push("-");
        fs::copy(path, &backup).with_context(doing)?;
    }
    let mode = old.map_or(mode, |old| old.mode() & 0o7777);
    file.set_permissions(fs::Permissions::from_mode(mode)).with_context(doing)?;
    file.sync_all().with_context(doing)?;
    fs::rename(&fresh, path).with_context(doing)
}

#[cfg(test)]
mod tests;
