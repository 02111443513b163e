//! Names of counted boot entries, `NAME+LEFT[-DONE].efi` (Boot Loader Specification, "Boot counting").

use std::path::PathBuf;

/// A counted entry, as the loader names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Its folder on the partition.
    pub(super) folder: PathBuf,
    /// Its name when the loader started it.
    pub(super) name: String,
    stem: String,
    extension: String,
}

impl Counted {
    /// Parses the value of `LoaderBootCountPath`: a path with backslashes from the partition's root.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut parts: Vec<&str> =
            path.split(['\\', '/']).filter(|part| !part.is_empty()).collect();
        let name = parts.pop()?;
        if parts.iter().any(|part| matches!(*part, "." | "..")) {
            return None;
        }
        let (stem, extension) = split(name)?;
        Some(Self {
            folder: parts.iter().collect(),
            name: name.to_owned(),
            stem: stem.to_owned(),
            extension: extension.to_owned(),
        })
    }

    /// The name without a counter.
    pub(super) fn good_name(&self) -> String {
        format!("{}.{}", self.stem, self.extension)
    }

    /// Whether `name` is this entry with any counter.
    pub(super) fn is_same_entry(&self, name: &str) -> bool {
        split(name).is_some_and(|(stem, extension)| {
            stem == self.stem && extension.eq_ignore_ascii_case(&self.extension)
        })
    }
}

/// Stem and extension of a name that has a counter.
fn split(name: &str) -> Option<(&str, &str)> {
    let (rest, extension) = name.rsplit_once('.')?;
    let (stem, counter) = rest.rsplit_once('+')?;
    let (left, done) = counter.split_once('-').unwrap_or((counter, "0"));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (!stem.is_empty() && number(left) && number(done)).then_some((stem, extension))
}
