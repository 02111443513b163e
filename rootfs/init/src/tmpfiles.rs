//! The folders that everything else stands on, from a table in the form of tmpfiles.d(5). What packages and people ask
//! for in `tmpfiles.d` folders is made by systemd-tmpfiles.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;

use keelson_execution::accounts;
use keelson_units::value;

/// What every host has.
const OWN: &str = include_str!("tmpfiles.conf");

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    kind: Kind,
    path: PathBuf,
    mode: Option<u32>,
    user: Option<String>,
    group: Option<String>,
    argument: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Directory,
    Link { replace: bool },
    File,
}

/// Makes what is missing. Gives what did not work, or is not implemented, in words.
pub fn apply() -> Vec<String> {
    let mut problems = Vec::new();
    apply_text(OWN, "(built in) tmpfiles", &mut problems);
    problems
}

fn apply_text(text: &str, file: &str, problems: &mut Vec<String>) {
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let outcome = parse(line).and_then(|item| match item {
            Some(item) => make(&item).map_err(|error| format!("{}: {error}", item.path.display())),
            None => Ok(()),
        });
        if let Err(what) = outcome {
            problems.push(format!("{file}:{}: {what}", index + 1));
        }
    }
}

/// Lines that only clean up or adjust are left alone.
fn parse(line: &str) -> Result<Option<Item>, String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let given = |index: usize| fields.get(index).copied().filter(|field| *field != "-");
    let letters = given(0).unwrap_or_default();
    let kind = match letters.trim_end_matches(['!', '-', '=', '~', '^', '$']) {
        "d" | "D" | "v" | "q" | "Q" => Kind::Directory,
        "L" | "L?" => Kind::Link { replace: false },
        "L+" => Kind::Link { replace: true },
        "f" => Kind::File,
        "x" | "X" | "r" | "R" | "e" | "z" | "Z" | "m" => return Ok(None),
        _ => return Err(format!("`{letters}` lines are not implemented")),
    };
    let path = given(1).ok_or("a line without a path")?;
    if path.contains('%') || !path.starts_with('/') {
        return Err(format!("`{path}` is not a plain absolute path"));
    }
    let mode = match given(2) {
        Some(text) => {
            let digits = text.trim_start_matches(['~', ':']);
            Some(value::mode(digits).ok_or_else(|| format!("`{text}` is not a mode"))?)
        }
        None => None,
    };
    Ok(Some(Item {
        kind,
        path: PathBuf::from(path),
        mode,
        user: given(3).map(str::to_owned),
        group: given(4).map(str::to_owned),
        argument: fields.get(6..).map(|rest| rest.join(" ")).unwrap_or_default(),
    }))
}

/// Makes an item that is not there; one that is keeps what people changed.
fn make(item: &Item) -> io::Result<()> {
    let there = fs::symlink_metadata(&item.path).is_ok();
    if let (true, Kind::Link { replace: true }) = (there, item.kind) {
        fs::remove_file(&item.path)?;
    } else if there {
        return Ok(());
    }
    if let Some(parent) = item.path.parent() {
        fs::create_dir_all(parent)?;
    }
    match item.kind {
        Kind::Directory => DirBuilder::new().mode(0o700).create(&item.path)?,
        Kind::Link { .. } => return symlink(&item.argument, &item.path),
        Kind::File => {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&item.path)?;
            file.write_all(item.argument.as_bytes())?;
        }
    }
    own(item)?;
    let default = if item.kind == Kind::File { 0o644 } else { 0o755 };
    fs::set_permissions(&item.path, Permissions::from_mode(item.mode.unwrap_or(default)))
}

fn own(item: &Item) -> io::Result<()> {
    let user = item.user.as_deref().filter(|user| !matches!(*user, "root" | "0"));
    let group = item.group.as_deref().filter(|group| !matches!(*group, "root" | "0"));
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    let user = user.map(|user| accounts::find_user(user).map(|user| user.uid)).transpose();
    let group = group.map(accounts::find_group).transpose();
    chown(&item.path, user.map_err(io::Error::other)?, group.map_err(io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_built_in_table_is_understood() {
        for line in OWN.lines().filter(|line| !line.starts_with('#')) {
            assert!(matches!(parse(line), Ok(Some(_))), "{line}");
        }
    }

    #[test]
    fn items_are_made_once_and_then_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().display().to_string();
        let text = format!(
            "d {root}/a/b 0750\nL {root}/link - - - - a/b\nf {root}/file 0600 - - - two words\n"
        );
        let mut problems = Vec::new();
        for _ in 0..2 {
            apply_text(&text, "test.conf", &mut problems);
        }
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            fs::metadata(folder.path().join("a/b")).expect("made").permissions().mode() & 0o7777,
            0o750
        );
        assert_eq!(fs::read_link(folder.path().join("link")).expect("made"), Path::new("a/b"));
        assert_eq!(fs::read_to_string(folder.path().join("file")).expect("made"), "two words");
    }

    #[test]
    fn lines_that_are_not_implemented_are_named() {
        let mut problems = Vec::new();
        apply_text("x /tmp/keep\n\nC /etc/x\nd relative\n", "t.conf", &mut problems);
        assert_eq!(
            problems,
            [
                "t.conf:3: `C` lines are not implemented",
                "t.conf:4: `relative` is not a plain absolute path"
            ]
        );
    }
}
