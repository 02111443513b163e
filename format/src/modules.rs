//! The module index of `/usr/lib/modules/RELEASE`: `modules.dep`, `modules.alias` and
//! `modules.softdep` in the form of kmod (`modules.dep(5)`), written by the builder and read by
//! the initramfs and `modprobe`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use thiserror::Error;

/// One module as its `.modinfo` section describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Name with `_` for every `-`.
    pub name: String,
    /// Path below the release folder, as in `kernel/drivers/block/virtio_blk.ko`; what follows `.ko` names
    /// a compression.
    pub path: String,
    /// Names of the modules it needs, in the order of `.modinfo`.
    pub depends: Vec<String>,
    /// Alias patterns, in which `*`, `?` and `[...]` match as in a shell.
    pub aliases: Vec<String>,
    /// Names of modules to load before it, and whose absence is no error.
    pub soft_before: Vec<String>,
}

/// Every module of a kernel release, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleIndex {
    modules: BTreeMap<String, Module>,
}

/// Why an index could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{file} line {line}: {reason}")]
pub struct IndexError {
    /// Which of the files.
    pub file: &'static str,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// A module that another needs is not in the index.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("module {needed} is needed by {by} and is not there")]
pub struct MissingModule {
    /// The module that is missing.
    pub needed: String,
    /// Who needs it.
    pub by: String,
}

/// The name under which a module is known: file name without `.ko` and with `_` for `-`.
pub fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file).replace('-', "_")
}

impl ModuleIndex {
    /// An index of these modules.
    pub fn new(modules: impl IntoIterator<Item = Module>) -> Self {
        Self { modules: modules.into_iter().map(|module| (module.name.clone(), module)).collect() }
    }

    /// The modules in the order of their names.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
    }

    /// The module with this name; `-` and `_` are the same.
    pub fn get(&self, name: &str) -> Option<&Module> {
        self.modules.get(&name.replace('-', "_"))
    }

    /// The modules whose name or alias matches, in the order of their names.
    pub fn matching(&self, name_or_alias: &str) -> Vec<&Module> {
        if let Some(module) = self.get(name_or_alias) {
            return vec![module];
        }
        let hit = |module: &&Module| module.aliases.iter().any(|p| matches(p, name_or_alias));
        self.modules.values().filter(hit).collect()
    }

    /// `module` and all that it needs, in an order in which they can be loaded.
    pub fn closure(&self, module: &Module) -> Result<Vec<&Module>, MissingModule> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        let by = |needed: &str, by: &str| MissingModule { needed: needed.into(), by: by.into() };
        let start = self.get(&module.name).ok_or_else(|| by(&module.name, "the caller"))?;
        let mut stack = vec![(start, false)];
        while let Some((module, done)) = stack.pop() {
            if done {
                order.push(module);
                continue;
            }
            if !seen.insert(module.name.as_str()) {
                continue;
            }
            stack.push((module, true));
            for needed in module.depends.iter().rev() {
                stack.push((self.get(needed).ok_or_else(|| by(needed, &module.name))?, false));
            }
            stack.extend(
                module.soft_before.iter().rev().filter_map(|n| self.get(n)).map(|m| (m, false)),
            );
        }
        Ok(order)
    }

    /// `modules.dep`: a line `path: paths it needs` a module, nearest dependency first.
    pub fn to_dep(&self) -> String {
        let mut text = String::new();
        for module in self.modules.values() {
            write!(text, "{}:", module.path).expect("writing to a String cannot fail");
            let mut closure = self.hard_closure(module);
            closure.retain(|needed| needed.name != module.name);
            for needed in closure {
                write!(text, " {}", needed.path).expect("writing to a String cannot fail");
            }
            text.push('\n');
        }
        text
    }

    /// `modules.alias`: a line `alias PATTERN NAME` an alias.
    pub fn to_alias(&self) -> String {
        let mut text = String::new();
        for module in self.modules.values() {
            for alias in &module.aliases {
                writeln!(text, "alias {alias} {}", module.name)
                    .expect("writing to a String cannot fail");
            }
        }
        text
    }

    /// `modules.softdep`: a line `softdep NAME pre: NAMES` a module that has any.
    pub fn to_softdep(&self) -> String {
        let mut text = String::new();
        for module in self.modules.values().filter(|module| !module.soft_before.is_empty()) {
            writeln!(text, "softdep {} pre: {}", module.name, module.soft_before.join(" "))
                .expect("writing to a String cannot fail");
        }
        text
    }

    /// Reads what the three functions above wrote.
    pub fn parse(dep: &str, alias: &str, softdep: &str) -> Result<Self, IndexError> {
        let mut index = Self::default();
        for (number, line) in content_lines(dep) {
            let error = |reason: &str| wrong("modules.dep", number, reason);
            let (path, needs) = line.split_once(':').ok_or_else(|| error("no `:`"))?;
            let module = Module {
                name: module_name(path),
                path: path.to_owned(),
                depends: needs.split_whitespace().map(module_name).collect(),
                aliases: Vec::new(),
                soft_before: Vec::new(),
            };
            index.modules.insert(module.name.clone(), module);
        }
        for (number, line) in content_lines(alias) {
            let error = |reason: &str| wrong("modules.alias", number, reason);
            let mut words = line.split_whitespace();
            match (words.next(), words.next(), words.next()) {
                (Some("alias"), Some(pattern), Some(name)) => index
                    .modules
                    .get_mut(name)
                    .ok_or_else(|| error("alias of a module that is not there"))?
                    .aliases
                    .push(pattern.to_owned()),
                _ => return Err(error("expected `alias PATTERN NAME`")),
            }
        }
        for (number, line) in content_lines(softdep) {
            let error = |reason: &str| wrong("modules.softdep", number, reason);
            let rest = line.strip_prefix("softdep ").ok_or_else(|| error("expected `softdep`"))?;
            let (name, before) = rest
                .split_once(" pre:")
                .ok_or_else(|| error("expected `softdep NAME pre: NAMES`"))?;
            let module = index
                .modules
                .get_mut(name)
                .ok_or_else(|| error("softdep of a module that is not there"))?;
            module.soft_before = before.split_whitespace().map(str::to_owned).collect();
        }
        Ok(index)
    }

    fn hard_closure(&self, module: &Module) -> Vec<&Module> {
        let mut found: Vec<&Module> = Vec::new();
        let mut queue: Vec<&str> = vec![&module.name];
        while let Some(name) = queue.pop() {
            let Some(module) = self.get(name) else { continue };
            if !found.iter().any(|other| other.name == module.name) {
                found.push(module);
                queue.extend(module.depends.iter().rev().map(String::as_str));
            }
        }
        found
    }
}

