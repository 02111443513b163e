//! `unit-paths`, `unit-files`, `cat-config`, `exit-status`: what there is.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use keelson_units::exit_status;
use keelson_units::facts::Facts;
use keelson_units::loader::Loader;

use super::Options;
use crate::conf;
use crate::screen::Screen;
use crate::table::Table;

/// The folders of unit files, the strongest first.
pub fn unit_paths(options: &Options) -> String {
    let loader = Loader::new(&options.root, Facts::default());
    loader.search_path().iter().map(|path| format!("{}\n", path.display())).collect()
}

/// Unit files by name.
pub fn unit_files(options: &Options) -> String {
    let files = Loader::new(&options.root, Facts::default()).known_names();
    files.iter().map(|file| format!("ids: {} → {}\n", file.name, file.path.display())).collect()
}

/// A configuration file and its drop-ins, such as `systemd/journald.conf`.
pub fn cat_config(words: &[String], options: &Options) -> Result<String> {
    if words.is_empty() {
        bail!("Too few arguments.");
    }
    let mut out = String::new();
    for word in words {
        let name = word.strip_prefix("/etc/").unwrap_or(word);
        let bases = ["etc", "run", "usr/local/lib", "usr/lib"].map(|base| options.root.join(base));
        let main = bases.iter().map(|base| base.join(name)).find(|path| path.is_file());
        let mut drop_ins: BTreeMap<_, PathBuf> = BTreeMap::new();
        for base in &bases {
            for entry in
                fs::read_dir(base.join(format!("{name}.d"))).into_iter().flatten().flatten()
            {
                if entry.path().extension().is_some_and(|end| end == "conf") {
                    drop_ins.entry(entry.file_name()).or_insert(entry.path());
                }
            }
        }
        let paths: Vec<PathBuf> = main.into_iter().chain(drop_ins.into_values()).collect();
        if paths.is_empty() {
            bail!("there is no configuration file {word}");
        }
        out += &conf::concatenated(&paths)?;
    }
    Ok(out)
}

/// Exit statuses by number or name; all that have a name where none is given.
pub fn exit_status(words: &[String], screen: &Screen) -> Result<String> {
    let statuses: Vec<u8> = if words.is_empty() {
        (0..=u8::MAX).filter(|status| exit_status::name(*status).is_some()).collect()
    } else {
        let number = |word: &String| {
            let found = word.parse().ok().or_else(|| exit_status::by_name(word));
            found.with_context(|| format!("Invalid exit status \"{word}\"."))
        };
        words.iter().map(number).collect::<Result<_>>()?
    };
    let mut table = Table::new(&["NAME", ">STATUS", "CLASS"]);
    for status in statuses {
        let (name, class) = exit_status::name(status).unwrap_or(("-", "-"));
        table.row(vec![name.into(), status.to_string().into(), class.into()]);
    }
    Ok(table.text(screen, true))
}
