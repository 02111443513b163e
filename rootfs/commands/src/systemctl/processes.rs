//! The processes of a control group as a tree, as `status` prints them.

use std::fs;
use std::path::Path;

/// A control group: its processes and the groups below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The name; that of the first is the whole path.
    pub name: String,
    /// Process number and command line, by number.
    pub processes: Vec<(u32, String)>,
    /// The groups below that are not empty, by name.
    pub groups: Vec<Group>,
}

/// How deep groups are followed; containers nest a few levels.
const DEEPEST: usize = 16;

/// Reads a group at `path` (`/system.slice/ssh.service`); none where it is not there or empty.
pub fn read(path: &str) -> Option<Group> {
    let relative = path.trim_start_matches('/');
    // A host has the hierarchy at the first place; a host with both versions has it at the second.
    let roots = [Path::new("/sys/fs/cgroup"), Path::new("/sys/fs/cgroup/unified")];
    let root = roots.into_iter().find(|root| root.join("cgroup.controllers").exists())?;
    let mut group = read_group(&root.join(relative), DEEPEST)?;
    path.clone_into(&mut group.name);
    Some(group)
}

fn read_group(folder: &Path, depth: usize) -> Option<Group> {
    let procs = fs::read_to_string(folder.join("cgroup.procs")).ok()?;
    let mut pids: Vec<u32> = procs.lines().filter_map(|line| line.parse().ok()).collect();
    pids.sort_unstable();
    let processes = pids.into_iter().map(|pid| (pid, command_line(pid))).collect();
    let mut groups = Vec::new();
    if depth > 0 {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let mut found = read_group(&entry.path(), depth - 1);
                if let Some(group) = &mut found {
                    group.name = entry.file_name().to_string_lossy().into_owned();
                }
                groups.extend(
                    found.filter(|group| !group.processes.is_empty() || !group.groups.is_empty()),
                );
            }
        }
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Group { name: String::new(), processes, groups })
}

/// The name of a process's program, `sshd`.
pub fn program(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// The arguments of a process, quoted where a shell would want it; a kernel thread's name in brackets.
fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(|word| quoted(&String::from_utf8_lossy(word))).collect();
    if words.is_empty() {
        format!("[{}]", program(pid).unwrap_or_else(|| "?".to_owned()))
    } else {
        words.join(" ")
    }
}

fn quoted(word: &str) -> String {
    let shown: String = word.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if shown.contains([' ', '"', '\'', '$', '&', ';', '|', '<', '>', '(', ')', '*', '?']) {
        format!("\"{}\"", shown.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        shown
    }
}

impl Group {
    /// The lines of the tree below its name.
    pub fn lines(&self) -> Vec<String> {
        let width = self.widest();
        self.lines_at("", width)
    }

    fn widest(&self) -> usize {
        let own = self.processes.iter().map(|(pid, _)| pid.to_string().len());
        own.chain(self.groups.iter().map(Self::widest)).max().unwrap_or(0)
    }

    fn lines_at(&self, indent: &str, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let count = self.processes.len() + self.groups.len();
        for (index, (pid, command)) in self.processes.iter().enumerate() {
            let branch = if index + 1 == count { "└─" } else { "├─" };
            lines.push(format!("{indent}{branch}{pid:>width$} {command}"));
        }
        for (index, group) in self.groups.iter().enumerate() {
            let last = self.processes.len() + index + 1 == count;
            lines.push(format!("{indent}{}{}", if last { "└─" } else { "├─" }, group.name));
            lines.extend(
                group.lines_at(&format!("{indent}{}", if last { "  " } else { "│ " }), width),
            );
        }
        lines
    }
}
