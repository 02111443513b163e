//! Patterns of paths, as glob(7) has them, with braces: `/etc/*.d/[a-c]?.{conf,ini}`.

use std::path::{Path, PathBuf};

/// Whether a path exists that fits an absolute pattern.
pub fn exists(pattern: &str) -> bool {
    expand_braces(pattern).iter().any(|pattern| walk(pattern, &mut |_| {}))
}

/// The folders whose entries decide whether a path fits: those that exist along the pattern.
pub fn folders(pattern: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for pattern in expand_braces(pattern) {
        walk(&pattern, &mut |folder| folders.push(folder.to_owned()));
    }
    folders.sort();
    folders.dedup();
    folders
}

/// Whether a name fits a pattern without slashes. A leading dot must be in the pattern.
pub fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star stands, and what of the name it may still swallow.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(next) = one(&pattern, p, name[n]) {
            p = next;
            n += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Whether the pattern's element at `p` fits a character; gives where the next element is.
fn one(pattern: &[char], p: usize, c: char) -> Option<usize> {
    match *pattern.get(p)? {
        '?' => Some(p + 1),
        '[' => match set(pattern, p, c) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (c == '[').then_some(p + 1),
        },
        '\\' if p + 1 < pattern.len() => (pattern[p + 1] == c).then_some(p + 2),
        literal => (literal == c).then_some(p + 1),
    }
}

/// A set in brackets: whether it has the character, and where it ends. None where it does not end.
fn set(pattern: &[char], p: usize, c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(p + 1), Some('!' | '^'));
    let first = p + 1 + usize::from(negated);
    let mut at = first;
    let mut found = false;
    loop {
        let low = *pattern.get(at)?;
        if low == ']' && at > first {
            return Some((found != negated, at + 1));
        }
        match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some('-'), Some(&high)) if high != ']' => {
                found |= (low..=high).contains(&c);
                at += 3;
            }
            _ => {
                found |= low == c;
                at += 1;
            }
        }
    }
}

/// Goes along a pattern; tells each folder that is looked into. Whether something fits all of it.
fn walk(pattern: &str, tell: &mut dyn FnMut(&Path)) -> bool {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    step(Path::new("/"), &parts, tell)
}

fn step(folder: &Path, parts: &[&str], tell: &mut dyn FnMut(&Path)) -> bool {
    let Some((part, rest)) = parts.split_first() else { return folder.exists() };
    if !folder.is_dir() {
        return false;
    }
    tell(folder);
    if !part.contains(['*', '?', '[', '\\']) {
        return step(&folder.join(part), rest, tell);
    }
    let Ok(entries) = folder.read_dir() else { return false };
    let fitting =
        entries.flatten().filter(|entry| fits(part, &entry.file_name().to_string_lossy()));
    // Every branch is walked, since each has folders to tell.
    fitting.filter(|entry| step(&entry.path(), rest, tell)).count() > 0
}

/// `a{b,c}d` is `abd` and `acd`; braces nest. At most 256 patterns come of one.
fn expand_braces(pattern: &str) -> Vec<String> {
    const MOST: usize = 256;
    let mut done = Vec::new();
    let mut work = vec![pattern.to_owned()];
    while let Some(pattern) = work.pop() {
        match alternatives(&pattern).filter(|more| work.len() + done.len() + more.len() <= MOST) {
            Some(more) => work.extend(more),
            None => done.push(pattern),
        }
    }
    done
}

/// The patterns that come of the first braces with a comma.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let start = pattern.find('{')?;
    let (mut depth, mut commas, mut end) = (0_usize, vec![start], None);
    for (at, c) in pattern[start..].char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => commas.push(start + at),
            '}' if depth == 1 => {
                end = Some(start + at);
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    let end = end.filter(|_| commas.len() > 1)?;
    commas.push(end);
    let parts = commas.windows(2).map(|pair| &pattern[pair[0] + 1..pair[1]]);
    Some(parts.map(|part| format!("{}{part}{}", &pattern[..start], &pattern[end + 1..])).collect())
}
