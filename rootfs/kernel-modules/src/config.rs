//! What the host says about modules: `modprobe.d` (modprobe.d(5)), and of the kernel command line
//! `modprobe.blacklist=A,B` and `MODULE.OPTION=VALUE`, which the kernel itself applies only to what
//! is built in.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use keelson_format::modules::{matches, module_name};

/// Folders of `*.conf`; of files of one name the last one counts.
const FOLDERS: [&str; 4] =
    ["usr/lib/modprobe.d", "usr/local/lib/modprobe.d", "run/modprobe.d", "etc/modprobe.d"];

/// What was said, in the order in which it was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    blacklist: BTreeSet<String>,
    /// Name or alias of a module and its `OPTION[=VALUE]...`.
    params: Vec<(String, String)>,
    /// Pattern and the module that it stands for.
    aliases: Vec<(String, String)>,
    /// Module, what comes before it and what comes after it.
    soft: Vec<(String, Vec<String>, Vec<String>)>,
    /// Modules that a command was to load, with the place that says so.
    refused: BTreeMap<String, String>,
    /// What was not understood or is not done, with file and line.
    pub remarks: Vec<String>,
}

impl Config {
    /// Reads the files of the host at `root`, in the order of their names.
    pub(crate) fn read(root: &Path) -> Self {
        let mut files: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        for folder in FOLDERS {
            let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
            let confs = entries.map(|entry| (entry.file_name(), entry.path()));
            files.extend(confs.filter(|(_, path)| path.extension().is_some_and(|e| e == "conf")));
        }
        let mut config = Self::default();
        for path in files.into_values() {
            match fs::read(&path) {
                Ok(text) => config.take(&String::from_utf8_lossy(&text), &path),
                Err(error) => config.remarks.push(format!("reading {}: {error}", path.display())),
            }
        }
        config
    }

    /// Takes the text of a file of `modprobe.d`.
    pub fn take(&mut self, text: &str, file: &Path) {
        let mut line = String::new();
        let mut first = 1;
        for (index, part) in text.lines().enumerate() {
            if line.is_empty() {
                first = index + 1;
            }
            if let Some(part) = part.strip_suffix('\\') {
                line += part;
                continue;
            }
            line += part;
            self.take_line(&std::mem::take(&mut line), format!("{}:{first}", file.display()));
        }
        self.take_line(&line, format!("{}:{first}", file.display()));
    }

    fn take_line(&mut self, line: &str, place: String) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let (command, rest) = split(line);
        let (name, rest) = split(rest);
        let module = name.replace('-', "_");
        match command {
            "blacklist" if !name.is_empty() => drop(self.blacklist.insert(module)),
            "options" if !rest.is_empty() => self.params.push((module, rest.to_owned())),
            "alias" if !rest.is_empty() => {
                self.aliases.push((name.to_owned(), rest.replace('-', "_")));
            }
            "softdep" if !rest.is_empty() => {
                let (before, after) = soft(rest);
                self.soft.push((module, before, after));
            }
            // It tells which modules an initramfs may need besides.
            "weakdep" if !name.is_empty() => {}
            "install" if !rest.is_empty() => {
                self.remarks.push(format!(
                    "{place}: commands in the place of modules are not run; {name} is not loaded"
                ));
                self.refused.insert(module, place);
            }
            "remove" if !name.is_empty() => {
                self.remarks.push(format!("{place}: modules are not removed; passed over"));
            }
            "blacklist" | "options" | "alias" | "softdep" | "weakdep" | "install" | "remove" => {
                self.remarks.push(format!("{place}: {command} says too little; passed over"));
            }
            _ => self.remarks.push(format!("{place}: unknown command {command}; passed over")),
        }
    }

    /// Takes the kernel command line.
    pub fn take_command_line(&mut self, text: &str) {
        let mut quoted = false;
        let at_space = |c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        };
        for word in text.split(at_space) {
            if let Some(names) = word.strip_prefix("modprobe.blacklist=") {
                self.blacklist.extend(names.split(',').map(module_name));
                continue;
            }
            let name = word.split('=').next().unwrap_or(word);
            if let Some((module, option)) = name.split_once('.') {
                let value = &word[module.len() + 1..];
                if !module.is_empty() && !option.is_empty() && !value.contains('"') {
                    self.params.push((module.replace('-', "_"), value.to_owned()));
                }
            }
        }
    }

    /// Whether no alias loads this module.
    pub fn blacklisted(&self, module: &str) -> bool {
        self.blacklist.contains(module)
    }

    /// The place of the command that was to load it.
    pub fn refused(&self, module: &str) -> Option<&str> {
        self.refused.get(module).map(String::as_str)
    }

    /// The modules that an alias of the host stands for; none where it has no such alias.
    pub fn aliased(&self, alias: &str) -> Option<Vec<&str>> {
        let hits = self.aliases.iter().filter(|(pattern, _)| matches(pattern, alias));
        let names: Vec<&str> = hits.map(|(_, module)| module.as_str()).collect();
        (!names.is_empty()).then_some(names)
    }

    /// What is to be loaded before and after a module, and may be missing.
    pub fn soft(&self, module: &str) -> (Vec<&str>, Vec<&str>) {
        let own = || self.soft.iter().filter(|(name, ..)| name == module);
        (
            own().flat_map(|(_, before, _)| before).map(String::as_str).collect(),
            own().flat_map(|(.., after)| after).map(String::as_str).collect(),
        )
    }

    /// The parameters of a module: those of `modprobe.d`, then those of the command line, then
    /// those given. The kernel takes the last of each.
    pub fn params(&self, module: &str, given: &str) -> String {
        let own = self.params.iter().filter(|(name, _)| name == module).map(|(_, text)| &**text);
        own.chain((!given.is_empty()).then_some(given)).collect::<Vec<_>>().join(" ")
    }
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

/// The names after `pre:` and those after `post:`.
fn soft(words: &str) -> (Vec<String>, Vec<String>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut list = None;
    for word in words.split_whitespace() {
        match word {
            "pre:" => list = Some(&mut before),
            "post:" => list = Some(&mut after),
            name => list.iter_mut().for_each(|list| list.push(name.to_owned())),
        }
    }
    (before, after)
}

#[cfg(test)]
mod tests;
