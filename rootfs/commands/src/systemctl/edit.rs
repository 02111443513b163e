//! `cat`, `edit`, `help`, `set-property`: the texts of unit files.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use keelson_output::eprintln;
use keelson_units::facts::Facts;
use keelson_units::loader::{Loaded, Loader};
use keelson_units::model::{Unit, UnitKind, UnitName};

use super::files::root;
use super::options::Options;
use super::select;
use crate::names::mangle;
use crate::screen::{self, Paint, Screen};
use crate::settings;

/// Units by their files, below the root meant.
fn load(words: &[String], options: &Options) -> Result<Vec<(UnitName, Loaded)>> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    let mut loader = Loader::new(root(options), Facts::read(root(options)));
    let names = select::names(words, UnitKind::Service)?;
    let one = |name: String| Ok((name.parse::<UnitName>()?, loader.load(&name.parse()?)));
    names.into_iter().map(one).collect()
}

/// `cat`
pub fn cat(words: &[String], options: &Options, screen: &Screen) -> Result<u8> {
    let mut out = String::new();
    let mut status = 0;
    for (name, loaded) in load(words, options)? {
        let paths = match &loaded {
            Loaded::Unit(unit) => unit.fragment.iter().chain(&unit.drop_ins).cloned().collect(),
            Loaded::Masked(path) => vec![path.clone()],
            Loaded::Missing => Vec::new(),
        };
        if paths.is_empty() {
            eprintln(format_args!("No files found for {name}."));
            status = 1;
        }
        for path in paths {
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => format!("# {error}\n"),
            };
            if !out.is_empty() {
                out.push('\n');
            }
            let heading = format!("# {}", shown(&path, options).display());
            put!(out, "{}\n{}", screen.paint(Paint::Grey, &heading), text);
            if !text.is_empty() && !text.ends_with('\n') {
                out.push('\n');
            }
        }
    }
    screen::print(&out);
    Ok(status)
}

/// A path as it is below the root.
fn shown(path: &Path, options: &Options) -> PathBuf {
    Path::new("/").join(path.strip_prefix(root(options)).unwrap_or(path))
}

/// `help`: there are no manual pages on the host, so the places are told.
pub fn manual(words: &[String]) -> Result<u8> {
    let options = Options::default();
    let mut status = 0;
    for (name, loaded) in load(words, &options)? {
        let Loaded::Unit(unit) = loaded else {
            eprintln(format_args!("Unit {name} could not be found."));
            status = 4;
            continue;
        };
        if unit.documentation.is_empty() {
            eprintln(format_args!("Documentation for {name} not known."));
        }
        for place in &unit.documentation {
            screen::print(&format!("{place}\n"));
        }
    }
    Ok(status)
}

/// `edit`
pub fn edit(words: &[String], options: &Options) -> Result<u8> {
    for (name, loaded) in load(words, options)? {
        let Loaded::Unit(unit) = loaded else {
            bail!(
                "No files found for {name}.\nRun 'systemctl edit --force --full {name}' to create a new unit."
            );
        };
        let (path, before) = place(&unit, options)?;
        let text = if options.stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("reading standard input")?;
            text
        } else {
            by_editor(&path, &before)?
        };
        if text.trim().is_empty() {
            bail!("Editing \"{}\" canceled: temporary file is empty.", path.display());
        }
        write(&path, &text)?;
        eprintln(format_args!(
            "Successfully installed edited file '{}'.",
            shown(&path, options).display()
        ));
    }
    super::reload(options)?;
    Ok(0)
}

/// The file to write and what is in it now.
fn place(unit: &Unit, options: &Options) -> Result<(PathBuf, String)> {
    let base = root(options).join(if options.runtime {
        "run/systemd/system"
    } else {
        "etc/systemd/system"
    });
    if options.full {
        let text = unit
            .fragment
            .as_ref()
            .map(fs::read_to_string)
            .transpose()
            .context("reading the unit file")?;
        return Ok((base.join(unit.name.as_str()), text.unwrap_or_default()));
    }
    let name = options.drop_in.as_deref().unwrap_or("override.conf");
    let name = if name.ends_with(".conf") { name.to_owned() } else { format!("{name}.conf") };
    if name.contains('/') {
        bail!("--drop-in={name} is no file name");
    }
    let path = base.join(format!("{}.d", unit.name)).join(name);
    let text = fs::read_to_string(&path).unwrap_or_default();
    Ok((path, text))
}

/// Lets the user's editor at a copy beside the file.
fn by_editor(path: &Path, before: &str) -> Result<String> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let named = set("SYSTEMD_EDITOR").or_else(|| set("EDITOR")).or_else(|| set("VISUAL"));
    let known = ["editor", "nano", "vim", "vi"].map(str::to_owned);
    let found = || known.into_iter().find(|name| Path::new("/usr/bin").join(name).exists());
    let Some(editor) = named.or_else(found) else {
        bail!("there is no editor on this host: give the text with --stdin, or set $EDITOR");
    };
    let copy = path.with_extension("conf.edit");
    write(&copy, before)?;
    let mut words = editor.split_whitespace();
    let outcome = Command::new(words.next().unwrap_or_default()).args(words).arg(&copy).status();
    let text = fs::read_to_string(&copy);
    let _gone = fs::remove_file(&copy);
    if !outcome.with_context(|| format!("running {editor}"))?.success() {
        bail!("{editor} failed; nothing is changed");
    }
    text.with_context(|| format!("reading {}", copy.display()))
}

/// Writes a file as a whole, so nobody reads half of it.
fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("a file has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let fresh = path.with_extension("new");
    fs::write(&fresh, text).with_context(|| format!("writing {}", fresh.display()))?;
    fs::rename(&fresh, path).with_context(|| format!("writing {}", path.display()))
}

/// `set-property`: a drop-in of its own for each setting; PID 1 applies it when it reads its files again.
pub fn set_property(words: &[String], options: &Options) -> Result<u8> {
    let Some((unit, assignments)) = words.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        bail!("Too few arguments.");
    };
    let unit = mangle(unit, UnitKind::Service)?;
    let section = unit.kind().section().filter(|section| *section != "Timer" && *section != "Path");
    let Some(section) = section else { bail!("{unit} has no resource settings") };
    let base =
        if options.runtime { "run/systemd/system.control" } else { "etc/systemd/system.control" };
    for assignment in assignments {
        let name = assignment.split_once('=').map_or(assignment.as_str(), |(name, _)| name);
        let section = if name == "Description" { "Unit" } else { section };
        settings::judge(root(options), unit.kind(), section, assignment)?;
        let path =
            root(options).join(base).join(format!("{unit}.d")).join(format!("50-{name}.conf"));
        write(
            &path,
            &format!("# Made by \"systemctl set-property\".\n[{section}]\n{assignment}\n"),
        )?;
    }
    super::reload(options)?;
    Ok(0)
}

#[cfg(test)]
mod tests;
