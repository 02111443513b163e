//! `keelson-provision`: run once by the initramfs, before the root is switched to.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use keelson_output::eprintln;
use keelson_provision::apply;
use keelson_provision::decode::{Decoded, Problem, decode};
use keelson_provision::oem::{self, Places};
use keelson_provision::plan::{Plan, plan};
use keelson_provision::positions::Positions;
use keelson_provision::root::Root;
use keelson_provision::source::{self, Source};

const USAGE: &str = "\
usage: keelson-provision --root DIR [--platform NAME] [--config FILE]
       keelson-provision --check --config FILE

Applies an Ignition configuration (specification 3.0 to 3.5) to the root of a new host.

  --root DIR       the root to write to
  --platform NAME  where the host runs, as `keelson.platform` says; none: look for no configuration
  --config FILE    take the configuration from a file instead
  Without it: QEMU's firmware configuration device, else config.ign on the partition OEM of the host's disk.
  --check          check the configuration and write nothing
  --help           print this

Exit status: 0 applied, or there was nothing to apply; 1 the configuration is wrong, nothing was written;
2 used wrongly; 3 reading or writing failed.
";
const SUMMARY: &str = "/run/keelson/provision.json";

const WRONG: u8 = 1;
const USED_WRONGLY: u8 = 2;
const FAILED: u8 = 3;

#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    root: Option<PathBuf>,
    platform: Option<String>,
    config: Option<PathBuf>,
    check: bool,
    help: bool,
}

fn main() -> ExitCode {
    let words = std::env::args_os()
        .skip(1)
        .map(|word| word.into_string().map_err(|word| format!("not UTF-8: {}", word.display())));
    let arguments = match words.collect::<Result<Vec<_>, _>>().and_then(parse) {
        Ok(arguments) if arguments.help => {
            keelson_output::print(&format!("{}\n", USAGE.trim_end()));
            return ExitCode::SUCCESS;
        }
        Ok(arguments) => arguments,
        Err(what) => {
            eprintln(format_args!("{what}\n{}", USAGE.trim_end()));
            return ExitCode::from(USED_WRONGLY);
        }
    };
    let source = match read(&arguments) {
        Ok(Some(source)) => source,
        Ok(None) => {
            println("no configuration; nothing to do");
            for line in source::nothing(arguments.platform.as_deref()) {
                println(line);
            }
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln(format_args!("reading the configuration: {error}"));
            return ExitCode::from(FAILED);
        }
    };
    ExitCode::from(run(&arguments, &source))
}

fn parse(words: Vec<String>) -> Result<Arguments, String> {
    let mut words = words.into_iter();
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let (name, inline) =
            word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let mut value = || {
            inline
                .map(str::to_owned)
                .or_else(|| words.next())
                .ok_or(format!("{name} needs a value"))
        };
        match name {
            "--root" => arguments.root = Some(PathBuf::from(value()?)),
            "--platform" => arguments.platform = Some(value()?),
            "--config" => arguments.config = Some(PathBuf::from(value()?)),
            "--check" => arguments.check = true,
            "--help" | "-h" => arguments.help = true,
            _ => return Err(format!("`{word}` is not understood")),
        }
    }
    // A platform is never wrong: it only says what is looked for, and a host must come up with a name that
    // a later release knows.
    match (&arguments.root, arguments.check) {
        _ if arguments.help => Ok(arguments),
        (None, false) => Err("--root is needed".to_owned()),
        (_, true) if arguments.config.is_none() => Err("--check needs --config".to_owned()),
        _ => Ok(arguments),
    }
}

fn read(arguments: &Arguments) -> io::Result<Option<Source>> {
    match (&arguments.config, arguments.platform.as_deref()) {
        (Some(path), _) => source::file(path)
            .map(Some)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        (None, Some("none")) => Ok(None),
        (None, _) => match source::qemu(source::FW_CFG)? {
            Some(source) => Ok(Some(source)),
            None => oem::read(Places::of_host()),
        },
    }
}

fn run(arguments: &Arguments, source: &Source) -> u8 {
    let name = source.name.display();
    let tell = |problem: &Problem, kind: &str| {
        let gap = if problem.position.is_some() { "" } else { " " };
        eprintln(format_args!("{kind}{name}:{gap}{problem}"));
    };
    let Decoded { config, warnings } = match decode(&source.bytes) {
        Ok(decoded) => decoded,
        Err(problems) => {
            for problem in &problems {
                tell(problem, "");
            }
            return WRONG;
        }
    };
    for problem in &warnings {
        tell(problem, "warning: ");
    }
    let Some(root_path) = arguments.root.as_ref().filter(|_| !arguments.check) else {
        keelson_output::print(&format!("{name}: the configuration is good\n"));
        return 0;
    };
    let mut root = match Root::open(root_path) {
        Ok(root) => root,
        Err(error) => {
            eprintln(format_args!("opening {}: {error}", root_path.display()));
            return FAILED;
        }
    };
    let Plan { operations, warnings: more, errors, homes } = plan(&config, &root);
    let positions = Positions::scan(&String::from_utf8_lossy(&source.bytes));
    let located = |(path, what): &(String, String)| Problem {
        path: path.clone(),
        position: positions.of(path),
        what: what.clone(),
    };
    for entry in &more {
        tell(&located(entry), "warning: ");
    }
    if !errors.is_empty() {
        for entry in &errors {
            tell(&located(entry), "");
        }
        return WRONG;
    }
    root.set_homes(homes);
    let mut lines = Vec::new();
    for operation in &operations {
        match apply::apply(operation, &root) {
            Ok(line) => {
                println(&line);
                lines.push(line);
            }
            Err(error) => {
                eprintln(format_args!("{error}"));
                return FAILED;
            }
        }
    }
    println(format_args!(
        "applied {name}: {} files, {} directories, {} links, {} units",
        config.files.len(),
        config.directories.len(),
        config.links.len(),
        config.units.len()
    ));
    let warnings = warnings
        .iter()
        .map(ToString::to_string)
        .chain(more.iter().map(|entry| located(entry).to_string()));
    if let Err(error) = summarise(&lines, &warnings.collect::<Vec<_>>(), source) {
        // The host is provisioned; only its report is missing.
        eprintln(format_args!("warning: writing {SUMMARY}: {error}"));
    }
    0
}

/// A line of what a boot does, on standard output. None is refused because nobody reads it.
fn println(words: impl Display) {
    let _unseen = writeln!(io::stdout(), "{words}");
}

fn summarise(lines: &[String], warnings: &[String], source: &Source) -> io::Result<()> {
    let summary = serde_json::json!({
        "source": source.name.display().to_string(),
        "done": lines,
        "warnings": warnings,
    });
    if let Some(folder) = Path::new(SUMMARY).parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(SUMMARY, format!("{summary:#}\n"))
}
