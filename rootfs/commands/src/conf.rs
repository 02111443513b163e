//! Configuration in folders: which files count, their fields, specifiers (tmpfiles.d(5), sysusers.d(5)).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, bail};
use keelson_output::eprintln;
use keelson_units::facts::Facts;
use keelson_units::model::UnitName;
use keelson_units::specifiers::Specifiers;

/// Where folders of configuration are, the strongest first.
const BASES: [&str; 4] = ["etc", "run", "usr/local/lib", "usr/lib"];

/// The files of a folder such as `tmpfiles.d`, sorted by name; one of a stronger place hides those of the same name, and
/// a link to `/dev/null` hides them all.
pub fn files(root: &Path, folder: &str) -> Vec<PathBuf> {
    let mut found: BTreeMap<_, PathBuf> = BTreeMap::new();
    for base in BASES {
        for entry in fs::read_dir(root.join(base).join(folder)).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|own| own == "conf") {
                found.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    found.retain(|_, path| {
        fs::read_link(path).map_or(true, |target| target != Path::new("/dev/null"))
    });
    found.into_values().collect()
}

/// The files meant: those named on the command line (a name alone is looked for in the folders, `-` is standard input),
/// else all.
pub fn chosen(root: &Path, folder: &str, named: &[String]) -> Result<Vec<PathBuf>> {
    if named.is_empty() {
        return Ok(files(root, folder));
    }
    let find = |name: &String| {
        if name == "-" {
            return Ok(PathBuf::from("/dev/stdin"));
        }
        if name.contains('/') {
            return Ok(PathBuf::from(name));
        }
        let places = BASES.iter().map(|base| root.join(base).join(folder).join(name));
        places
            .into_iter()
            .find(|path| path.exists())
            .with_context(|| format!("there is no {folder}/{name}"))
    };
    named.iter().map(find).collect()
}

/// A credential of this service, where it was given it.
pub fn credential(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    Some(Path::new(&folder).join(name)).filter(|path| path.exists())
}

/// Hands on the lines of files that say something, each with its place in words. What is wrong is told and spares the
/// rest; a file that was `named` and cannot be read is an error. Gives whether nothing was wrong, which a file that is
/// not there, as behind a link to nowhere, is not.
pub fn lines(paths: &[PathBuf], named: bool, mut take: impl FnMut(&str, &str)) -> Result<bool> {
    let mut good = true;
    for path in paths {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if named => {
                return Err(error).with_context(|| format!("reading {}", path.display()));
            }
            Err(error) => {
                eprintln(format_args!("reading {}: {error}", path.display()));
                good &= error.kind() == io::ErrorKind::NotFound;
                continue;
            }
        };
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            // Comments may be in any encoding.
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let place = format!("{}:{}", path.display(), index + 1);
            match str::from_utf8(line) {
                Ok(line) => take(&place, line),
                Err(error) => {
                    eprintln(format_args!("{place}: {error}"));
                    good = false;
                }
            }
        }
    }
    Ok(good)
}

/// The texts of files one after the other, each below its name, as `--cat-config` prints them.
pub fn concatenated(paths: &[PathBuf]) -> Result<String> {
    let mut out = String::new();
    for path in paths {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        put!(out, "{}# {}\n{text}", if out.is_empty() { "" } else { "\n" }, path.display());
    }
    Ok(out)
}

/// A line's first fields, quotes and escapes taken off, and the rest of it as it stands.
pub fn fields(line: &str, count: usize) -> Result<(Vec<String>, &str)> {
    let mut found = Vec::new();
    let mut rest = line.trim();
    while found.len() < count && !rest.is_empty() {
        let (field, after) = field(rest)?;
        found.push(field);
        rest = after.trim_start();
    }
    Ok((found, rest))
}

fn field(text: &str) -> Result<(String, &str)> {
    let mut quote: Option<char> = None;
    let mut raw = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => return Ok((unescaped(&raw)?, &text[at..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, '\\') => {
                raw.push(c);
                raw.extend(chars.next().map(|(_, c)| c));
            }
            _ => raw.push(c),
        }
    }
    if quote.is_some() {
        bail!("a quote is not closed");
    }
    Ok((unescaped(&raw)?, ""))
}

/// C escapes: `\n`, `\x41`, `\101`, `\\`.
pub fn unescaped(text: &str) -> Result<String> {
    String::from_utf8(unescaped_bytes(text)?).context("escapes that are no UTF-8")
}

/// The same where any bytes will do.
pub fn unescaped_bytes(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let number = |start: usize, length: usize, radix: u32| {
            let digits = text.get(start..start + length)?;
            u8::from_str_radix(digits, radix).ok()
        };
        let (byte, length) = match bytes.get(at + 1) {
            Some(b'n') => (b'\n', 2),
            Some(b't') => (b'\t', 2),
            Some(b'r') => (b'\r', 2),
            Some(b's') => (b' ', 2),
            Some(b'a') => (7, 2),
            Some(b'b') => (8, 2),
            Some(b'v') => (11, 2),
            Some(b'f') => (12, 2),
            Some(own @ (b'\\' | b'"' | b'\'')) => (*own, 2),
            Some(b'x') => (number(at + 2, 2, 16).context("a bad \\x escape")?, 4),
            Some(b'0'..=b'7') => (number(at + 1, 3, 8).context("a bad octal escape")?, 4),
            _ => bail!("an unknown escape"),
        };
        out.push(byte);
        at += length;
    }
    Ok(out)
}

/// What specifiers stand for: the kernel's facts are those of the running one, also where files go below another root.
pub fn facts(root: &Path) -> Facts {
    let other = Facts::read(root);
    Facts {
        machine_id: other.machine_id,
        os_release: other.os_release,
        ..Facts::read(Path::new("/"))
    }
}

/// Fills in the specifiers that both formats know.
pub fn expanded(text: &str, facts: &Facts) -> Result<String> {
    const KNOWN: &str = "aAbBCgGhHlLmMoStTuUvVwW%";
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if let Some(letter) =
            (c == '%').then(|| chars.next()).flatten().filter(|letter| !KNOWN.contains(*letter))
        {
            bail!("unknown specifier %{letter}");
        }
    }
    // The table of units is asked with a unit that has none of the values that only units have.
    let name: UnitName = "none.service".parse().context("a name of our own")?;
    Ok(Specifiers { name: &name, fragment: None, facts }.expand(text)?)
}

#[cfg(test)]
mod tests;