fn content_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn wrong(file: &'static str, line: usize, reason: &str) -> IndexError {
    IndexError { file, line, reason: reason.to_owned() }
}

/// Shell pattern matching as modprobe does it, with `-` and `_` the same outside brackets.
pub fn matches(pattern: &str, text: &str) -> bool {
    fn same(a: u8, b: u8) -> bool {
        let fold = |c| if c == b'-' { b'_' } else { c };
        fold(a) == fold(b)
    }
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while j < t.len() {
        let step = match p.get(i) {
            Some(b'*') => {
                retry = Some((i, j));
                i += 1;
                continue;
            }
            Some(b'?') => Some(i + 1),
            Some(b'[') => bracket(&p[i + 1..], t[j]).map(|length| i + 1 + length),
            Some(c) if same(*c, t[j]) => Some(i + 1),
            _ => None,
        };
        match (step, retry) {
            (Some(next), _) => (i, j) = (next, j + 1),
            (None, Some((star, from))) => {
                retry = Some((star, from + 1));
                (i, j) = (star + 1, from + 1);
            }
            (None, None) => return false,
        }
    }
    p[i..].iter().all(|c| *c == b'*')
}

/// Length of the bracket expression up to and with its `]` if `c` is in it.
fn bracket(expression: &[u8], c: u8) -> Option<usize> {
    let end = expression.iter().position(|b| *b == b']')?;
    let (negated, set) = match expression[..end].split_first() {
        Some((b'!' | b'^', rest)) => (true, rest),
        _ => (false, &expression[..end]),
    };
    let mut found = false;
    let mut k = 0;
    while k < set.len() {
        if k + 2 < set.len() && set[k + 1] == b'-' {
            found |= (set[k]..=set[k + 2]).contains(&c);
            k += 3;
        } else {
            found |= set[k] == c;
            k += 1;
        }
    }
    (found != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests;
