//! Patterns of paths, as glob(7) has them, with braces: `/etc/*.d/[a-c]?.{conf,ini}`.

use std::path::{Path, PathBuf};

use keelson_units::glob;

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
    (pattern.starts_with('.') || !name.starts_with('.')) && glob::matches(pattern, name)
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
